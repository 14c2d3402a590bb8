"""The collision radar: what captured and unfinished changes of a run would do to each other."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from sextet.errors import SextetError
from sextet.model.names import Kind
from sextet.model.outcome import ImplementOutcome
from sextet.pipeline.view import RunView
from sextet.service.patch_results import Collision, Collisions
from sextet.workspace import collisions
from sextet.workspace.collisions import Side
from sextet.workspace.peek import peek
from sextet.workspace.worktree import Workshop, Worktree

PAUSE: Final = 5.0
"""Seconds for which a look at worktrees in use is good enough: each reads what agents are just writing."""
_KEPT: Final = 8


@dataclass(frozen=True, slots=True)
class _Seen:
    at: float
    found: Collisions


class Radar:
    """Looks, and remembers the latest looks."""

    def __init__(self) -> None:
        self._seen: dict[tuple[object, ...], _Seen] = {}
        self._looking = asyncio.Lock()

    async def look(self, workshop: Workshop, view: RunView) -> Collisions:
        """Which changes collide; as of at most `PAUSE` seconds ago while tasks are at work.

        Raises:
            GitError: git failed.
        """
        captured, working = _sides(view), _working(view)
        tree = view.trees[view.patch][0]
        key = (view.the_run.id, tree, *((side.name, side.change.tree) for side in captured), *working)
        async with self._looking:
            seen = self._seen.get(key)
            now = time.monotonic()
            if seen is None or (working and now - seen.at >= PAUSE):
                self._seen.pop(key, None)
                while len(self._seen) >= _KEPT:
                    del self._seen[next(iter(self._seen))]
                found = await _look(workshop, view, (tree, captured, working))
                seen = self._seen[key] = _Seen(time.monotonic(), found)
        age = max(0, int(now - seen.at)) if working else 0
        return seen.found.model_copy(update={"age": age})


def _sides(view: RunView) -> list[Side]:
    """Changes that are captured and not integrated, in the order in which they will be."""
    found = []
    for name in view.captured:
        outcome = view.tasks[name].outcome
        if isinstance(outcome, ImplementOutcome) and outcome.change is not None:
            found.append(Side(name, outcome.change))
    return found


def _working(view: RunView) -> list[tuple[str, int]]:
    """Implement tasks that are at work, and their attempts."""
    tasks = (view.tasks[name] for name in view.working)
    return sorted((task.id, task.epoch) for task in tasks if task.kind is Kind.IMPLEMENT)


async def _look(
    workshop: Workshop, view: RunView, what: tuple[str, list[Side], list[tuple[str, int]]]
) -> Collisions:
    tree, captured, working = what
    run_id = view.the_run.id
    opened = ((name, workshop.open(run_id, name, epoch)) for name, epoch in working)
    peeks = (_peek(name, worktree) for name, worktree in opened if worktree is not None)
    unfinished = [side for side in await asyncio.gather(*peeks) if side is not None]
    found = await collisions.collisions(workshop.mirror, tree, [*captured, *unfinished])
    return Collisions(
        tree=tree,
        captured=tuple(side.name for side in captured),
        working=tuple(name for name, _ in working),
        collisions=tuple(_told(view, each) for each in found),
    )


async def _peek(name: str, worktree: Worktree) -> Side | None:
    """What a task at work has written; None while that cannot be read, or nothing."""
    with suppress(SextetError, OSError):
        change = await peek(worktree)
        return Side(name, change) if change.files else None
    return None


def _told(view: RunView, found: collisions.Collision) -> Collision:
    others = (found.other,) if found.other else _integrated(view, found.files)
    return Collision(task=found.one, others=others, integrated=not found.other, files=found.files[:1_000])


def _integrated(view: RunView, files: tuple[str, ...]) -> tuple[str, ...]:
    """Integrated tasks that touched one of these files."""
    patch = view.patches.get(view.patch)
    found = []
    for name in patch.tasks if patch else ():
        outcome = view.tasks[name].outcome
        change = outcome.change if isinstance(outcome, ImplementOutcome) else None
        if change is not None and set(files) & set(change.files):
            found.append(name)
    return tuple(found)
