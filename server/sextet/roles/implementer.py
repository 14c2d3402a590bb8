"""Implementer: one work item → a change, captured by git from a worktree of its own."""

from __future__ import annotations

from dataclasses import dataclass

from sextet.model.answers import ImplementAnswer
from sextet.model.outcome import Change, ImplementOutcome
from sextet.roles.agent import Interview
from sextet.roles.commands import Bench
from sextet.roles.desk import Desk, command_fence, fence_of
from sextet.roles.executor import Assignment, Sink
from sextet.roles.prompts import fill
from sextet.workspace.worktree import Worktree


@dataclass(frozen=True, slots=True)
class Implementer:
    """An implementer. A worktree whose attempt failed stays: the runtime salvages what is in it."""

    desk: Desk

    async def execute(self, assignment: Assignment, sink: Sink) -> ImplementOutcome:
        """Do the work item.

        Raises:
            AttemptFailedError: there is no result, and why.
        """
        task, workshop = assignment.task, self.desk.workshop
        who = (assignment.run.id, task.id, task.epoch)
        if task.salvage:
            worktree = await workshop.resume(*who, task.salvage)
        else:
            worktree = await workshop.attempt(*who, assignment.tree)
        await self._set_up(assignment, worktree, sink)
        interview = Interview(self.desk.agents, assignment, sink)
        answer = await interview.ask(ImplementAnswer, fill(assignment), fence_of(assignment, worktree))
        change = await workshop.capture(worktree, _message(assignment))
        for warning in worktree.warnings:
            sink.log("sextet", warning)
        await workshop.discard(worktree)
        return ImplementOutcome(
            summary=answer.summary, change=_real(change), blocked=answer.status == "blocked"
        )

    async def _set_up(self, assignment: Assignment, worktree: Worktree, sink: Sink) -> None:
        """Bring files along and run the set-up command; when that fails the agent still tries."""
        settings = assignment.run.settings
        for sentence in await self.desk.workshop.prepare(worktree, settings.worktree):
            sink.log("sextet", sentence)
        bench = Bench(self.desk.agents, command_fence(settings, worktree), settings, sink)
        ran = await bench.set_up()
        if ran is not None and ran.run.exit_code != 0:
            sink.log("sextet", "The set-up command failed in this worktree; the agent works without it.")


def _message(assignment: Assignment) -> str:
    item = assignment.task.item
    return f"{item.id}: {item.title}" if item else assignment.task.title


def _real(change: Change) -> Change | None:
    return change if change.tree != change.start else None
