"""The merge queue's hand: captured changes into the integration tree, one after another."""

from __future__ import annotations

from sextet.errors import SextetError
from sextet.model import events as ev
from sextet.model.names import Severity, TaskState
from sextet.model.outcome import Finding
from sextet.model.task import Task
from sextet.runtime.engine import Engine, Integration
from sextet.runtime.session import Session


async def integrate(session: Session, engine: Engine) -> None:
    """Integrate whatever is captured, until the run has ended.

    Raises:
        StoreError: the disk refuses.
    """
    while True:
        await session.until(lambda view: bool(view.captured) or view.ended)
        if session.view.ended:
            return
        task = session.view.tasks[next(iter(session.view.captured))]
        try:
            result = await engine.integrate(session.view, task.id)
        except SextetError as error:
            result = Integration(conflicts=("",), detail=str(error))
        current = session.view.tasks[task.id]
        if (current.state, current.epoch) == (TaskState.DONE, task.epoch):
            await session.record(_event(session, current, result))


def _event(session: Session, task: Task, result: Integration) -> ev.RunEvent:
    if not result.conflicts:
        return ev.TaskIntegrated(task_id=task.id, epoch=task.epoch, tree=result.tree, commit=result.commit)
    others = [name for name in session.view.patches[task.patch].tasks if name != task.id]
    findings = tuple(
        Finding(
            source="conflict",
            severity=Severity.BLOCKING,
            message=_sentence(path, others, result.detail),
            file=path,
            items=(task.item.id,) if task.item else (),
            fingerprint=f"conflict-{task.epoch}",
        )
        for path in result.conflicts[:50]
    )
    return ev.TaskReopened(task_id=task.id, reason="its change collides with earlier work", findings=findings)


def _sentence(path: str, others: list[str], detail: str) -> str:
    if not path:
        return f"The change could not be merged: {detail}"
    with_whom = f" with the work of {', '.join(others)}" if others else " with what is there now"
    return f"The change to {path} collides{with_whom}; do it again on the tree as it is now. {detail}".strip()
