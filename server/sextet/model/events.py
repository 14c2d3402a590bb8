"""Everything that can happen in a run, in the past tense; the journal is a list of these."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter

from sextet.errors import SextetError
from sextet.model.base import Count, Line, Oid, Record, RepoPath, Seconds, Text, Timestamp
from sextet.model.names import HunkId, PatchId, QuestionId, Role, RunState, TaskId, WorkerId
from sextet.model.notes import Approval, Comment, Question
from sextet.model.outcome import CommandRun, Finding, Outcome, TestOutcome
from sextet.model.patch import Applied, Mark, Take
from sextet.model.run import Base, Run
from sextet.model.settings import RoleSettings
from sextet.model.task import Failure, Task, Usage


# The run ------------------------------------------------------------------------------------------
class RunCreated(Record):
    """The first event: all that was fixed at the start."""

    kind: Literal["run_created"] = "run_created"
    run: Run


class RunStateChanged(Record):
    """The run moved to another state, and why."""

    kind: Literal["run_state_changed"] = "run_state_changed"
    state: RunState
    reason: Line = ""


class BaselineFinished(Record):
    """Set-up and test commands ran on the untouched base."""

    kind: Literal["baseline_finished"] = "baseline_finished"
    patch: int = Field(ge=1)
    setup: CommandRun | None = None
    commands: tuple[CommandRun, ...] = ()
    findings: tuple[Finding, ...] = ()


class BaseMoved(Record):
    """The user's work tree is no longer what the run started from."""

    kind: Literal["base_moved"] = "base_moved"
    head: Oid | None
    branch: Line
    reason: Line


class RolesChanged(Record):
    """Role settings, or the number of agents, are different from now on."""

    kind: Literal["roles_changed"] = "roles_changed"
    roles: dict[Role, RoleSettings]
    """All settings of each role that changed; the others stay as they are."""
    origin: Literal["run", "settings"] = "run"
    """`run`: somebody said so for this run alone; `settings`: the settings have changed since it began."""
    max_agents: int | None = Field(default=None, ge=1, le=64)
    """Agents at work at the same time; None: as before."""


class WorkerCrashed(Record):
    """A worker's own code failed; it is started again after a pause."""

    kind: Literal["worker_crashed"] = "worker_crashed"
    worker_id: WorkerId
    cause: Text
    restart_in: Seconds


class Noted(Record):
    """Something worth telling that changes no state (a warning, a fallback, a recovery)."""

    kind: Literal["noted"] = "noted"
    text: Text
    level: Literal["info", "warning", "error"] = "info"
    next_step: Line = ""

    @classmethod
    def of(cls, error: SextetError, text: str = "", level: Literal["warning", "error"] = "warning") -> Self:
        """A note about an error, with the error's own words where no `text` is given."""
        return cls(text=text or error.what, level=level, next_step=error.next_step[:1_000])


# Tasks --------------------------------------------------------------------------------------------
class TaskAdded(Record):
    """The plan grew by a task."""

    kind: Literal["task_added"] = "task_added"
    task: Task


class TaskClaimed(Record):
    """A worker took the task under a new epoch."""

    kind: Literal["task_claimed"] = "task_claimed"
    task_id: TaskId
    epoch: int = Field(ge=1)
    worker_id: WorkerId


class TurnStarted(Record):
    """The attempt talks to a model (journaled before the first turn, so that a thread can be resumed)."""

    kind: Literal["turn_started"] = "turn_started"
    task_id: TaskId
    epoch: int = Field(ge=1)
    model: str = Field(default="", max_length=200)
    thread: str = Field(default="", max_length=200)
    start: Oid | None = None
    """The tree that the attempt works from."""
    reason: Line = ""
    """Why this model: empty for the first in the list, else what was wrong with the one before."""


class TaskFinished(Record):
    """The attempt's result, accepted for its epoch."""

    kind: Literal["task_finished"] = "task_finished"
    task_id: TaskId
    epoch: int = Field(ge=1)
    outcome: Outcome
    usage: Usage = Usage()
    seconds: Seconds = 0.0


class TaskFailed(Record):
    """The attempt failed for good; the task is in `error` (or `blocked`, when the agent says so)."""

    kind: Literal["task_failed"] = "task_failed"
    task_id: TaskId
    epoch: int = Field(ge=1)
    failure: Failure
    salvage: Oid | None = None
    """Tree captured from the attempt's worktree; a retry starts from it."""
    usage: Usage = Usage()
    seconds: Seconds = 0.0


class TaskReleased(Record):
    """The claim was given back without a result (stopped, drained, owner dead, pause before a retry)."""

    kind: Literal["task_released"] = "task_released"
    task_id: TaskId
    epoch: int = Field(ge=1)
    reason: Line
    salvage: Oid | None = None
    """Tree captured from the attempt's worktree; the next attempt starts from it."""
    not_before: Timestamp = 0.0
    usage: Usage = Usage()
    seconds: Seconds = 0.0


class TaskIntegrated(Record):
    """An implementer's change is part of the integration tree now."""

    kind: Literal["task_integrated"] = "task_integrated"
    task_id: TaskId
    epoch: int = Field(ge=1)
    tree: Oid
    commit: Oid


class TaskReopened(Record):
    """The task is ready again: a conflict, a new tree to judge, or a person's wish."""

    kind: Literal["task_reopened"] = "task_reopened"
    task_id: TaskId
    reason: Line
    findings: tuple[Finding, ...] = ()
    start: Oid | None = None
    """The tree to judge now (test and review)."""


