"""What telemetry hears: three words about a failure, while the person allows it."""

from __future__ import annotations

from typing import Any

import pytest

from sextet.lsp import telemetry
from sextet.lsp.telemetry import Telemetry
from sextet.model import events as ev
from sextet.model.task import Failure, FailureKind
from sextet.runtime.bus import Resync, StateChanged
from sextet.service.editor_settings import EditorSettings


class Ear:
    def __init__(self) -> None:
        self.heard: list[Any] = []

    def tell(self, method: str, params: Any) -> None:
        assert method == "telemetry/event"
        self.heard.append(params)


class Desk:
    """Telemetry of an editor that allows it."""

    def __init__(self) -> None:
        self.ear, self.editor = Ear(), EditorSettings()
        self.telemetry = Telemetry(self.ear, self.editor)
        self.editor.say({"telemetry": {"enabled": True}})
        self.seq = 0

    def happens(self, event: Any, run: str = "run-1") -> None:
        self.seq += 1
        entry = ev.Entry(seq=self.seq, time=1.0, actor="implementer-1", event=event)
        self.telemetry.take(StateChanged(run, entry))


@pytest.fixture
def desk() -> Desk:
    return Desk()


def turn(model: str, reason: str = "", epoch: int = 1) -> ev.TurnStarted:
    return ev.TurnStarted(task_id="implement-1-secret", epoch=epoch, model=model, reason=reason)


def failed(task: str = "implement-1-secret") -> ev.TaskFailed:
    failure = Failure(kind=FailureKind.TIMEOUT, cause="/home/ada/secret", next_step="secret")
    return ev.TaskFailed(task_id=task, epoch=1, failure=failure)


def test_a_failure_is_not_told_or_with_more_than_three_words(desk):
    desk.happens(turn("gpt-x"))
    desk.happens(failed())
    assert desk.ear.heard == [{"role": "implementer", "kind": "timeout", "model": "gpt-x"}]


def test_another_model_is_not_told_or_another_turn_of_the_same_is(desk):
    desk.happens(turn("a"))
    desk.happens(turn("a", "The conversation ran out of room"))
    desk.happens(turn("b", "a cannot go on: quota of ada"))
    desk.happens(turn("a", epoch=2))
    assert desk.ear.heard == [{"role": "implementer", "kind": "fallback", "model": "b"}]


@pytest.mark.parametrize("said", [{}, {"telemetry": {"enabled": False}}, {"telemetry.enabled": "true"}])
def test_telemetry_speaks_although_it_is_not_allowed(desk, said):
    desk.editor.say(said)
    desk.happens(turn("a"))
    desk.happens(failed())
    assert desk.ear.heard == []
    desk.editor.say({"telemetry.enabled": True})
    desk.happens(failed())
    assert len(desk.ear.heard) == 1


def test_something_that_is_no_name_of_a_model_or_no_task_gets_out(desk):
    desk.happens(turn("/home/ada/my model"))
    desk.happens(failed())
    desk.happens(failed("nonsense-1"))
    desk.telemetry.take(Resync("run-1", 1))
    assert desk.ear.heard == [{"role": "implementer", "kind": "timeout", "model": ""}]


def test_models_of_tasks_long_gone_are_remembered_for_ever(desk, monkeypatch):
    monkeypatch.setattr(telemetry, "_REMEMBERED", 3)
    for number in range(9):
        desk.happens(turn("a"), f"run-{number}")
    assert len(desk.telemetry._models) == 3
