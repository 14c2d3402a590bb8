"""What passes between a run and its humans: questions, approvals, comments, follow-ups."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from sextet.model.base import Line, Record, Text, Timestamp
from sextet.model.names import QuestionId, TaskId
from sextet.model.outcome import Finding

Who = Line
"""The name of a person, as the client gives it; `sextet` for defaults taken at a deadline."""


class QuestionKind(StrEnum):
    """What is asked, and so who may answer it: `--yes` answers only approvals."""

    APPROVAL = "approval"  # an agent wants more than its sandbox allows
    AGENT = "agent"  # an agent asks the user something
    TRUST = "trust"  # something would execute
    CONFLICT = "conflict"  # trees do not fit together
    SETUP = "setup"  # the set-up command fails on the untouched base
    LOGIN = "login"  # Codex is not logged in, missing or broken
    REWORK = "rework"  # the cap of rework, or a finding that returns
    BUDGET = "budget"  # the tokens of the run are used up
    BLOCKED = "blocked"  # a task cannot go on


class Choice(Record):
    """One answer that can be given."""

    value: str = Field(pattern=r"^[a-z][a-z-]{0,31}$")
    """What `question/answer` takes."""
    label: Line
    """What a person reads on the button."""


class Question(Record):
    """Something that waits for a human, with a deadline and the answer that is taken then."""

    id: QuestionId
    kind: QuestionKind
    text: Text
    choices: tuple[Choice, ...] = Field(default=(), max_length=10)
    """Empty when free text is asked for."""
    default: Text
    """The answer that is taken at the deadline."""
    deadline: Timestamp
    """When that happens."""
    task_id: TaskId | None = None
    """The task that waits; None when the whole run does."""
    detail: Text = ""
    """More to read: a command, a diff, both positions."""
    findings: tuple[Finding, ...] = ()
    """What it is about, where findings are."""
    asked_at: Timestamp = 0.0


class Approval(Record):
    """A named approval of exactly what was seen: a tree id (patch) or the ledger's hash (consensus)."""

    by: Who
    at: Timestamp
    seen: str = Field(min_length=1, max_length=64)
    subject: Literal["consensus", "patch"]


class Comment(Record):
    """A remark of a person on a task; it reaches the agent at its next attempt."""

    by: Who
    at: Timestamp
    text: Text
