"""Workshop: worktrees for attempts and readers, what an attempt changed, and what a dead one left behind."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sextet.errors import GitError
from sextet.model.outcome import Change
from sextet.model.settings import WorktreeSettings
from sextet.system import durable
from sextet.workspace import origins
from sextet.workspace.capture import Source, capture
from sextet.workspace.git import Git
from sextet.workspace.mirror import REFS, Mirror
from sextet.workspace.origins import Left
from sextet.workspace.provision import bring, copied, note_copied
from sextet.workspace.repository import Repository
from sextet.workspace.spares import Spares, lay_out, settle
from sextet.workspace.trash import Trash, remove

_START_LIMIT = 100_000


@dataclass(frozen=True, slots=True)
class Worktree:
    """A checkout of a tree in the state folder; git commands work inside."""

    path: Path
    """Where the files are."""
    tmp: Path
    """A private folder beside it, for TMPDIR."""
    git_dir: Path
    """Its administrative folder in the mirror; nothing but git on our side writes there."""
    run_id: str
    task_id: str
    epoch: int
    tree: str
    """What was checked out."""
    origin_tree: str
    """What its change is measured from: `tree`, or where salvaged work had begun."""
    origin: str
    """The commit of `origin_tree`."""
    warnings: list[str] = field(default_factory=list)
    """What the last capture left out, as sentences."""

    @property
    def home(self) -> Path:
        """The folder that holds `path`, `tmp` and our notes about them."""
        return self.path.parent

    @property
    def captured(self) -> bool:
        """Whether what it holds was captured."""
        return (self.home / "captured").exists()


class _Start(NamedTuple):
    """What is remembered of a worktree on disk, in the order of Worktree's fields."""

    run_id: str
    task_id: str
    epoch: int
    tree: str
    origin_tree: str
    origin: str


