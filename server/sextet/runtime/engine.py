"""Engine: where attempts run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sextet.model.events import BaselineFinished
from sextet.model.outcome import Outcome, TestOutcome
from sextet.model.task import Task
from sextet.pipeline.view import RunView
from sextet.roles.executor import Assignment, Sink


@dataclass(frozen=True, slots=True)
class Integration:
    """The integration tree with a change in it, or the files that collide; `picture` is the change's diff."""

    tree: str = ""
    commit: str = ""
    conflicts: tuple[str, ...] = ()
    detail: str = ""
    picture: str = ""


class Engine(Protocol):
    """Carries out attempts; workers, claims and the journal stay in the supervisor's process."""

    async def execute(self, assignment: Assignment, sink: Sink) -> Outcome:
        """Do the attempt. Cancelling the task ends everything that it started.

        Raises:
            AttemptFailedError: there is no outcome, and why.
        """
        ...

    async def salvage(self, run_id: str, task: Task) -> str | None:
        """Capture what the attempt of `task.epoch` wrote; the tree, or None when there is nothing to keep.

        Raises:
            SextetError: it could not be captured; nothing was removed.
        """
        ...

    async def baseline(self, view: RunView, patch: int, sink: Sink) -> BaselineFinished:
        """Run set-up and test commands once on the untouched base of a patch."""
        ...

    async def retest(self, assignment: Assignment, sink: Sink) -> TestOutcome:
        """Run the test commands on a tree that the user made of a patch.

        Raises:
            SextetError: they could not be run at all, and why.
        """
        ...

    async def integrate(self, view: RunView, task_id: str) -> Integration:
        """Merge the captured change of an implement task onto the integration tree (one at a time).

        Raises:
            SextetError: git or the disk refuses; nothing was integrated.
        """
        ...
