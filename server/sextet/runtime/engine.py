"""Engine: where attempts run."""

from __future__ import annotations

from typing import Protocol

from sextet.model.outcome import Outcome
from sextet.roles.executor import Assignment, Sink


class Engine(Protocol):
    """Carries out attempts; workers, claims and the journal stay in the supervisor's process."""

    async def execute(self, assignment: Assignment, sink: Sink) -> Outcome:
        """Do the attempt. Cancelling the task ends everything that it started.

        Raises:
            AttemptFailedError: there is no outcome, and why.
        """
        ...
