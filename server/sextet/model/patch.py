"""Patch and change set: (path, mode, old blob, new blob) tuples; a textual diff is only their picture."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from sextet.model.base import Count, Line, Oid, Record, RepoPath, Text, Timestamp
from sextet.model.names import ApplyId, HunkId, PatchId, TaskId, WorkerId

Mode6 = Literal["000000", "100644", "100755", "120000"]
"""A git file mode; `000000` where the file does not exist. Submodules are refused."""


Take = Literal["mine", "theirs", "merge"]
"""How a conflict is settled: the user's file stays, the patch's is taken, or both with conflict markers."""


class FileChange(Record):
    """One path between two trees."""

    path: RepoPath
    old_mode: Mode6
    new_mode: Mode6
    old_blob: Oid | None
    """None where the file does not exist before."""
    new_blob: Oid | None
    """None where it does not exist after."""
    control: bool = False
    """True for files that steer tools, editors or CI: listed first and confirmed apart."""
    binary: bool = False
    """True when it has no lines to show."""
    added: Count = 0
    """Lines added (0 for binary files)."""
    removed: Count = 0
    """Lines removed (0 for binary files)."""


class Hunk(Record):
    """A run of changed lines in one text file, with 3 lines of context."""

    id: HunkId
    path: RepoPath
    old_start: Count
    old_lines: Count
    new_start: Count
    new_lines: Count
    lines: tuple[Text, ...]
    """Each begins with ` `, `+`, `-` or `\\`."""


class Mark(StrEnum):
    """What a person thinks of a hunk; it survives as long as the hunk's content is the same."""

    UNSEEN = "unseen"
    REVIEWED = "reviewed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class HunkMark(Record):
    """Who marked a hunk how."""

    mark: Mark
    by: Line
    at: Timestamp
    comment: Text = ""
    """What they said with it."""


class PatchHunk(Record):
    """A hunk of a patch with where it comes from and what became of it.

    A file that has no lines to show (binary, renamed mode, empty) is one hunk with line numbers 0.
    """

    id: HunkId
    path: RepoPath
    old_start: Count = 0
    old_lines: Count = 0
    new_start: Count = 0
    new_lines: Count = 0
    control: bool = False
    """True when its file steers tools, editors or CI."""
    tasks: tuple[TaskId, ...] = ()
    """Implement tasks that wrote it, as far as git can tell; several when they cannot be told apart."""
    workers: tuple[WorkerId, ...] = ()
    """Who made their latest attempts."""
    models: tuple[Line, ...] = ()
    """Models of their latest attempts; empty names are Codex's own default."""
    requirements: tuple[Line, ...] = ()
    """Requirements of the ledger that those tasks are there for."""
    mark: HunkMark | None = None
    """None: nobody has marked it."""
    applied: ApplyId | None = None
    """The apply that wrote it and was not taken back."""


class ChangeSet(Record):
    """All that differs between two trees, control files first."""

    old_tree: Oid
    new_tree: Oid
    files: tuple[FileChange, ...] = ()
    warnings: tuple[Line, ...] = ()
    """What a reviewer should know: bidirectional characters, many deletions, very large files."""


class PatchState(StrEnum):
    """`draft` from the first integration, `proposed` once the reviewer approved the tested tree."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    APPLIED = "applied"
    REVERTED = "reverted"


class ApplyKind(StrEnum):
    """What was written: the approved tree, a part of it, or a merge with what the user had."""

    EXACT = "exact"
    PARTIAL = "partial"
    MERGED = "merged"


class Applied(Record):
    """One apply of a patch."""

    id: ApplyId
    kind: ApplyKind
    at: Timestamp
    by: Line
    tree: Oid
    """The patch's tree that was written."""
    files: tuple[RepoPath, ...] = ()
    """What was written."""
    altered: tuple[RepoPath, ...] = ()
    """Files that saving changed afterwards."""
    unsaved: tuple[RepoPath, ...] = ()
    """Files that hold it in the editor and wait there for being saved."""
    hunks: tuple[HunkId, ...] = ()
    """The hunks that are in the work tree with it."""
    whole: bool = True
    """False when the patch has more hunks than these."""


class Patch(Record):
    """The change from a run's base (or a follow-up's) to its integration tree."""

    id: PatchId
    number: int = Field(ge=1, le=9_999)
    base: Oid
    """Tree that the patch starts from."""
    tree: Oid
    """The integration tree so far."""
    commit: Oid
    """Commit in the mirror that holds `tree`."""
    state: PatchState = PatchState.DRAFT
    tasks: tuple[TaskId, ...] = ()
    """Implement tasks whose work is in it."""
    tested: Oid | None = None
    """The tree that passed the tests; evidence only while it equals `tree`."""
    untested: bool = False
    """True when no test command is known, so that approval rests on the review alone."""
    applied: tuple[Applied, ...] = ()
    """All applies, the oldest first; also those that were taken back."""
    reverted: tuple[ApplyId, ...] = ()
    """Applies that were taken back."""
    takes: dict[RepoPath, Take] = Field(default_factory=dict)
    """How a person settled files in which the patch collides with what is there; for this tree only."""

    @property
    def standing(self) -> tuple[Applied, ...]:
        """Applies that were not taken back, the oldest first."""
        return tuple(each for each in self.applied if each.id not in self.reverted)
