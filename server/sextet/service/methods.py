"""The contract: every verb with params and result, the same for terminal, socket and editor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field, JsonValue

from sextet.model.answers import Ledger
from sextet.model.base import Count, Line, Oid, Record, RepoPath, Text, Timestamp
from sextet.model.events import Entry
from sextet.model.live import WorkerStatus
from sextet.model.names import ApplyId, Mode, PatchId, QuestionId, Role, RunId, RunState, TaskId, WorkerId
from sextet.model.notes import Approval, Question
from sextet.model.patch import Applied, ChangeSet, Patch
from sextet.model.run import Base, Briefing
from sextet.model.settings import RoleSettings
from sextet.model.task import Task, Usage

Who = Line
"""Who asks: the name of a person, shown beside what they did."""


# Params -------------------------------------------------------------------------------------------
class StartRun(Record):
    """`run/start`: take a goal through the roles."""

    goal: Text = Field(min_length=1)
    mode: Mode = Mode.IMPLEMENT_FEATURE
    guidance: Text = ""
    hunters: int = Field(default=2, ge=1, le=16)
    executor: Literal["codex", "rehearsal"] = "codex"
    scenario: str = Field(default="", max_length=4_096)
    """Name or path of a rehearsal scenario; empty: the default one."""
    overrides: dict[str, JsonValue] = Field(default_factory=dict)
    """Settings of this run alone, keys without `sextet.`."""
    trust: bool = False
    """Trust what the repository's settings would execute, and write that down."""
    auto_start: bool = True
    request_key: str = Field(default="", max_length=200)
    by: Who = "user"


class OfRun(Record):
    """Params that name a run and who asks."""

    run_id: RunId
    by: Who = "user"


class StopRun(OfRun):
    """`run/stop`: end a run; what is at work is captured."""

    reason: Line = ""


class ReadEvents(Record):
    """`run/events`: entries after a sequence number, at most `limit`."""

    run_id: RunId
    after: Count = 0
    limit: int = Field(default=1_000, ge=1, le=10_000)


class FollowUp(OfRun):
    """`run/followUp`: new wishes in the same run."""

    text: Text = Field(min_length=1)


class ChooseWorkers(OfRun):
    """`workers/start` and `workers/stop`; no roles means all."""

    roles: tuple[Role, ...] = ()
    worker_ids: tuple[WorkerId, ...] = ()
    how: Literal["drain", "now"] = "drain"


class SetRoles(OfRun):
    """`roles/set`: override role settings for this run; it takes effect at the next attempts."""

    roles: dict[Role, RoleSettings] = Field(min_length=1)


class OfTask(OfRun):
    """Params that name a task: `task/retry`."""

    task_id: TaskId


class ApproveTask(OfTask):
    """`task/approve`: a named approval of exactly what was seen (tree id, or hash of the ledger)."""

    seen: str = Field(default="", max_length=64)
    """Empty: what is there now, for a person who has just looked at it."""


class SayToTask(OfTask):
    """`task/comment`, `task/requestChanges`, `task/steer`, `task/interrupt`."""

    text: Text = ""


class AnswerQuestion(OfRun):
    """`question/answer`."""

    question_id: QuestionId
    answer: Text


class ReadLog(Record):
    """`log/read`: lines of one worker from a line number (1-based; -10: the last ten)."""

    run_id: RunId
    worker_id: WorkerId
    from_seq: int = 1
    limit: int = Field(default=1_000, ge=1, le=10_000)


class OfPatch(OfRun):
    """`patch/get`."""

    patch_id: PatchId


class ApplyPatch(OfPatch):
    """`patch/apply`: write the whole patch into the work tree, all or nothing."""

    seen: Oid | None = None
    """The tree that was looked at; another one is refused. None: the one that is there now."""
    control_files: bool = False
    """The caller has confirmed the control files by name."""
    draft: bool = False
    """Apply although the reviewer has not approved it."""
    merge: bool = False
    """Allow a three-way merge where files have moved on since the base."""


class RevertPatch(OfPatch):
    """`patch/revert`: take back an apply (the latest one when none is named)."""

    apply_id: ApplyId | None = None


# Results ------------------------------------------------------------------------------------------
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


@dataclass(frozen=True, slots=True)
class Method:
    """A verb: what it takes and what it gives."""

    params: type[Record]
    result: type[Record]


METHODS: dict[str, Method] = {
    "run/start": Method(StartRun, RunRef),
    "run/resume": Method(OfRun, Done),
    "run/stop": Method(StopRun, Done),
    "run/list": Method(Record, RunList),
    "run/snapshot": Method(OfRun, Snapshot),
    "run/events": Method(ReadEvents, EventsPage),
    "run/followUp": Method(FollowUp, Done),
    "workers/start": Method(ChooseWorkers, Done),
    "workers/stop": Method(ChooseWorkers, Done),
    "roles/set": Method(SetRoles, Done),
    "task/approve": Method(ApproveTask, Done),
    "task/requestChanges": Method(SayToTask, Done),
    "task/comment": Method(SayToTask, Done),
    "task/retry": Method(OfTask, Done),
    "task/steer": Method(SayToTask, Done),
    "task/interrupt": Method(SayToTask, Done),
    "question/answer": Method(AnswerQuestion, Done),
    "log/read": Method(ReadLog, LogPage),
    "patch/list": Method(OfRun, PatchList),
    "patch/get": Method(OfPatch, PatchDetail),
    "patch/apply": Method(ApplyPatch, ApplyResult),
    "patch/revert": Method(RevertPatch, RevertResult),
}
"""Every verb by its name on the wire (there with the prefix `sextet/`)."""
