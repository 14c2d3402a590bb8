"""Spares: worktrees made ahead while agents think, turned into the tree that is wanted when one is needed."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sextet.errors import SextetError
from sextet.workspace.git import Git

KEPT: Final = 2
"""Spares that lie ready."""

PAUSE: Final = 0.2
"""Seconds after one was taken until the next is made: who took it goes first."""


@dataclass(frozen=True, slots=True)
class Spare:
    """A worktree that nobody has worked in."""

    home: Path
    admin: Path
    tree: str


class Spares:
    """A few worktrees that lie ready.

    A spare becomes another tree by writing only the files that differ, which takes a fraction of a checkout.
    Nothing is kept before `stock`, and nothing after `close`.

    Args:
        folder: where their folders are; what lies there belongs to nobody.
        admins: git's folder of worktrees in the mirror.
    """

    def __init__(self, folder: Path, admins: Path) -> None:
        self._folder = folder
        self._admins = admins
        self._ready: list[Spare] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._number = 0
        self._making = 0
        self._stocked = False

    @property
    def stocked(self) -> bool:
        """Whether worktrees are made ahead now."""
        return self._stocked

    def stock(self, tree: str) -> None:
        """Begin to make spares in the background, from now on after each that is taken."""
        if not self._stocked:
            self._stocked = True
            self._beside(self._fill(tree, 0.0))

    def take(self, home: Path, admin: Path, tree: str) -> Spare | None:
        """Move a spare to its place; what it holds is told by its `tree`. None when there is none.

        Raises:
            OSError: the disk refuses.
        """
        if not self._ready:
            return None
        spare = next((each for each in self._ready if each.tree == tree), self._ready[0])
        self._ready.remove(spare)
        home.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        spare.admin.rename(admin)
        spare.home.rename(home)
        self._beside(self._fill(tree, PAUSE))
        return Spare(home, admin, spare.tree)

    def beside(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do something ahead of time; whoever needs it hears of its failure then."""

        async def quietly() -> None:
            with suppress(SextetError, OSError):
                await work

        self._beside(quietly())

    async def close(self) -> None:
        """Stop making and remove what nobody took."""
        self._stocked = False
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._ready.clear()
        await asyncio.to_thread(self._sweep)

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _fill(self, tree: str, pause: float) -> None:
        await asyncio.sleep(pause)
        if not self._number:
            await asyncio.to_thread(self._sweep)
        while self._stocked and len(self._ready) + self._making < KEPT:
            self._making += 1
            try:
                self._ready.append(await self._make(tree))
            except (SextetError, OSError):  # who needs a worktree makes one, and hears why that fails
                return
            finally:
                self._making -= 1

    async def _make(self, tree: str) -> Spare:
        self._number += 1
        name = str(self._number)
        home, admin = self._folder / name, self._admins / f"{self._folder.name}.{name}"
        await asyncio.to_thread(lay_out, home, admin)
        settle(home, admin, tree)
        await Git(admin)("read-tree", "-m", "-u", tree, work_tree=home / "work")
        return Spare(home, admin, tree)

    def _sweep(self) -> None:
        """Remove all spares, also those of a server that was killed."""
        for admin in self._admins.glob(f"{self._folder.name}.*"):
            shutil.rmtree(admin, ignore_errors=True)
        shutil.rmtree(self._folder, ignore_errors=True)


def lay_out(home: Path, admin: Path) -> None:
    """The folders of a worktree and of its administration."""
    for folder in (home / "work", home / "tmp", admin):
        folder.mkdir(mode=0o700, parents=True)
    (admin / "commondir").write_text("../..\n")
    (admin / "locked").write_text("in use by Sextet\n")


def settle(home: Path, admin: Path, commit: str) -> None:
    """The files by which git and a worktree know each other; `commit` is what HEAD names."""
    (admin / "HEAD").write_text(f"{commit}\n")
    (admin / "gitdir").write_text(f"{home / 'work' / '.git'}\n")
    (home / "work" / ".git").write_text(f"gitdir: {admin}\n")
