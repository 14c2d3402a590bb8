"""What no orchestrator can beat on this machine: bare calls and bare programs."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from measure import MS, Row, median, spread, wall

from support import repos

LINE = b"x" * 300 + b"\n"


def timed(call: Callable[[int], object], rounds: int) -> list[float]:
    """Milliseconds of each call."""
    found = []
    for number in range(rounds):
        began = time.perf_counter()
        call(number)
        found.append((time.perf_counter() - began) * MS)
    return found


def sync(folder: Path) -> list[float]:
    """One line appended and brought to the disk."""
    with (folder / "appended").open("ab", buffering=0) as file:

        def append(_: int) -> None:
            file.write(LINE)
            os.fdatasync(file.fileno())

        return timed(append, 200)


def pipe() -> list[float]:
    """One line through a pipe of this process."""
    reader, writer = os.pipe()

    def pass_on(_: int) -> None:
        os.write(writer, LINE)
        os.read(reader, 1_000)

    found = timed(pass_on, 2_000)
    os.close(reader)
    os.close(writer)
    return found


def claim_folder(folder: Path) -> list[float]:
    """The calls of a claim and its view and nothing else: two folders, two files, two renames."""
    base = os.open(folder, os.O_RDONLY)

    def write(name: str) -> None:
        fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=base)
        os.write(fd, LINE)
        os.close(fd)

    def claim(number: int) -> None:
        os.mkdir(f"prepared-{number}", dir_fd=base)
        write(f"prepared-{number}/owner.json")
        os.mkdir(f"task-{number}", dir_fd=base)
        os.rename(f"prepared-{number}", f"task-{number}/1", src_dir_fd=base, dst_dir_fd=base)
        write(f".view-{number}")
        os.rename(f".view-{number}", f"view-{number}", src_dir_fd=base, dst_dir_fd=base)

    found = timed(claim, 500)
    os.close(base)
    return found


def worktree(folder: Path) -> list[float]:
    """`git worktree add` of 500 files."""
    top = repos.make(folder / "bare", {f"d{n % 20}/f{n}.py": f"x = {n}\n" * 40 for n in range(500)})
    argv = ["git", "-C", str(top), "worktree", "add", "-q", "--detach"]
    return [wall([*argv, str(folder / f"tree-{n}")], repos.ENVIRONMENT) * MS for n in range(7)]


def rows(folder: Path) -> list[Row]:
    """The figures."""
    folder.mkdir()
    python = [wall([sys.executable, "-c", "pass"]) * MS for _ in range(15)]
    found = {
        "append a line and fdatasync it": sync(folder),
        "a line through a pipe": pipe(),
        "the bare calls of a claim and its view": claim_folder(folder),
        "python -c pass": python,
        "git worktree add, 500 files": worktree(folder),
    }
    return [Row(name, median(each), "ms", peer=spread(each, "ms")) for name, each in found.items()]
