"""Desk: where an attempt works, and the fence around it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol, runtime_checkable

from sextet.codex.turn import Agents, Fence, Purpose
from sextet.model.settings import Settings
from sextet.roles.agent import purpose_of
from sextet.roles.executor import Assignment
from sextet.workspace.worktree import Workshop, Worktree

NOWHERE: Final = Path("/nonexistent")
"""The folder of a turn that touches no file."""


@runtime_checkable
class Thrifty(Protocol):
    """Agents that know beforehand whether a turn needs the files at all (a rehearsal does)."""

    def needs_checkout(self, purpose: Purpose) -> bool:
        """Whether a turn for this purpose may read or write the worktree."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """What every executor has: the workshop and its agents."""

    workshop: Workshop
    agents: Agents

    @asynccontextmanager
    async def reading(self, assignment: Assignment) -> AsyncIterator[Fence]:
        """A place to read `assignment.tree`: the shared checkout, which nobody may write.

        A role whose settings let it write gets a worktree of its own, which is thrown away afterwards.
        """
        if isinstance(self.agents, Thrifty) and not self.agents.needs_checkout(purpose_of(assignment)):
            yield Fence("read-only", NOWHERE, NOWHERE)
        elif assignment.settings.sandbox == "read-only":
            shared = await self.workshop.shared(assignment.tree)
            yield fence_of(assignment, shared)
        else:
            async with self.worktree(assignment, assignment.tree) as own:
                yield fence_of(assignment, own)

    @asynccontextmanager
    async def worktree(self, assignment: Assignment, tree: str) -> AsyncIterator[Worktree]:
        """A worktree of the attempt whose content is of no interest afterwards."""
        task = assignment.task
        own = await self.workshop.attempt(assignment.run.id, task.id, task.epoch, tree)
        try:
            await self.workshop.prepare(own, assignment.run.settings.worktree)
            yield own
        finally:
            await self.workshop.discard(own, lost_ok=True)


def fence_of(assignment: Assignment, worktree: Worktree) -> Fence:
    """The fence of a role's agent in a worktree, by the role's settings."""
    settings = assignment.settings
    return Fence(settings.sandbox, worktree.path, worktree.tmp, network=settings.network)


def command_fence(settings: Settings, worktree: Worktree, *, trusted: bool = True) -> Fence:
    """The fence of test and set-up commands.

    Args:
        settings: the run's.
        worktree: where they run.
        trusted: False for commands that a model proposed: these never leave the sandbox.
    """
    tester = settings.tester
    mode: Literal["workspace-write", "off"] = "workspace-write" if tester.sandbox or not trusted else "off"
    return Fence(mode, worktree.path, worktree.tmp, network=tester.network and trusted)
