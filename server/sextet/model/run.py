"""Run and briefing: what the user asked for, and what was fixed when the run began."""

from __future__ import annotations

from pydantic import Field

from sextet.model.base import Oid, Record, Text, Timestamp
from sextet.model.names import Mode, RunId
from sextet.model.settings import Settings

SCHEMA_VERSION = 1
"""Version of everything under `codex-runs/`; a newer one is shown read-only."""


class Briefing(Record):
    """What the user asked for."""

    goal: Text = Field(min_length=1)
    mode: Mode = Mode.IMPLEMENT_FEATURE
    guidance: Text = ""
    hunters: int = Field(default=2, ge=1, le=16)
    """How many analysts (or bug hunters) draft independently."""


class Base(Record):
    """The user's state that a run or a follow-up starts from, captured in the mirror."""

    head: Oid | None
    """The user's HEAD commit; None in a repository without commits."""
    branch: str = Field(max_length=1_000)
    """The branch's short name; empty when HEAD is detached."""
    commit: Oid
    """The snapshot commit in the mirror (HEAD plus uncommitted and untracked files)."""
    tree: Oid
    """The tree of that commit."""
    dirty: bool = False
    """True when it differs from HEAD."""
    left_out: tuple[str, ...] = ()
    """Untracked files that were too large to take along."""


class Run(Record):
    """`run.json`: written once when the run begins."""

    schema_version: int = SCHEMA_VERSION
    id: RunId
    briefing: Briefing
    base: Base
    settings: Settings
    chosen: tuple[str, ...] = Field(default=(), max_length=200)
    """Settings (keys without `sextet.`) that were chosen for this run alone: later changes do not matter."""
    executor: str = Field(pattern=r"^(codex|rehearsal)$")
    scenario: str = Field(default="", max_length=1_000_000)
    """The rehearsal scenario as JSON text, so that a resumed rehearsal plays the same; empty otherwise."""
    created_at: Timestamp
    request_key: str = Field(default="", max_length=200)
    """A client's key for this request: the same key twice starts one run."""
