"""Attempts in this process."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from sextet.errors import SextetError
from sextet.model.events import BaselineFinished
from sextet.model.names import Kind, Role
from sextet.model.outcome import Change, ImplementOutcome, Outcome, TestOutcome
from sextet.model.task import Task
from sextet.pipeline.view import RunView
from sextet.roles.cast import Cast
from sextet.roles.executor import Assignment, AttemptFailedError, Sink
from sextet.roles.tester import baseline, retest
from sextet.runtime.engine import Integration
from sextet.workspace import changeset
from sextet.workspace.merge import Conflict, MergeQueue
from sextet.workspace.mirror import REFS
from sextet.workspace.worktree import Workshop


class LocalEngine:
    """Runs each attempt with the role's executor, here; see `runtime.engine.Engine`."""

    def __init__(self, workshop: Workshop, cast: Cast) -> None:
        self._workshop = workshop
        self._cast = cast
        self._queue = MergeQueue(workshop.mirror)

    async def execute(self, assignment: Assignment, sink: Sink) -> Outcome:
        """Do the attempt with the role's executor."""
        return await self._cast.executor(assignment.task.role).execute(assignment, sink)

    async def salvage(self, run_id: str, task: Task) -> str | None:
        """The tree of what the attempt's worktree holds now, captured; the worktree is removed then.

        Only implementers write what is of use to somebody else.
        """
        change = None
        if task.kind is Kind.IMPLEMENT:
            change = await self._workshop.salvage(run_id, task.id, task.epoch)
        worktree = self._workshop.open(run_id, task.id, task.epoch)
        if worktree is not None:
            with suppress(OSError):  # what cannot be removed stays for `sextet clean`
                await self._workshop.discard(worktree, lost_ok=True)
        return change.tree if change else None

    async def baseline(self, view: RunView, patch: int, sink: Sink) -> BaselineFinished:
        """What fails on the untouched base."""
        desk = self._cast.desk(Role.TESTER)
        tree = view.bases[patch].tree
        try:
            setup, outcome = await baseline(desk, view.the_run, tree, sink)
        except AttemptFailedError as error:
            raise SextetError(error.failure.cause, next_step=error.failure.next_step) from error
        return BaselineFinished(
            patch=patch, setup=setup, commands=outcome.commands, findings=outcome.findings
        )

    async def retest(self, assignment: Assignment, sink: Sink) -> TestOutcome:
        """The test commands on a tree that the user made of a patch."""
        try:
            return await retest(self._cast.desk(Role.TESTER), assignment, sink)
        except AttemptFailedError as error:
            raise SextetError(error.failure.cause, next_step=error.failure.next_step) from error

    async def integrate(self, view: RunView, task_id: str) -> Integration:
        """Merge a captured change; the result is kept by a ref before anybody is told of it."""
        task = view.tasks[task_id]
        tree, commit = view.trees[task.patch]
        outcome = task.outcome
        if not isinstance(outcome, ImplementOutcome) or outcome.change is None:
            return Integration(tree=tree, commit=commit)
        title = f"{task.id}: {task.title}"
        picture, result = await asyncio.gather(
            self._picture(outcome.change), self._queue.integrate(commit, outcome.change, title)
        )
        if isinstance(result, Conflict):
            return Integration(conflicts=result.files, detail=result.notes, picture=picture)
        ref = f"{REFS}{view.the_run.id}/patch-{task.patch}"
        await self._workshop.mirror.keep(ref, result.commit)
        return Integration(tree=result.tree, commit=result.commit, picture=picture)

    async def _picture(self, change: Change) -> str:
        """The change, to be read; no integration fails for it, so a failure is told in its place."""
        mirror = self._workshop.mirror
        try:
            return await changeset.picture(mirror, await changeset.diff(mirror, change.start, change.tree))
        except SextetError as error:
            return f"There is no picture of this change: {error}\n"
