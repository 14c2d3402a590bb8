"""Trash: folders are moved out of the way at once and removed in the background."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

HELD: Final = 20_000
"""Files of worktrees that may lie in the trash until it is emptied."""


class Trash:
    """A folder for what is to be removed; on the same file system as what goes there.

    It is emptied when the work is over or when much lies in it, not at once: while many files are removed and
    for a while after, file systems are slow to make new ones, and the next worktree is made just then.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._removals: set[asyncio.Future[None]] = set()
        self._held = 0

    def take(self, home: Path, admin: Path) -> None:
        """Take a worktree and git's folder for it; their names are gone at once."""
        self._held += _files(home)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (home, admin):
            with suppress(FileNotFoundError):
                folder.rename(self._folder / secrets.token_hex(8))
        if self._held > HELD:
            self.empty()

    def empty(self) -> None:
        """Begin to remove all of it in the background."""
        self._held = 0
        removal = asyncio.get_running_loop().run_in_executor(None, _empty, self._folder)
        self._removals.add(removal)
        removal.add_done_callback(self._removals.discard)

    async def emptied(self) -> None:
        """Wait until all of it is gone."""
        self.empty()
        await asyncio.gather(*self._removals, return_exceptions=True)


def remove(*folders: Path) -> None:
    """Remove folders now, also those that an agent made unreadable; a link is never followed."""
    for folder in folders:
        if os.path.lexists(folder):
            shutil.rmtree(folder, onerror=_insist)


def _files(home: Path) -> int:
    """How many files git knows in a worktree: that stands in the head of its index."""
    try:
        with (home / "index").open("rb") as file:
            return int.from_bytes(file.read(12)[8:])
    except OSError:
        return 0


def _empty(trash: Path) -> None:
    """Remove what lies in the trash, also from before; several may be at it."""
    for folder in trash.iterdir() if trash.is_dir() else ():
        with suppress(FileNotFoundError):
            remove(folder)


def _insist(_function: object, name: str, _error: object) -> None:
    """Open the folder up first."""
    path = Path(name)
    path.parent.chmod(0o700)
    if path.is_dir() and not path.is_symlink():
        path.chmod(0o700)
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
