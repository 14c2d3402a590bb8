"""Cast: which executor plays which role, and with which agents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sextet.codex.turn import Agents
from sextet.errors import SextetError
from sextet.model.names import Role
from sextet.model.outcome import Outcome
from sextet.model.task import Failure
from sextet.roles.analyst import Analyst
from sextet.roles.consensus import Consensus
from sextet.roles.desk import Desk
from sextet.roles.executor import Assignment, AttemptFailedError, Executor, Sink
from sextet.roles.implementer import Implementer
from sextet.roles.reviewer import Reviewer
from sextet.roles.splitter import Splitter
from sextet.roles.tester import Tester
from sextet.workspace.worktree import Workshop

_PLAYERS: Final[Mapping[Role, Callable[[Desk], Executor]]] = {
    Role.ANALYST: Analyst,
    Role.CONSENSUS: Consensus,
    Role.SPLITTER: Splitter,
    Role.IMPLEMENTER: Implementer,
    Role.TESTER: Tester,
    Role.REVIEWER: Reviewer,
}


class Cast:
    """The six executors of a work tree.

    Args:
        workshop: of the work tree.
        agents_for: who answers for each role (all the same, or a rehearsal for some).
    """

    def __init__(self, workshop: Workshop, agents_for: Mapping[Role, Agents]) -> None:
        self._desks = {role: Desk(workshop, agents) for role, agents in agents_for.items()}

    def desk(self, role: Role) -> Desk:
        """The workshop with the role's agents, e.g. for `tester.baseline`."""
        return self._desks[role]

    def executor(self, role: Role) -> Executor:
        """Who plays the role."""
        return _Explaining(_PLAYERS[role](self._desks[role]))


@dataclass(frozen=True, slots=True)
class _Explaining:
    """An executor whose trouble with git, disk or processes is a failed attempt that explains itself."""

    player: Executor

    async def execute(self, assignment: Assignment, sink: Sink) -> Outcome:
        try:
            return await self.player.execute(assignment, sink)
        except SextetError as error:
            raise AttemptFailedError(Failure.of(error)) from error
