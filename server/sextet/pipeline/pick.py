"""Which ready task a worker takes next, and when it is worth looking again."""

from __future__ import annotations

from sextet.model.names import Kind, Role, TaskState
from sextet.model.task import Task
from sextet.pipeline.overlap import occupied
from sextet.pipeline.questions import out_of_tokens
from sextet.pipeline.transitions import CLOSED
from sextet.pipeline.view import RunView

_FULFILLED = frozenset({TaskState.INTEGRATED, *CLOSED})


def pick(view: RunView, role: Role, now: float) -> Task | None:
    """The first ready task of a role that may be claimed at `now` (seconds since the epoch), or None.

    A task may be claimed when its pause is over, what it depends on is done (implement tasks:
    integrated; test and review: no item is being worked on), and no item at work or waiting for its
    integration touches the same files.
    """
    if out_of_tokens(view):
        return None
    for task_id in view.ready[role]:
        task = view.tasks[task_id]
        if task.not_before <= now and _may_start(view, task):
            return task
    return None


def next_time(view: RunView, role: Role) -> float | None:
    """When the earliest pause of a task of this role ends that nothing but its pause holds back.

    None when there is none; so a worker that waits until then finds something to do.
    """
    if out_of_tokens(view):
        return None
    tasks = (view.tasks[name] for name in view.ready[role])
    return min((t.not_before for t in tasks if t.not_before > 0 and _may_start(view, t)), default=None)


def runnable(view: RunView) -> bool:
    """True when some ready task may start now or after its pause, and there are tokens left for it."""
    return startable(view) and not out_of_tokens(view)


def startable(view: RunView) -> bool:
    """True when some ready task may start now or after its pause, were tokens no matter.

    A role that was left without workers starts nothing.
    """
    return any(
        view.settings_of(role).workers > 0 and any(_may_start(view, view.tasks[name]) for name in ready)
        for role, ready in view.ready.items()
    )


def _may_start(view: RunView, task: Task) -> bool:
    if task.kind in {Kind.TEST, Kind.REVIEW}:
        return view.implemented(task.patch)
    if task.kind is not Kind.IMPLEMENT:
        return True
    if any(view.tasks[name].state not in _FULFILLED for name in task.depends_on if name in view.tasks):
        return False
    return task.item is None or not occupied(view.taken, view.above, task.item.files)
