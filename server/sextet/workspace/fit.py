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
from sextet.workspace.buffers import content, is_clean
from sextet.workspace.editor import Buffer
from sextet.workspace.git import Git
from sextet.workspace.images import ABSENT, Image, blob_id, image_of
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
    """Something is in the way that is not a file, or the editor holds what could be lost."""
    SETTLED = "settled"
    """It was a conflict, and somebody decided."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is to happen to one file."""

    change: FileChange
    fit: Fit
    now: Image
    """What the user has: for a file that is open and not saved, what saving it would write."""
    after: Image
    """What it will be; for a conflict the version with markers."""
    data: bytes = b""
    """Its bytes now."""
    permissions: int = 0o644
    reason: str = ""
    """Why it is blocked."""
    remedy: str = "Move it away and try again."
    """What helps then."""
    disk: Image = ABSENT
    """What is on the disk now."""
    buffer: Buffer | None = None
    """The file as it is open in the editor."""

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


async def fit_all(
    top: Path, mirror: Mirror, changes: Sequence[FileChange], buffers: Mapping[str, Buffer] | None = None
) -> tuple[Step, ...]:
    """How each change fits the work tree at `top`, in the given order.

    Args:
        top: the work tree.
        mirror: has the blobs of the changes.
        changes: what is to happen.
        buffers: what is open in the editor, by path; it counts instead of the file on the disk.
    """
    steps = await asyncio.to_thread(_compare, top, changes, buffers or {})
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


def _compare(top: Path, changes: Sequence[FileChange], buffers: Mapping[str, Buffer]) -> tuple[Step, ...]:
    moves = _Moves(
        frozenset(change.path for change in changes if change.old_blob is not None),
        frozenset(change.path for change in changes if change.new_blob is not None),
    )
    with Root(top) as root:
        steps = (_compare_one(root, change, moves) for change in changes)
        return tuple(_as_open(step, buffers[step.path]) if step.path in buffers else step for step in steps)


def _compare_one(root: Root, change: FileChange, moves: _Moves) -> Step:
    old = Image(mode=change.old_mode, blob=change.old_blob)
    new = Image(mode=change.new_mode, blob=change.new_blob)
    try:
        _refuse_embedded(root, change.path)
        now, data, permissions = image_of(root, change.path, _algorithm(change))
    except UnsafePathError as error:
        if old == ABSENT and _makes_way(change.path, moves.leaving):
            return Step(change, Fit.FITS, ABSENT, new)
        if new == ABSENT and _makes_way(change.path, moves.coming):
            return Step(change, Fit.PRESENT, ABSENT, new)
        return Step(change, Fit.BLOCKED, ABSENT, new, reason=error.what.rpartition(": ")[2].rstrip("."))
    return Step(change, _fit(change, now), now, new, data, permissions, disk=now)


def _fit(change: FileChange, now: Image) -> Fit:
    """As it looks before anything is merged."""
    if now == Image(mode=change.new_mode, blob=change.new_blob):
        return Fit.PRESENT
    old = Image(mode=change.old_mode, blob=change.old_blob)
    return Fit.FITS if now == old else Fit.CONFLICT


def _algorithm(change: FileChange) -> str:
    return "sha256" if len(change.old_blob or change.new_blob or "") == 64 else "sha1"


def _as_open(step: Step, buffer: Buffer) -> Step:
    """The step with what the user has in the editor, where that is more than the disk has."""
    step = replace(step, buffer=buffer)
    if step.fit is Fit.BLOCKED or is_clean(buffer, step.disk.mode, step.data):
        return step
    data = content(buffer, step.data) if step.disk.mode.startswith("100") else None
    if data is None or step.change.new_blob is None:
        return step if step.fit is Fit.PRESENT else _unsaved(step)
    now = Image(mode=step.disk.mode, blob=blob_id(data, _algorithm(step.change)))
    fit = _fit(step.change, now)
    if not buffer.touched and Fit.PRESENT not in {fit, step.fit}:
        return _unclear(step)
    return replace(step, fit=fit, now=now, data=data)


def _unclear(step: Step) -> Step:
    """Nobody can tell which is newer, so whichever were taken, saving would write over the other.

    The disk was written behind the editor, or the editor has kept unsaved work since it was closed.
    """
    return replace(
        step,
        fit=Fit.BLOCKED,
        reason="the editor shows it otherwise than it is on the disk",
        remedy="Load it again in the editor, or save it there, and try again.",
    )


def _unsaved(step: Step) -> Step:
    return replace(
        step,
        fit=Fit.BLOCKED,
        reason="it has changes in the editor that are not saved, or is shown there otherwise than it is",
        remedy="Save or close it in the editor, and try again.",
    )


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
