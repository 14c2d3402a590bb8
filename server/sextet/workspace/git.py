"""Git as we run it: hardened flags, an allow-listed environment, and errors with a sentence."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from sextet.errors import GitError, ProcessError, RepositoryError
from sextet.system.processes import Completed, run

OLDEST = (2, 38)
"""The first git with `merge-tree --write-tree`."""
TIMEOUT = 600.0
"""Seconds that one git command may take."""
OUTPUT_LIMIT = 1 << 29
"""Bytes of output that one git command may give."""

_HARDENED: Mapping[str, str] = {
    # What a repository's own config could make git run.
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.pager": "cat",
    "core.sshCommand": "false",
    "core.askPass": "",
    "credential.helper": "",
    "diff.external": "",
    "protocol.allow": "never",
    "submodule.recurse": "false",
    # Bytes are bytes: nothing is converted on the way in or out.
    "core.attributesFile": os.devnull,
    "core.autocrlf": "false",
    "core.safecrlf": "false",
    "core.fileMode": "true",
    "core.symlinks": "true",
    "core.protectHFS": "true",
    "core.protectNTFS": "true",
    # Nothing happens behind our back, and every index is a plain one.
    "gc.auto": "0",
    "i18n.commitEncoding": "UTF-8",
    "maintenance.auto": "false",
    "core.logAllRefUpdates": "false",
    "core.sparseCheckout": "false",
    "core.splitIndex": "false",
    "core.untrackedCache": "false",
    "advice.addEmbeddedRepo": "false",
}
_REMEDIES: Mapping[str, str] = {
    "No space left on device": "Free some space (`sextet clean` shows what Sextet keeps), then try again.",
    "Out of diskspace": "Free some space (`sextet clean` shows what Sextet keeps), then try again.",
    "Disk quota exceeded": "Free some space (`sextet clean` shows what Sextet keeps), then try again.",
    "Read-only file system": "Make the file system writable again, then try again.",
    "Permission denied": "Give yourself access to what is named there, then try again.",
    "not a valid object name": "Check the repository with `git fsck`.",
    "bad object": "Check the repository with `git fsck`.",
    "corrupt": "Check the repository with `git fsck`.",
    "failed to unpack tree": "Check the repository with `git fsck`.",
}
"""What a person can do when git's own words say so."""

_FLAGS = tuple(part for key, value in _HARDENED.items() for part in ("-c", f"{key}={value}"))

_INHERITED = frozenset(
    {
        "HOME",
        "LOGNAME",
        "PATH",
        "TMPDIR",
        "USER",
        "XDG_CONFIG_HOME",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_CONFIG_SYSTEM",
    }
)
_NAME, _EMAIL, _DATE = "Sextet", "sextet@localhost", "946684800 +0000"
IDENTITY = f"{_NAME} <{_EMAIL}> {_DATE}"
"""Who makes every commit of ours, and when: so the same content gets the same id."""

