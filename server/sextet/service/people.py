"""What people say to a run: approve, ask for changes, comment, retry, steer, interrupt, answer, follow up."""

from __future__ import annotations

import hashlib

from sextet.errors import StaleError, UsageError
from sextet.model import events as ev
from sextet.model.names import ENDED, Kind, RunState, TaskState
from sextet.model.notes import Approval, Comment, QuestionKind
from sextet.model.patch import PatchState
from sextet.model.run import Base
from sextet.model.task import Task
from sextet.pipeline import questions
from sextet.pipeline.view import RunView
from sextet.runtime.session import Session
from sextet.service.params import AnswerQuestion, ApproveTask, FollowUp, OfTask, SayToTask
from sextet.service.place import Place
from sextet.workspace import snapshot as user_state
from sextet.workspace.merge import merge_trees
from sextet.workspace.mirror import REFS, Mirror


def seen_now(view: RunView, task: Task) -> str:
    """What an approval of this task names: the ledger's hash, or the patch's tree.

    Raises:
        UsageError: there is nothing to approve yet.
    """
    if task.kind is Kind.CONSENSUS and task.outcome is not None:
        return hashlib.sha256(task.outcome.to_json()).hexdigest()
    if task.kind is Kind.REVIEW and task.patch in view.patches:
        return view.patches[task.patch].tree
    raise UsageError(
        f"There is nothing to approve on {task.id}.",
        next_step="Approve the consensus (`consensus-1`) or the patch (`review-1`).",
    )


async def approve(session: Session, asked: ApproveTask) -> int:
    """A named approval of what was seen.

    Raises:
        StaleError: something else is there by now.
    """
    task = session.view.task(asked.task_id)
    current = seen_now(session.view, task)
    if asked.seen and asked.seen != current:
        raise StaleError(f"{task.id} has changed since it was looked at.", next_step="Look at it again.")
    approval = Approval(
        by=asked.by,
        at=session.clock(),
        seen=current,
        subject="consensus" if task.kind is Kind.CONSENSUS else "patch",
    )
    return await session.record(ev.TaskApproved(task_id=task.id, approval=approval), actor=asked.by)


async def comment(session: Session, asked: SayToTask) -> int:
    """A remark; the agent reads it at its next attempt."""
    said = _comment(session, asked)
    session.artifacts.converse(asked.task_id, asked.by, said.text, said.at)
    return await session.record(ev.Commented(task_id=asked.task_id, comment=said), actor=asked.by)


async def request_changes(session: Session, asked: SayToTask) -> int:
    """Not content: the item is reopened with the remark (a whole patch gets a new item).

    Raises:
        UsageError: the task's kind cannot be reopened by a remark.
    """
    task = session.view.task(asked.task_id)
    if task.kind in {Kind.ANALYSIS, Kind.SPLIT}:
        raise UsageError(
            f"{task.id} cannot be changed by a remark.",
            next_step="Ask for changes of consensus, items or the review, or follow up.",
        )
    said = _comment(session, asked)
    session.artifacts.converse(asked.task_id, asked.by, said.text, said.at)
    events: list[ev.RunEvent] = [ev.ChangesRequested(task_id=asked.task_id, comment=said)]
    if session.view.state is RunState.COMPLETED:
        events.insert(
            0, ev.RunStateChanged(state=RunState.INTERRUPTED, reason=f"{asked.by} asked for changes")
        )
    return await session.record(*events, actor=asked.by)


def _comment(session: Session, asked: SayToTask) -> Comment:
    session.view.task(asked.task_id)
    if not asked.text.strip():
        raise UsageError("A remark needs words.", next_step="Say what should be different.")
    return Comment(by=asked.by, at=session.clock(), text=asked.text)


