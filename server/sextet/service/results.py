"""What each verb gives: results as records, the same for terminal, socket and editor."""

from __future__ import annotations

from sextet.model.answers import Ledger
from sextet.model.base import Count, Line, Oid, Record, RepoPath, Text, Timestamp
from sextet.model.events import Entry
from sextet.model.live import WorkerStatus
from sextet.model.names import Role, RunId, RunState, TaskId
from sextet.model.notes import Approval, Question
from sextet.model.patch import Applied, ChangeSet, Patch
from sextet.model.run import Base, Briefing
from sextet.model.settings import Origin, Problem, RoleSettings
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


class ApplyResult(Record):
    """`patch/apply`."""

    applied: Applied


class RevertResult(Record):
    """`patch/revert`: the files that were written back, and those in which later edits were merged."""

    files: tuple[RepoPath, ...]
    merged: tuple[RepoPath, ...] = ()


class RolesInForce(Record):
    """`roles/get`."""

    roles: dict[Role, RoleSettings]
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
    text: str = ""
    """As UTF-8, what is none replaced, without control characters but line ends and tabs."""
    next: Count = 0
    """The offset of the piece behind this one; equal to `size` at the end."""
    size: Count = 0
    """Bytes of the whole file as it is now; it may still grow."""


class Salvaged(Record):
    """What an attempt that was stopped, failed or died had written, captured from its worktree."""

    run_id: RunId
    task_id: TaskId
    epoch: Count
    commit: Oid
    """In the mirror; its first parent is what the attempt began with."""


class RecoverList(Record):
    """`recover/list`: what is left of work that was cut off."""

    runs: tuple[RunLine, ...]
    """Runs of ours that have not ended and that nobody works on: `run/resume` goes on with them."""
    salvaged: tuple[Salvaged, ...]
    """The oldest first; also of runs that went on without it."""
    mirror: str
    """The git folder with the commits."""
    applies: tuple[str, ...]
    """Sentences about patches that were cut off while they were written into the work tree."""


class Waste(Record):
    """Something that is no longer needed."""

    what: str
    """In words, with its run or task."""
    path: str
    """The folder; bytes that are no UTF-8 are escaped."""
    bytes: Count
    """What it takes on the disk."""


class CleanResult(Record):
    """`clean`."""

    found: tuple[Waste, ...]
    """What could go, or has gone."""
    kept: tuple[str, ...]
    """Sentences about what stays although its run has ended, and why."""
    removed: bool
    """True when all that was found has gone."""


class Model(Record):
    """A model that the installed Codex offers."""

    name: str
    """As `sextet.roles.<role>.models` takes it."""
    efforts: tuple[str, ...] = ()
    """Reasoning efforts that it knows, as Codex orders them."""
    default: bool = False
    """True for the one that is used where no model is set."""


class ModelList(Record):
    """`models/list`, in Codex's order; empty when the transport (`codex exec`) cannot tell."""

    models: tuple[Model, ...]


class Check(Record):
    """One thing that was looked at."""

    name: str
    """`python`, `git`, `repository`, `state`, `codex`, `home`, `login` or `sandbox`."""
    ok: bool | None
    """None when it could not be found out or is only worth a warning."""
    what: Text
    """What was found, or what is wrong."""
    next_step: Text = ""
    """What to do; may be set on a check that is ok, as advice."""


class DoctorReport(Record):
    """`doctor`: what Sextet needs of this machine and this repository."""

    checks: tuple[Check, ...]
    """In a fixed order; a run can start when none has `ok` false."""
    problems: tuple[Problem, ...]
    """What is not used of the settings, and why."""
