"""Analyst: the goal and the repository → an independent draft."""

from __future__ import annotations

from dataclasses import dataclass

from sextet.model.answers import Analysis
from sextet.model.outcome import AnalysisOutcome
from sextet.roles.agent import Interview
from sextet.roles.desk import Desk
from sextet.roles.executor import Assignment, Sink
from sextet.roles.prompts import fill


@dataclass(frozen=True, slots=True)
class Analyst:
    """Analysts, and hunters when bugs are hunted; none sees another's draft."""

    desk: Desk

    async def execute(self, assignment: Assignment, sink: Sink) -> AnalysisOutcome:
        """Draft requirements.

        Raises:
            AttemptFailedError: there is no draft, and why.
        """
        async with self.desk.reading(assignment) as fence:
            interview = Interview(self.desk.agents, assignment, sink)
            draft = await interview.ask(Analysis, fill(assignment), fence)
        return AnalysisOutcome(draft=draft)