async def retry(session: Session, asked: OfTask) -> int:
    """Another attempt of a task in `error`, `blocked` or `stopped`.

    Raises:
        UsageError: the task is in another state.
    """
    task = session.view.task(asked.task_id)
    if task.state not in {TaskState.ERROR, TaskState.BLOCKED, TaskState.STOPPED}:
        raise UsageError(
            f"{task.id} is {task.state.replace('_', ' ')}, so there is nothing to try again.",
            next_step="Only a task that failed, is blocked or was stopped can be retried; to have work done "
            "differently, use `sextet request-changes`.",
        )
    return await session.record(ev.TaskRetried(task_id=asked.task_id), actor=asked.by)


async def answer(session: Session, asked: AnswerQuestion) -> int:
    """Answer an open question.

    Raises:
        UsageError: the answer is not one of its choices.
        NotFoundError: it is not open.
    """
    question = session.view.questions.get(asked.question_id)
    if question is not None and question.choices:
        allowed = [choice.value for choice in question.choices]
        if asked.answer not in allowed:
            raise UsageError(
                f"{asked.answer[:80]!r} is not an answer to {asked.question_id}.",
                next_step=f"Answer with one of: {', '.join(allowed)}.",
            )
    event = ev.QuestionAnswered(question_id=asked.question_id, answer=asked.answer, by=asked.by)
    return await session.record(event, actor=asked.by)


async def follow_up(place: Place, session: Session, asked: FollowUp) -> int:
    """New wishes: the next patch starts from what the user has now, with unapplied work merged onto it.

    Where the two collide, a question of kind `conflict` is asked before any work begins.

    Raises:
        UsageError: the current patch is still being worked on.
    """
    view = session.view
    if view.state not in ENDED and view.state is not RunState.INTERRUPTED:
        raise UsageError(
            "The current patch is still being worked on.",
            next_step="Wait for it, stop it, or comment on a task.",
        )
    if any(task.state is TaskState.IN_PROGRESS for task in view.tasks.values()):
        raise UsageError("Some tasks are still at work.", next_step="Wait until the run is at rest.")
    repository, workshop = await place.now()
    base = await user_state.take(workshop.mirror, repository, run_id=session.run_id)
    number = view.patch + 1
    tree, commit, collides = await _carried(workshop.mirror, view, base)
    await workshop.mirror.keep(f"{REFS}{session.run_id}/patch-{number}", commit)
    state = ev.RunStateChanged(state=RunState.INTERRUPTED, reason=f"{asked.by} asked for more")
    # the question first: a kill between the two leaves a question without a follow-up, never the reverse
    asks = (_about_collision(session, number, collides),) if collides else ()
    event = ev.FollowUpRequested(
        text=asked.text, by=asked.by, patch=number, base=base, tree=tree, commit=commit
    )
    return await session.record(state, *asks, event, actor=asked.by)


def _about_collision(session: Session, number: int, files: tuple[str, ...]) -> ev.QuestionAsked:
    last = f"patch-{number - 1}"
    return questions.question(
        session.view,
        questions.follow_up_id(number),
        QuestionKind.CONFLICT,
        f"{last} is approved but not applied, and collides with what you have now in {', '.join(files[:8])}.",
        choices=(questions.WITHOUT, questions.STOP),
        deadline=session.clock() + session.view.the_run.settings.question_minutes * 60,
        detail=f"To keep it, stop, apply {last} (`sextet patch apply`) and follow up again.",
    )


async def _carried(mirror: Mirror, view: RunView, base: Base) -> tuple[str, str, tuple[str, ...]]:
    """What the next patch starts from: the base with approved, unapplied work merged onto it.

    Returns:
        Tree and commit, and the files that collide; then it is the base alone.
    """
    last = view.patches.get(view.patch)
    if last is None or last.state is not PatchState.PROPOSED or last.base == last.tree:
        return base.tree, base.commit, ()
    merged = await merge_trees(mirror, last.base, base.tree, last.tree)
    if merged.conflicts or merged.tree == base.tree:
        return base.tree, base.commit, merged.conflicts
    message = f"{last.id}, not applied yet, on what is there now"
    return merged.tree, await mirror.commit(merged.tree, (base.commit,), message), ()
