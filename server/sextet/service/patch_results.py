"""What is told of a patch before it is written: how it fits, what speaks against it, what collides."""

from __future__ import annotations

from sextet.model.base import Count, Line, Oid, Record, RepoPath, Text
from sextet.model.names import PatchId, TaskId
from sextet.model.patch import ApplyKind
from sextet.workspace.fit import Fit


class FileCheck(Record):
    """How the change of one file fits the file that is there."""

    path: RepoPath
    fit: Fit
    changes: bool
    """Whether applying would change the file."""
    control: bool
    """True when it steers tools, editors or CI."""
    reason: Line = ""
    """Why it is blocked."""


class Objection(Record):
    """What `patch/apply` would say against it."""

    kind: str
    text: Text
    next_step: Text
    allow: str = ""
    """The param of `patch/apply` that allows it all the same: `controlFiles`, `merge`, `draft`; or none."""


class PatchCheck(Record):
    """`patch/check`: what applying would do now; nothing was written."""

    patch_id: PatchId
    tree: Oid
    kind: ApplyKind
    """What the apply would be called."""
    whole: bool
    """False when only chosen hunks are meant."""
    files: tuple[FileCheck, ...]
    moved: Line
    """How the repository is no longer where the patch began; empty when it is."""
    approvals_wanted: Count
    approvals: tuple[Line, ...]
    """Who has approved this very tree; whoever asks is one of them."""
    objections: tuple[Objection, ...]
    """Everything that keeps it from being applied as things are, the gravest first; empty: nothing does."""


class Collision(Record):
    """A change that will not go together with others, by git's own merge."""

    task: TaskId
    """Whose change it is."""
    others: tuple[TaskId, ...]
    """With whose it collides; empty when that cannot be told."""
    integrated: bool
    """True when the others' changes are integrated: the task will have to do its work again."""
    files: tuple[RepoPath, ...]


class Collisions(Record):
    """`run/collisions`: which changes of a run collide, before any of them is integrated."""

    tree: Oid
    """The integration tree that they were held against."""
    captured: tuple[TaskId, ...]
    """Tasks whose changes are captured and not integrated."""
    working: tuple[TaskId, ...]
    """Tasks that are at work: what they have written so far counts."""
    collisions: tuple[Collision, ...]
    age: Count = 0
    """Seconds since the worktrees of those at work were looked at."""
