"""What each event changes in a task; nothing is changed when the event is refused."""

from __future__ import annotations

from typing import Any

from sextet.errors import InvalidTransitionError, StaleError
from sextet.model import events as ev
from sextet.model.names import Kind, TaskState
from sextet.model.outcome import ImplementOutcome, Outcome, TestOutcome
from sextet.model.patch import PatchState
from sextet.model.task import Failure, FailureKind, Task, Usage
from sextet.pipeline import questions
from sextet.pipeline.transitions import Move, after, check_epoch, story
from sextet.pipeline.view import RunView


def change(view: RunView, task: Task, move: Move, **changes: Any) -> Task:
    """The task after a move and with other changes, in its place in the view."""
    new = task.evolved({"state": after(task, move), **changes})
    view.store(new)
    return new


def added(view: RunView, event: ev.TaskAdded, entry: ev.Entry) -> None:
    """A task of an id that was not there."""
    _check_new(view, event.task)
    view.store(event.task.evolved({"added_at": entry.time}))


def _check_new(view: RunView, task: Task) -> None:
    if task.id in view.tasks:
        raise StaleError(f"The task {task.id} exists already.", task_id=task.id)


def claimed(view: RunView, event: ev.TaskClaimed, entry: ev.Entry) -> None:
    """A worker holds the task under a newer epoch."""
    task = view.task(event.task_id)
    if event.epoch <= task.epoch:
        raise StaleError(f"Epoch {event.epoch} of {task.id} was claimed before.", task_id=task.id)
    change(
        view,
        task,
        Move.CLAIM,
        epoch=event.epoch,
        owner=event.worker_id,
        worker=event.worker_id,
        claimed_at=entry.time,
        not_before=0.0,
        failure=None,
    )


def turn_started(view: RunView, event: ev.TurnStarted, _: ev.Entry) -> None:
    """The attempt at work talks to a model."""
    task = _held(view, event.task_id, event.epoch)
    if task.state is not TaskState.IN_PROGRESS:
        raise InvalidTransitionError(
            f"A turn of {task.id} began although the task is {task.state}: {story(task)}.", task_id=task.id
        )
    changes: dict[str, Any] = {"model": event.model, "thread": event.thread}
    if event.start:
        changes["start"] = event.start
    view.store(task.evolved(changes))


def _held(view: RunView, task_id: str, epoch: int) -> Task:
    task = view.task(task_id)
    check_epoch(task, epoch)
    return task


def _spent(view: RunView, task: Task, usage: Usage, seconds: float) -> dict[str, Any]:
    changes: dict[str, Any] = {"seconds": task.seconds + seconds, "owner": None}
    if usage.total:
        view.usage = view.usage.plus(usage)
        changes["usage"] = task.usage.plus(usage)
    return changes


def finished(view: RunView, event: ev.TaskFinished, entry: ev.Entry) -> None:
    """A result of the current epoch; what it cost is counted with it."""
    task = _held(view, event.task_id, event.epoch)
    outcome = event.outcome
    if outcome.kind != task.kind:
        raise InvalidTransitionError(
            f"The {task.kind} task {task.id} cannot end with a result of kind {outcome.kind}.",
            task_id=task.id,
        )
    move = _finishing(view, task, outcome)
    after(task, move)  # refuse before anything is counted
    changes: dict[str, Any] = {"outcome": outcome, "ended_at": entry.time, "salvage": None}
    if move is Move.BLOCK and isinstance(outcome, ImplementOutcome):
        cause = outcome.summary or "The agent says that it cannot go on, and gives no reason."
        changes["failure"] = Failure(kind=FailureKind.BLOCKED, cause=cause)
        changes["salvage"] = outcome.change.tree if outcome.change else None
    done = change(view, task, move, **changes, **_spent(view, task, event.usage, event.seconds))
    if isinstance(outcome, TestOutcome) and (patch := view.patches.get(done.patch)):
        tested = outcome.tree if outcome.passed else None
        view.patches[done.patch] = patch.model_copy(update={"tested": tested, "untested": outcome.untested})


def _finishing(view: RunView, task: Task, outcome: Outcome) -> Move:
    if task.kind is Kind.CONSENSUS and view.the_run.settings.approvals.consensus > 0:
        return Move.FINISH_FOR_REVIEW
    if isinstance(outcome, ImplementOutcome) and outcome.blocked:
        return Move.BLOCK
    return Move.FINISH


