"""A server that is killed in every phase of a run: a new one shows it, and goes on with it when told to."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sextet.model.names import ENDED, RunState
from support import isolation, witness
from support.lsp import Editor
from support.runs import check_journal
from support.witness import Event, Window, event_of, lines_of, play

Came = Callable[[Event], bool]


def nothing(_: Editor, __: str) -> None:
    """No person is needed."""


def approve(editor: Editor, run_id: str) -> None:
    editor.call("sextet/task/approve", runId=run_id, taskId="consensus-1")


def answer(editor: Editor, run_id: str) -> None:
    [question] = editor.call("sextet/run/snapshot", runId=run_id)["questions"]
    asked = {"runId": run_id, "questionId": question["id"], "answer": "go-on"}
    editor.call("sextet/question/answer", **asked)


@dataclass(frozen=True)
class Phase:
    """Where the blow falls."""

    said: Callable[[Path], Mapping[str, Any]]
    """The scenario; the gate that it gets is there after the blow."""
    came: Came = lambda _: False
    """The event with which the phase begins."""
    logged: str = ""
    """Or the worker that begins it by writing `at it` to its log."""
    then: Callable[[Editor, str], None] = nothing
    """What a person does after the new server has begun."""
    waits: bool = False
    """True when the run is the second one, which waits for its turn."""


def state(name: str) -> Came:
    return lambda event: event.get("state") == name


def happens(kind: str, task: str = "", epoch: int = 1) -> Came:
    return lambda event: (
        event.get("kind") == kind and event.get("taskId", "") == task and event.get("epoch", epoch) == epoch
    )


def asked(event: Event) -> bool:
    return event.get("kind") == "question_asked"


BAD = {"worktree": {"setupCommand": "exit 3"}}


def to_its_tests(gate: Path) -> Mapping[str, Any]:
    """A run that cannot end before the blow, however slow that is."""
    return witness.in_tests(gate, "test -e two.txt")


PHASES: dict[str, Phase] = {
    "queued": Phase(lambda gate: witness.held(gate, "analyst"), state("queued"), waits=True),
    "bootstrapping": Phase(to_its_tests, state("bootstrapping")),
    "set-up": Phase(witness.in_setup, logged="baseline-1"),
    "baseline": Phase(lambda gate: witness.in_tests(gate, "test ! -e one.txt"), logged="baseline-1"),
    "analysis": Phase(lambda gate: witness.held(gate, "analyst"), happens("turn_started", "analysis-1-2")),
    "consensus": Phase(lambda gate: witness.held(gate, "consensus"), happens("turn_started", "consensus-1")),
    "awaiting approval": Phase(
        lambda gate: play(gate, approvals={"consensus": 1}), state("waiting_for_human"), then=approve
    ),
    "split": Phase(lambda gate: witness.held(gate, "splitter"), happens("turn_started", "split-1")),
    "implement": Phase(witness.in_implementer, logged="implementer-1"),
    "integration": Phase(to_its_tests, happens("task_finished", "implement-1-1")),
    "between two items": Phase(to_its_tests, happens("task_integrated", "implement-1-1")),
    "tests": Phase(to_its_tests, logged="tester-1"),
    "review": Phase(lambda gate: witness.held(gate, "reviewer"), happens("turn_started", "review-1")),
    "rework": Phase(witness.in_rework, happens("turn_started", "implement-1-1", epoch=2)),
    "an open question": Phase(lambda gate: play(gate, **BAD), asked, then=answer),
    "a question of an agent": Phase(
        lambda gate: witness.held(gate, "implementer", {"do": "ask", "text": "Which?"}), asked
    ),
}


def reached(phase: Phase, run_id: str) -> Callable[[Any], bool]:
    if phase.logged:
        return lambda said: "at it" in " ".join(lines_of(said, phase.logged))
    return lambda said: bool(event := event_of(said, run_id)) and phase.came(event)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> str:
    """The tree of a run that nobody disturbs."""
    where = tmp_path_factory.mktemp("undisturbed")
    window = Window.make(where)
    with Editor.ready(window.top) as editor:
        window.run_id = window.make_run(editor, play(where / "gate"))
        editor.call("sextet/run/resume", runId=window.run_id)
        editor.event(window.run_id, state("completed"), 60)
        assert editor.goodbye() == 0
    return tree_of(window)


def tree_of(window: Window) -> str:
    return check_journal(window.folder()).trees[1][0]


def look(window: Window) -> None:
    """A new server that is told of no run: it shows what there is, and begins nothing."""
    before = window.journals()
    with Editor.ready(window.top) as editor:
        told = editor.heard("sextet/resync", lambda said: said["runId"] == window.run_id)
        window.catch_up(editor)
        shown = window.check(editor)
        assert (told["seq"], shown.live) == (shown.seq, False)
        assert shown.state not in ENDED, "the blow came too late"
        resumable = editor.call("sextet/recover/list")["runs"]
        assert {each["id"] for each in resumable} >= {window.run_id}
        assert editor.goodbye() == 0
        assert editor.told("sextet/event") == []
    assert window.journals() == before, "something was begun without a word"


def go_on(window: Window, then: Callable[[Editor, str], None]) -> None:
    """A new server that is told of the run: it goes on with that one alone, to its end."""
    with Editor.ready(window.top, resume=window.run_id) as editor:
        editor.event(window.run_id, state("running"), 60)
        then(editor, window.run_id)
        editor.event(window.run_id, state("completed"), 60)
        window.hear(editor)
        assert window.check(editor).state is RunState.COMPLETED
        assert {each["runId"] for each in editor.told("sextet/event")} == {window.run_id}
        assert editor.goodbye() == 0
        assert (editor.errors, editor.problems) == (b"", [])


def begin(window: Window, editor: Editor, phase: Phase, gate: Path) -> None:
    """Two runs, the second one behind the first."""
    made = [window.make_run(editor, said) for said in (phase.said(gate), play(gate))]
    for run_id in made:
        editor.ask("sextet/run/resume", runId=run_id)
    window.run_id, window.other = reversed(made) if phase.waits else made


@pytest.mark.timeout(180)
@pytest.mark.parametrize("phase", PHASES.values(), ids=PHASES.keys())
def test_a_kill_loses_something_or_starts_something_or_changes_the_result(tmp_path, home, undisturbed, phase):
    window, gate = Window.make(tmp_path), tmp_path / "gate"
    with Editor.ready(window.top) as editor:
        begin(window, editor, phase, gate)
        editor.until(reached(phase, window.run_id), 60)
        window.kill(editor)
    assert isolation.leftovers(home) == [], "outlived its server"
    gate.touch()
    look(window)
    other = window.journals()[1]
    go_on(window, phase.then)
    assert tree_of(window) == undisturbed
    assert window.journals()[1] == other, "another run was gone on with"


# Behind the run -----------------------------------------------------------------------------------
@pytest.fixture
def complete(tmp_path) -> Window:
    """A run that is complete, and whose patch was not applied when the server was killed."""
    window = Window.make(tmp_path)
    with Editor.ready(window.top) as editor:
        window.run_id = window.make_run(editor, play(tmp_path / "gate"))
        editor.call("sextet/run/resume", runId=window.run_id)
        editor.event(window.run_id, state("completed"), 60)
        window.kill(editor)
    return window


def apply(editor: Editor, window: Window) -> Any:
    return editor.call("sextet/patch/apply", runId=window.run_id, patchId="patch-1")["applied"]


def made(window: Window) -> list[str]:
    return sorted(path.name for path in window.top.glob("*.txt") if path.name != "a.txt")


def test_a_complete_run_is_begun_again_or_its_patch_is_lost_by_a_kill(complete, home):
    before = complete.journals()
    with Editor.ready(complete.top, resume=complete.run_id) as editor:
        said = editor.heard("window/showMessage")
        assert "is complete" in said["message"]
        complete.catch_up(editor)
        assert complete.check(editor).state is RunState.COMPLETED
        assert (complete.journals(), made(complete)) == (before, [])
        assert apply(editor, complete)["kind"] == "exact"
        assert made(complete) == ["one.txt", "two.txt"]
        assert editor.goodbye() == 0
    assert isolation.leftovers(home) == []


HALTS = """
import importlib, threading
t = importlib.import_module("sextet.workspace.transaction")
def one(self, entry, contents, real=t.Transaction._write_one, done=[]):
    if done:
        open(FIFO, "w").close()
        threading.Event().wait()
    done.append(real(self, entry, contents))
