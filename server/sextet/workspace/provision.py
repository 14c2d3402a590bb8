"""Provision: bring ignored files that a fresh worktree needs, crossing no symbolic link on either side."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from sextet.system import durable
from sextet.workspace.git import fields, listing
from sextet.workspace.mirror import RUNS_FOLDER

_NOTE = "brought"
_NOTE_LIMIT = 1_000_000
_NEVER = frozenset({"", ".", "..", ".git", RUNS_FOLDER})


def bring(top: Path, work: Path, names: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Copy files and folders from the user's work tree into a worktree that nobody works in yet.

    Nothing is replaced; links inside a folder are copied as links.

    Args:
        top: the user's work tree.
        work: the worktree.
        names: paths relative to both, such as `.env` or `web/node_modules`.

    Returns:
        The names that were brought, and a sentence about each that was not.
    """
    brought, problems = [], []
    for name in names:
        problem = _bring_one(top, work, name)
        if problem:
            problems.append(f"{name} was not copied into the worktree: {problem}.")
        else:
            brought.append(PurePosixPath(name).as_posix())
    return tuple(brought), tuple(problems)


def _bring_one(top: Path, work: Path, name: str) -> str:
    """Why it was not copied; empty when it was."""
    parts = PurePosixPath(name).parts
    if name.startswith("/") or "\0" in name or not parts or any(part.casefold() in _NEVER for part in parts):
        return "it is not a path inside the work tree"
    source, target = top.joinpath(*parts), work.joinpath(*parts)
    if not _plain_parents(top, parts) or not _plain_parents(work, parts):
        return "a symbolic link or a file stands on its path"
    if os.path.lexists(target):
        return "the tree has something of that name"
    try:
        mode = os.lstat(source).st_mode
        target.parent.mkdir(parents=True, exist_ok=True)
        return _copy(source, target, mode)
    except (OSError, shutil.Error) as error:
        return f"{getattr(error, 'strerror', None) or 'some of it could not be read'}"


def _copy(source: Path, target: Path, mode: int) -> str:
    if stat.S_ISDIR(mode):
        shutil.copytree(source, target, symlinks=True)
        return ""
    if stat.S_ISREG(mode):
        shutil.copy2(source, target, follow_symlinks=False)
        return ""
    return "it is neither a file nor a folder"


def _plain_parents(base: Path, parts: tuple[str, ...]) -> bool:
    """Whether each parent is a folder, or missing; a link is neither."""
    path = base
    for part in parts[:-1]:
        path /= part
        try:
            if not stat.S_ISDIR(os.lstat(path).st_mode):
                return False
        except FileNotFoundError:
            return True
    return True


def copied(home: Path) -> tuple[str, ...]:
    """What was brought into the worktree of this home: it is never part of a change."""
    try:
        return tuple(fields(durable.read(home / _NOTE, _NOTE_LIMIT)))
    except FileNotFoundError:
        return ()


def note_copied(home: Path, names: Iterable[str]) -> None:
    """Remember what was brought, besides what is known already."""
    known = dict.fromkeys((*copied(home), *names))
    durable.replace(home / _NOTE, listing(known), sync=False)
