"""Task, work item, attempt: one unit of work for one role."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import Field

from sextet.errors import SextetError
from sextet.model.base import Count, Line, Oid, Record, RepoPath, Seconds, Text, Timestamp
from sextet.model.names import ROLE_OF, ItemId, Kind, Role, TaskId, TaskState, WorkerId
from sextet.model.outcome import Finding, Outcome


class Item(Record):
    """A work item: what one implementer is asked to do."""

    id: ItemId
    title: Line
    instructions: Text
    files: tuple[RepoPath, ...] = ()
    depends_on: tuple[ItemId, ...] = ()
    requirements: tuple[str, ...] = ()


class FailureKind(StrEnum):
    """Why an attempt failed, as far as it decides what happens next."""

    TRANSIENT = "transient"  # the same again, after a pause
    MODEL = "model"  # quota, overload, unknown model: the next model
    CONTEXT = "context"  # the window is full: a new thread
    LOGIN = "login"  # ask the user to log in
    ANSWER = "answer"  # the answer does not fit its schema
    TIMEOUT = "timeout"  # no sign of life, or the deadline passed
    CODEX = "codex"  # Codex is missing, too old or broken
    SANDBOX = "sandbox"  # the sandbox does not work here
    STOPPED = "stopped"  # a human stopped it
    BLOCKED = "blocked"  # the agent says that it cannot go on
    INTERNAL = "internal"  # a defect of ours or of the machine


class Failure(Record):
    """A failed attempt: kind, cause and next step in words for the person."""

    kind: FailureKind
    cause: Text
    next_step: Line = ""

    @classmethod
    def of(cls, error: SextetError) -> Self:
        """The failure of an attempt whose cause is not the agent: git, disk or a process."""
        return cls(kind=FailureKind.INTERNAL, cause=error.what, next_step=error.next_step[:1_000])


class Usage(Record):
    """Tokens of one attempt, as the provider counted them."""

    input: Count = 0
    """Read by the model, cached ones included."""
    cached: Count = 0
    """Of these, those that the provider had in its cache."""
    output: Count = 0
    """Written by the model, reasoning included."""
    reasoning: Count = 0
    """Of these, those that it thought with."""

    @property
    def total(self) -> int:
        """Tokens in and out."""
        return self.input + self.output

    def plus(self, other: Usage) -> Usage:
        """Both together."""
        return self.evolved(
            {
                "input": self.input + other.input,
                "cached": self.cached + other.cached,
                "output": self.output + other.output,
                "reasoning": self.reasoning + other.reasoning,
            }
        )


class Task(Record):
    """One unit for one role, as the journal tells it; also the view file `tasks/<kind>/<id>.json`."""

    id: TaskId
    kind: Kind
    title: Line
    patch: int = Field(ge=1, le=9_999)
    """Which patch of the run it works for: 1, and one more for each follow-up."""
    slot: int = Field(default=1, ge=1, le=64)
    """Which of several of its kind (analyst 1, analyst 2)."""
    item: Item | None = None
    """Set on implement tasks."""
    depends_on: tuple[TaskId, ...] = ()
    state: TaskState = TaskState.READY
    epoch: Count = 0
    """The epoch of the latest claim; 0 before the first."""
    owner: WorkerId | None = None
    """Who holds the claim while it is in progress."""
    worker: WorkerId | None = None
    """Who made the latest attempt; stays when the claim is over."""
    model: str = Field(default="", max_length=200)
    """The model of the latest attempt."""
    thread: str = Field(default="", max_length=200)
    """The Codex thread of the latest attempt; empty when it had none."""
    start: Oid | None = None
    """The tree that the latest attempt started from (test and review: the tree they judge)."""
    outcome: Outcome | None = None
    """Of the latest attempt that gave one."""
    failure: Failure | None = None
    """Why the latest attempt failed; None when it did not."""
    findings: tuple[Finding, ...] = ()
    """What must be mended: carried into the prompt of the next attempt."""
    reworks: Count = 0
    """How often it was reopened with findings."""
    salvage: Oid | None = None
    """The tree captured from a dead attempt; the next attempt starts from it."""
    not_before: Timestamp = 0.0
    """Earliest time of the next claim, after a pause for back-off."""
    usage: Usage = Usage()
    """Tokens of all its attempts."""
    seconds: Seconds = 0.0
    """Time worked on it in all attempts."""
    claimed_at: Timestamp = 0.0
    added_at: Timestamp = 0.0
    ended_at: Timestamp = 0.0

    @property
    def role(self) -> Role:
        """Who does it."""
        return ROLE_OF[self.kind]