t.Transaction._write_one = one
importlib.import_module("sextet.lsp.life").serve()
"""
"""A server that stops for ever behind the first of several files, and tells so."""


def test_a_kill_in_the_middle_of_an_apply_leaves_half_of_it_for_good(complete, tmp_path, home):
    fifo = tmp_path / "half"
    os.mkfifo(fifo)
    halting = [sys.executable, "-c", HALTS.replace("FIFO", repr(str(fifo)))]
    with Editor.start(complete.top, halting) as editor:
        editor.hello(complete.top)
        editor.ask("sextet/patch/apply", runId=complete.run_id, patchId="patch-1")
        fifo.read_bytes()
        complete.kill(editor)
    assert made(complete) == ["one.txt"], "the blow did not fall into the middle"
    assert isolation.leftovers(home) == []
    with Editor.ready(complete.top) as editor:
        [said] = editor.call("sextet/recover/list")["applies"]
        assert "cut off" in said
        assert made(complete) == ["one.txt"], "something was written without a word"
        editor.call("sextet/task/comment", runId=complete.run_id, taskId="review-1", text="Well.")
        assert made(complete) in ([], ["one.txt", "two.txt"]), "half of it stays"
        assert apply(editor, complete)["kind"] == "exact"
        assert made(complete) == ["one.txt", "two.txt"]
        kinds = [each["event"]["kind"] for each in complete.entries(editor)]
        assert kinds.count("patch_applied") == 1
        assert editor.goodbye() == 0
    check_journal(complete.folder())
