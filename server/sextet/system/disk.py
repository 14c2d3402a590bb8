"""Disk: the calls that change a disk, replaceable by a test; and their errors in words."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sextet.errors import StoreError

_sync_data = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync

_HONEST = (5, 8)
"""The first Linux whose `syncfs` says that a write has failed."""

_REAL = "Put a real folder or file in its place: links are not followed here."

_REASONS = {
    errno.ENOSPC: ("the disk is full", "Free some space, then resume."),
    errno.EDQUOT: ("your disk quota is used up", "Free some space, then resume."),
    errno.EROFS: ("the file system is read-only", "Make it writable again, then resume."),
    errno.EACCES: ("permission is denied", "Give yourself access to the folder, then resume."),
    errno.EPERM: ("permission is denied", "Give yourself access to the folder, then resume."),
    errno.EIO: ("the disk reports an error", "Check the disk, then resume: the file is read again."),
    errno.ELOOP: ("a symbolic link stands in its place", _REAL),
    errno.ENOTDIR: ("a file or a symbolic link stands in its place", _REAL),
    errno.ENOENT: ("it is no longer there", "Put the folder back or start a new run."),
    errno.EMFILE: ("too many files are open", "Raise the limit (ulimit -n), then resume."),
}


def explain(error: OSError, action: str) -> StoreError:
    """The sentence for a failed call.

    Args:
        error: what the system said.
        action: what was tried, as the rest of a sentence: `write events.jsonl`.
    """
    reason, next_step = _REASONS.get(error.errno or 0, (error.strerror or str(error), "Then try again."))
    return StoreError(f"Could not {action}: {reason}.", next_step=next_step, errno=error.errno)


@contextmanager
def explained(action: str) -> Iterator[None]:
    """Turn an OSError inside the block into a StoreError; see `explain`."""
    try:
        yield
    except OSError as error:
        raise explain(error, action) from error


def _has_syncfs() -> bool:
    if sys.platform != "linux":
        return False
    version = tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2])
    return version >= _HONEST and hasattr(ctypes.CDLL(None), "syncfs")


class Disk:
    """Every call that changes a disk, so that a test can make any of them fail."""

    syncs_file_systems = _has_syncfs()
    """Whether `sync_file_system` is there and tells of errors."""

    def open(self, name: str | Path, flags: int, mode: int = 0o600, dir_fd: int | None = None) -> int:
        """Open a file (`os.open`)."""
        return os.open(name, flags, mode, dir_fd=dir_fd)

    def write(self, fd: int, data: bytes) -> int:
        """Write; returns how many bytes were taken, perhaps fewer than given."""
        return os.write(fd, data)

    def sync_data(self, fd: int) -> None:
        """Bring a file's bytes and length to the disk."""
        _sync_data(fd)

    def sync(self, fd: int) -> None:
        """Bring a file or a folder to the disk with all that belongs to it."""
        os.fsync(fd)

    def sync_file_system(self, fd: int) -> None:
        """Bring all that was written on the file system of `fd` to the disk, by whomever."""
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.syncfs(fd) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))

    def truncate(self, fd: int, length: int) -> None:
        """Cut a file to `length` bytes."""
        os.ftruncate(fd, length)

    def mkdir(self, name: str | Path, dir_fd: int | None = None) -> None:
        """Make a folder, mode 0700."""
        os.mkdir(name, 0o700, dir_fd=dir_fd)

    def rename(self, source: str, target: str, source_fd: int | None, target_fd: int | None) -> None:
        """Rename a file over a file, or a folder to where nothing or an empty folder is."""
        os.rename(source, target, src_dir_fd=source_fd, dst_dir_fd=target_fd)

    def link(self, source: str, target: str, dir_fd: int) -> None:
        """Give a file of a folder a second name in it."""
        os.link(source, target, src_dir_fd=dir_fd, dst_dir_fd=dir_fd, follow_symlinks=False)

    def unlink(self, name: str, dir_fd: int | None = None) -> None:
        """Remove a file."""
        os.unlink(name, dir_fd=dir_fd)

    def rmdir(self, name: str, dir_fd: int | None = None) -> None:
        """Remove an empty folder."""
        os.rmdir(name, dir_fd=dir_fd)


DISK = Disk()
"""The real one."""


def write_all(disk: Disk, fd: int, data: bytes) -> None:
    """Write every byte, however often the system takes only a part."""
    while data:
        data = data[disk.write(fd, data) :]
