"""Durable files: append, replace, rename into place; every call that writes goes through a Disk."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Self

from sextet.errors import StoreError
from sextet.system.disk import DISK, Disk, explain, explained, write_all

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_APPEND_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def _regular(fd: int, name: str) -> None:
    """Close `fd` and raise when it is not a regular file."""
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise StoreError(f"{name} is not a regular file.", next_step="Remove it.")


def _read_all(fd: int, limit: int, name: str) -> bytes:
    """All bytes of the open file `fd`, which is closed; refuses more than `limit`."""
    with explained(f"read {name}"), os.fdopen(fd, "rb", buffering=0) as file:
        size = os.fstat(fd).st_size
        if size > limit:
            what = f"{name} is {size} bytes long, more than the {limit} that are read."
            raise StoreError(what, next_step="Remove it.")
        return file.read(size)


class Folder:
    """A folder held open, so that nobody can swap it: every name below is looked up from it, never by path.

    A symbolic link is followed nowhere. Names are single names, not paths. Close it, or use it in `with`.
    """

    def __init__(self, fd: int, path: Path, disk: Disk = DISK) -> None:
        self.fd = fd
        self.path = path
        self.disk = disk

    @classmethod
    def at(cls, path: Path, disk: Disk = DISK) -> Self:
        """Open the folder at `path`, whose parents are trusted.

        Raises:
            StoreError: it does not exist, or is a link or a file.
        """
        with explained(f"open the folder {path}"):
            return cls(disk.open(path, _FOLDER_FLAGS), path, disk)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the folder; more than once is allowed."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def identity(self) -> tuple[int, int]:
        """Device and inode."""
        status = os.fstat(self.fd)
        return status.st_dev, status.st_ino

    def below(self, first: str, *more: str, create: bool = False) -> Folder:
        """The folder `first/second/…`, made on the way when `create`; a new handle to be closed.

        Raises:
            StoreError: it is missing, a link or a file, or the disk refuses.
        """
        names = (first, *more)
        fd = self.fd
        try:
            for name in names:
                _check_name(name)
                parent, fd = fd, self._enter(fd, name, create=create)
                if parent != self.fd:
                    os.close(parent)
        except BaseException as error:
            if fd != self.fd:
                os.close(fd)
            if isinstance(error, OSError):
                raise explain(error, f"open the folder {self.path.joinpath(*names)}") from error
            raise
        return Folder(fd, self.path.joinpath(*names), self.disk)

    def _enter(self, parent: int, name: str, *, create: bool) -> int:
        try:
            return self.disk.open(name, _FOLDER_FLAGS, dir_fd=parent)
        except FileNotFoundError:
            if not create:
                raise
        with suppress(FileExistsError):
            self.disk.mkdir(name, parent)
        return self.disk.open(name, _FOLDER_FLAGS, dir_fd=parent)

    def names(self) -> list[str]:
        """The names in it, in no order."""
        with explained(f"list the folder {self.path.name}"):
            return os.listdir(self.fd)  # noqa: PTH208 -- by descriptor; a Path has none

    def open(self, name: str) -> int:
        """Open a regular file for reading; returns its descriptor, to be closed.

        Raises:
            FileNotFoundError: there is no such file.
            StoreError: it is not a regular file, or cannot be opened.
        """
        _check_name(name)
        try:
            fd = os.open(name, _READ_FLAGS, dir_fd=self.fd)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise explain(error, f"read {name}") from error
        _regular(fd, name)
        return fd

    def read(self, name: str, limit: int) -> bytes:
        """The bytes of a file of at most `limit` bytes; raises as `open`, and StoreError for a longer one."""
        return _read_all(self.open(name), limit, name)

    def read_tail(self, name: str, most: int) -> bytes:
        """The last `most` bytes of a file; raises as `open`."""
        fd = self.open(name)
        try:
            with explained(f"read {name}"):
                return os.pread(fd, most, max(0, os.fstat(fd).st_size - most))
        finally:
            os.close(fd)

    def read_piece(self, name: str, offset: int, most: int) -> tuple[bytes, int]:
        """At most `most` bytes from `offset` on, and the size of the whole file; raises as `open`."""
        fd = self.open(name)
        try:
            with explained(f"read {name}"):
                data = os.pread(fd, most, offset)
                return data, os.fstat(fd).st_size  # after it, so that a file that grows is never too short
        finally:
            os.close(fd)

    def append(self, name: str) -> int:
        """Open a regular file at its end, made when missing; returns its descriptor, to be closed."""
        _check_name(name)
        with explained(f"open {name}"):
            fd = self.disk.open(name, _APPEND_FLAGS, dir_fd=self.fd)
        _regular(fd, name)
        return fd

    def create(self, name: str, data: bytes, *, sync: bool = False) -> None:
        """Write a new file.

        Raises:
            FileExistsError: there is something of that name.
            StoreError: the disk refuses; nothing of that name stays behind.
        """
        _check_name(name)
        try:
            fd = self.disk.open(name, _NEW_FLAGS, dir_fd=self.fd)
        except FileExistsError:
            raise
        except OSError as error:
            raise explain(error, f"write {self._said(name)}") from error
        try:
            write_all(self.disk, fd, data)
            if sync:
                self.disk.sync_data(fd)
        except OSError as error:
            with suppress(OSError):
                os.unlink(name, dir_fd=self.fd)
            raise explain(error, f"write {self._said(name)}") from error
        finally:
            os.close(fd)

    def _said(self, name: str) -> str:
        """A file as a person knows it, with its folder: not by the name that it has while it is written."""
        final = name.removeprefix(".").removesuffix(".new") if name.endswith(".new") else name
        return f"{self.path.name}/{final}"

    def replace(self, name: str, data: bytes, *, sync: bool = True) -> None:
        """Put `data` in the place of a file at once: a reader sees all of the old or all of the new.

        With `sync` it is on the disk when this returns. Raises StoreError; the old file is then untouched.
        """
        _check_name(name)
        spare = f".{name}.new"
        try:
            self.create(spare, data, sync=sync)
        except FileExistsError:  # left behind by a crash; there is one writer, so it is nobody's
            self.remove(spare)
            self.create(spare, data, sync=sync)
        with explained(f"write {self._said(name)}"):
            try:
                self.disk.rename(spare, name, self.fd, self.fd)
            except OSError:
                with suppress(OSError):
                    os.unlink(spare, dir_fd=self.fd)
                raise
            if sync:
                self.disk.sync(self.fd)

    def remove(self, name: str) -> None:
        """Remove a file; a missing one is fine."""
        with explained(f"remove {name}"), suppress(FileNotFoundError):
            self.disk.unlink(name, self.fd)


def _check_name(name: str) -> None:
    if name in {"", ".", ".."} or "/" in name or "\0" in name:
        raise StoreError(f"{name!r} is not the name of a file.")


def replace(path: Path, data: bytes, *, sync: bool = True, disk: Disk = DISK) -> None:
    """Put `data` in the place of the file at `path`; see `Folder.replace`."""
    with Folder.at(path.parent, disk) as folder:
        folder.replace(path.name, data, sync=sync)


def read(path: Path, limit: int) -> bytes:
    """The bytes of the file at `path`; see `Folder.read`."""
    try:
        fd = os.open(path, _READ_FLAGS)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise explain(error, f"read {path.name}") from error
    _regular(fd, path.name)
    return _read_all(fd, limit, path.name)


def install_dir(prepared: str, target: str, source: Folder, into: Folder) -> bool:
    """Rename the non-empty folder `prepared` (in `source`) to `target` (in `into`); False when that is taken.

    The rename is atomic and never replaces a folder that has something in it, so of several who try exactly
    one wins, and whoever sees `target` sees all that is inside.
    """
    try:
        source.disk.rename(prepared, target, source.fd, into.fd)
    except OSError as error:
        if error.errno in {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR}:
            return False
        raise explain(error, f"claim {target}") from error
    return True
