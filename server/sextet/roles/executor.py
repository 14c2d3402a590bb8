"""Executor, Assignment, Sink: what a role is given, whom it tells, and what it must return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from sextet.codex.turn import TurnHandle
from sextet.model.answers import Analysis, Ledger
from sextet.model.notes import Comment, QuestionKind
from sextet.model.outcome import Outcome, TestOutcome
from sextet.model.patch import Patch
from sextet.model.run import Run
from sextet.model.settings import RoleSettings
from sextet.model.task import Failure, Item, Task, Usage


class AttemptFailedError(Exception):
    """The attempt ended without an outcome; `usage` holds the tokens that it cost all the same."""

    def __init__(self, failure: Failure, *, usage: Usage | None = None, retry_after: float = 0.0) -> None:
        super().__init__(failure.cause)
        self.failure = failure
        self.usage = usage or Usage()
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Assignment:
    """All that an attempt needs to know; the same for every engine.

    `task.epoch` is the attempt's epoch. `tree` is the tree to work on (base, integration or judged tree),
    `patch` and `test` are set for tester and reviewer.
    """

    run: Run
    task: Task
    worker_id: str
    settings: RoleSettings
    tree: str
    models: tuple[str, ...] = ()
    """Models in the order to try; empty: Codex's default."""
    drafts: Mapping[int, Analysis] | None = None
    """For the consensus builder: drafts by their number (slot), from 1."""
    ledger: Ledger | None = None
    items: tuple[Item, ...] = ()
    """All items of the patch, for splitter follow-ups, tester and reviewer."""
    patch: Patch | None = None
    test: TestOutcome | None = None
    baseline: TestOutcome | None = None
    """What failed before any agent wrote a byte (tree: the base)."""
    wishes: tuple[str, ...] = ()
    """Follow-up wishes in order."""
    comments: tuple[Comment, ...] = ()
    """What people said about this task."""


class Sink(Protocol):
    """Whom an attempt tells what it does. All writes carry the attempt's epoch."""

    handle: TurnHandle
    """Filled by the transport while a turn runs: lets a human steer and interrupt."""

    def log(self, stream: str, text: str) -> None:
        """Text for the worker's log (`agent`, `command`, `test`, `sextet`), any number of lines."""
        ...

    def artifact(self, name: str, data: bytes) -> None:
        """Keep a file in the attempt's folder (`prompt.md`, `activity.jsonl`, `test-1.log`); appends."""
        ...

    def spent(self, usage: Usage) -> None:
        """Tokens of this attempt so far (the sum, not a difference)."""
        ...

    async def turn_started(self, *, model: str, thread: str, reason: str = "") -> None:
        """Journal the thread before its first model request (again for each model or thread)."""
        ...

    async def ask(
        self,
        kind: QuestionKind,
        text: str,
        *,
        choices: tuple[tuple[str, str], ...],
        default: str,
        detail: str = "",
    ) -> str:
        """Put a question to the humans and wait for the answer (the default at its deadline)."""
        ...


class Executor(Protocol):
    """One role's work."""

    async def execute(self, assignment: Assignment, sink: Sink) -> Outcome:
        """Do the work and return its outcome. Cancelling the task ends everything that it started.

        Raises:
            AttemptFailedError: there is no outcome, and why.
        """
        ...
