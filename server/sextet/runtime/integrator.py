"""The merge queue's hand: captured changes into the integration tree, one after another."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from sextet.errors import SextetError, StoreError
from sextet.model import events as ev
from sextet.model.names import Severity, TaskState
from sextet.model.outcome import Finding
from sextet.model.task import Task
from sextet.runtime.engine import Engine, Integration
from sextet.runtime.session import Session

TRIES = 4
"""How often one integration is tried before the run stops and says why."""

PAUSE = 0.5
"""Seconds before the second try; twice as long before each further one."""


async def integrate(session: Session, engine: Engine) -> None:
    """Integrate whatever is captured, until the run has ended.

    Raises:
        SextetError: git or the disk refuses, again and again; no agent is to blame and none is asked again.
    """
    while True:
        await session.until(lambda view: bool(view.captured) or view.ended)
        if session.view.ended:
            return
        task = session.view.tasks[next(iter(session.view.captured))]
        result = await _patiently(session, engine, task)
        if result.picture:
            with suppress(StoreError):  # a help for readers: the trees themselves are in the mirror
                session.artifacts.append(task.id, task.epoch, "change.diff", result.picture.encode())
        current = session.view.tasks[task.id]
        if (current.state, current.epoch) == (TaskState.DONE, task.epoch) and not session.view.ended:
            await session.record(_event(session, current, result))


async def _patiently(session: Session, engine: Engine, task: Task) -> Integration:
    pause = PAUSE
    for left in reversed(range(TRIES)):
        try:
            return await engine.integrate(session.view, task.id)
        except SextetError as error:
            if not left:
                raise
            text = f"{task.id} could not be integrated: {error.what} Trying again in {pause:g} s."
            await session.record(ev.Noted.of(error, text))
        await asyncio.sleep(pause)
        pause *= 2
    raise AssertionError  # the last try returns or raises


def _event(session: Session, task: Task, result: Integration) -> ev.RunEvent:
    if not result.conflicts:
        return ev.TaskIntegrated(task_id=task.id, epoch=task.epoch, tree=result.tree, commit=result.commit)
    patch = session.view.patches.get(task.patch)  # none before the first change of a patch
    others = [name for name in patch.tasks if name != task.id] if patch else []
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
    with_whom = f" with the work of {', '.join(others)}" if others else " with what is there now"
    return f"The change to {path} collides{with_whom}; do it again on the tree as it is now. {detail}".strip()
