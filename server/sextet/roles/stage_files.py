"""The files that a scenario touches: inside the worktree, through no symbolic link, never under `.git`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sextet.errors import UnsafePathError
from sextet.system.paths import Root

LARGEST: Final = 10_000_000
"""Bytes of the largest file that a scenario changes."""


class StageError(Exception):
    """A scenario's action does not fit the files that are there."""


@dataclass(frozen=True, slots=True)
class StageFiles:
    """File actions below one folder.

    Args:
        root: the turn's worktree.
        writable: False in a read-only fence, as the real sandbox would have it.
    """

    root: Path
    writable: bool

    def write(self, path: str, text: str) -> None:
        """Give a file this text; folders are made, the executable bit stays.

        Raises:
            StageError: the path cannot be written.
        """
        with self._opened(path) as root:
            self._put(root, path, text.encode())

    def append(self, path: str, text: str) -> None:
        """Add to the end of a file, or make it.

        Raises:
            StageError: the path cannot be written.
        """
        with self._opened(path) as root:
            old = root.read(path, LARGEST) if root.exists(path) else b""
            self._put(root, path, old + text.encode())

    def replace(self, path: str, old: str, new: str) -> None:
        """Change the first place of `old`.

        Raises:
            StageError: the file or the place is not there.
        """
        with self._opened(path) as root:
            data = root.read(path, LARGEST)
            if old.encode() not in data:
                raise StageError(f"{path!r} does not contain what is to be replaced.")
            self._put(root, path, data.replace(old.encode(), new.encode(), 1))

    def delete(self, path: str) -> None:
        """Remove a file.

        Raises:
            StageError: it is not there.
        """
        with self._opened(path) as root:
            root.remove(path)

    @staticmethod
    def _put(root: Root, path: str, data: bytes) -> None:
        found = root.stat(path)
        root.replace(path, data, found.st_mode & 0o777 if found else 0o644)

    @contextmanager
    def _opened(self, path: str) -> Iterator[Root]:
        if not self.writable:
            raise StageError(f"{path!r} is in a read-only worktree.")
        try:
            with Root(self.root) as root:
                yield root
        except UnsafePathError as error:
            raise StageError(str(error)) from error
        except OSError as error:
            raise StageError(f"{path!r}: {error.strerror}.") from error
