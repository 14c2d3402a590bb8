"""Keeps a test away from the user's machine: own home, own state, no network, no process left behind."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

GIT_CONFIG = """\
[user]
  name = Tess Ter
  email = tess@example.invalid
[init]
  defaultBranch = main
[commit]
  gpgSign = false
"""

DROPPED = ("GIT_", "XDG_", "CODEX_", "OPENAI_", "SEXTET_", "NPM_CONFIG_", "npm_")
KEPT = frozenset({"SEXTET_TEST_CODEX", "SEXTET_TEST_CASES", "SEXTET_TEST_SEED"})
"""A tester's own choice of a Codex program to test with."""

GRACE = 3.0
"""Seconds that a killed process has to be gone after its test."""


def environment(home: Path, outside: Mapping[str, str]) -> dict[str, str]:
    """An environment in which every place that tools look up lies below `home`."""
    kept = {key: value for key, value in outside.items() if key in KEPT or not key.startswith(DROPPED)}
    return kept | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "XDG_STATE_HOME": str(home / ".local/state"),
        "XDG_RUNTIME_DIR": str(home / "run"),
        "SEXTET_STATE_HOME": str(home / "state"),
        "SEXTET_CONFIG_HOME": str(home / ".config/sextet"),
        "CODEX_HOME": str(home / ".codex"),
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
    }


def make_home() -> Path:
    """A new home with a short path: a Unix socket's path has room for 107 bytes."""
    home = Path(tempfile.mkdtemp(prefix="sx-", dir="/tmp"))
    (home / ".gitconfig").write_text(GIT_CONFIG)
    (home / "run").mkdir(mode=0o700)
    (home / ".codex").mkdir(mode=0o700)
    return home


def remove_home(home: Path) -> None:
    """Remove it, also where a test took away the right to."""
    for folder, _, _ in os.walk(home):
        with contextlib.suppress(OSError):
            Path(folder).chmod(0o700)
    shutil.rmtree(home, ignore_errors=True)


def replace_environment(wanted: Mapping[str, str]) -> None:
    """Make `wanted` the environment of this process."""
    for key in set(os.environ) - set(wanted):
        del os.environ[key]
    os.environ.update(wanted)


# Processes ----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Leftover:
    """A process that outlived its test."""

    pid: int
    command: str

    def __str__(self) -> str:
        return f"pid {self.pid}: {self.command}"


def _inherited(home: Path) -> Iterator[Leftover]:
    mark = os.fsencode(home)
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            environ = (folder / "environ").read_bytes()
            if mark + b"/" in environ or b"HOME=" + mark + b"\0" in environ:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                yield Leftover(int(folder.name), command.strip()[:200])


def leftovers(home: Path) -> list[Leftover]:
    """Processes with `home` in their environment that are still alive after a short while, now killed.

    Descendants are found wherever they moved to (another session, another parent), because each inherits
    the environment. Empty where there is no /proc.
    """
    end = time.monotonic() + GRACE
    found = list(_inherited(home))
    while found and time.monotonic() < end:
        time.sleep(0.02)
        found = list(_inherited(home))
    for process in found:
        with contextlib.suppress(OSError):
            os.kill(process.pid, signal.SIGKILL)
    return found


class Watch:
    """Hears from the interpreter what the tests do, and refuses the network.

    An audit hook cannot be removed, so there is one for the whole session.
    """

    STARTS = frozenset({"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec"})

    def __init__(self) -> None:
        self.started = False
        """Whether a process was started since it was last set to False."""
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[object, ...]) -> None:
        if event in self.STARTS:
            self.started = True
        elif event in {"socket.connect", "socket.sendto"}:
            _only_loopback(args[0], args[1])
        elif event == "socket.getaddrinfo":
            _only_local_name(args[0])


def _only_loopback(sock: object, address: object) -> None:
    family = getattr(sock, "family", None)
    if family in {socket.AF_INET, socket.AF_INET6} and isinstance(address, tuple):
        _only_local_name(address[0])


def _only_local_name(host: object) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name is None or name in {"", "localhost", socket.gethostname()}:
        return
    try:
        local = ipaddress.ip_address(str(name).partition("%")[0]).is_loopback
    except ValueError:
        local = False
    if not local:
        message = f"a test may not talk to {name}: only to this machine"
        raise ConnectionRefusedError(message)
