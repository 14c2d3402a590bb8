"""Commits and refs of the mirror, written as git writes them, without a process for each."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from sextet.errors import GitError
from sextet.workspace.git import IDENTITY

_REF: Final = re.compile(r"refs/sextet(/[A-Za-z0-9_][A-Za-z0-9._-]*)+")
_SHA1: Final = 40
"""Characters of an object id where git does not use SHA-256."""


def write_commit(git_dir: Path, tree: str, parents: Sequence[str], message: str) -> str:
    """Store a commit and return its id, the same that `git commit-tree` would give.

    Nothing is synced, as git does not sync loose objects either.

    Args:
        git_dir: the mirror.
        tree: id of its tree.
        parents: ids of commits.
        message: what it says.

    Raises:
        GitError: the disk refuses.
    """
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    lines += [f"author {IDENTITY}", f"committer {IDENTITY}", "", ""]
    body = "\n".join(lines).encode() + message.encode("utf-8", "replace")
    data = b"commit %d\0%b" % (len(body), body)
    oid = (hashlib.sha1(data) if len(tree) == _SHA1 else hashlib.sha256(data)).hexdigest()  # noqa: S324 -- git's own
    path = git_dir / "objects" / oid[:2] / oid[2:]
    if not path.exists():
        _write(path, zlib.compress(data, 1), path.with_name(f"tmp_obj_{secrets.token_hex(8)}"), 0o444)
    return oid


def write_ref(git_dir: Path, ref: str, commit: str) -> None:
    """Point a ref of ours at a commit, through git's own lock file.

    Raises:
        GitError: it is not a ref of ours, somebody else writes it just now, or the disk refuses.
    """
    if not _REF.fullmatch(ref) or ".." in ref or ".lock" in ref:
        raise GitError(f"{ref} is not a ref of Sextet.")
    path = git_dir / ref
    _write(path, f"{commit}\n".encode(), path.with_name(f"{path.name}.lock"), 0o644)


def _write(path: Path, data: bytes, spare: Path, mode: int) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(spare, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    except OSError as error:
        raise _refused(path, error) from error
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
        spare.rename(path)
    except OSError as error:
        with suppress(OSError):
            spare.unlink()
        raise _refused(path, error) from error


def _refused(path: Path, error: OSError) -> GitError:
    return GitError(
        f"The mirror could not be written: {path.name}: {error.strerror}.",
        next_step="See that the disk has room and the state folder is yours, then retry the task.",
        errno=error.errno,
    )