def failed(view: RunView, event: ev.TaskFailed, entry: ev.Entry) -> None:
    """The attempt is over without a result; people are asked."""
    task = _held(view, event.task_id, event.epoch)
    move = Move.BLOCK if event.failure.kind is FailureKind.BLOCKED else Move.FAIL
    after(task, move)
    spent = _spent(view, task, event.usage, event.seconds)
    salvage = event.salvage or task.salvage
    change(view, task, move, failure=event.failure, salvage=salvage, ended_at=entry.time, **spent)


def released(view: RunView, event: ev.TaskReleased, _: ev.Entry) -> None:
    """The claim is given back; what was written is kept for the next attempt."""
    task = _held(view, event.task_id, event.epoch)
    after(task, Move.RELEASE)
    spent = _spent(view, task, event.usage, event.seconds)
    salvage = event.salvage or task.salvage
    change(view, task, Move.RELEASE, salvage=salvage, not_before=event.not_before, **spent)


def integrated(view: RunView, event: ev.TaskIntegrated, _: ev.Entry) -> None:
    """The integration tree moves on."""
    task = _held(view, event.task_id, event.epoch)
    change(view, task, Move.INTEGRATE, findings=())  # kept until now: a conflict must not lose them
    view.set_tree(task.patch, event.tree, event.commit, task.id)
    for kind in (Kind.TEST, Kind.REVIEW):  # what nobody judges yet, judges this tree
        judge = view.tasks.get(f"{kind}-{task.patch}")
        if judge is not None and judge.state not in {TaskState.IN_PROGRESS, TaskState.DONE}:
            view.store(judge.model_copy(update={"start": event.tree}))


def reopened(view: RunView, event: ev.TaskReopened, _: ev.Entry) -> None:
    """The task is to be done again."""
    task = view.task(event.task_id)
    changes: dict[str, Any] = {"findings": (*task.findings, *event.findings), "thread": ""}
    if event.start:
        changes["start"] = event.start
    change(view, task, Move.REOPEN, **changes)


def rework(view: RunView, event: ev.ReworkStarted, entry: ev.Entry) -> None:
    """All tasks of a round are reopened, or none."""
    _check_rework(view, event)
    for one in event.tasks:
        task = view.task(one.task_id)
        change(view, task, Move.REOPEN, findings=one.findings, reworks=task.reworks + 1, thread="")
        view.fingerprints.setdefault(event.patch, set()).update(f.fingerprint for f in one.findings)
    for new in event.added:
        view.store(new.model_copy(update={"added_at": entry.time}))
        view.fingerprints.setdefault(event.patch, set()).update(f.fingerprint for f in new.findings)
    view.rounds[event.patch] = event.round
    if event.review_epoch:
        view.acted[event.patch] = event.review_epoch
    if event.requests:
        view.requested[event.patch] = view.requested.get(event.patch, [])[event.requests :]
    if patch := view.patches.get(event.patch):  # whatever was approved, somebody is not content with it
        view.patches[event.patch] = patch.model_copy(update={"state": PatchState.DRAFT})


def _check_rework(view: RunView, event: ev.ReworkStarted) -> None:
    for one in event.tasks:
        after(view.task(one.task_id), Move.REOPEN)
    for new in event.added:
        _check_new(view, new)
    names = [one.task_id for one in event.tasks] + [new.id for new in event.added]
    if len(set(names)) < len(names):
        raise StaleError("A round of rework names a task twice.", tasks=names)


def retried(view: RunView, event: ev.TaskRetried, _: ev.Entry) -> None:
    """A person wants another attempt."""
    change(view, view.task(event.task_id), Move.RETRY, not_before=0.0)


def stopped(view: RunView, event: ev.TaskStopped, entry: ev.Entry) -> None:
    """A person wants no more of it."""
    task = change(view, view.task(event.task_id), Move.STOP, owner=None, ended_at=entry.time)
    view.answers.pop(questions.about(task), None)  # an answer to a former stop says nothing about this one


def superseded(view: RunView, event: ev.TaskSuperseded, entry: ev.Entry) -> None:
    """Nobody needs it any more."""
    change(view, view.task(event.task_id), Move.SUPERSEDE, owner=None, ended_at=entry.time)
