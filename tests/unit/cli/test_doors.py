"""Doors: which run is meant when nobody names one."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from sextet.cli import doors
from sextet.errors import UsageError
from sextet.model.names import RunState

DONE, OPEN = RunState.COMPLETED, RunState.INTERRUPTED


@pytest.mark.parametrize(
    ("states", "going", "meant"),
    [
        ([DONE, DONE], False, 0),
        ([DONE, DONE], True, 0),
        ([DONE, OPEN], False, 0),
        ([DONE, OPEN], True, 1),
        ([DONE, OPEN, OPEN], False, 0),
        ([OPEN, DONE], False, 0),
        ([OPEN, DONE, OPEN], False, None),
        ([DONE, OPEN, OPEN], True, None),
    ],
)
def test_an_unnamed_run_is_another_one(
    monkeypatch: pytest.MonkeyPatch, states: list[RunState], going: bool, meant: int | None
) -> None:
    known = [SimpleNamespace(id=f"run-{n}", state=state, ours=True) for n, state in enumerate(states)]
    monkeypatch.setattr(doors.runs, "list_runs", lambda *_: known)
    place = SimpleNamespace(top=Path("/nonexistent"), state=None)
    if meant is None:
        with pytest.raises(UsageError, match="Several runs are open"):
            doors.find_run(place, "", going=going)
    else:
        assert doors.find_run(place, "", going=going) == f"run-{meant}"