class TaskRetried(Record):
    """A human asked for another attempt of a task in `error`, `blocked` or `stopped`."""

    kind: Literal["task_retried"] = "task_retried"
    task_id: TaskId


class TaskStopped(Record):
    """A human stopped the task; it is not repeated by itself."""

    kind: Literal["task_stopped"] = "task_stopped"
    task_id: TaskId
    reason: Line = ""


class TaskSuperseded(Record):
    """Another task does this now."""

    kind: Literal["task_superseded"] = "task_superseded"
    task_id: TaskId
    reason: Line = ""


class Reopening(Record):
    """One implement task of a round of rework, with what it must mend."""

    task_id: TaskId
    findings: tuple[Finding, ...] = Field(min_length=1)


class ReworkStarted(Record):
    """Implementers again: the named items are reopened in one step, so that a crash splits nothing."""

    kind: Literal["rework_started"] = "rework_started"
    patch: int = Field(ge=1)
    round: int = Field(ge=0)
    """1 for the first round; a round that a person asked for does not count and keeps the number."""
    review_epoch: Count
    """The reviewer's attempt that asked for it; 0 when a person did."""
    requests: Count = 0
    """How many requests of people are answered by it."""
    tasks: tuple[Reopening, ...] = ()
    added: tuple[Task, ...] = ()
    """New implement tasks for findings that belong to no item."""


# People -------------------------------------------------------------------------------------------
class QuestionAsked(Record):
    """Something waits for a human."""

    kind: Literal["question_asked"] = "question_asked"
    question: Question


class QuestionAnswered(Record):
    """A human answered, or the deadline took the default (`by` is then `sextet`)."""

    kind: Literal["question_answered"] = "question_answered"
    question_id: QuestionId
    answer: Text
    by: Line


class TaskApproved(Record):
    """A named approval of a consensus or of a patch."""

    kind: Literal["task_approved"] = "task_approved"
    task_id: TaskId
    approval: Approval


class ChangesRequested(Record):
    """A human is not content with a task's result."""

    kind: Literal["changes_requested"] = "changes_requested"
    task_id: TaskId
    comment: Comment


class Commented(Record):
    """A remark on a task."""

    kind: Literal["commented"] = "commented"
    task_id: TaskId
    comment: Comment


class FollowUpRequested(Record):
    """New wishes in the same run: the next patch begins from `base`."""

    kind: Literal["follow_up_requested"] = "follow_up_requested"
    text: Text
    by: Line
    patch: int = Field(ge=2)
    base: Base
    tree: Oid
    """What implementers start from: the new base with accepted but unapplied work merged onto it."""
    commit: Oid


# Patches ------------------------------------------------------------------------------------------
class PatchProposed(Record):
    """The reviewer approved the tree that the tests passed."""

    kind: Literal["patch_proposed"] = "patch_proposed"
    patch_id: PatchId
    tree: Oid
    untested: bool = False


class HunksMarked(Record):
    """A person said what they think of hunks."""

    kind: Literal["hunks_marked"] = "hunks_marked"
    patch_id: PatchId
    hunks: tuple[HunkId, ...] = Field(min_length=1, max_length=10_000)
    mark: Mark
    comment: Text = ""


class ConflictSettled(Record):
    """A person said what becomes of a file in which the patch collides with what is there."""

    kind: Literal["conflict_settled"] = "conflict_settled"
    patch_id: PatchId
    tree: Oid
    """The patch's tree that was looked at."""
    path: RepoPath
    take: Take


class PatchRetested(Record):
    """The tests ran on what the user has, with all or a part of the patch in it."""

    kind: Literal["patch_retested"] = "patch_retested"
    patch_id: PatchId
    outcome: TestOutcome


class PatchApplied(Record):
    """A patch, or a part of it, is in the work tree."""

    kind: Literal["patch_applied"] = "patch_applied"
    patch_id: PatchId
    applied: Applied


class PatchReverted(Record):
    """An apply was taken back."""

    kind: Literal["patch_reverted"] = "patch_reverted"
    patch_id: PatchId
    apply_id: str = Field(max_length=64)
    by: Line
    kept: tuple[str, ...] = ()
    """Files in which the user's later edits were merged."""


RunEvent = Annotated[
    RunCreated
    | RunStateChanged
    | BaselineFinished
    | BaseMoved
    | RolesChanged
    | WorkerCrashed
    | Noted
    | TaskAdded
    | TaskClaimed
    | TurnStarted
    | TaskFinished
    | TaskFailed
    | TaskReleased
    | TaskIntegrated
    | TaskReopened
    | ReworkStarted
    | TaskRetried
    | TaskStopped
    | TaskSuperseded
    | QuestionAsked
    | QuestionAnswered
    | TaskApproved
    | ChangesRequested
    | Commented
    | FollowUpRequested
    | PatchProposed
    | HunksMarked
    | ConflictSettled
    | PatchRetested
    | PatchApplied
    | PatchReverted,
    Field(discriminator="kind"),
]


class Entry(Record):
    """One line of the journal: an event with its place, time and author."""

    seq: Count
    """1, 2, 3 … without a gap."""
    time: Timestamp
    actor: Line
    """`sextet`, a worker id, or a person's name."""
    event: RunEvent


ENTRY: TypeAdapter[Entry] = TypeAdapter(Entry)
