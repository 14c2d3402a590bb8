"""What an agent must return, one record per agent role; their JSON Schemas go to the model."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sextet.model.base import Line, Record, RepoPath, Text
from sextet.model.names import Severity


class Evidence(Record):
    """Where in the repository a requirement shows."""

    file: RepoPath
    line: int = Field(ge=1, le=10_000_000)


class DraftRequirement(Record):
    """One thing that must be true afterwards, as one analyst sees it."""

    title: Line
    detail: Text
    evidence: tuple[Evidence, ...] = Field(max_length=100)
    acceptance: tuple[Line, ...] = Field(max_length=50)


class Analysis(Record):
    """An analyst's draft (in `bug_hunt`: a hunter's)."""

    summary: Text
    requirements: tuple[DraftRequirement, ...] = Field(max_length=100)
    risks: tuple[Line, ...] = Field(max_length=50)
    test_commands: tuple[Line, ...] = Field(max_length=20)
    """Shell commands that it would run to check the work; shown, never run."""


class Requirement(Record):
    """One agreed requirement; `support` holds the numbers of the drafts that carry it, from 1."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,31}$")
    title: Line
    detail: Text
    acceptance: tuple[Line, ...] = Field(max_length=50)
    support: tuple[int, ...] = Field(max_length=16)


class Dissent(Record):
    """What a draft says and the ledger does not follow."""

    draft: int = Field(ge=1, le=16)
    text: Text


class Ledger(Record):
    """The consensus builder's record: requirements with support, dissent kept, questions left open."""

    summary: Text
    requirements: tuple[Requirement, ...] = Field(max_length=100)
    dissent: tuple[Dissent, ...] = Field(max_length=100)
    open_questions: tuple[Line, ...] = Field(max_length=50)


class PlannedItem(Record):
    """A work item as the splitter writes it."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")
    title: Line
    instructions: Text
    files: tuple[RepoPath, ...] = Field(max_length=200)
    """Files that it expects to touch; a path that ends in `/` is a whole folder."""
    depends_on: tuple[str, ...] = Field(max_length=50)
    requirements: tuple[str, ...] = Field(max_length=100)


class WorkPlan(Record):
    """The splitter's answer."""

    summary: Text
    items: tuple[PlannedItem, ...] = Field(max_length=64)


class ImplementAnswer(Record):
    """The implementer's word; what it changed is taken from git, not from here."""

    status: Literal["done", "blocked"]
    summary: Text
    """What was done, or what stands in the way."""


class TestCommands(Record):
    """The agent tester's answer, when no command is configured: how this repository is tested."""

    __test__ = False  # not a test class, whatever its name says to pytest

    summary: Text
    commands: tuple[Line, ...] = Field(max_length=10)
    """Shell commands; they are run again by Sextet in the sandbox, and only those exit codes count."""


class Remark(Record):
    """A reviewer's remark, attributed to items where it can be."""

    file: str = Field(max_length=4_096)
    """Path in the repository; empty when the remark is about the whole."""
    line: int = Field(ge=0, le=10_000_000)
    """1-based; 0 when the remark is about the whole file."""
    severity: Severity
    message: Text
    items: tuple[str, ...] = Field(max_length=64)


class ReviewAnswer(Record):
    """The reviewer's verdict on a tree."""

    verdict: Literal["approve", "changes_requested", "blocked"]
    summary: Text
    findings: tuple[Remark, ...] = Field(max_length=200)


Answer = Analysis | Ledger | WorkPlan | ImplementAnswer | TestCommands | ReviewAnswer
