"""Start one process without a shell, and learn on the event loop when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sextet.errors import ProcessError

WORTH_A_RETRY = frozenset({errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM})
"""Errors that say that the machine is short of something, not that the command is wrong."""


@dataclass(frozen=True)
class Wiring:
    """What a new process gets: file descriptors for 0, 1 and 2, further ones to keep, folder, environment."""

    stdin: int
    stdout: int
    stderr: int
    keep: tuple[int, ...] = ()
    cwd: Path | None = None
    env: Mapping[str, str] | None = None


def check(argv: Sequence[str]) -> str:
    """The name of the program.

    Raises:
        ProcessError: no process can have this argv, or none can be started on this system.
    """
    if sys.platform == "win32":
        raise ProcessError("Sextet does not run on Windows itself.", next_step="Open the folder in WSL.")
    if not argv or not argv[0] or any("\0" in word for word in argv):
        raise ProcessError("A command without a name, or with a NUL character in it, cannot be started.")
    return argv[0]


def launch(argv: Sequence[str], wiring: Wiring) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own.

    Raises:
        ProcessError: it cannot be started; `facts["retry"]` says whether it may work later.
    """
    with starting(argv[0], wiring.cwd):
        return subprocess.Popen(
            list(argv),
            stdin=wiring.stdin,
            stdout=wiring.stdout,
            stderr=wiring.stderr,
            pass_fds=wiring.keep,
            cwd=wiring.cwd,
            env=wiring.env,
            start_new_session=True,
        )


@contextlib.contextmanager
def starting(program: str, cwd: Path | None) -> Iterator[None]:
    """Turn an OSError of a start into a sentence."""
    try:
        yield
    except OSError as error:
        raise cannot_start(program, cwd, error.errno or 0) from error


def cannot_start(program: str, cwd: Path | None, code: int) -> ProcessError:
    """The sentence for a program that did not start, by the system's error code."""
    next_step = ""
    if code in WORTH_A_RETRY:
        why = f"the system is short of resources ({os.strerror(code)})"
        next_step = "Lower sextet.maxAgents or raise the limit."
    elif cwd is not None and not cwd.is_dir():
        why = f"{cwd} is not a folder"
    elif code == errno.ENOENT:
        why = "it was not found"
        next_step = "Install it or correct its path."
    else:
        why = os.strerror(code)
    words = f"{program} could not be started: {why}."
    return ProcessError(words, next_step=next_step, errno=code, program=program, retry=code in WORTH_A_RETRY)


def kill_group(process: subprocess.Popen[bytes], number: int = signal.SIGKILL) -> None:
    """Signal the group of a process that was not collected yet, so that its pid cannot mean another one."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)


def watch(process: subprocess.Popen[bytes], ended: Callable[[], None]) -> None:
    """Call `ended` on the running loop as soon as the process has ended; it is not collected before that.

    Raises:
        ProcessError: out of file descriptors; the process is gone.
    """
    loop = asyncio.get_running_loop()
    try:
        handle, close = _end_of(process.pid)
    except ProcessLookupError:  # only where a process that has already ended cannot be watched
        loop.call_soon(ended)
        return
    except OSError as error:
        kill_group(process)
        process.wait()
        raise cannot_start(str(process.args), None, error.errno or 0) from error

    def on_end() -> None:
        loop.remove_reader(handle)
        close()
        ended()

    loop.add_reader(handle, on_end)


def _end_of(pid: int) -> tuple[int, Callable[[], None]]:
    """A file descriptor that becomes readable when a child ends, and how to close it."""
    if sys.platform == "linux":
        handle = os.pidfd_open(pid)
        return handle, lambda: os.close(handle)
    queue = select.kqueue()
    event = select.kevent(
        pid, select.KQ_FILTER_PROC, select.KQ_EV_ADD | select.KQ_EV_ONESHOT, select.KQ_NOTE_EXIT
    )
    try:
        queue.control([event], 0)
    except OSError:
        queue.close()
        raise
    return queue.fileno(), queue.close
