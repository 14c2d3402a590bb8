"""What each verb gives: results as records, the same for terminal, socket and editor."""

from __future__ import annotations

from sextet.model.answers import Ledger
from sextet.model.base import Count, Line, Record, RepoPath, Text, Timestamp
from sextet.model.events import Entry
from sextet.model.live import WorkerStatus
from sextet.model.names import Role, RunId, RunState, TaskId
from sextet.model.notes import Approval, Question
from sextet.model.outcome import TestOutcome
from sextet.model.patch import Applied, ChangeSet, Patch, PatchHunk
from sextet.model.run import Base, Briefing
from sextet.model.settings import RoleSettings
from sextet.model.task import Task, Usage


class RunRef(Record):
    """Which run it became."""

    run_id: RunId


class Done(Record):
    """Nothing more to say: the sequence number after which it is true."""

    seq: Count = 0


class RunLine(Record):
    """One line of `run/list`."""

    id: RunId
    goal: Text
    created_at: Timestamp
    state: RunState | None
    ours: bool
    live: bool
    problem: Line = ""


class RunList(Record):
    """`run/list`, the newest first."""

    runs: tuple[RunLine, ...]


class EventsPage(Record):
    """A page of the journal; `last` is the newest entry there is."""

    entries: tuple[Entry, ...]
    last: Count


class LogPage(Record):
    """Lines of a log; `next` is where to go on."""

    first: Count
    lines: tuple[Text, ...]
    next: Count


class ClaimCounts(Record):
    """Debug counters of the claim store since this process opened the run."""

    claims: Count = 0
    conflicts: Count = 0
    releases: Count = 0
    reaps: Count = 0


class Snapshot(Record):
    """Everything that is shown of a run; events after `seq` go on from here."""

    run_id: RunId
    seq: Count
    time: Timestamp
    live: bool
    """True while a supervisor works on it."""
    state: RunState
    reason: Line
    executor: str
    briefing: Briefing
    base: Base
    created_at: Timestamp
    patch: int
    round: int
    """Rounds of rework of the current patch."""
    usage: Usage
    tasks: tuple[Task, ...]
    questions: tuple[Question, ...]
    patches: tuple[Patch, ...]
    ledger: Ledger | None
    approvals: dict[TaskId, tuple[Approval, ...]]
    wishes: dict[int, Text]
    roles: dict[Role, RoleSettings]
    workers: tuple[WorkerStatus, ...] = ()
    claims: ClaimCounts | None = None
    notes: tuple[Text, ...] = ()
    folder: str = ""
    """Where its records are."""


class PatchList(Record):
    """`patch/list`."""

    patches: tuple[Patch, ...]


class PatchDetail(Record):
    """`patch/get`: the change set, and its picture for people."""

    patch: Patch
    changes: ChangeSet
    diff: str
    """A unified diff, to read; never applied."""
    hunks: tuple[PatchHunk, ...] = ()
    retest: TestOutcome | None = None
    """The latest tests on what the user has; evidence only while nothing has changed since."""


class Retested(Record):
    """`patch/retest`: how the tests went on what the user has."""

    outcome: TestOutcome


class Opened(Record):
    """`patch/open` and `task/open`: a read-only document that was written for people."""

    uri: str
    """A `file:` URI below the state folder."""


class ApplyResult(Record):
    """`patch/apply`."""

    applied: Applied


class RevertResult(Record):
    """`patch/revert`: the files that were written back, and those in which later edits were merged."""

    files: tuple[RepoPath, ...]
    merged: tuple[RepoPath, ...] = ()
    altered: tuple[RepoPath, ...] = ()
    """Files that saving changed afterwards."""
    unsaved: tuple[RepoPath, ...] = ()
    """Files that hold it in the editor and wait there for being saved."""
