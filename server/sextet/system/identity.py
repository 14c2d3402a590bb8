"""Which process exactly: a pid alone is reused, with its start time and the boot it is not."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

from pydantic import Field

from sextet.model.base import Line, Record

DEAD_STATES = frozenset({b"Z", b"X", b"x"})
"""States of /proc/<pid>/stat in which a process has ended and only waits to be collected."""


class Identity(Record):
    """One process since the machine was started."""

    pid: int = Field(ge=1)
    """The process id."""
    start_ticks: int = Field(ge=0)
    """When it started: clock ticks since boot on Linux, seconds since 1970 on macOS."""
    boot_id: Line
    """The boot of the machine in which the pid has this meaning."""


def of(pid: int) -> Identity | None:
    """The identity of a process, also of one that ended and is not collected yet; None: there is none."""
    if pid < 1:
        return None
    ticks = _ticks_from_proc(pid) if sys.platform == "linux" else _seconds_from_ps(pid)
    return None if ticks is None else Identity(pid=pid, start_ticks=ticks, boot_id=boot_id())


def me() -> Identity:
    """The identity of this very process."""
    mine = of(os.getpid())
    if mine is None:
        # Neither /proc nor ps: no other process can be told apart either, `alive` says no to all others.
        return Identity(pid=os.getpid(), start_ticks=0, boot_id=boot_id())
    return mine


def alive(identity: Identity) -> bool:
    """Whether exactly this process still runs: same pid, same start, same boot, not a zombie."""
    if identity.boot_id != boot_id() or of(identity.pid) != identity:
        return False
    return sys.platform != "linux" or not DEAD_STATES.issuperset(stat_fields(identity.pid)[:1])


@cache
def boot_id() -> str:
    """An id of the current boot of this machine; empty when the system does not tell."""
    if sys.platform == "linux":
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return _output_of("/usr/sbin/sysctl", "-n", "kern.bootsessionuuid")


def stat_fields(pid: int) -> list[bytes]:
    """Fields of /proc/<pid>/stat from the third on (state, parent, group, session …); empty: it is gone."""
    try:
        raw = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return []
    return raw[raw.rfind(b")") + 1 :].split()  # the name in front may hold blanks and brackets


def _ticks_from_proc(pid: int) -> int | None:
    fields = stat_fields(pid)
    return int(fields[19]) if len(fields) > 19 else None


def _seconds_from_ps(pid: int) -> int | None:
    from datetime import datetime  # noqa: PLC0415 -- only where there is no /proc

    state, _, started = _output_of("/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)).strip().partition(" ")
    if not started or state.startswith("Z"):
        return None
    return int(datetime.strptime(started.strip(), "%a %b %d %H:%M:%S %Y").astimezone().timestamp())


def _output_of(*argv: str) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, check=False, timeout=5, env={"LC_ALL": "C"})
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").strip()
