"""Fit: how each changed file stands to the user's file now: as expected, already there, or moved on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from sextet.errors import UnsafePathError
from sextet.model.patch import FileChange
from sextet.system.paths import Root
from sextet.workspace.git import fields, text
from sextet.workspace.merge import merge_trees
from sextet.workspace.mirror import Mirror
from sextet.workspace.transaction import ABSENT, Image, image_of


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
    algorithm = "sha256" if len(change.old_blob or change.new_blob or "") == 64 else "sha1"
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
    """Merge all files that moved on at once, as trees that hold nothing else."""
    for step in moved:
        if step.now.blob is not None:
            await mirror.git.write_blob(step.data)
    old = [(step.path, Image(mode=step.change.old_mode, blob=step.change.old_blob)) for step in moved]
    base = await tree_with(mirror, old)
    ours = await tree_with(mirror, [(step.path, step.now) for step in moved])
    theirs = await tree_with(mirror, [(step.path, step.wanted) for step in moved])
    outcome = await merge_trees(mirror, base, ours, theirs, renames=False)
    listed = fields(await mirror.git("ls-tree", "-r", "-z", "--full-tree", outcome.tree))
    images = dict(map(_image, listed))
    strange = set(outcome.conflicts) - {step.path for step in moved}
    steps = []
    for step in moved:
        clean = not strange and step.path not in outcome.conflicts
        after = images.get(step.path, ABSENT)
        steps.append(replace(step, fit=Fit.MERGED if clean else Fit.CONFLICT, after=after))
    return steps


def _image(row: str) -> tuple[str, Image]:
    facts, _, name = row.partition("\t")
    mode, _, blob = facts.split(" ")
    return name, Image.model_validate({"mode": mode, "blob": blob})


async def tree_with(mirror: Mirror, files: Sequence[tuple[str, Image]]) -> str:
    """A tree of exactly these files (absent ones are passed over)."""
    index = mirror.folder / f"fit-{os.getpid()}-{id(files):x}.index"
    rows = [f"{image.mode} {image.blob}\t{path}\0" for path, image in files if image.blob is not None]
    try:
        await mirror.git("read-tree", "--empty", index=index)
        await mirror.git("update-index", "-z", "--index-info", index=index, stdin="".join(rows).encode())
        return text(await mirror.git("write-tree", index=index))
    finally:
        index.unlink(missing_ok=True)
