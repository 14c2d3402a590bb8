"""What each role hands on, discriminated by `kind`: built by executors, journaled, read by the pipeline."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sextet.model.answers import Analysis, Ledger, WorkPlan
from sextet.model.base import Count, Line, Oid, Record, RepoPath, Seconds, Text
from sextet.model.names import ItemId, Severity


class Finding(Record):
    """A remark with its place."""

    source: Literal["test", "review", "conflict", "human", "salvage"]
    severity: Severity
    message: Text
    file: str = Field(default="", max_length=4_096)
    """Path in the repository; empty for a remark about the whole."""
    line: Count = 0
    """1-based; 0 for the whole file."""
    blob: Oid | None = None
    """The file's blob when the remark was made."""
    items: tuple[ItemId, ...] = ()
    """Work items that it is about."""
    fingerprint: str = Field(default="", max_length=64)
    """The same when the same remark comes back."""
    baseline: bool = False
    """True when it failed before any agent wrote a byte."""


class Change(Record):
    """What an attempt changed, by git: from tree `start` to tree `tree`; `commit` holds it in the mirror."""

    start: Oid
    tree: Oid
    commit: Oid
    files: tuple[RepoPath, ...] = ()


class CommandRun(Record):
    """One tester command as it ended."""

    command: Text
    exit_code: int | None
    """None when it was killed at its time limit."""
    seconds: Seconds
    log: str = Field(default="", max_length=1_000)
    """Name of the log below the attempt's folder."""
    tail: Text = ""
    """The last lines of its output, control characters removed."""
    baseline: bool = False
    """True when the same command failed in the same way on the base tree."""


class AnalysisOutcome(Record):
    """A draft."""

    kind: Literal["analysis"] = "analysis"
    draft: Analysis


class ConsensusOutcome(Record):
    """The ledger."""

    kind: Literal["consensus"] = "consensus"
    ledger: Ledger


class SplitOutcome(Record):
    """The plan."""

    kind: Literal["split"] = "split"
    plan: WorkPlan


class ImplementOutcome(Record):
    """A captured change; `blocked` says what stands in the way, in the agent's words."""

    kind: Literal["implement"] = "implement"
    summary: Text
    change: Change | None
    """None when nothing changed."""
    blocked: bool = False


class TestOutcome(Record):
    """The evidence for one tree."""

    __test__ = False

    kind: Literal["test"] = "test"
    tree: Oid
    passed: bool
    """True when every command ended with 0, or fails as it did on the base."""
    untested: bool = False
    """True when no command is known, so that `passed` says nothing."""
    summary: Line = ""
    commands: tuple[CommandRun, ...] = ()
    findings: tuple[Finding, ...] = ()


class ReviewOutcome(Record):
    """The verdict on one tree; an approve with blocking findings never gets this far as approve."""

    kind: Literal["review"] = "review"
    tree: Oid
    verdict: Literal["approve", "changes_requested", "blocked"]
    summary: Text
    findings: tuple[Finding, ...] = ()


Outcome = Annotated[
    AnalysisOutcome | ConsensusOutcome | SplitOutcome | ImplementOutcome | TestOutcome | ReviewOutcome,
    Field(discriminator="kind"),
]
