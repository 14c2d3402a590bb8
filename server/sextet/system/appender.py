"""Appender: one file that only grows, where nothing is acknowledged before it is on the disk."""

from __future__ import annotations

import errno
import os
from contextlib import suppress

from sextet.errors import StoreError
from sextet.system.disk import explain, explained, write_all
from sextet.system.durable import Folder


class Appender:
    """One file that only grows; what `append` returned from is on the disk.

    A failed append is taken back where possible, and the appender then refuses everything: after a failed
    sync nobody knows what the disk holds until it is read again (open it anew).
    """

    def __init__(self, folder: Folder, name: str) -> None:
        self._folder = folder
        self._name = name
        self._path = folder.path / name
        self._failure: StoreError | None = None
        self._fd = folder.append(name)
        self.length = os.fstat(self._fd).st_size
        """Bytes that are known to be in the file."""

    def append(self, data: bytes) -> None:
        """Write and sync.

        Raises:
            StoreError: the disk refuses, the file is gone, or an earlier append failed.
        """
        if self._failure is not None:
            raise self._failure
        disk = self._folder.disk
        try:
            write_all(disk, self._fd, data)
            disk.sync_data(self._fd)
            self._check_place()
        except OSError as error:
            self._poison(explain(error, f"write {self._name}"))
            raise self._failure from error  # type: ignore[misc]  # set by _poison
        self.length += len(data)

    def cut(self, length: int) -> None:
        """Drop everything from byte `length` on."""
        with explained(f"cut {self._name}"):
            self._folder.disk.truncate(self._fd, length)
            self._folder.disk.sync(self._fd)
        self.length = length

    def _check_place(self) -> None:
        """A write to a file that was deleted or moved away succeeds and is lost: look where it should be."""
        here = os.fstat(self._fd)
        there = os.lstat(self._path)
        if (here.st_dev, here.st_ino) != (there.st_dev, there.st_ino):
            raise FileNotFoundError(errno.ENOENT, "replaced by another file")

    def _poison(self, failure: StoreError) -> None:
        self._failure = failure
        with suppress(OSError):
            self._folder.disk.truncate(self._fd, self.length)
            self._folder.disk.sync(self._fd)

    def close(self) -> None:
        """Close the file; more than once is allowed."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
