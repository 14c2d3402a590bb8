"""Reading a journal: by anybody, at any time, without writing anything."""

from __future__ import annotations

from collections.abc import Iterator

from sextet.model.events import Entry
from sextet.store.frames import Scan, scan
from sextet.store.layout import RunFolder
from sextet.system.disk import explained
from sextet.system.durable import read as read_file

MAX_JOURNAL = 256 << 20
"""Bytes of a journal at most (about a million events); a larger file is not opened at all."""


def read(folder: RunFolder, after: int = 0, limit: int | None = None) -> Iterator[Entry]:
    """The entries after sequence number `after`, at most `limit` of them, as far as they are readable.

    Works on a damaged, foreign or newer journal and on one that is being written. Writes nothing.

    Raises:
        StoreError: there is no journal, or it cannot be read at all.
    """
    return iter(inspect(folder, after, limit).entries)


def inspect(folder: RunFolder, after: int = 0, limit: int | None = None) -> Scan:
    """As `read`, and with what is wrong with the journal. Writes nothing."""
    with explained(f"read the journal of {folder.run_id}"):
        return scan(read_file(folder.journal, MAX_JOURNAL), after, limit)
