"""What each event changes in the view; nothing is changed when the event is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sextet.errors import NotFoundError, StaleError, StoreError
from sextet.model import events as ev
from sextet.model.names import ENDED, Kind, Severity, TaskState
from sextet.model.outcome import Finding
from sextet.model.patch import HunkMark, Patch, PatchState
from sextet.pipeline import fold_tasks, questions
from sextet.pipeline.transitions import Move
from sextet.pipeline.view import RunView


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
    said = view.roles if event.origin == "run" else view.tuned
    said.update(event.roles)
    view.agents = event.max_agents or view.agents


def _noted(view: RunView, event: ev.Noted, _: ev.Entry) -> None:
    view.notes.append(event)
    view.warned = view.warned or event.text.startswith(questions.USED)


def _base_moved(view: RunView, event: ev.BaseMoved, _: ev.Entry) -> None:
    view.notes.append(ev.Noted(text=event.reason, level="warning"))


def _crashed(view: RunView, event: ev.WorkerCrashed, _: ev.Entry) -> None:
    view.notes.append(ev.Noted(text=f"{event.worker_id} failed: {event.cause}", level="error"))


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
        fold_tasks.change(view, task, Move.APPROVE)


def _requested(view: RunView, event: ev.ChangesRequested, entry: ev.Entry) -> None:
    task = view.task(event.task_id)
    if task.kind is Kind.CONSENSUS:
        fold_tasks.change(view, task, Move.REOPEN)
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
    changes: dict[str, object] = {"applied": (*patch.applied, event.applied)}
    if event.applied.whole:  # a part leaves the rest to be decided
        changes["state"] = PatchState.APPLIED
    view.patches[patch.number] = patch.model_copy(update=changes)


def _reverted(view: RunView, event: ev.PatchReverted, _: ev.Entry) -> None:
    patch = _patch(view, event.patch_id)
    taken = patch.model_copy(update={"reverted": (*patch.reverted, event.apply_id)})
    state = taken.state
    if not taken.standing:
        state = PatchState.REVERTED
    elif state is PatchState.APPLIED:
        state = PatchState.PROPOSED
    view.patches[patch.number] = taken.model_copy(update={"state": state})


def _marked(view: RunView, event: ev.HunksMarked, entry: ev.Entry) -> None:
    patch = _patch(view, event.patch_id)
    given = HunkMark(mark=event.mark, by=entry.actor, at=entry.time, comment=event.comment)
    view.marks.setdefault(patch.number, {}).update(dict.fromkeys(event.hunks, given))


def _settled(view: RunView, event: ev.ConflictSettled, _: ev.Entry) -> None:
    patch = _patch(view, event.patch_id)
    if patch.tree != event.tree:
        raise StaleError(f"{event.patch_id} has moved on to another tree than the one that was looked at.")
    takes = {**patch.takes, event.path: event.take}
    view.patches[patch.number] = patch.model_copy(update={"takes": takes})


def _retested(view: RunView, event: ev.PatchRetested, _: ev.Entry) -> None:
    view.retests[_patch(view, event.patch_id).number] = event.outcome


_APPLY: dict[type, Callable[[RunView, Any, ev.Entry], None]] = {
    ev.RunCreated: _run_created,
    ev.RunStateChanged: _run_state,
    ev.BaselineFinished: _baseline,
    ev.BaseMoved: _base_moved,
    ev.RolesChanged: _roles,
    ev.WorkerCrashed: _crashed,
    ev.Noted: _noted,
    ev.TaskAdded: fold_tasks.added,
    ev.TaskClaimed: fold_tasks.claimed,
    ev.TurnStarted: fold_tasks.turn_started,
    ev.TaskFinished: fold_tasks.finished,
    ev.TaskFailed: fold_tasks.failed,
    ev.TaskReleased: fold_tasks.released,
    ev.TaskIntegrated: fold_tasks.integrated,
    ev.TaskReopened: fold_tasks.reopened,
    ev.ReworkStarted: fold_tasks.rework,
    ev.TaskRetried: fold_tasks.retried,
    ev.TaskStopped: fold_tasks.stopped,
    ev.TaskSuperseded: fold_tasks.superseded,
    ev.QuestionAsked: _asked,
    ev.QuestionAnswered: _answered,
    ev.TaskApproved: _approved,
    ev.ChangesRequested: _requested,
    ev.Commented: _commented,
    ev.FollowUpRequested: _follow_up,
    ev.PatchProposed: _proposed,
    ev.HunksMarked: _marked,
    ev.ConflictSettled: _settled,
    ev.PatchRetested: _retested,
    ev.PatchApplied: _applied,
    ev.PatchReverted: _reverted,
}
