"""Survivors: which processes a supervisor started, written down, so that the next one can end what is left.

The keeper of a tree ends it when the supervisor dies; this is for the day on which both are killed at once.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from pydantic import Field, ValidationError

from sextet.errors import StoreError
from sextet.model.base import Record
from sextet.system import children, durable, identity, processes
from sextet.system.identity import Identity
from sextet.system.processes import Footprint

_LIMIT = 4 << 20


class _Record(Record):
    """`children.json`."""

    supervisor: Identity
    children: tuple[Footprint, ...] = Field(max_length=10_000)


class Survivors:
    """The processes of one work tree's supervisor.

    Args:
        folder: the work tree's state folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "children.json"

    async def reap(self) -> list[int]:
        """Kill what a dead supervisor left behind, and nothing else; the caller holds the lock.

        Returns:
            The pids that were killed.
        """
        try:
            left = _Record.model_validate_json(durable.read(self._path, _LIMIT))
        except (FileNotFoundError, StoreError, ValidationError):
            return []
        if identity.alive(left.supervisor):
            return []
        return await processes.reap(left.children)

    def watch(self) -> None:
        """Write down from now on who is there."""
        children.watchers.add(self._write)
        self._write()

    def forget(self) -> None:
        """Write down nobody any more: all have ended."""
        children.watchers.discard(self._write)
        self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        there = tuple(child.footprint for child in children.live)[:10_000]
        record = _Record(supervisor=identity.me(), children=there)
        with suppress(StoreError):  # a full disk: the keepers are there all the same
            durable.replace(self._path, record.to_json(), sync=False)