_FIXED: Mapping[str, str] = {
    "LC_ALL": "C",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": _NAME,
    "GIT_AUTHOR_EMAIL": _EMAIL,
    "GIT_AUTHOR_DATE": _DATE,
    "GIT_COMMITTER_NAME": _NAME,
    "GIT_COMMITTER_EMAIL": _EMAIL,
    "GIT_COMMITTER_DATE": _DATE,
}


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What git sees of our environment: an allow-list, a fixed identity, and `extra`."""
    inherited = {key: os.environ[key] for key in _INHERITED if key in os.environ}
    return {**inherited, **_FIXED, **(extra or {})}


class Git:
    """Git on one git directory, whatever its config says.

    The user's and the system's config count (excludes, `safe.directory`); what executes something and what
    converts bytes is overridden in every call.
    """

    def __init__(self, git_dir: Path | None) -> None:
        self.git_dir = git_dir
        """None lets git find it from `cwd`."""

    async def __call__(
        self,
        *args: str,
        cwd: Path | None = None,
        work_tree: Path | None = None,
        index: Path | None = None,
        stdin: bytes = b"",
        ok: Collection[int] = (0,),
    ) -> bytes:
        """Run `git <args>` and return its stdout.

        Args:
            args: the command and its options.
            cwd: where it runs; the work tree, else the git directory, when not given.
            work_tree: top of the files that the command works on.
            index: an index file of our own.
            stdin: what it reads.
            ok: exit codes that are no error.

        Raises:
            GitError: it ended with another exit code.
            RepositoryError: git is not installed.
        """
        done = await self.run(args, cwd=cwd, work_tree=work_tree, index=index, stdin=stdin)
        if done.exit_code not in ok:
            raise _failure(args, done)
        return done.stdout

    async def run(
        self,
        args: Sequence[str],
        *,
        cwd: Path | None = None,
        work_tree: Path | None = None,
        index: Path | None = None,
        stdin: bytes = b"",
    ) -> Completed:
        """As a call, but every exit code is the caller's to judge."""
        extra = {} if index is None else {"GIT_INDEX_FILE": str(index)}
        if self.git_dir is not None:
            extra["GIT_DIR"] = str(self.git_dir)
        if work_tree is not None:
            extra["GIT_WORK_TREE"] = str(work_tree)
        try:
            return await run(
                ["git", *_FLAGS, *args],
                cwd=cwd or work_tree or self.git_dir or Path("/"),
                env=environment(extra),
                stdin=stdin,
                timeout=TIMEOUT,
                limit=OUTPUT_LIMIT,
            )
        except ProcessError as error:
            await version()  # says so when git itself is what is missing
            raise GitError(
                f"git {args[0]} did not end as it should: {error.what}", next_step=error.next_step
            ) from error

    async def blobs(self, oids: Iterable[str]) -> dict[str, bytes]:
        """The bytes of each blob, read by one process.

        Raises:
            GitError: one of them is missing.
        """
        wanted = sorted(set(oids))
        if not wanted:
            return {}
        out = await self("cat-file", "--batch", stdin="".join(f"{oid}\n" for oid in wanted).encode())
        found, at = {}, 0
        for oid in wanted:
            end = out.index(b"\n", at)
            header = out[at:end].split(b" ")
            if header[-1] == b"missing":
                raise GitError(f"Object {oid} is missing from the mirror.", next_step="Start the run again.")
            size = int(header[2])
            found[oid] = out[end + 1 : end + 1 + size]
            at = end + size + 2
        return found

    async def sizes(self, oids: Iterable[str]) -> dict[str, int]:
        """The length of each blob in bytes; missing ones are left out."""
        wanted = sorted(set(oids))
        if not wanted:
            return {}
        ask = "".join(f"{oid}\n" for oid in wanted).encode()
        out = await self("cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=ask)
        rows = (line.split(" ") for line in out.decode().splitlines())
        return {oid: int(size) for oid, size in rows if size != "missing"}

    async def write_blob(self, data: bytes) -> str:
        """Store bytes as they are; returns the blob's id."""
        return text(await self("hash-object", "-w", "--no-filters", "--stdin", stdin=data))


def text(output: bytes) -> str:
    """One line of output without its newline (paths may hold any byte: surrogate escapes)."""
    return os.fsdecode(output.removesuffix(b"\n"))


def fields(output: bytes) -> list[str]:
    """NUL-terminated fields of output (`-z`)."""
    return [os.fsdecode(field) for field in output.split(b"\0")[:-1]]


def listing(names: Iterable[str]) -> bytes:
    """Names as the NUL-terminated input of `--stdin -z`."""
    return b"".join(os.fsencode(name) + b"\0" for name in names)


def _failure(args: Sequence[str], done: Completed) -> GitError:
    tail = done.stderr[-2_000:].decode("utf-8", "replace").strip()
    last = tail.splitlines()[-1] if tail else f"exit code {done.exit_code}"
    facts = {"argv": list(args), "exit_code": done.exit_code, "stderr": tail}
    step = next((step for sign, step in _REMEDIES.items() if sign in tail), "")
    return GitError(f"git {args[0]} failed: {last}", next_step=step, **facts)


@functools.cache
def _found() -> dict[str, tuple[int, int]]:
    return {}


async def version() -> tuple[int, int]:
    """Git's version, asked once per process.

    Raises:
        RepositoryError: there is no git, or it is older than 2.38.
    """
    if "git" in _found():
        return _found()["git"]
    try:
        done = await run(
            ["git", "--version"], cwd=Path("/"), env=environment(), stdin=b"", timeout=60.0, limit=10_000
        )
    except (ProcessError, OSError) as error:
        raise RepositoryError(
            "Git was not found.", next_step="Install git 2.38 or newer and make sure it is on PATH."
        ) from error
    said = done.stdout.decode("utf-8", "replace").strip()
    match = re.search(r"(\d+)\.(\d+)", said)
    number = (int(match[1]), int(match[2])) if match else (0, 0)
    if number < OLDEST:
        raise RepositoryError(
            f"Sextet needs git 2.38 or newer; this is {said or 'an unknown version'}.",
            next_step="Install a newer git and make sure it comes first on PATH.",
        )
    _found()["git"] = number
    return number
