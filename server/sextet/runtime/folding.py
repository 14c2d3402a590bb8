"""Folding a long journal with little memory, and keeping the garbage collector away from the result."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Final

from sextet.model.events import Entry
from sextet.pipeline.fold import fold
from sextet.pipeline.view import RunView

LONG: Final = 5_000
"""Entries of a journal from which on the garbage collector is kept away from what they became."""


def folded(entries: list[Entry]) -> RunView:
    """The view after all entries; the list is empty then."""
    view = fold(_drained(entries))
    if view.seq > LONG:
        gc.freeze()  # else each full collection walks all tasks and halts the loop meanwhile
    return view


def _drained(entries: list[Entry]) -> Iterator[Entry]:
    """Each entry, which is let go of before the next."""
    entries.reverse()
    while entries:
        yield entries.pop()
