"""Fit: how each changed file stands to the user's file now: as expected, already there, or moved on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

from sextet.errors import UnsafePathError
from sextet.model.patch import FileChange
from sextet.system.paths import Root
from sextet.workspace.git import Git
from sextet.workspace.images import ABSENT, Image, algorithm_of, image_of
from sextet.workspace.mirror import Mirror


class Fit(StrEnum):
    """How a change stands to the file as it is now."""

    FITS = "fits"
    """The file is what the change begins with."""
    PRESENT = "present"
    """It is what the change ends with."""
    MERGED = "merged"
    """It has moved on, and both changes go together."""
    CONFLICT = "conflict"
    """It has moved on, and they do not."""
    BLOCKED = "blocked"
    """Something is in the way that is not a file."""
    SETTLED = "settled"
    """It was a conflict, and somebody decided."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is to happen to one file."""

    change: FileChange
    fit: Fit
    now: Image
    after: Image
    """What it will be; for a conflict the version with markers."""
    data: bytes = b""
    """Its bytes now."""
    permissions: int = 0o644
    reason: str = ""
    """Why it is blocked."""

    @property
    def path(self) -> str:
        """The file."""
        return self.change.path

    @property
    def wanted(self) -> Image:
        """What the change set wants it to be."""
        return Image(mode=self.change.new_mode, blob=self.change.new_blob)

    def taken(self, take: str) -> Step:
        """The conflict settled: `mine`, `theirs` or `merge`."""
        after = {"mine": self.now, "theirs": self.wanted}.get(take, self.after)
        return replace(self, fit=Fit.SETTLED, after=after)


async def fit_all(top: Path, mirror: Mirror, changes: Sequence[FileChange]) -> tuple[Step, ...]:
    """How each change fits the work tree at `top`, in the given order."""
    steps = await asyncio.to_thread(_compare, top, changes)
    moved = [step for step in steps if step.fit is Fit.CONFLICT]
    if not moved:
        return steps
    merged = {step.path: step for step in await _merge(mirror, moved)}
    return tuple(merged.get(step.path, step) for step in steps)


@dataclass(frozen=True, slots=True)
class _Moves:
    """Paths that leave and paths that come, so that a file may take the place of a folder and the reverse."""

    leaving: frozenset[str]
    coming: frozenset[str]


def _compare(top: Path, changes: Sequence[FileChange]) -> tuple[Step, ...]:
    moves = _Moves(
        frozenset(change.path for change in changes if change.old_blob is not None),
        frozenset(change.path for change in changes if change.new_blob is not None),
    )
    with Root(top) as root:
        return tuple(_compare_one(root, change, moves) for change in changes)


def _compare_one(root: Root, change: FileChange, moves: _Moves) -> Step:
    old = Image(mode=change.old_mode, blob=change.old_blob)
    new = Image(mode=change.new_mode, blob=change.new_blob)
    algorithm = algorithm_of(change.old_blob or change.new_blob)
    try:
        _refuse_embedded(root, change.path)
        now, data, permissions = image_of(root, change.path, algorithm)
    except UnsafePathError as error:
        if old == ABSENT and _makes_way(change.path, moves.leaving):
            return Step(change, Fit.FITS, ABSENT, new)
        if new == ABSENT and _makes_way(change.path, moves.coming):
            return Step(change, Fit.PRESENT, ABSENT, new)
        return Step(change, Fit.BLOCKED, ABSENT, new, reason=error.what.rpartition(": ")[2].rstrip("."))
    fit = Fit.PRESENT if now == new else Fit.FITS if now == old else Fit.CONFLICT
    return Step(change, fit, now, new, data, permissions)


def _makes_way(path: str, others: frozenset[str]) -> bool:
    """Whether one of the others is above or below this path, so that both cannot be there at once."""
    return any(path.startswith(f"{other}/") or other.startswith(f"{path}/") for other in others)


def _refuse_embedded(root: Root, path: str) -> None:
    """A folder with a `.git` of its own, such as a submodule, is another repository: not ours to write in."""
    parts = path.split("/")[:-1]
    for depth in range(1, len(parts) + 1):
        folder = "/".join(parts[:depth])
        try:
            fd = root.open_parent(f"{folder}/x")
        except FileNotFoundError:
            return
        try:
            os.stat(".git", dir_fd=fd, follow_symlinks=False)
        except OSError:
            continue
        finally:
            os.close(fd)
        raise UnsafePathError(f"The path {path} is refused: {folder} is a repository of its own.")


async def _merge(mirror: Mirror, moved: Sequence[Step]) -> list[Step]:
    """Merge each file that moved on with itself alone: git's merge of trees would guess at renames."""
    oids = [oid for step in moved for oid in (step.change.old_blob, step.change.new_blob) if oid]
    blobs = await mirror.git.blobs(oids)
    return [await _merge_one(mirror, step, blobs) for step in moved]


async def _merge_one(mirror: Mirror, step: Step, blobs: Mapping[str, bytes]) -> Step:
    change, now = step.change, step.now
    if now.blob is None or change.new_blob is None or not _plain(now.mode, change):
        return replace(step, after=now)  # deleted or turned into a link on one side: somebody decides
    mode = change.new_mode if now.mode == change.old_mode else now.mode
    if now.blob == change.old_blob:
        blob, clean = change.new_blob, True
    elif change.new_blob in {change.old_blob, now.blob}:
        blob, clean = await mirror.git.write_blob(step.data), True
    else:
        old, new = blobs.get(change.old_blob or "", b""), blobs[change.new_blob]
        data, clean = await _merge_lines(mirror, step.data, old, new)
        blob = await mirror.git.write_blob(data)
    after = Image.model_validate({"mode": mode, "blob": blob})
    return replace(step, fit=Fit.MERGED if clean else Fit.CONFLICT, after=after)


def _plain(mode: str, change: FileChange) -> bool:
    return all(one in {"000000", "100644", "100755"} for one in (mode, change.old_mode, change.new_mode))


async def _merge_lines(mirror: Mirror, mine: bytes, old: bytes, theirs: bytes) -> tuple[bytes, bool]:
    """The merged bytes and whether they are clean; a binary file stays mine and is not."""
    with TemporaryDirectory(dir=mirror.folder, prefix="merge-") as folder:
        names = ("yours", "before", "patch")
        for name, data in zip(names, (mine, old, theirs), strict=True):
            (Path(folder) / name).write_bytes(data)
        labels = [part for name in names for part in ("-L", name)]
        command = ("-c", "merge.conflictStyle=merge", "merge-file", "-p", *labels, *names)
        done = await Git(None).run(command, cwd=Path(folder))
    if done.exit_code not in range(128):  # binary
        return mine, False
    return done.stdout, done.exit_code == 0
