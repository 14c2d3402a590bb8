"""Mirror: our private bare clone of the user's repository; every ref and commit of ours lives there."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

from sextet.errors import GitError, RepositoryError
from sextet.system import durable
from sextet.system.paths import TEMPORARY
from sextet.workspace.git import Git, text
from sextet.workspace.objects import write_commit, write_ref
from sextet.workspace.repository import Repository

RUNS_FOLDER = "codex-runs"
"""Where runs are kept in the user's work tree; never part of any tree of ours."""
REFS = "refs/sextet/"
"""All refs of ours begin with this."""

_NEVER = f"\n/{RUNS_FOLDER}/\n{TEMPORARY}{'[0-9a-f]' * 16}.tmp\n".encode()
"""Excluded everywhere: runs, and files in the making that a killed process left behind."""
_EXCLUDES_LIMIT = 1 << 20
_STALE = 60.0
"""Seconds after which a lock on a ref of ours is nobody's."""
_ATTRIBUTES = b"* -text -eol -ident -filter -working-tree-encoding !diff !merge\n"
"""Bytes are bytes. This file outranks every .gitattributes, so no filter and no driver is ever chosen."""


class Mirror:
    """A bare repository in the state folder with the objects of the user's repository, and our own refs."""

    def __init__(self, git_dir: Path, folder: Path) -> None:
        self.git_dir = git_dir
        self.folder = folder
        """The work tree's state folder, which the mirror is in."""
        self.git = Git(git_dir)
        self._commits: dict[str, str] = {}
        self._trees: dict[str, str] = {}
        """Trees of commits; a commit never changes."""
        self._made: dict[tuple[str, ...], str] = {}

    @classmethod
    async def open(cls, repository: Repository, folder: Path) -> Self:
        """The mirror of `repository` in `folder`, made at the first time, with all of its HEAD commit.

        Raises:
            GitError: it could not be made or brought up to date.
            RepositoryError: a folder that is no mirror stands in its place.
        """
        git_dir = folder / "mirror.git"
        if not _is_there(git_dir):
            await _make(repository, git_dir)
        _settle(git_dir / "info" / "attributes", _ATTRIBUTES)
        _unlock(git_dir / "refs" / "sextet")
        mirror = cls(git_dir, folder)
        await mirror.refresh(repository)
        return mirror

    async def refresh(self, repository: Repository) -> None:
        """Bring in the user's excludes and, when HEAD has moved, its commits; `.git` there is only read."""
        excludes = _excludes_of(repository.common_dir / "info" / "exclude")
        _settle(self.git_dir / "info" / "exclude", excludes + _NEVER)
        if repository.head and not await self.has(repository.head):
            await _fetch(self.git, repository.common_dir, repository.head)

    async def has(self, commit: str) -> bool:
        """Whether the commit is here."""
        if commit not in self._trees:
            done = await self.git.run(("rev-parse", "-q", "--verify", f"{commit}^{{tree}}"))
            if done.exit_code != 0:
                return False
            self._trees[commit] = text(done.stdout)
        return True

    async def keep(self, ref: str, commit: str) -> None:
        """Point `ref` (`refs/sextet/<run>/…`) at a commit, so that it is never collected.

        Raises:
            GitError: the ref is not one of ours, or git refuses it.
        """
        await asyncio.to_thread(write_ref, self.git_dir, ref, commit)

    async def forget(self, run_id: str) -> None:
        """Remove all refs of a run, also those of salvaged work.

        Raises:
            GitError: git refuses; some of them may be left.
        """
        refs = await self.git("for-each-ref", "--format=delete %(refname)", f"{REFS}{run_id}/")
        await self.git("update-ref", "--stdin", stdin=refs)

    async def commit(self, tree: str, parents: tuple[str, ...], message: str) -> str:
        """Commit a tree; the same arguments give the same id, because author and date are fixed."""
        oid = await self.synthetic(tree, parents, message)
        self._commits[tree] = oid
        return oid

    async def synthetic(self, tree: str, parents: tuple[str, ...], message: str = "For a merge") -> str:
        """As `commit`, for one that is needed for a moment: `find` does not give it out."""
        key = (tree, message, *parents)
        if key not in self._made:
            oid = await asyncio.to_thread(write_commit, self.git_dir, tree, parents, message)
            self._made[key], self._trees[oid] = oid, tree
        return self._made[key]

    async def tree_of(self, commit: str) -> str:
        """The id of the commit's tree."""
        if commit not in self._trees:
            self._trees[commit] = text(await self.git("rev-parse", "--verify", f"{commit}^{{tree}}"))
        return self._trees[commit]

    def know(self, tree: str, commit: str) -> None:
        """Let `find` give out this commit for its tree; it is kept by a ref."""
        self._commits[tree] = commit

    async def empty_tree(self) -> str:
        """The id of the tree without files."""
        return text(await self.git("mktree"))

    async def find(self, tree: str, run_id: str) -> tuple[str, str]:
        """A commit with this tree and the ref it is under (empty when not known).

        Salvaged work comes last; a tree without any commit gets one.
        """
        if tree in self._commits:
            return self._commits[tree], ""
        out = await self.git("for-each-ref", "--format=%(tree) %(objectname) %(refname)", f"{REFS}{run_id}/")
        rows = [line.split(" ") for line in os.fsdecode(out).splitlines()]
        known = sorted((("/salvage/" in ref, commit, ref) for its, commit, ref in rows if its == tree))
        if not known:
            return await self.commit(tree, (), "A tree of Sextet"), ""
        _, commit, ref = known[0]
        return commit, ref


