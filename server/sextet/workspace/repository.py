"""Repository: what stands in a folder, read without touching it, or a sentence why it cannot be used."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, replace
from pathlib import Path

from sextet.errors import GitError, RepositoryError
from sextet.workspace.git import Git, text, version

_UNFINISHED = {
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "BISECT_LOG": "bisect",
}
_ATTRIBUTES_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Repository:
    """A work tree and its repository as they were when they were looked at."""

    top: Path
    """Top level of the work tree, resolved."""
    git_dir: Path
    common_dir: Path
    """Where objects and refs are; differs from `git_dir` in a linked worktree."""
    key: str
    """`dev-inode` of the top level in hex: the same under every name of the folder."""
    head: str | None
    """The HEAD commit; None without commits."""
    branch: str
    """Short name of the branch; empty when HEAD is detached."""
    in_progress: str = ""
    """`rebase`, `merge`, `cherry-pick`, `revert`, `bisect` or empty."""
    submodules: bool = False
    shallow: bool = False
    partial: bool = False
    """True for a partial clone, whose missing objects are never fetched by us."""
    lfs: bool = False

    def require_settled(self) -> None:
        """Refuse while a rebase, merge, cherry-pick or revert is going on, looked up now.

        Raises:
            RepositoryError: one is.
        """
        what = unfinished(self.git_dir)
        if what not in {"", "bisect"}:
            raise RepositoryError(
                f"A {what} is in progress in {self.top}.",
                next_step=f"Finish it (`git {what} --continue`) or take it back (`git {what} --abort`), "
                "then try again.",
                in_progress=what,
            )


def unfinished(git_dir: Path) -> str:
    """What git has begun and not ended in this work tree; empty when nothing."""
    return next((what for name, what in _UNFINISHED.items() if os.path.lexists(git_dir / name)), "")


async def inspect(path: Path) -> Repository:
    """Look at the repository that `path` is in.

    Only reads; nothing that the repository's config names is run.

    Raises:
        RepositoryError: git is missing or too old, or this is no repository to work on, and what to do.
    """
    await version()
    folder = _folder(path)
    git = Git(None)
    top = await _top(git, folder)
    if top in {Path("/"), _resolved(Path.home())}:
        raise RepositoryError(
            f"The repository's top level is {top}, which holds far more than one project.",
            next_step="Open a project folder that has a repository of its own.",
        )
    shallow, head, branch, promisor = await asyncio.gather(
        git("rev-parse", "--is-shallow-repository", cwd=top),
        git("rev-parse", "-q", "--verify", "HEAD^{commit}", cwd=top, ok=(0, 1)),
        git("symbolic-ref", "-q", "--short", "HEAD", cwd=top, ok=(0, 1)),
        git("config", "--get-regexp", r"^remote\..*\.promisor$", cwd=top, ok=(0, 1)),
    )
    git_dir, common = await asyncio.gather(
        git("rev-parse", "--absolute-git-dir", cwd=top),
        git("rev-parse", "--path-format=absolute", "--git-common-dir", cwd=top),
    )
    return Repository(
        top=top,
        git_dir=Path(text(git_dir)),
        common_dir=Path(text(common)),
        key=_key(top),
        head=text(head) or None,
        branch=text(branch),
        in_progress=unfinished(Path(text(git_dir))),
        submodules=_exists(top / ".gitmodules"),
        shallow=text(shallow) == "true",
        partial=bool(promisor),
        lfs=b"filter=lfs" in _start_of(top / ".gitattributes"),
    )


async def look_again(known: Repository) -> Repository:
    """The same repository with HEAD, branch and unfinished operations as they are now."""
    git = Git(None)
    head, branch = await asyncio.gather(
        git("rev-parse", "-q", "--verify", "HEAD^{commit}", cwd=known.top, ok=(0, 1)),
        git("symbolic-ref", "-q", "--short", "HEAD", cwd=known.top, ok=(0, 1)),
    )
    return replace(known, head=text(head) or None, branch=text(branch), in_progress=unfinished(known.git_dir))


def _key(top: Path) -> str:
    status = top.stat()
    return f"{status.st_dev:x}-{status.st_ino:x}"


def _exists(path: Path) -> bool:
    return os.path.lexists(path)


def _folder(path: Path) -> Path:
    try:
        folder = path.resolve(strict=True)
    except OSError as error:
        raise RepositoryError(f"{path} does not exist.", next_step="Open an existing folder.") from error
    return folder if folder.is_dir() else folder.parent


async def _top(git: Git, folder: Path) -> Path:
    try:
        top = text(await git("rev-parse", "--show-toplevel", cwd=folder))
    except GitError as error:
        raise _why_not(folder, str(error.facts.get("stderr", ""))) from error
    found = _resolved(Path(top))
    if not folder.is_relative_to(found):  # core.worktree in .git/config can name any folder
        raise RepositoryError(
            f"The repository of {folder} says that its files are in {found}.",
            next_step="Remove core.worktree from its config, or open that folder itself.",
        )
    return found


def _resolved(path: Path) -> Path:
    return path.resolve()


def _why_not(folder: Path, stderr: str) -> RepositoryError:
    if "dubious ownership" in stderr:
        return RepositoryError(
            f"{folder} belongs to another user, so git refuses to work in it.",
            next_step=f"If you trust it, run: git config --global --add safe.directory '{folder}'",
        )
    if "not a git repository" in stderr:
        return RepositoryError(
            f"{folder} is not a git repository.",
            next_step="Run `git init` there, or choose a folder of a project that git knows.",
        )
    if "must be run in a work tree" in stderr:
        return RepositoryError(
            f"{folder} is a bare repository or inside .git: there are no files to work on.",
            next_step="Choose a clone that has its files checked out (`git clone` makes one).",
        )
    return RepositoryError(f"Git cannot use {folder}: {stderr}", next_step="Repair the repository first.")


def _start_of(path: Path) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    with os.fdopen(fd, "rb") as file:
        try:
            return file.read(_ATTRIBUTES_LIMIT)
        except OSError:
            return b""
