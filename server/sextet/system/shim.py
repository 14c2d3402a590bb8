"""Keeper of one process tree: run as a script by `processes.spawn`, it ends together with the server.

The server holds the other end of a socket. While it is open, the keeper waits for the main process; when it
closes, for whatever reason, everything below the keeper is killed, also what left its session or its parent.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import time

SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER of prctl(2): orphans below come to us, so that they cannot get lost."""

GIVE_UP = 10.0
"""Seconds after which descendants that do not die (other user, stuck in the kernel) are left behind."""

RESTORED = [
    signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ,
]  # fmt: skip
"""Signals that the keeper (or Python itself) ignores and that the main process gets back."""


def environment() -> dict[bytes, bytes]:
    """The environment as the server gave it: Python changes its own when the locale is C."""
    with open("/proc/self/environ", "rb") as source:  # noqa: PTH123 -- pathlib doubles the time to start
        pairs = [entry.partition(b"=") for entry in source.read().split(b"\0") if entry]
    return {name: value for name, _, value in pairs}


def children(pid: int) -> list[int]:
    """Direct children of all threads of a process; empty when it is gone."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 -- as above
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as source:  # noqa: PTH123 -- as above
                found += map(int, source.read().split())
    except OSError:
        pass
    return found


def parents() -> dict[int, int]:
    """Every process and its parent, for kernels that do not list children."""
    table: dict[int, int] = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208 -- as above
        try:
            with open(f"/proc/{int(entry)}/stat", "rb") as source:  # noqa: PTH123 -- as above
                table[int(entry)] = int(source.read().rpartition(b")")[2].split()[1])
        except (OSError, ValueError):
            continue
    return table


def descendants() -> list[int]:
    """Everything below the keeper, parents first."""
    me = os.getpid()
    found = children(me)
    for pid in found:  # grows while it is walked
        found += children(pid)
    if found or os.path.exists(f"/proc/{me}/task/{me}/children"):  # noqa: PTH110 -- as above
        return found
    table, found = parents(), [me]
    for above in found:
        found += [pid for pid, parent in table.items() if parent == above]
    return found[1:]


def signal_quietly(pid: int, number: int) -> None:
    """Send a signal; a process that is gone or not ours is left alone. Negative pid: its group."""
    try:
        os.kill(pid, number)
    except OSError:
        return


class Keeper:
    """The main process, the socket to the server, and what ended so far.

    Args:
        control: file descriptor of the socket. From the server: one byte per signal for the main process'
            group. To the server: `started <pid>`, `failed <errno>`, `exit <code>`, one per line.
        linger: seconds that descendants may go on after the main process ended.
    """

    def __init__(self, control: int, linger: float) -> None:
        self.control = control
        self.linger = linger
        self.main = 0
        self.deadline: float | None = None
        self.orphaned = False
        self.wake, writer = os.pipe()
        os.set_blocking(self.wake, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def say(self, text: str) -> None:
        """Tell the server, which may be gone."""
        try:
            os.write(self.control, text.encode() + b"\n")
        except OSError:
            self.orphaned = True

    def start(self, argv: list[str]) -> bool:
        """Start the main process in a session of its own; False when that failed."""
        try:
            self.main = os.posix_spawnp(
                argv[0], argv, environment(), setsid=True, setsigmask=[], setsigdef=RESTORED
            )
        except OSError as error:
            self.say(f"failed {error.errno}")
            return False
        self.say(f"started {self.main}")
        nothing = os.open(os.devnull, os.O_RDWR)
        for inherited in range(3):  # the keeper must not hold the pipes of its tree open
            os.dup2(nothing, inherited)
        os.close(nothing)
        os.chdir("/")
        return True

    def reap(self) -> bool:
        """Collect what ended; False when the keeper has no child left."""
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return True
                if pid == self.main:
                    self.main = 0
                    self.deadline = time.monotonic() + self.linger
                    self.say(f"exit {os.waitstatus_to_exitcode(status)}")
        except ChildProcessError:
            return False

    def listen(self, timeout: float | None) -> None:
        """Wait for a word of the server, the end of a child, or the timeout in seconds."""
        poll = select.poll()  # not select(): the number of the socket may be over 1023
        poll.register(self.wake, select.POLLIN)
        if not self.orphaned:
            poll.register(self.control, select.POLLIN)
        ready = [fd for fd, _ in poll.poll(None if timeout is None else timeout * 1000 + 1)]
        if self.wake in ready:
            os.read(self.wake, 4096)
        if self.control in ready:
            self.obey()

    def obey(self) -> None:
        """Pass signals on to the group of the main process; an end of file means that the server is gone."""
        try:
            numbers = os.read(self.control, 64)
        except OSError:
            numbers = b""
        self.orphaned = not numbers
        for number in numbers:
            if self.main:
                signal_quietly(-self.main, number)

    def keep(self) -> None:
        """Stay until the tree ended by itself, its time to linger passed, or the server is gone."""
        while self.reap() and not self.orphaned:
            left = None if self.deadline is None else self.deadline - time.monotonic()
            if left is not None and left <= 0:
                return
            self.listen(left)

    def sweep(self) -> None:
        """Kill everything below until nothing is left, since a process can fork while it is being killed."""
        self.orphaned = True
        end = time.monotonic() + GIVE_UP
        while time.monotonic() < end:
            for pid in descendants():
                signal_quietly(pid, signal.SIGKILL)
            if not self.reap():
                return
            self.listen(0.02)


def main(control: int, linger: float, argv: list[str]) -> None:
    """Start the command, keep its tree, leave nothing of it behind."""
    os.set_inheritable(control, False)
    for number in RESTORED:
        signal.signal(number, signal.SIG_IGN)  # only the server decides when the keeper ends
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    keeper = Keeper(control, linger)
    if keeper.start(argv):
        keeper.keep()
        keeper.sweep()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
    os._exit(0)  # nothing to tidy up: the interpreter would take milliseconds for it
