"""Attempts in this process."""

from __future__ import annotations

from sextet.model.outcome import Outcome
from sextet.roles.cast import Cast
from sextet.roles.executor import Assignment, Sink


class LocalEngine:
    """Runs each attempt with the role's executor, here."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast

    async def execute(self, assignment: Assignment, sink: Sink) -> Outcome:
        """See `runtime.engine.Engine`."""
        return await self._cast.executor(assignment.task.role).execute(assignment, sink)
