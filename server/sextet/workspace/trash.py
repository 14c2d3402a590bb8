"""Trash: folders are moved out of the way at once and removed in the background."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path


class Trash:
    """A folder for what is being removed; on the same file system as what goes there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._removals: set[asyncio.Future[None]] = set()

    def take(self, *folders: Path) -> None:
        """Remove folders: that takes longer than an answer may, so only the name is gone at once."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in folders:
            with suppress(FileNotFoundError):
                folder.rename(self._folder / secrets.token_hex(8))
        removal = asyncio.get_running_loop().run_in_executor(None, _empty, self._folder)
        self._removals.add(removal)
        removal.add_done_callback(self._removals.discard)

    async def emptied(self) -> None:
        """Wait until all of it is gone."""
        await asyncio.gather(*self._removals, return_exceptions=True)


def remove(*folders: Path) -> None:
    """Remove folders now, also those that an agent made unreadable; a link is never followed."""
    for folder in folders:
        if os.path.lexists(folder):
            shutil.rmtree(folder, onerror=_insist)


def _empty(trash: Path) -> None:
    """Remove what lies in the trash, also from before; several may be at it."""
    for folder in trash.iterdir():
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
