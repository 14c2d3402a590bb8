"""Real git repositories made from a dict of files, and a hash of everything in a `.git`."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sextet.workspace.mirror import Mirror
from sextet.workspace.repository import inspect
from sextet.workspace.worktree import Workshop

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "gc.auto",
    "GIT_CONFIG_VALUE_0": "0",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
}


@dataclass(frozen=True)
class Link:
    """A symbolic link in a dict of files."""

    target: str


@dataclass(frozen=True)
class Program:
    """An executable file in a dict of files."""

    data: bytes


Content = str | bytes | Link | Program


LEFT_AS: dict[Path, str] = {}
"""The fingerprint of each repository's `.git` as its user left it: after `make` and each `git`."""


def settle(where: Path) -> None:
    """What is in `.git` now is the user's own doing."""
    if (where / ".git").is_dir():
        LEFT_AS[where] = fingerprint(where / ".git")


def touched() -> list[Path]:
    """The repositories whose `.git` is not as their user left it (`invariant 4`)."""
    there = ((where, left) for where, left in LEFT_AS.items() if (where / ".git").is_dir())
    return [where for where, left in there if fingerprint(where / ".git") != left]


def git(where: Path, *args: str, ok: tuple[int, ...] = (0,)) -> str:
    """Plain git, as a user runs it."""
    done = subprocess.run(["git", *args], cwd=where, env=ENVIRONMENT, capture_output=True, check=False)
    assert done.returncode in ok, (args, done.stderr)
    if where in LEFT_AS:
        settle(where)
    return done.stdout.decode("utf-8", "surrogateescape").strip()


def write(where: Path, files: Mapping[str, Content | None]) -> None:
    """Put files into a folder; None removes one."""
    for name, content in files.items():
        path = where / name
        if os.path.lexists(path):
            path.unlink()
        if content is None:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            path.symlink_to(content.target)
        elif isinstance(content, Program):
            path.write_bytes(content.data)
            path.chmod(0o755)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)


def read(where: Path) -> dict[str, Content]:
    """All files below a folder except `.git`, as `write` takes them."""
    found: dict[str, Content] = {}
    for folder, folders, names in os.walk(where):
        folders[:] = [name for name in folders if name != ".git"]
        for name in [*names, *(name for name in folders if (Path(folder) / name).is_symlink())]:
            path = Path(folder) / name
            if name == ".git":
                continue
            key = str(path.relative_to(where))
            if path.is_symlink():
                found[key] = Link(str(path.readlink()))
            else:
                data = path.read_bytes()
                found[key] = Program(data) if path.stat().st_mode & 0o100 else data
    return found


def make(where: Path, files: Mapping[str, Content | None] | None = None, *, commit: bool = True) -> Path:
    """A repository on branch `main` with one commit of `files`."""
    where.mkdir(parents=True, exist_ok=True)
    git(where, "init", "-q", "-b", "main")
    write(where, files or {})
    if commit:
        git(where, "add", "-A")
        git(where, "commit", "-q", "--allow-empty", "-m", "First")
    settle(where)
    return where


def fingerprint(folder: Path) -> str:
    """A hash of every name, mode, link target and byte below a folder; times do not count."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        digest.update(
            f"{path.relative_to(folder)!s}\0{status.st_mode:o}\0".encode("utf-8", "surrogateescape")
        )
        if stat.S_ISLNK(status.st_mode):
            digest.update(os.fsencode(path.readlink()))
        elif stat.S_ISREG(status.st_mode):
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


async def workshop(top: Path, state: Path) -> Workshop:
    """The workshop of a repository."""
    repository = await inspect(top)
    return Workshop(repository, await Mirror.open(repository, state), state)