def _is_there(git_dir: Path) -> bool:
    git_dir.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.path.lexists(git_dir) and not (git_dir / "HEAD").is_file():
        raise RepositoryError(
            f"{git_dir} is not a git repository any more.",
            next_step="Move it away; the next run makes a new one.",
        )
    return os.path.lexists(git_dir)


def _unlock(refs: Path) -> None:
    """Remove locks that a killed git left behind; one that is in use is milliseconds old."""
    for lock in refs.rglob("*.lock"):
        with suppress(FileNotFoundError):
            if time.time() - lock.stat().st_mtime > _STALE:
                lock.unlink()


async def _make(repository: Repository, git_dir: Path) -> None:
    """Clone beside the final place and rename, so that a half-made mirror is never used."""
    spare = git_dir.with_name("mirror.git.new")
    await asyncio.to_thread(shutil.rmtree, spare, ignore_errors=True)
    algorithm = text(await Git(repository.git_dir)("rev-parse", "--show-object-format"))
    if repository.head and not repository.partial:
        await _clone(repository, spare)
    else:
        await _init(spare, algorithm)
    if repository.partial:
        # A partial clone cannot be cloned without fetching what it lacks, so its objects are borrowed.
        objects = os.fsencode(repository.common_dir / "objects")
        (spare / "objects" / "info" / "alternates").write_bytes(objects + b"\n")
    _settle(spare / "config", _config(algorithm))
    _settle(spare / "info" / "attributes", _ATTRIBUTES)
    spare.rename(git_dir)


async def _clone(repository: Repository, target: Path) -> None:
    """Hard links where the file system can, copies where not."""
    options = ("--quiet", "--bare", "--template=", "--single-branch", "--no-tags", "--local")
    source = (str(repository.common_dir), str(target))
    try:
        await Git(None)("-c", "protocol.file.allow=always", "clone", *options, *source, cwd=target.parent)
    except GitError:  # for instance: HEAD of the main work tree names a branch without commits
        await asyncio.to_thread(shutil.rmtree, target, ignore_errors=True)
        algorithm = text(await Git(repository.git_dir)("rev-parse", "--show-object-format"))
        await _init(target, algorithm)


async def _init(target: Path, algorithm: str) -> None:
    await Git(None)(
        *("init", "--quiet", "--bare", "--template=", f"--object-format={algorithm}", str(target)),
        cwd=target.parent,
    )


async def _fetch(git: Git, source: Path, commit: str) -> None:
    """By id, through protocol 2, which serves any commit; nothing is written on the other side."""
    await git(
        *(
            "-c",
            "protocol.version=2",
            "-c",
            "protocol.file.allow=always",
            "-c",
            "fetch.writeCommitGraph=false",
        ),
        *("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"),
        *("--update-shallow", str(source), commit),
    )


def _config(algorithm: str) -> bytes:
    lines = ["[core]", "\trepositoryformatversion = 0", "\tbare = true"]
    if algorithm != "sha1":
        lines[1] = "\trepositoryformatversion = 1"
        lines += ["[extensions]", f"\tobjectFormat = {algorithm}"]
    return "\n".join(lines).encode() + b"\n"


def _settle(path: Path, wanted: bytes) -> None:
    try:
        if durable.read(path, _EXCLUDES_LIMIT * 2) == wanted:
            return
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, exist_ok=True)
    durable.replace(path, wanted, sync=False)


def _excludes_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_EXCLUDES_LIMIT)
    except OSError:
        return b""