class Workshop:
    """Everything that executors and the session need, for one work tree.

    Args:
        repository: the user's repository.
        mirror: its mirror.
        folder: the work tree's state folder.
    """

    def __init__(self, repository: Repository, mirror: Mirror, folder: Path) -> None:
        self.repository = repository
        self.mirror = mirror
        self.folder = folder
        self._worktrees = folder / "worktrees"
        self._sharing: dict[str, asyncio.Lock] = {}
        self._spares = Spares(self._worktrees / "spare", mirror.git_dir / "worktrees")
        self._trash = Trash(self._worktrees / "trash")

    def stock(self, tree: str) -> None:
        """Make worktrees ahead, in the background, until `unstock`; `tree` is what will be wanted first."""
        self._spares.stock(tree)

    async def unstock(self) -> None:
        """Remove worktrees that were made ahead and not needed; wait until discarded ones are gone."""
        await self._spares.close()
        await self._trash.emptied()

    def share_ahead(self, tree: str) -> None:
        """Make the readers' checkout of a tree in the background, while worktrees are made ahead at all."""
        if self._spares.stocked:
            self._spares.beside(self.shared(tree))

    async def shared(self, tree: str) -> Worktree:
        """A checkout for readers, made once per tree; nobody may write in it.

        Raises:
            GitError: the tree could not be checked out.
        """
        home = self._worktrees / "shared" / tree
        async with self._sharing.setdefault(tree, asyncio.Lock()):
            found = self._load(home)
            return found if found is not None else await self._make(home, ("", f"shared-{tree}", 0), tree)

    async def attempt(self, run_id: str, task_id: str, epoch: int, tree: str) -> Worktree:
        """An own worktree with `tree` for one attempt.

        When `tree` is what a dead attempt left (see `salvage`), the change is measured from where that began;
        `resume` says so for certain, whatever else has the same tree.

        Raises:
            GitError: the tree could not be checked out, or there is a worktree of this epoch already.
        """
        return await self._make(self._home(run_id, task_id, epoch), (run_id, task_id, epoch), tree)

    async def resume(self, run_id: str, task_id: str, epoch: int, tree: str) -> Worktree:
        """As `attempt`, to go on with what an earlier attempt of the same task left; its start counts.

        Raises:
            GitError: the tree could not be checked out, or there is a worktree of this epoch already.
        """
        who = (run_id, task_id, epoch)
        left = await origins.left(self.mirror, run_id, task_id, tree)
        return await self._make(self._home(*who), who, tree, left)

    def open(self, run_id: str, task_id: str, epoch: int) -> Worktree | None:
        """The worktree of an attempt, if it is still there and was finished being made."""
        return self._load(self._home(run_id, task_id, epoch))

    async def prepare(self, worktree: Worktree, settings: WorktreeSettings) -> tuple[str, ...]:
        """Bring along what `sextet.worktree.copy` names; such files are never part of a change.

        Returns:
            Sentences about names that were not brought.
        """
        names = settings.copy_files
        brought, problems = await asyncio.to_thread(bring, self.repository.top, worktree.path, names)
        note_copied(worktree.home, brought)
        return problems

    async def capture(self, worktree: Worktree, message: str = "Attempt") -> Change:
        """What the attempt changed so far, kept under `refs/sextet/<run>/attempts/<task>/<epoch>`.

        Without a difference `tree` equals `start` and `files` is empty. Files that git ignores, embedded
        repositories, `codex-runs` and what `prepare` brought are not part of it.

        Raises:
            GitError: git failed or the worktree is gone; nothing is kept then.
        """
        ref = f"{REFS}{worktree.run_id}/attempts/{worktree.task_id}/{worktree.epoch}"
        return await self._capture(worktree, ref, message)

    async def salvage(self, run_id: str, task_id: str, epoch: int) -> Change | None:
        """Capture what a dead attempt left to `refs/sextet/<run>/salvage/<task>/<epoch>`.

        An attempt that had been captured and died before anybody heard of it is found by its ref.

        Returns:
            None when there is no worktree or nothing was changed.
        """
        worktree = self.open(run_id, task_id, epoch)
        if worktree is None or not worktree.path.is_dir():
            return await origins.captured(self.mirror, run_id, task_id, epoch)
        ref = f"{REFS}{run_id}/salvage/{task_id}/{epoch}"
        change = await self._capture(worktree, ref, f"What {task_id} left in epoch {epoch}")
        return change if change.tree != change.start else None

    async def _capture(self, worktree: Worktree, ref: str, message: str) -> Change:
        if worktree.path.is_symlink() or not worktree.path.is_dir():
            raise GitError(
                f"The worktree of {worktree.task_id} is gone.",
                next_step="Retry the task: it gets a new one.",
            )
        source = Source(
            git=Git(worktree.git_dir),
            work=worktree.path,
            index=worktree.home / "index",
            start=worktree.origin_tree,
            skip=copied(worktree.home),
        )
        captured = await capture(source)
        worktree.warnings[:] = captured.warnings
        commit = worktree.origin
        if captured.tree != worktree.origin_tree:
            commit = await self.mirror.synthetic(captured.tree, (worktree.origin,), message)
            await self.mirror.keep(ref, commit)
        (worktree.home / "captured").write_text(captured.tree)
        return Change(start=worktree.origin_tree, tree=captured.tree, commit=commit, files=captured.files)

    async def discard(self, worktree: Worktree, *, lost_ok: bool = False) -> None:
        """Remove a worktree that was captured; with `lost_ok` also one whose files are of no interest.

        Raises:
            GitError: it was never captured.
        """
        if not lost_ok and not worktree.captured:
            raise GitError(
                f"The worktree of {worktree.task_id} holds work that was not captured.",
                next_step="Resume the run, or look at it under " + str(worktree.path),
            )
        self._trash.take(worktree.home, worktree.git_dir)

    async def unshare(self) -> None:
        """Remove the checkouts of readers, when nobody reads any more, and what was discarded."""
        folder = self._worktrees / "shared"
        homes = sorted(folder.iterdir()) if folder.is_dir() else []
        for home in homes:
            self._trash.take(home, self._admin(home))
        self._trash.empty()

    def forget(self, run_id: str) -> None:
        """Remove a run's folder of worktrees, and those in it that were never finished being made."""
        folder = self._worktrees / run_id
        homes = sorted(folder.iterdir()) if folder.is_dir() else []
        for home in homes:
            if not (home / "start.json").exists():
                self._trash.take(home, self._admin(home))
        with suppress(OSError):
            folder.rmdir()

    def leftovers(self, run_id: str) -> tuple[Worktree, ...]:
        """The worktrees of a run that are still there, captured or not."""
        folder = self._worktrees / run_id
        homes = sorted(folder.iterdir()) if folder.is_dir() else []
        return tuple(found for found in map(self._load, homes) if found is not None)

    def _home(self, run_id: str, task_id: str, epoch: int) -> Path:
        return self._worktrees / run_id / f"{task_id}-{epoch}"

    def _load(self, home: Path) -> Worktree | None:
        try:
            facts = json.loads(durable.read(home / "start.json", _START_LIMIT))
            return self._worktree(home, _Start(**facts))
        except (FileNotFoundError, ValueError, TypeError):
            return None  # never finished being made, so nobody has worked in it

    def _worktree(self, home: Path, start: _Start) -> Worktree:
        return Worktree(home / "work", home / "tmp", self._admin(home), *start)

    def _admin(self, home: Path) -> Path:
        return self.mirror.git_dir / "worktrees" / f"{home.parent.name}.{home.name}"

    async def _make(
        self, home: Path, who: tuple[str, str, int], tree: str, left: Left | None = None
    ) -> Worktree:
        """By hand instead of `git worktree add`: one process instead of three, and no hook can run."""
        commit, origin, origin_tree = left or await origins.found(self.mirror, who[0], tree)
        admin = self._admin(home)
        if (home / "start.json").exists():
            raise GitError(
                f"There is a worktree at {home} already.", next_step="Capture and discard it first."
            )
        await asyncio.to_thread(remove, home, admin)  # of an earlier try that was cut off
        if not await self._from_spare(home, admin, tree, commit):
            await asyncio.to_thread(lay_out, home, admin)
            settle(home, admin, commit)
            await Git(admin)("read-tree", "-m", "-u", tree, work_tree=home / "work")
        os.link(admin / "index", home / "index")  # git replaces an index, it never writes into one
        start = _Start(*who, tree, origin_tree, origin)
        durable.replace(home / "start.json", json.dumps(start._asdict()).encode(), sync=False)
        return self._worktree(home, start)

    async def _from_spare(self, home: Path, admin: Path, tree: str, commit: str) -> bool:
        """Make a worktree of one that lies ready; False when there is none or it cannot be used."""
        try:
            spare = self._spares.take(home, admin, tree)
            if spare is None:
                return False
            settle(home, admin, commit)
            if spare.tree != tree:
                await Git(admin)("read-tree", "-m", "-u", spare.tree, tree, work_tree=home / "work")
        except (OSError, GitError):
            await asyncio.to_thread(remove, home, admin)
            return False
        return True
