"""Find and kill what a dead server or a killed keeper left behind, and nothing else."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from sextet.model.base import Line, Record
from sextet.system import identity
from sextet.system.identity import Identity

COOKIE = "SEXTET_COOKIE"
"""Environment variable that marks every process of one tree, whoever its parent is by now."""

PATIENCE = 5.0
"""Seconds for which killed processes are waited for."""


class Footprint(Record):
    """What has to be remembered of a child to find its tree again after the server died."""

    identity: Identity
    """The process that the server started: the keeper of a tree, or the command itself."""
    cookie: Line
    """The value of `SEXTET_COOKIE` in the environment of its tree."""


class _Process(NamedTuple):
    pid: int
    parent: int
    session: int


def sweep(footprints: Iterable[Footprint]) -> list[int]:
    """Kill every survivor of these trees and wait until they are gone; blocks for up to `PATIENCE` seconds.

    A survivor is a process whose pid, start and boot are those of a footprint, or whose environment carries
    its cookie; and whatever descends from one or shares its session. The caller's own ancestors are spared.

    Returns:
        The pids that were killed.
    """
    ours = [each for each in footprints if each.identity.boot_id == identity.boot_id()]
    killed: set[int] = set()
    deadline = time.monotonic() + PATIENCE
    while ours and time.monotonic() < deadline:
        survivors = _survivors(ours)
        if not survivors:
            break
        killed.update(pid for pid, who in survivors.items() if _kill(who))
        time.sleep(0.002)  # killed processes leave /proc only when their parent has collected them
    return sorted(killed)


def _survivors(footprints: Collection[Footprint]) -> dict[int, Identity]:
    """Pids to kill with their identities, so that a pid that is reused before the blow is spared."""
    if sys.platform != "linux":
        alive = (each.identity for each in footprints if identity.alive(each.identity))
        return {each.pid: each for each in alive}
    table = _table()
    cookies = {f"{COOKIE}={each.cookie}".encode() for each in footprints if each.cookie}
    known = {each.identity.pid: each.identity for each in footprints}
    roots = {pid for pid in table if _has_cookie(pid, cookies)}
    roots |= {pid for pid, who in known.items() if pid in table and identity.alive(who)}
    spared = _lineage(table)
    found = _with_kin(roots - spared, table) - spared
    return {pid: who for pid in found if (who := identity.of(pid)) is not None}


def _with_kin(roots: set[int], table: dict[int, _Process]) -> set[int]:
    """Roots, their sessions (made by the same tree, since none can be joined) and all descendants."""
    found = set(roots)
    sessions = {table[pid].session for pid in roots}
    grown = True
    while grown:
        kin = {
            each.pid for each in table.values() if each.parent in found or each.session in sessions
        } - found
        found |= kin
        grown = bool(kin)
    return found


def _lineage(table: dict[int, _Process]) -> set[int]:
    """This process and its ancestors, which may carry the cookie of an older server that started them."""
    spared, pid = {0, 1}, os.getpid()
    while pid in table and pid not in spared:
        spared.add(pid)
        pid = table[pid].parent
    return spared


def _table() -> dict[int, _Process]:
    table: dict[int, _Process] = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208 -- walked for every sweep, pathlib costs four times as much
        if entry.isdigit():
            fields = identity.stat_fields(int(entry))
            if len(fields) > 3 and fields[0] not in identity.DEAD_STATES:
                table[int(entry)] = _Process(int(entry), int(fields[1]), int(fields[3]))
    return table


def _has_cookie(pid: int, cookies: set[bytes]) -> bool:
    try:
        raw = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return not cookies.isdisjoint(raw.split(b"\0"))


def _kill(who: Identity) -> bool:
    """Kill exactly this process. The handle is taken first: what is checked after that is what is hit."""
    if sys.platform != "linux":
        with contextlib.suppress(OSError):
            os.killpg(who.pid, signal.SIGKILL)
        return True
    try:
        handle = os.pidfd_open(who.pid)
    except OSError:
        return False
    try:
        if not identity.alive(who):
            return False
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True
