"""What happened, in words: one sentence for each event that a person wants to know of."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from sextet.model import events as ev
from sextet.model.answers import Ledger
from sextet.model.names import RunState
from sextet.model.notes import Question
from sextet.model.outcome import (
    AnalysisOutcome,
    ConsensusOutcome,
    ImplementOutcome,
    Outcome,
    ReviewOutcome,
    SplitOutcome,
    TestOutcome,
)
from sextet.pipeline.view import RunView
from sextet.roles.wording import one_line

REHEARSAL: Final = "rehearsal: no model is asked"

_RUN: Final = "run"

Told = tuple[str, str]
"""What it is about (a task, a worker, `run`), and the sentence."""


def clock(moment: float) -> str:
    """A time of day, local: `14:03:59`."""
    return time.strftime("%H:%M:%S", time.localtime(moment))


def span(seconds: float) -> str:
    """A duration: `0:07`, `12:30`, `1:02:03`."""
    minutes, rest = divmod(int(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def amount(tokens: int) -> str:
    """A number of tokens: `870`, `12.3k`, `4.5M`."""
    if tokens < 1_000:
        return str(tokens)
    return f"{tokens / 1_000:.1f}k" if tokens < 1_000_000 else f"{tokens / 1_000_000:.1f}M"


def told(event: ev.RunEvent, view: RunView) -> Told | None:
    """The sentence for an event that was just folded into the view; None when it is not worth a line."""
    speak = _SENTENCES.get(type(event))
    return speak(event, view) if speak else None


# The run ------------------------------------------------------------------------------------------
def _state(event: ev.RunStateChanged, _: RunView) -> Told:
    return _RUN, state_of(event)


def state_of(run: RunView | ev.RunStateChanged) -> str:
    """A run's state and why it is in it."""
    return standing(run.state, run.reason)


def standing(state: RunState, reason: str) -> str:
    """`failed: no disk`, `waiting for human`; not `stopped: stopped by Tess`."""
    word, why = state.value.replace("_", " "), one_line(reason, 300)
    if not why or why.startswith(word):
        return why or word
    return f"{word}: {why}"


def _baseline(event: ev.BaselineFinished, _: RunView) -> Told | None:
    if not event.commands:
        return None
    red = sum(1 for run in event.commands if run.exit_code != 0)
    said = f"{red} of {len(event.commands)} fail before any change" if red else "pass on the base"
    return "baseline", f"test commands {said}"


def _note(event: ev.Noted, _: RunView) -> Told:
    step = f" {event.next_step}" if event.next_step else ""
    return _RUN, one_line(f"{event.level}: {event.text}{step}", 600)


def _crash(event: ev.WorkerCrashed, _: RunView) -> Told:
    return event.worker_id, one_line(
        f"crashed ({event.cause}), starts again in {event.restart_in:.0f} s", 400
    )


# Tasks --------------------------------------------------------------------------------------------
def _added(event: ev.TaskAdded, _: RunView) -> Told:
    return event.task.id, f"added: {one_line(event.task.title, 200)}"


def _claimed(event: ev.TaskClaimed, _: RunView) -> Told:
    again = f", attempt {event.epoch}" if event.epoch > 1 else ""
    return event.task_id, f"taken by {event.worker_id}{again}"


def _turn(event: ev.TurnStarted, _: RunView) -> Told | None:
    return (
        (event.task_id, one_line(f"goes on with {event.model}: {event.reason}", 300))
        if event.reason
        else None
    )


def _finished(event: ev.TaskFinished, _: RunView) -> Told:
    return event.task_id, f"{outcome(event.outcome)} ({event.seconds:.1f} s)"


def _failed(event: ev.TaskFailed, _: RunView) -> Told:
    step = f" {event.failure.next_step}" if event.failure.next_step else ""
    return event.task_id, one_line(f"failed ({event.failure.kind.value}): {event.failure.cause}{step}", 600)


def _released(event: ev.TaskReleased, _: RunView) -> Told:
    kept = "; what it wrote is kept" if event.salvage else ""
    return event.task_id, f"given back: {one_line(event.reason, 300)}{kept}"


def _reopened(event: ev.TaskReopened, _: RunView) -> Told:
    return event.task_id, f"opened again: {one_line(event.reason, 300)}"


def _rework(event: ev.ReworkStarted, _: RunView) -> Told:
    names = ", ".join([one.task_id for one in event.tasks] + [task.id for task in event.added])
    return _RUN, f"rework, round {event.round}: {names}"


# People and patches -------------------------------------------------------------------------------
def _asked(event: ev.QuestionAsked, _: RunView) -> Told:
    return event.question.id, f"question: {one_line(event.question.text, 400)}{choices(event.question)}"


def choices(question: Question) -> str:
    """The answers that a question takes, in brackets; empty when it takes any text."""
    return f" [{' | '.join(choice.value for choice in question.choices)}]" if question.choices else ""


def _answered(event: ev.QuestionAnswered, _: RunView) -> Told:
    return event.question_id, f"{one_line(event.by, 80)} answered: {one_line(event.answer, 200)}"


