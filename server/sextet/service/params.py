"""What each verb takes: params as records, the same for terminal, socket and editor."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from sextet.model.base import Count, Line, Oid, Record, RepoPath, Text
from sextet.model.names import ApplyId, HunkId, Mode, PatchId, QuestionId, Role, RunId, TaskId, WorkerId
from sextet.model.patch import Mark
from sextet.model.settings import RoleSettings

Who = Line
"""The name of a person."""


class InitializationOptions(Record):
    """`initializationOptions` of `initialize`: what only the client can know of its window."""

    trusted: bool = True
    """Anything but `true`: the folder is not trusted; only verbs that change nothing are carried out."""
    resume: str = ""
    """The run that this window was at work on when its server ended; it goes on at once. Empty: none does."""
    extension: bool = False
    """True for Sextet's own extension, which has commands, an inbox and questions of its own."""
    inbox: bool = False
    """True for any other client that puts questions and tells of patches by itself, as it hears of them."""


class Nothing(Record):
    """No params."""


class StartRun(Record):
    """`run/start`: take a goal through the roles."""

    goal: Text = Field(min_length=1)
    """What is wanted, in the words of the person."""
    mode: Mode = Mode.IMPLEMENT_FEATURE
    """A feature, or a hunt for bugs: its analysts are hunters."""
    guidance: Text = ""
    """What the goal leaves open: constraints, hints."""
    hunters: int = Field(default=2, ge=1, le=16)
    """How many analysts (or bug hunters) draft independently."""
    executor: Literal["codex", "rehearsal"] = "codex"
    """Who plays the roles; a rehearsal asks no model."""
    scenario: str = Field(default="", max_length=4_096)
    """Name or path of a rehearsal scenario; empty: the default one."""
    overrides: dict[str, JsonValue] = Field(default_factory=dict)
    """Settings of this run alone, keys without `sextet.`."""
    trust: bool = False
    """Trust what the repository's settings would execute, and write that down."""
    agreed: tuple[str, ...] = Field(default=(), max_length=200)
    """Digests of a `trust` error's facts: the person was shown exactly this and agrees."""
    auto_start: bool = True
    """Begin at once; False: only make the run, `run/resume` begins it."""
    request_key: str = Field(default="", max_length=200)
    """A key of the client's choice: the same one again gives the run of the first time. Empty: none."""
    by: Who = "user"
    """Who asks: a name, shown beside what was done."""


class OfRun(Record):
    """Params that name a run and who asks."""

    run_id: RunId
    by: Who = "user"
    """Who asks: a name, shown beside what was done."""


class StopRun(OfRun):
    """`run/stop`: end a run; what is at work is captured."""

    reason: Line = ""
    """Kept with the run; empty: that it was stopped, and by whom."""


class ReadEvents(Record):
    """`run/events`: entries after a sequence number, at most `limit`."""

    run_id: RunId
    after: Count = 0
    """The number of the last entry that is known; 0: from the beginning."""
    limit: int = Field(default=1_000, ge=1, le=10_000)
    """Entries at most."""


class FollowUp(OfRun):
    """`run/followUp`: new wishes in the same run."""

    text: Text = Field(min_length=1)
    """What is wanted, in the words of the person."""


class ChooseWorkers(OfRun):
    """`workers/start` and `workers/stop`, of a run that is at work."""

    roles: tuple[Role, ...] = ()
    """Whose workers; empty: of all roles. Stopped roles stay so until `workers/start`."""
    worker_ids: tuple[WorkerId, ...] = ()
    """Only for `workers/stop`: single workers instead of whole roles."""
    how: Literal["drain", "now"] = "drain"
    """Only for `workers/stop`: let them end what they are at, or end it; what was written is captured."""


class SetRoles(OfRun):
    """`roles/set`: override role settings for this run; it takes effect at the next attempts."""

    roles: dict[Role, RoleSettings] = Field(min_length=1)
    """Whole settings of each role that changes: what is left out of them is at its default."""


class GetRoles(Record):
    """`roles/get`: how the roles work."""

    run_id: RunId | None = None
    """In this run, with what was overridden in it; None: in the next run."""


class OfTask(OfRun):
    """Params that name a task: `task/retry`, `task/open`."""

    task_id: TaskId


