"""What an apply keeps beside it: the images of files before and after, and the journal about them."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal, Self

from sextet.errors import StoreError
from sextet.model.base import Count, Line, Oid, Record, RepoPath
from sextet.model.patch import Applied, Mode6
from sextet.system import durable
from sextet.system.disk import explained, write_all
from sextet.system.durable import Folder
from sextet.system.paths import Root

LARGEST = 1 << 30
"""Bytes of the largest file that an apply reads or writes."""

_JOURNAL_LIMIT = 1 << 28
_BEFORE = "before"
_PIECE = 1 << 20
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


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
    at: Count = 0
    """Where its bytes begin in the pre-images."""
    size: Count = 0
    """How many they are."""
    made_folder: bool = False
    """Whether its folder did not exist before."""
    by_editor: bool = False
    """Whether the editor writes it, so that we neither write nor restore it."""


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
    found = root.look(path, LARGEST)
    if found is None:
        return ABSENT, b"", 0o644
    status, data = found
    if stat.S_ISLNK(status.st_mode):
        return Image(mode="120000", blob=blob_id(data, algorithm)), data, 0o777
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


def placed(entries: Iterable[Entry], pre_images: Iterable[bytes]) -> Iterator[Entry]:
    """The entries with the places that their files' bytes have in what `keep` writes."""
    at = 0
    for entry, data in zip(entries, pre_images, strict=True):
        yield entry.model_copy(update={"at": at, "size": len(data)})
        at += len(data)


def keep(folder: Folder, pieces: Iterable[bytes]) -> None:
    """Bring the bytes that all files had before to the disk, one after the other in one file.

    Raises:
        StoreError: the disk refuses.
    """
    with explained("keep the files as they were"):
        fd = folder.disk.open(_BEFORE, _NEW, dir_fd=folder.fd)
        try:
            for part in _larger(pieces):
                write_all(folder.disk, fd, part)
            folder.disk.sync_data(fd)
        finally:
            os.close(fd)


def _larger(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in fewer pieces."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        if len(waiting) >= _PIECE:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)


class PreImages:
    """The bytes that the files of an apply had before; use it in `with`.

    Raises:
        StoreError: they are not there.
    """

    def __init__(self, folder: Path) -> None:
        with explained("read the files as they were"):
            self._fd = os.open(folder / _BEFORE, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)

    def read(self, entry: Entry) -> bytes:
        """The bytes that the file had.

        Raises:
            StoreError: they are damaged.
        """
        data = os.pread(self._fd, entry.size, entry.at)
        if entry.before.blob != blob_id(data, algorithm_of(entry.before.blob)):
            raise StoreError(
                f"What was kept of {entry.path} is damaged, so the file is left as it is.",
                next_step="Check the disk, and restore the file from git.",
            )
        return data


def algorithm_of(oid: str | None) -> str:
    """How git hashes in a repository with this id."""
    return "sha256" if len(oid or "") == 64 else "sha1"


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
