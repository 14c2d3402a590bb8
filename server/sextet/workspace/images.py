"""What an apply keeps beside it: the images of files before and after, and the journal about them."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Literal

from sextet.errors import StoreError
from sextet.model.base import Line, Oid, Record, RepoPath
from sextet.model.patch import Applied, Mode6
from sextet.system import durable
from sextet.system.paths import Root

LARGEST = 1 << 30
"""Bytes of the largest file that an apply reads or writes."""

_JOURNAL_LIMIT = 1 << 28


class Image(Record):
    """A file as it was or will be: mode and blob; absent is mode `000000` without a blob."""

    mode: Mode6 = "000000"
    blob: Oid | None = None


ABSENT = Image()


class Entry(Record):
    """One file of a transaction."""

    path: RepoPath
    before: Image
    after: Image
    permissions: int = 0o644
    """The permission bits that the file had."""
    made_folder: bool = False
    """Whether its folder did not exist before."""
    by_editor: bool = False
    """Whether the editor writes it, so that we do not; `before` is then what it held, saved or not."""
    disk: Image | None = None
    """What the disk held before, where the editor writes."""


class Journal(Record):
    """`journal.json` of an apply."""

    state: Literal["writing", "done", "undone"]
    applied: Applied
    base: Oid
    """The patch's base tree."""
    top: str
    """`device-inode` of the work tree that it is about."""
    entries: tuple[Entry, ...]
    left: tuple[Line, ...] = ()
    """Paths that were not restored, because the user had changed them since."""


def image_of(root: Root, path: str, algorithm: str) -> tuple[Image, bytes, int]:
    """What is at a path now: its image, its bytes (a link's target) and its permission bits.

    Raises:
        UnsafePathError: a folder, pipe or device is there, a link is on the way, or it is too large.
    """
    status = root.stat(path)
    if status is None:
        return ABSENT, b"", 0o644
    if stat.S_ISLNK(status.st_mode):
        data = os.fsencode(root.readlink(path))
        return Image(mode="120000", blob=blob_id(data, algorithm)), data, 0o777
    try:
        data = root.read(path, LARGEST)
    except FileNotFoundError:  # removed since it was looked at
        return ABSENT, b"", 0o644
    mode: Mode6 = "100755" if status.st_mode & 0o100 else "100644"
    return Image(mode=mode, blob=blob_id(data, algorithm)), data, stat.S_IMODE(status.st_mode)


def blob_id(data: bytes, algorithm: str) -> str:
    """The id that git gives to these bytes; `algorithm` is `sha1` or `sha256`."""
    digest = hashlib.new(algorithm, usedforsecurity=False)
    digest.update(b"blob %d\0" % len(data))
    digest.update(data)
    return digest.hexdigest()


def load(folder: Path) -> Journal | None:
    """The journal in an apply's folder; None when the transaction never began.

    Raises:
        StoreError: it is damaged.
    """
    try:
        data = durable.read(folder / "journal.json", _JOURNAL_LIMIT)
    except FileNotFoundError:
        return None
    try:
        return Journal.model_validate_json(data)
    except ValueError as error:
        raise StoreError(
            f"The journal of {folder.name} is damaged, so it is left alone.",
            next_step=f"Compare your files with the copies in {folder}.",
        ) from error


def pre_image(folder: Path, number: int) -> bytes:
    """The bytes that the file of entry `number` had before."""
    return durable.read(folder / f"before-{number}", LARGEST)


def standing(applies: Path, base: str, tree: str) -> Applied | None:
    """The latest finished apply from tree `base` to `tree` that no later one took back; None without one.

    Args:
        applies: the folder of all applies.
        base: where the change set began.
        tree: where it ended.
    """
    found: Applied | None = None
    for journal in sorted(_finished(applies), key=lambda each: each.applied.at):
        way = (journal.base, journal.applied.tree)
        if way == (base, tree):
            found = journal.applied
        elif way == (tree, base):
            found = None
    return found


def _finished(applies: Path) -> list[Journal]:
    found = []
    for home in applies.glob("apply-*"):
        with suppress(StoreError):
            journal = load(home)
            if journal is not None and journal.state == "done":
                found.append(journal)
    return found
