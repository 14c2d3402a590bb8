"""The task state table: which move leads where, by kind; an illegal move raises with the task's story."""

from __future__ import annotations

from enum import StrEnum

from sextet.errors import InvalidTransitionError, StaleError
from sextet.model.names import Kind, TaskState
from sextet.model.task import Task


class Move(StrEnum):
    """What can happen to a task, as far as its state is concerned."""

    CLAIM = "claim"
    FINISH = "finish"
    FINISH_FOR_REVIEW = "finish_for_review"
    FAIL = "fail"
    BLOCK = "block"
    RELEASE = "release"
    INTEGRATE = "integrate"
    APPROVE = "approve"
    REOPEN = "reopen"
    RETRY = "retry"
    STOP = "stop"
    SUPERSEDE = "supersede"


_S = TaskState
_LEAVE = {Move.STOP: _S.STOPPED, Move.SUPERSEDE: _S.SUPERSEDED}
_AGAIN = {Move.RETRY: _S.READY, **_LEAVE}

_COMMON: dict[TaskState, dict[Move, TaskState]] = {
    _S.READY: {Move.CLAIM: _S.IN_PROGRESS, **_LEAVE},
    _S.IN_PROGRESS: {
        Move.FINISH: _S.DONE,
        Move.FAIL: _S.ERROR,
        Move.BLOCK: _S.BLOCKED,
        Move.RELEASE: _S.READY,
        **_LEAVE,
    },
    _S.BLOCKED: _AGAIN,
    _S.ERROR: _AGAIN,
    _S.STOPPED: {Move.RETRY: _S.READY, Move.SUPERSEDE: _S.SUPERSEDED},
    _S.SUPERSEDED: {},
    _S.DONE: {},
}

_CONSENSUS: dict[TaskState, dict[Move, TaskState]] = {
    **_COMMON,
    _S.IN_PROGRESS: {**_COMMON[_S.IN_PROGRESS], Move.FINISH_FOR_REVIEW: _S.AWAITING_REVIEW},
    _S.AWAITING_REVIEW: {Move.APPROVE: _S.DONE, Move.REOPEN: _S.READY, **_LEAVE},
}

_IMPLEMENT: dict[TaskState, dict[Move, TaskState]] = {
    **_COMMON,
    _S.DONE: {Move.INTEGRATE: _S.INTEGRATED, Move.REOPEN: _S.READY, **_LEAVE},
    _S.INTEGRATED: {Move.REOPEN: _S.READY},
}

_JUDGE: dict[TaskState, dict[Move, TaskState]] = {
    **_COMMON,
    _S.DONE: {Move.REOPEN: _S.READY, Move.SUPERSEDE: _S.SUPERSEDED},
}

TABLE: dict[Kind, dict[TaskState, dict[Move, TaskState]]] = {
    Kind.ANALYSIS: _COMMON,
    Kind.CONSENSUS: _CONSENSUS,
    Kind.SPLIT: _COMMON,
    Kind.IMPLEMENT: _IMPLEMENT,
    Kind.TEST: _JUDGE,
    Kind.REVIEW: _JUDGE,
}

CLOSED = (_S.STOPPED, _S.SUPERSEDED)
"""States from which nothing follows by itself."""


def after(task: Task, move: Move) -> TaskState:
    """The state of `task` after `move`.

    Raises:
        InvalidTransitionError: the move is not in the table; the message tells the task's story.
    """
    found = TABLE[task.kind].get(task.state, {}).get(move)
    if found is None:
        raise InvalidTransitionError(
            f"The {task.kind} task {task.id} is {task.state} and cannot {move}: {story(task)}.",
            task_id=task.id,
            state=task.state,
            move=move,
        )
    return found


def check_epoch(task: Task, epoch: int) -> None:
    """Refuse what a former owner says about the task.

    Raises:
        StaleError: `epoch` is not the task's current epoch.
    """
    if epoch != task.epoch:
        raise StaleError(
            f"An attempt of {task.id} reports for epoch {epoch}, but epoch {task.epoch} has taken over.",
            next_step="Its result is not used; what it wrote is kept.",
            task_id=task.id,
            epoch=epoch,
            current=task.epoch,
        )


def story(task: Task) -> str:
    """The task's life in a few words, for messages."""
    parts = [f"{task.epoch} attempt{'' if task.epoch == 1 else 's'}"]
    if task.owner:
        parts.append(f"held by {task.owner}")
    if task.failure:
        parts.append(f"failed: {task.failure.cause[:200]}")
    if task.reworks:
        parts.append(f"reworked {task.reworks} times")
    return ", ".join(parts)
