"""Snapshot: HEAD plus uncommitted and untracked files as the user sees them, as a commit in the mirror."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from sextet.model.run import Base
from sextet.workspace.git import Git, fields, listing, text
from sextet.workspace.mirror import REFS, RUNS_FOLDER, Mirror
from sextet.workspace.repository import Repository

LARGEST_FILE = 20 * 1024 * 1024
"""Bytes above which an untracked file is left out."""
LARGEST_SUM = 200 * 1024 * 1024
"""Bytes of untracked files together; the largest are left out first."""

GITLINK = "160000"


async def take(mirror: Mirror, repository: Repository, *, run_id: str, message: str = "Snapshot") -> Base:
    """Capture what the user sees now; kept under `refs/sextet/<run>/base`.

    File bytes are taken as they are: no filter, no line-end conversion. Submodules and embedded repositories
    are left out, and so is `codex-runs`.

    Raises:
        RepositoryError: a rebase, merge, cherry-pick or revert is in progress.
        GitError: git failed; the user's repository is untouched in any case.
    """
    repository.require_settled()
    await mirror.refresh(repository)
    index = mirror.folder / "snapshot.index"
    (index.with_name("snapshot.index.lock")).unlink(missing_ok=True)  # there is one writer, so it is nobody's
    view = _View(mirror.git, repository, index)
    tree, left_out = await view.tree()
    head_tree = await mirror.tree_of(repository.head) if repository.head else await mirror.empty_tree()
    parents = (repository.head,) if repository.head else ()
    clean = tree == head_tree and repository.head is not None
    commit = repository.head if clean and repository.head else await mirror.commit(tree, parents, message)
    await mirror.keep(f"{REFS}{run_id}/base", commit)
    mirror.know(tree, commit)
    return Base(
        head=repository.head,
        branch=repository.branch,
        commit=commit,
        tree=tree,
        dirty=not clean and await _differs(mirror.git, head_tree, tree),
        left_out=tuple(os.fsencode(name).decode("utf-8", "replace") for name in left_out),
    )


class _View:
    """The user's files through an index of our own, kept so that unchanged files are not read again."""

    def __init__(self, git: Git, repository: Repository, index: Path) -> None:
        self._git = git
        self._repository = repository
        self._index = index

    async def _run(self, *args: str, stdin: bytes = b"") -> bytes:
        return await self._git(*args, work_tree=self._repository.top, index=self._index, stdin=stdin)

    async def tree(self) -> tuple[str, list[str]]:
        """The tree, and the untracked files that are not in it."""
        await self._begin()
        others, staged, dropped = await asyncio.gather(self._others(), self._staged(), self._drop())
        if dropped:
            others = await self._others()
        chosen, left_out = await asyncio.to_thread(_choose, self._repository.top, fields(others))
        await self._run("add", "--update", "--", ":/")
        added = [*chosen, *staged]
        if added:
            names = listing(added)
            await self._run("update-index", "-z", "--add", "--replace", "--remove", "--stdin", stdin=names)
        return text(await self._run("write-tree", "--missing-ok")), left_out

    async def _begin(self) -> None:
        """The index as HEAD has it; known stat data stays."""
        if self._repository.head is None:
            await self._run("read-tree", "--empty")
            return
        await self._run("read-tree", "--reset", self._repository.head)

    async def _others(self) -> bytes:
        return await self._run("ls-files", "-z", "--others", "--exclude-standard")

    async def _drop(self) -> bool:
        """Take submodules and runs out of the index; whether there were any."""
        entries = fields(await self._run("ls-files", "-z", "--stage"))
        drop = [name for mode, name in map(_entry, entries) if mode == GITLINK or _is_run(name)]
        if drop:
            await self._run("update-index", "-z", "--force-remove", "--stdin", stdin=listing(drop))
        return bool(drop)

    async def _staged(self) -> list[str]:
        """What the user has added against the excludes (`git add -f`); the walk does not show it."""
        base = self._repository.head or await self._empty()
        names = await Git(self._repository.git_dir)(
            *("diff-index", "--cached", "--raw", "-z", "--no-renames", "--ignore-submodules=all"),
            *("--diff-filter=AT", base),
            work_tree=self._repository.top,
        )
        return [
            name
            for raw, name in pairs(fields(names))
            if raw.split(" ")[1] != GITLINK and not _is_run(name) and _exists(self._repository.top, name)
        ]

    async def _empty(self) -> str:
        return text(await self._git("hash-object", "-t", "tree", "--stdin"))


def pairs(parts: Sequence[str]) -> Iterable[tuple[str, str]]:
    """Records of `--raw -z` output without renames: (`:modes oids status`, path)."""
    return zip(parts[0::2], parts[1::2], strict=True)


def _entry(record: str) -> tuple[str, str]:
    facts, _, name = record.partition("\t")
    return facts.split(" ", 1)[0], name


def _is_run(name: str) -> bool:
    return name.split("/", 1)[0].casefold() == RUNS_FOLDER


def _exists(top: Path, name: str) -> bool:
    """A file or link that is reached without crossing a symbolic link."""
    path = top / name
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return False
    return (stat.S_ISREG(mode) or stat.S_ISLNK(mode)) and path.parent.resolve() == path.parent


def _choose(top: Path, names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Which untracked files to take, and which are too large or repositories of their own."""
    sized, left_out = [], []
    for name in names:
        if _is_run(name):
            continue
        try:
            size = os.lstat(top / name).st_size
        except OSError:
            continue  # gone since it was listed
        if name.endswith("/") or size > LARGEST_FILE:
            left_out.append(name)
        else:
            sized.append((size, name))
    total = 0
    chosen: list[str] = []
    for size, name in sorted(sized):
        total += size
        (chosen if total <= LARGEST_SUM else left_out).append(name)
    return chosen, sorted(left_out)


async def _differs(git: Git, old: str, new: str) -> bool:
    """Whether the user's files differ from HEAD in more than what we always leave out."""
    out = fields(await git("diff-tree", "-r", "-z", "--raw", "--no-renames", old, new))
    return any(raw.split(" ")[0] != f":{GITLINK}" and not _is_run(name) for raw, name in pairs(out))
