"""Paths that others chose: what may be named, and walks that no symbolic link can lead astray."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from sextet.errors import UnsafePathError
from sextet.system.path_policy import check_relative, unsafe

__all__ = ["Root", "check_relative"]

TEMPORARY = ".sextet-"
"""How the names of files in the making begin; only a server killed within a write leaves one behind."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Root:
    """A folder below which paths of others are read and written without ever following a symbolic link.

    It is held by a file descriptor: when the folder is renamed or replaced, this one goes on to mean the old.

    Args:
        path: an existing folder; symbolic links on the way to it are followed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._made: set[tuple[str, ...]] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the folder."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def open_parent(self, path: str, *, create: bool = False) -> int:
        """A file descriptor, to be closed by the caller, of the folder that holds (or would hold) `path`.

        Args:
            path: relative, `/`-separated.
            create: whether missing folders are made.

        Raises:
            UnsafePathError: the path is refused, or a component on the way is not a real folder.
            FileNotFoundError: a folder is missing and `create` is not set.
        """
        components = check_relative(path)
        fd = os.dup(self._fd)
        for depth in range(1, len(components)):
            try:
                deeper = self._enter(fd, components[:depth], create=create)
            finally:
                os.close(fd)
            fd = deeper
        return fd

    def stat(self, path: str) -> os.stat_result | None:
        """What is at `path`, itself and not what it points to; None when there is nothing.

        Raises:
            UnsafePathError: the path is refused, or a link or file is where a folder should be.
        """
        try:
            with self._parent(path) as (fd, name):
                return os.stat(name, dir_fd=fd, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def exists(self, path: str) -> bool:
        """Whether there is anything at `path`, a dangling symbolic link included."""
        return self.stat(path) is not None

    def read(self, path: str, limit: int) -> bytes:
        """The content of a regular file of at most `limit` bytes.

        Raises:
            UnsafePathError: it is something else than a regular file, or larger.
            FileNotFoundError: there is nothing.
        """
        with self._parent(path) as (parent, name), in_the_way(path):
            return _read(path, os.open(name, _FILE, dir_fd=parent), limit)[1]

    def look(self, path: str, limit: int) -> tuple[os.stat_result, bytes] | None:
        """What is at `path` and its bytes (a link's target), by one walk; None when there is nothing.

        Raises:
            UnsafePathError: it is neither a regular file nor a link, it is larger than `limit`, or a link or
                file is where a folder should be.
        """
        try:
            with self._parent(path) as (parent, name), in_the_way(path):
                try:
                    fd = os.open(name, _FILE, dir_fd=parent)
                except OSError as error:
                    if error.errno != errno.ELOOP:
                        raise
                    target = os.readlink(name, dir_fd=parent)
                    return os.stat(name, dir_fd=parent, follow_symlinks=False), os.fsencode(target)
                return _read(path, fd, limit)
        except FileNotFoundError:
            return None

    def readlink(self, path: str) -> str:
        """The target of the symbolic link at `path`.

        Raises:
            UnsafePathError: it is not a symbolic link.
            FileNotFoundError: there is nothing.
        """
        with self._parent(path) as (parent, name), in_the_way(path):
            return os.readlink(name, dir_fd=parent)

    def replace(self, path: str, data: bytes, mode: int = 0o644, *, sync: bool = False) -> None:
        """Put a regular file at `path` in one step: others see the old or the new one, never a part.

        A symbolic link at `path` is replaced, not followed. Missing folders are made.

        Args:
            path: relative, `/`-separated.
            data: the whole content.
            mode: permission bits, 0 to 0o777.
            sync: whether file and folder are on the disk when this returns.

        Raises:
            UnsafePathError: the path is refused, or a folder is in its place.
        """
        with self._parent(path, create=True) as (parent, name), _temporary(parent) as temporary:
            fill(parent, temporary, (data, mode), sync=sync)
            with in_the_way(path):
                os.replace(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
            if sync:
                os.fsync(parent)

    def symlink(self, path: str, target: str) -> None:
        """Put a symbolic link at `path` in one step, in place of a file or link; `target` is not looked at.

        Raises:
            UnsafePathError: the path is refused, or a folder is in its place.
        """
        with self._parent(path, create=True) as (parent, name), _temporary(parent) as temporary:
            os.symlink(target, temporary, dir_fd=parent)
            with in_the_way(path):
                os.replace(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)

    def remove(self, path: str, *, prune: bool = False) -> None:
        """Remove the file or symbolic link at `path`, and folders that thereby became empty.

        Args:
            path: relative, `/`-separated.
            prune: whether any empty folder above goes, as git does it, or only those that this object made.

        Raises:
            UnsafePathError: the path is refused, or a folder is in its place.
            FileNotFoundError: there is nothing.
        """
        with self._parent(path) as (parent, name):
            if stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
                raise unsafe(path, "it is a folder")
            os.unlink(name, dir_fd=parent)
        self.prune(path, made=not prune)

    def prune(self, path: str, *, made: bool = False) -> None:
        """Remove the empty folders above `path`, up to one that is not; with `made` only those made here."""
        components = check_relative(path)
        for depth in range(len(components) - 1, 0, -1):
            if (made and components[:depth] not in self._made) or not self._remove_folder(components[:depth]):
                return

    def _remove_folder(self, components: tuple[str, ...]) -> bool:
        try:
            with self._parent("/".join(components)) as (parent, name):
                os.rmdir(name, dir_fd=parent)
        except FileNotFoundError:
            pass
        except (OSError, UnsafePathError):  # not empty, or no longer what it was
            return False
        self._made.discard(components)
        return True

    @contextlib.contextmanager
    def _parent(self, path: str, *, create: bool = False) -> Iterator[tuple[int, str]]:
        fd = self.open_parent(path, create=create)
        try:
            yield fd, path.rpartition("/")[2]
        finally:
            os.close(fd)

    def _enter(self, parent: int, components: tuple[str, ...], *, create: bool) -> int:
        name = components[-1]
        with in_the_way("/".join(components)):
            try:
                return os.open(name, _FOLDER, dir_fd=parent)
            except FileNotFoundError:
                if not create:
                    raise
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, dir_fd=parent)
                self._made.add(components)
            return os.open(name, _FOLDER, dir_fd=parent)


def fill(parent: int, name: str, content: tuple[bytes, int], *, sync: bool) -> None:
    """Make a file of these bytes and permission bits in the open folder `parent`, where there is none."""
    data, mode = content
    fd = os.open(name, _NEW, 0o600, dir_fd=parent)
    with os.fdopen(fd, "wb", buffering=0) as file:
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]
        os.fchmod(fd, mode & 0o777)
        if sync:
            os.fsync(fd)


def spare_name() -> str:
    """A name for a file in the making."""
    return f"{TEMPORARY}{secrets.token_hex(8)}.tmp"


@contextlib.contextmanager
def _temporary(parent: int) -> Iterator[str]:
    """A name for a file in the making, which does not stay behind."""
    name = spare_name()
    try:
        yield name
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=parent)


@contextlib.contextmanager
def in_the_way(path: str) -> Iterator[None]:
    """Turn the errors of a link, folder or file where something else was expected into a refusal."""
    try:
        yield
    except OSError as error:
        reasons = {
            errno.ELOOP: "it crosses a symbolic link",
            errno.ENOTDIR: "something that is not a real folder is on the way",
            errno.EISDIR: "a folder is in its place",
            errno.EINVAL: "it is not a symbolic link",
            errno.ENXIO: "it is a pipe or socket",
        }
        why = reasons.get(error.errno or 0)
        if why is None:
            raise
        raise unsafe(path, why) from error


def _read(path: str, fd: int, limit: int) -> tuple[os.stat_result, bytes]:
    """What an open file is and holds; it is closed."""
    try:
        found = os.fstat(fd)
        if stat.S_ISDIR(found.st_mode):
            raise unsafe(path, "a folder is in its place")
        if not stat.S_ISREG(found.st_mode):
            raise unsafe(path, "it is not a regular file")
        if found.st_size > limit:
            raise unsafe(path, f"it is larger than {limit} bytes")
        return found, _read_up_to(path, fd, (found.st_size, limit))
    finally:
        os.close(fd)


def _read_up_to(path: str, fd: int, sizes: tuple[int, int]) -> bytes:
    """All bytes of an open file: so many as it seems, and at most so many."""
    size, limit = sizes
    pieces = bytearray()
    while piece := os.read(fd, max(size + 1 - len(pieces), 1 << 16)):
        pieces += piece
        if len(pieces) > limit:
            raise unsafe(path, f"it is larger than {limit} bytes")
    return bytes(pieces)