def _applied(event: ev.PatchApplied, _: RunView) -> Told:
    number = len(event.applied.files)
    return (
        event.patch_id,
        f"applied by {one_line(event.applied.by, 80)} ({event.applied.kind}), {files(number)}",
    )


def files(number: int) -> str:
    """`1 file`, `2 files`."""
    return f"{number} file{'' if number == 1 else 's'}"


def _proposed(event: ev.PatchProposed, _: RunView) -> Told:
    return event.patch_id, "approved by the reviewer" + (", but not tested" if event.untested else "")


def _said(verb: str) -> Callable[[Any, RunView], Told]:
    return lambda event, _: (
        event.task_id,
        f"{one_line(event.comment.by, 80)} {verb}: {one_line(event.comment.text, 300)}",
    )


def _roles(event: ev.RolesChanged, _: RunView) -> Told:
    agents = [f"at most {event.max_agents} agents"] if event.max_agents else []
    whose = "roles changed" if event.origin == "run" else "the settings have changed"
    return _RUN, f"{whose}: {', '.join([*event.roles, *agents])}"


_SENTENCES: Final[dict[type[Any], Callable[[Any, RunView], Told | None]]] = {
    ev.RunStateChanged: _state,
    ev.BaselineFinished: _baseline,
    ev.BaseMoved: lambda event, _: (_RUN, f"your work tree has moved on: {one_line(event.reason, 300)}"),
    ev.RolesChanged: _roles,
    ev.WorkerCrashed: _crash,
    ev.Noted: _note,
    ev.TaskAdded: _added,
    ev.TaskClaimed: _claimed,
    ev.TurnStarted: _turn,
    ev.TaskFinished: _finished,
    ev.TaskFailed: _failed,
    ev.TaskReleased: _released,
    ev.TaskIntegrated: lambda event, _: (event.task_id, "integrated"),
    ev.TaskReopened: _reopened,
    ev.ReworkStarted: _rework,
    ev.TaskRetried: lambda event, _: (event.task_id, "is tried again"),
    ev.TaskStopped: lambda event, _: (event.task_id, f"stopped: {one_line(event.reason, 300)}"),
    ev.TaskSuperseded: lambda event, _: (event.task_id, f"left out: {one_line(event.reason, 300)}"),
    ev.QuestionAsked: _asked,
    ev.QuestionAnswered: _answered,
    ev.TaskApproved: lambda event, _: (event.task_id, f"approved by {one_line(event.approval.by, 80)}"),
    ev.ChangesRequested: _said("wants changes"),
    ev.Commented: _said("says"),
    ev.FollowUpRequested: lambda event, _: (_RUN, f"follow-up: {one_line(event.text, 300)}"),
    ev.PatchProposed: _proposed,
    ev.HunksMarked: lambda event, _: (event.patch_id, f"{_number(len(event.hunks), 'hunk')} {event.mark}"),
    ev.ConflictSettled: lambda event, _: (
        event.patch_id,
        f"collision in {one_line(event.path, 200)} settled: {event.take}",
    ),
    ev.PatchRetested: lambda event, _: (event.patch_id, f"what you have: {outcome(event.outcome)}"),
    ev.PatchApplied: _applied,
    ev.PatchReverted: lambda event, _: (event.patch_id, f"taken back by {one_line(event.by, 80)}"),
}


# Outcomes -----------------------------------------------------------------------------------------
def outcome(found: Outcome) -> str:
    """An outcome in one line."""
    if isinstance(found, AnalysisOutcome):
        return f"draft with {_number(len(found.draft.requirements), 'requirement')}"
    if isinstance(found, ConsensusOutcome):
        return _ledger(found.ledger)
    if isinstance(found, SplitOutcome):
        return f"plan with {_number(len(found.plan.items), 'item')}"
    if isinstance(found, ImplementOutcome):
        return (
            f"{files(len(found.change.files) if found.change else 0)} changed: {one_line(found.summary, 160)}"
        )
    return _judged(found)


def _ledger(ledger: Ledger) -> str:
    dissent = f", dissent on {len(ledger.dissent)}" if ledger.dissent else ""
    return f"{_number(len(ledger.requirements), 'requirement')} agreed{dissent}"


def _judged(found: TestOutcome | ReviewOutcome) -> str:
    if isinstance(found, ReviewOutcome):
        more = f", {_number(len(found.findings), 'finding')}" if found.findings else ""
        return f"{found.verdict.replace('_', ' ')}{more}: {one_line(found.summary, 200)}"
    return tests(found)


def tests(found: TestOutcome) -> str:
    """A test result in a few words."""
    if found.untested:
        return "no test command is known"
    before = sum(command.baseline for command in found.commands)
    word = ("no new test failure" if before else "tests pass") if found.passed else "tests fail"
    known = f", {before} failing as before any change" if before else ""
    return f"{word} ({_number(len(found.commands), 'command')}{known})"


def _number(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
