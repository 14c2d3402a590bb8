"""A run as its journal on the disk tells it, whoever works on it."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from sextet.errors import NotFoundError, SextetError
from sextet.model.names import ENDED
from sextet.pipeline.fold import fold
from sextet.pipeline.view import RunView
from sextet.service.place import Place
from sextet.store import reading, runs
from sextet.store.frames import collector_paused
from sextet.store.layout import RUNS, RunFolder

SHOWN: Final = 20
"""Runs that are spoken of by themselves when an editor begins."""


def read_view(place: Place, run_id: str) -> RunView:
    """The view of a run from its journal alone, as far as it is readable; nothing is executed or written.

    Raises:
        NotFoundError, StoreError: there is none, or it cannot be read.
    """
    folder = runs.open_run(place.top, place.state, run_id, read_only=True)
    with collector_paused():
        view = fold(reading.read(folder))
    if view.run is None:
        raise NotFoundError(
            f"The journal of run {run_id} (events.jsonl) is damaged from its beginning: nothing is shown.",
            next_step="Restore the file if you have a copy; otherwise start a new run.",
            run_id=run_id,
        )
    return view


def at_hand(place: Place) -> list[tuple[str, int]]:
    """Runs of ours that have not ended, and the newest, whose patch may wait; each with its last event."""
    found: list[tuple[str, int]] = []
    ours = [run for run in runs.list_runs(place.top, place.state) if run.ours]
    for number, run in enumerate(ours):
        if (run.state not in ENDED or not number) and len(found) < SHOWN:
            with suppress(SextetError):
                seq = reading.inspect(RunFolder(place.top / RUNS / run.id), limit=0).seq
                found += [(run.id, seq)] if seq else []
    return found
