"""What each verb gives: results as records, the same for terminal, socket and editor."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue, WithJsonSchema

from sextet.model.answers import Ledger
from sextet.model.base import Count, Line, Record, RepoPath, Text, Timestamp
from sextet.model.events import Entry
from sextet.model.live import WorkerStatus
from sextet.model.names import Role, RunId, RunState, TaskId
from sextet.model.notes import Approval, Question
from sextet.model.outcome import TestOutcome
from sextet.model.patch import Applied, ChangeSet, Patch, PatchHunk
from sextet.model.run import Base, Briefing
from sextet.model.settings import Origin, Problem, RoleSettings
from sextet.model.task import Task, Usage
from sextet.service.codes import kinds


class RunRef(Record):
    """`run/start`: which run it became."""

    run_id: RunId


class Done(Record):
    """It is done, and there is nothing more to say."""

    seq: Count = 0
    """The number of the journal entry from which on it is true."""


class RunLine(Record):
    """One line of `run/list`."""

    id: RunId
    goal: Text
    created_at: Timestamp
    """0 when its `run.json` cannot be read."""
    state: RunState | None
    """As its journal says it last; None when that does not say."""
    ours: bool
    """False for a run that was not made here: it can be looked at, and nothing else."""
    live: bool
    """True while somebody works on it, prepares it, or has it in the queue."""
    problem: Line = ""
    """What is wrong with its `run.json`, or that it is not ours; empty when all is well."""


class RunList(Record):
    """`run/list`, the newest first."""

    runs: tuple[RunLine, ...]


class EventsPage(Record):
    """`run/events`: a page of the journal."""

    entries: tuple[Entry, ...]
    """In their order, without gaps."""
    last: Count
    """The number of the newest entry there is; when it is higher than that of the last one here, ask on."""


class LogPage(Record):
    """`log/read`: lines of a log."""

    first: Count
    """Number of the first line given; higher than asked for when older ones were dropped."""
    lines: tuple[Text, ...]
    next: Count
    """The number to ask for next."""


class ClaimCounts(Record):
    """Debug counters of the claim store since this process opened the run."""

    claims: Count = 0
    """Claims that were won."""
    conflicts: Count = 0
    """Claims that somebody else had won before."""
    releases: Count = 0
    """Claims that were given back."""
    reaps: Count = 0
    """Claims that were taken from owners that are gone."""


class Snapshot(Record):
    """`run/snapshot`: everything that is shown of a run; events after `seq` go on from here."""

    run_id: RunId
    seq: Count
    """The number of the last journal entry that is in it."""
    time: Timestamp
    """When that was written."""
    live: bool
    """True while a supervisor works on it."""
    state: RunState
    reason: Line
    """Why it is in this state; may be empty."""
    executor: str
    """`codex` or `rehearsal`."""
    briefing: Briefing
    """What was asked for at the beginning."""
    base: Base
    """What the current patch starts from."""
    created_at: Timestamp
    patch: int
    """Number of the current patch, from 1."""
    round: int
    """Rounds of rework of the current patch."""
    usage: Usage
    """Tokens of all attempts."""
    tasks: tuple[Task, ...]
    """In the order in which they were added."""
    questions: tuple[Question, ...]
    """Only open ones."""
    patches: tuple[Patch, ...]
    """The oldest first."""
    ledger: Ledger | None
    """The latest consensus; None before the first."""
    approvals: dict[TaskId, tuple[Approval, ...]]
    """By the consensus or review task that was approved."""
    wishes: dict[int, Text]
    """What follow-ups asked for, by number of the patch that it became."""
    roles: dict[Role, RoleSettings]
    """In force: overrides of this run included."""
    workers: tuple[WorkerStatus, ...] = ()
    """Empty when nobody works on it."""
    claims: ClaimCounts | None = None
    """None when nobody works on it."""
    notes: tuple[Text, ...] = ()
    """Warnings and remarks, the latest 200, the oldest first."""
    folder: str = ""
    """Where its records are."""


class PatchList(Record):
    """`patch/list`, the oldest first."""

    patches: tuple[Patch, ...]


class PatchDetail(Record):
    """`patch/get`: the change set, and its picture for people."""

    patch: Patch
    changes: ChangeSet
    diff: str
    """A unified diff, to read; never applied."""
    hunks: tuple[PatchHunk, ...] = ()
    """In the order of the diff."""
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
    """What was written, and whether it is exactly the patch."""


class RevertResult(Record):
    """`patch/revert`."""

    files: tuple[RepoPath, ...]
    """What was written back."""
    merged: tuple[RepoPath, ...] = ()
    """Those of them in which later edits were merged."""
    altered: tuple[RepoPath, ...] = ()
    """Files that saving changed afterwards."""
    unsaved: tuple[RepoPath, ...] = ()
    """Files that hold it in the editor and wait there for being saved."""


class RolesInForce(Record):
    """`roles/get`."""

    roles: dict[Role, RoleSettings]
    """Every role."""
    sources: dict[str, Origin]
    """Where values come from, by key without `sextet.`; what is missing is at its default.

    Of a run, `run` also stands for what the settings would give to the next run in another way: they were
    changed since it began, or its scenario has values of its own.
    """
    problems: tuple[Problem, ...]
    """What is not used of the settings as they are now, and why."""


class ArtifactName(Record):
    """A file that an attempt left behind."""

    name: str
    size: Count
    """Bytes."""


class ArtifactPage(Record):
    """`artifact/read`: the list when no name was given, else the piece."""

    epoch: Count
    """Of which attempt; 0: the task was never begun."""
    names: tuple[ArtifactName, ...] = ()
    """What can be asked for by name."""
    text: str = ""
    """As UTF-8, what is none replaced, without control characters but line ends and tabs."""
    next: Count = 0
    """The offset of the piece behind this one; equal to `size` at the end."""
    size: Count = 0
    """Bytes of the whole file as it is now; it may still grow."""


class RefusalData(Record):
    """`error.data`: what programs and people can go by."""

    kind: Annotated[str, WithJsonSchema({"type": "string", "enum": sorted(kinds())})]
    """Decide by this; `code` and `message` say less, or change."""
    next_step: str = ""
    """What the person can do now, as a sentence; empty when nothing is to be done."""
    facts: dict[str, JsonValue] = Field(default_factory=dict)
    """Ids and figures for programs; `path` is the first bad field of the params."""


class Refusal(Record):
    """`error` of an answer: a verb was not carried out, and why."""

    code: int
    """As JSON-RPC and LSP know them; -32050 for all that is ours."""
    message: str
    """What happened and why, in a sentence or two for the person."""
    data: RefusalData
