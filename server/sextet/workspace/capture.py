"""Capture: the files of a worktree as a tree, by git and a private index, never by an agent's word."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sextet.errors import UnsafePathError
from sextet.system.paths import check_relative
from sextet.workspace.changeset import is_text, sentence_about
from sextet.workspace.git import Git, fields, listing, text
from sextet.workspace.mirror import RUNS_FOLDER
from sextet.workspace.snapshot import GITLINK, pairs


@dataclass(frozen=True, slots=True)
class Captured:
    """A captured tree, the paths that differ from where it began, and what was left out."""

    tree: str
    files: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """What to capture: a worktree, an index of our own for it, the tree it began with, names to pass over."""

    git: Git
    work: Path
    index: Path
    start: str
    skip: tuple[str, ...] = ()

    async def run(self, *args: str, stdin: bytes = b"", ok: Sequence[int] = (0,)) -> bytes:
        """Git on this worktree with the private index."""
        return await self.git(*args, work_tree=self.work, index=self.index, stdin=stdin, ok=ok)


async def capture(source: Source) -> Captured:
    """Write the worktree's files as a tree into the mirror.

    Symbolic links are captured as links. Ignored files and `codex-runs` are left out, and with a warning
    embedded repositories and names that are never written (not UTF-8, with a backslash, like `.git`).

    Raises:
        GitError: a file could not be read, or git failed.
    """
    # A lock that a killed git left: this index has one user at a time.
    source.index.with_name(f"{source.index.name}.lock").unlink(missing_ok=True)
    wanted = listing([":(top)", *_passed_over(source)])
    add = ("add", "--all", "--pathspec-from-file=-", "--pathspec-file-nul")
    done = await source.git.run(add, work_tree=source.work, index=source.index, stdin=wanted)
    warnings: list[str] = []
    if done.exit_code != 0:  # for instance: an embedded repository without a commit stops git
        warnings += await _add_one_by_one(source)
    tree, records = await _written(source)
    bad = [name for raw, name in records if raw.split(" ")[1] == GITLINK or not _writable(name)]
    if not bad:
        return Captured(tree, tuple(name for _, name in records), tuple(warnings))
    warnings += sentence_about("Embedded repositories and unusable names are left out", bad)
    await _restore(source, bad)
    tree, records = await _written(source)
    return Captured(tree, tuple(name for _, name in records), tuple(warnings))


def _passed_over(source: Source) -> list[str]:
    return [
        f":(top,exclude,icase){RUNS_FOLDER}",
        *(f":(top,exclude,literal){name}" for name in source.skip),
    ]


async def _add_one_by_one(source: Source) -> list[str]:
    others = await source.run("ls-files", "-z", "--others", "--exclude-standard")
    names = [name for name in fields(others) if not _skipped(source, name)]
    repositories = [name for name in names if name.endswith("/")]
    await source.run("add", "--update", "--", ":/")
    files = [name for name in names if not name.endswith("/")]
    if files:
        await source.run("update-index", "-z", "--add", "--replace", "--stdin", stdin=listing(files))
    return sentence_about("Embedded repositories are left out", repositories)


def _skipped(source: Source, name: str) -> bool:
    top = name.split("/", 1)[0].casefold()
    return top == RUNS_FOLDER or any(name == skip or name.startswith(f"{skip}/") for skip in source.skip)


async def _restore(source: Source, names: list[str]) -> None:
    """Put names back in the index as they were at the start (for new ones: take them out)."""
    await source.run("update-index", "-z", "--force-remove", "--stdin", stdin=listing(names))
    out = await source.run("ls-tree", "-r", "-z", "--full-tree", source.start)
    wanted = set(names)
    rows = [row for row in fields(out) if row.partition("\t")[2] in wanted]
    if rows:
        await source.run("update-index", "-z", "--index-info", stdin=listing(rows))


async def _written(source: Source) -> tuple[str, list[tuple[str, str]]]:
    """The index as a tree, and how it differs from the start."""
    difference = source.run("diff-index", "--cached", "--raw", "-z", "--no-renames", source.start)
    tree, out = await asyncio.gather(source.run("write-tree"), difference)
    return text(tree), list(pairs(fields(out)))


def _writable(name: str) -> bool:
    try:
        check_relative(name)
    except UnsafePathError:
        return False
    return is_text(name)
