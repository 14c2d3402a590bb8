"""A run as its journal on the disk tells it, whoever works on it."""

from __future__ import annotations

from sextet.errors import NotFoundError
from sextet.pipeline.fold import fold
from sextet.pipeline.view import RunView
from sextet.service.place import Place
from sextet.store import reading, runs
from sextet.store.frames import collector_paused


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
