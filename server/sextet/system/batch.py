"""Batch: many files put in their places one by one, and brought to the disk all at once.

A sync of one file waits for the disk as long as a sync of all of them. So every file is first written under
a name of its own beside its place, then all are synced together, and only then renamed: at no moment, not
even when the power fails, is there a place that holds a part of a file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Final, Self

from sextet.errors import UnsafePathError
from sextet.system.disk import Disk
from sextet.system.paths import Root, fill, in_the_way, spare_name

FEW: Final = 8
"""Files up to which each is synced alone: a sync of the file system waits for what others wrote, too."""


class Batch:
    """Files and links below a root: `write` and `link` all of them, `sync`, `put` each, `settle`.

    Use it in `with`: what was written and not put does not stay behind.

    Args:
        root: below which all paths are.
        disk: what syncs.
        count: how many files it will be, about.
    """

    def __init__(self, root: Root, disk: Disk, count: int) -> None:
        self._root = root
        self._disk = disk
        self._together = count > FEW and disk.syncs_file_systems
        self._spares: dict[str, str] = {}
        self._folders: set[str] = set()
        self._systems: dict[int, int] = {}
        """A descriptor on each file system, opened before we wrote there, so that it hears of errors."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for path, name in self._spares.items():
            with suppress(OSError, UnsafePathError), self._folder_of(path) as parent:
                os.unlink(name, dir_fd=parent)
        for fd in self._systems.values():
            os.close(fd)
        self._systems.clear()

    def write(self, path: str, data: bytes, mode: int) -> None:
        """Write a file in the making; missing folders are made.

        Raises:
            UnsafePathError: the path is refused, or a link or a file stands where a folder should be.
        """
        self._spares[path] = name = spare_name()
        with self._folder_of(path, create=True) as parent:
            fill(parent, name, (data, mode), sync=not self._together)

    def link(self, path: str, target: str) -> None:
        """The same for a symbolic link; `target` is not looked at."""
        self._spares[path] = name = spare_name()
        with self._folder_of(path, create=True) as parent:
            os.symlink(target, name, dir_fd=parent)

    def sync(self) -> None:
        """Bring what was written to the disk; nothing is put before."""
        if self._together:
            for fd in self._systems.values():
                self._disk.sync_file_system(fd)

    def put(self, path: str) -> None:
        """Put what was written for `path` in its place, over a file or a link.

        Raises:
            UnsafePathError: a folder is there.
            FileNotFoundError: its folder is another one now.
        """
        with self._folder_of(path) as parent, in_the_way(path):
            os.replace(self._spares[path], path.rpartition("/")[2], src_dir_fd=parent, dst_dir_fd=parent)
        del self._spares[path]
        self._changed(path)

    def remove(self, path: str, *, prune: bool) -> None:
        """Remove a file or a link at once; see `Root.remove`."""
        with self._folder_of(path):
            self._root.remove(path, prune=prune)
        self._changed(path)

    def settle(self) -> None:
        """Bring to the disk what is where now."""
        if self._together:
            self.sync()
            return
        for folder in sorted(self._folders):
            with suppress(FileNotFoundError, UnsafePathError), self._folder_of(f"{folder}x") as fd:
                self._disk.sync(fd)

    def _changed(self, path: str) -> None:
        """Remember the folder, and those above it: each may be a new one."""
        parts = path.split("/")
        self._folders |= {"".join(f"{part}/" for part in parts[:depth]) for depth in range(len(parts))}

    @contextmanager
    def _folder_of(self, path: str, *, create: bool = False) -> Iterator[int]:
        parent = self._root.open_parent(path, create=create)
        try:
            device = os.fstat(parent).st_dev
            if device not in self._systems:
                self._systems[device] = os.dup(parent)
            yield parent
        finally:
            os.close(parent)
