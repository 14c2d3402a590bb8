"""What each event changes in the view; nothing is changed when the event is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sextet.errors import InvalidTransitionError, NotFoundError, StaleError, StoreError
from sextet.model import events as ev
from sextet.model.names import ENDED, Kind, Severity, TaskState
from sextet.model.outcome import Finding, ImplementOutcome, Outcome, TestOutcome
from sextet.model.patch import Patch, PatchState
from sextet.model.task import Failure, FailureKind, Task, Usage
from sextet.pipeline import questions
from sextet.pipeline.transitions import Move, after, check_epoch, story
from sextet.pipeline.view import RunView

_NO_USAGE = Usage()


def apply(view: RunView, entry: ev.Entry) -> None:
    """Let one journal entry happen.

    Raises:
        StoreError: a sequence number is missing or comes twice.
        InvalidTransitionError: the task's state does not allow it.
        StaleError: it speaks for a former epoch.
        NotFoundError: it names a task, question or patch that does not exist.
    """
    if entry.seq != view.seq + 1:
        raise StoreError(
            f"The journal goes from entry {view.seq} to {entry.seq}: some are missing or doubled."
        )
    _APPLY[type(entry.event)](view, entry.event, entry)
    view.seq = entry.seq
    view.time = entry.time


def fold(entries: Iterable[ev.Entry]) -> RunView:
    """The view after all entries, from nothing."""
    view = RunView()
    for entry in entries:
        apply(view, entry)
    return view


# The run ------------------------------------------------------------------------------------------
def _run_created(view: RunView, event: ev.RunCreated, _: ev.Entry) -> None:
    if view.run is not None:
        raise StaleError(f"The run {view.run.id} was created before.", run_id=view.run.id)
    view.run = event.run
    view.bases[1] = event.run.base
    view.set_tree(1, event.run.base.tree, event.run.base.commit)


def _run_state(view: RunView, event: ev.RunStateChanged, _: ev.Entry) -> None:
    if view.ended and event.state not in ENDED:  # begun again: what was answered with "stop" is open again
        view.answers = {k: v for k, v in view.answers.items() if not questions.means_stop(k, v[0])}
    if event.state in ENDED:
        view.questions = {k: q for k, q in view.questions.items() if not questions.ends_with_the_run(q)}
    view.state = event.state
    view.reason = event.reason


def _baseline(view: RunView, event: ev.BaselineFinished, _: ev.Entry) -> None:
    view.baseline[event.patch] = event


def _roles(view: RunView, event: ev.RolesChanged, _: ev.Entry) -> None:
    view.roles |= event.roles


def _noted(view: RunView, event: ev.Noted, _: ev.Entry) -> None:
    view.notes.append(event)


def _base_moved(view: RunView, event: ev.BaseMoved, _: ev.Entry) -> None:
    view.notes.append(ev.Noted(text=event.reason, level="warning"))


def _crashed(view: RunView, event: ev.WorkerCrashed, _: ev.Entry) -> None:
    view.notes.append(ev.Noted(text=f"{event.worker_id} failed: {event.cause}", level="error"))


# Tasks --------------------------------------------------------------------------------------------
def _change(view: RunView, task: Task, move: Move, **changes: Any) -> Task:
    new = task.model_copy(update={"state": after(task, move), **changes})
    view.store(new)
    return new


def _added(view: RunView, event: ev.TaskAdded, entry: ev.Entry) -> None:
    _check_new(view, event.task)
    view.store(event.task.model_copy(update={"added_at": entry.time}))


def _check_new(view: RunView, task: Task) -> None:
    if task.id in view.tasks:
        raise StaleError(f"The task {task.id} exists already.", task_id=task.id)


def _claimed(view: RunView, event: ev.TaskClaimed, entry: ev.Entry) -> None:
    task = view.task(event.task_id)
    if event.epoch <= task.epoch:
        check_epoch(task, event.epoch)
        raise StaleError(f"Epoch {event.epoch} of {task.id} was claimed before.", task_id=task.id)
    _change(
        view,
        task,
        Move.CLAIM,
        epoch=event.epoch,
        owner=event.worker_id,
        claimed_at=entry.time,
        not_before=0.0,
        failure=None,
    )


def _turn_started(view: RunView, event: ev.TurnStarted, _: ev.Entry) -> None:
    task = _held(view, event.task_id, event.epoch)
    if task.state is not TaskState.IN_PROGRESS:
        raise InvalidTransitionError(
            f"A turn of {task.id} began although the task is {task.state}: {story(task)}.", task_id=task.id
        )
    changes: dict[str, Any] = {"model": event.model, "thread": event.thread}
    if event.start:
        changes["start"] = event.start
    view.store(task.model_copy(update=changes))


def _held(view: RunView, task_id: str, epoch: int) -> Task:
    task = view.task(task_id)
    check_epoch(task, epoch)
    return task


def _spent(view: RunView, task: Task, usage: Usage, seconds: float) -> dict[str, Any]:
    changes: dict[str, Any] = {"seconds": task.seconds + seconds, "owner": None}
    if usage != _NO_USAGE:
        view.usage = view.usage.plus(usage)
        changes["usage"] = task.usage.plus(usage)
    return changes


def _finished(view: RunView, event: ev.TaskFinished, entry: ev.Entry) -> None:
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
    done = _change(view, task, move, **changes, **_spent(view, task, event.usage, event.seconds))
    if isinstance(outcome, TestOutcome) and (patch := view.patches.get(done.patch)):
        tested = outcome.tree if outcome.passed else None
        view.patches[done.patch] = patch.model_copy(update={"tested": tested, "untested": outcome.untested})


def _finishing(view: RunView, task: Task, outcome: Outcome) -> Move:
    if task.kind is Kind.CONSENSUS and view.the_run.settings.approvals.consensus > 0:
        return Move.FINISH_FOR_REVIEW
    if isinstance(outcome, ImplementOutcome) and outcome.blocked:
        return Move.BLOCK
    return Move.FINISH


def _failed(view: RunView, event: ev.TaskFailed, entry: ev.Entry) -> None:
    task = _held(view, event.task_id, event.epoch)
    move = Move.BLOCK if event.failure.kind is FailureKind.BLOCKED else Move.FAIL
    after(task, move)
    spent = _spent(view, task, event.usage, event.seconds)
    salvage = event.salvage or task.salvage
    _change(view, task, move, failure=event.failure, salvage=salvage, ended_at=entry.time, **spent)


def _released(view: RunView, event: ev.TaskReleased, _: ev.Entry) -> None:
    task = _held(view, event.task_id, event.epoch)
    after(task, Move.RELEASE)
    spent = _spent(view, task, event.usage, event.seconds)
    salvage = event.salvage or task.salvage
    _change(view, task, Move.RELEASE, salvage=salvage, not_before=event.not_before, **spent)


def _integrated(view: RunView, event: ev.TaskIntegrated, _: ev.Entry) -> None:
    task = _held(view, event.task_id, event.epoch)
    _change(view, task, Move.INTEGRATE, findings=())  # kept until now: a conflict must not lose them
    view.set_tree(task.patch, event.tree, event.commit, task.id)
    for kind in (Kind.TEST, Kind.REVIEW):  # what nobody judges yet, judges this tree
        judge = view.tasks.get(f"{kind}-{task.patch}")
        if judge is not None and judge.state not in {TaskState.IN_PROGRESS, TaskState.DONE}:
            view.store(judge.model_copy(update={"start": event.tree}))


def _reopened(view: RunView, event: ev.TaskReopened, _: ev.Entry) -> None:
    task = view.task(event.task_id)
    changes: dict[str, Any] = {"findings": (*task.findings, *event.findings), "thread": ""}
    if event.start:
        changes["start"] = event.start
    _change(view, task, Move.REOPEN, **changes)


def _rework(view: RunView, event: ev.ReworkStarted, entry: ev.Entry) -> None:
    _check_rework(view, event)
    for one in event.tasks:
        task = view.task(one.task_id)
        _change(view, task, Move.REOPEN, findings=one.findings, reworks=task.reworks + 1, thread="")
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


def _retried(view: RunView, event: ev.TaskRetried, _: ev.Entry) -> None:
    _change(view, view.task(event.task_id), Move.RETRY, not_before=0.0)


def _stopped(view: RunView, event: ev.TaskStopped, entry: ev.Entry) -> None:
    task = _change(view, view.task(event.task_id), Move.STOP, owner=None, ended_at=entry.time)
    view.answers.pop(questions.about(task), None)  # an answer to a former stop says nothing about this one


def _superseded(view: RunView, event: ev.TaskSuperseded, entry: ev.Entry) -> None:
    _change(view, view.task(event.task_id), Move.SUPERSEDE, owner=None, ended_at=entry.time)


# People -------------------------------------------------------------------------------------------
def _asked(view: RunView, event: ev.QuestionAsked, entry: ev.Entry) -> None:
    view.answers.pop(event.question.id, None)
    view.questions[event.question.id] = event.question.model_copy(update={"asked_at": entry.time})


def _answered(view: RunView, event: ev.QuestionAnswered, _: ev.Entry) -> None:
    if view.questions.pop(event.question_id, None) is None:
        raise NotFoundError(f"The question {event.question_id} is not open.", question_id=event.question_id)
    if event.answer != questions.WITHDRAWN:
        view.answers[event.question_id] = (event.answer, event.by)


def _approved(view: RunView, event: ev.TaskApproved, _: ev.Entry) -> None:
    task = view.task(event.task_id)
    given = view.approvals.get(task.id, ())
    others = tuple(a for a in given if a.by != event.approval.by)
    view.approvals[task.id] = (*others, event.approval)
    seen = event.approval.seen
    same = [a for a in view.approvals[task.id] if a.seen == seen and a.subject == "consensus"]
    needed = view.the_run.settings.approvals.consensus
    if task.kind is Kind.CONSENSUS and task.state is TaskState.AWAITING_REVIEW and len(same) >= needed:
        _change(view, task, Move.APPROVE)


def _requested(view: RunView, event: ev.ChangesRequested, entry: ev.Entry) -> None:
    task = view.task(event.task_id)
    if task.kind is Kind.CONSENSUS:
        _change(view, task, Move.REOPEN)
        _remember(view, event.task_id, event)
        return
    _remember(view, event.task_id, event)
    finding = Finding(
        source="human",
        severity=Severity.BLOCKING,
        message=f"{event.comment.by}: {event.comment.text}"[:100_000],
        items=(task.item.id,) if task.item and task.patch == view.patch else (),
        fingerprint=f"human-{entry.seq}",
    )
    # What is said about a former patch is work for the one that goes on from it.
    view.requested.setdefault(view.patch, []).append(finding)


def _commented(view: RunView, event: ev.Commented, _: ev.Entry) -> None:
    view.task(event.task_id)
    _remember(view, event.task_id, event)


def _remember(view: RunView, task_id: str, event: ev.Commented | ev.ChangesRequested) -> None:
    view.comments[task_id] = (*view.comments.get(task_id, ()), event.comment)


def _follow_up(view: RunView, event: ev.FollowUpRequested, _: ev.Entry) -> None:
    if event.patch != view.patch + 1:
        raise StaleError(
            f"Patch {view.patch} is the latest; a follow-up of it cannot be patch {event.patch}."
        )
    view.patch = event.patch
    view.bases[event.patch] = event.base
    view.wishes[event.patch] = event.text
    view.set_tree(event.patch, event.tree, event.commit)


# Patches ------------------------------------------------------------------------------------------
def _patch(view: RunView, patch_id: str) -> Patch:
    found = view.patches.get(int(patch_id.removeprefix("patch-")))
    if found is None:
        raise NotFoundError(f"There is no {patch_id} in this run.", patch_id=patch_id)
    return found


def _proposed(view: RunView, event: ev.PatchProposed, _: ev.Entry) -> None:
    patch = _patch(view, event.patch_id)
    if patch.tree != event.tree:
        raise StaleError(f"{event.patch_id} has moved on to another tree than the approved one.")
    changes = {"state": PatchState.PROPOSED, "untested": event.untested}
    view.patches[patch.number] = patch.model_copy(update=changes)


def _applied(view: RunView, event: ev.PatchApplied, _: ev.Entry) -> None:
    patch = _patch(view, event.patch_id)
    changes = {"state": PatchState.APPLIED, "applied": (*patch.applied, event.applied)}
    view.patches[patch.number] = patch.model_copy(update=changes)


def _reverted(view: RunView, event: ev.PatchReverted, _: ev.Entry) -> None:
    patch = _patch(view, event.patch_id)
    view.patches[patch.number] = patch.model_copy(update={"state": PatchState.REVERTED})


_APPLY: dict[type, Callable[[RunView, Any, ev.Entry], None]] = {
    ev.RunCreated: _run_created,
    ev.RunStateChanged: _run_state,
    ev.BaselineFinished: _baseline,
    ev.BaseMoved: _base_moved,
    ev.RolesChanged: _roles,
    ev.WorkerCrashed: _crashed,
    ev.Noted: _noted,
    ev.TaskAdded: _added,
    ev.TaskClaimed: _claimed,
    ev.TurnStarted: _turn_started,
    ev.TaskFinished: _finished,
    ev.TaskFailed: _failed,
    ev.TaskReleased: _released,
    ev.TaskIntegrated: _integrated,
    ev.TaskReopened: _reopened,
    ev.ReworkStarted: _rework,
    ev.TaskRetried: _retried,
    ev.TaskStopped: _stopped,
    ev.TaskSuperseded: _superseded,
    ev.QuestionAsked: _asked,
    ev.QuestionAnswered: _answered,
    ev.TaskApproved: _approved,
    ev.ChangesRequested: _requested,
    ev.Commented: _commented,
    ev.FollowUpRequested: _follow_up,
    ev.PatchProposed: _proposed,
    ev.PatchApplied: _applied,
    ev.PatchReverted: _reverted,
}