class ApproveTask(OfTask):
    """`task/approve`: a named approval of exactly what was seen (tree id, or hash of the ledger)."""

    seen: str = Field(default="", max_length=64)
    """The tree of the patch (`review-<n>`), or SHA-256 in hex of the consensus (`consensus-<n>`).

    Empty: what is there now, for a person who has just looked at it.
    """


class SayToTask(OfTask):
    """`task/comment`, `task/requestChanges`, `task/steer`, `task/interrupt`."""

    text: Text = ""
    """What is said; only `task/interrupt` does without, where it is the reason."""


class AnswerQuestion(OfRun):
    """`question/answer`: the first answer counts."""

    question_id: QuestionId
    answer: Text
    """The value of one of the question's choices, or any text where it has none."""


class ReadLog(Record):
    """`log/read`: lines of one worker."""

    run_id: RunId
    worker_id: WorkerId
    from_seq: int = 1
    """Number of the first line that is wanted, from 1; negative: so many before the end."""
    limit: int = Field(default=1_000, ge=1, le=10_000)
    """Lines at most."""


class ReadArtifact(Record):
    """`artifact/read`: which files an attempt left behind, or a piece of one of them."""

    run_id: RunId
    task_id: TaskId
    epoch: int | None = Field(default=None, ge=1, le=1_000_000)
    """Which attempt; None: the task's latest."""
    name: str = Field(default="", max_length=100)
    """A name as the list has it; empty: the list. `conversation.md` is the comments on the task."""
    offset: int = Field(default=0, ge=0, le=1 << 40)
    """Bytes of the file before the piece: 0, or the `next` of the piece before."""
    limit: int = Field(default=65_536, ge=4, le=1 << 20)
    """Bytes of the piece at most."""


class OfPatch(OfRun):
    """Params that name a patch: `patch/get`, `patch/open`, `patch/retest`."""

    patch_id: PatchId


class CheckPatch(OfPatch):
    """`patch/check`: what applying would do now; nothing is written."""

    hunks: tuple[HunkId, ...] = Field(default=(), max_length=10_000)
    """Only these, with those that are applied already; empty: the whole patch."""


class ApplyPatch(OfPatch):
    """`patch/apply`: write the patch, or chosen hunks of it, into the work tree, all or nothing."""

    seen: Oid | None = None
    """The tree that was looked at; another one is refused. None: the one that is there now."""
    control_files: bool = False
    """The caller has confirmed the control files by name."""
    draft: bool = False
    """Apply although the reviewer has not approved it."""
    merge: bool = False
    """Allow a three-way merge where files have moved on since the base."""
    hunks: tuple[HunkId, ...] = Field(default=(), max_length=10_000)
    """Only these, with those that are applied already; empty: the whole patch."""


class MarkHunks(OfPatch):
    """`patch/mark`: say what you think of hunks; a rejection with a comment reopens what wrote them."""

    hunks: tuple[HunkId, ...] = Field(min_length=1, max_length=10_000)
    """Ids from `patch/get`; a hunk keeps its id as long as its content is the same."""
    mark: Mark = Field(alias="as")
    """What you think of them; the latest mark counts."""
    comment: Text = ""
    """With a rejection: what is wrong, for those who wrote it."""


class SettleFile(OfPatch):
    """`patch/resolve`: what becomes of a file in which the patch collides with what you have."""

    file: RepoPath
    """A file that the patch changes."""
    take: Literal["mine", "theirs", "merge", "sendBack"]
    """Your file, the patch's, both with conflict markers, or let the implementer do it again."""


class CommentPatch(OfPatch):
    """`patch/comment`: a remark on a hunk or a line; those who wrote it read it at their next attempt."""

    text: Text = Field(min_length=1)
    hunk: HunkId | None = None
    """The hunk that it is about; None: `path` says it."""
    path: RepoPath | None = None
    """The file that it is about; not used beside a hunk."""
    line: Count = 0
    """Line of the file as the patch has it, from 1; 0: the whole file."""


class RevertPatch(OfPatch):
    """`patch/revert`: take back an apply (the latest one when none is named)."""

    apply_id: ApplyId | None = None
    """An apply of the patch that was not taken back; None: the latest one."""


class Clean(Record):
    """`clean`: worktrees and runs that are no longer needed."""

    dry_run: bool = True
    """True: only look. False: remove it; whoever asks for that has seen what goes, and agrees."""
    by: Who = "user"
    """Who asks: a name, shown beside what was done."""
