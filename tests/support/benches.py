"""A repository, a change that an attempt made there, and an order to apply it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sextet.model.outcome import Change
from sextet.model.patch import ChangeSet
from sextet.model.run import Base
from sextet.workspace import changeset, snapshot
from sextet.workspace.apply import Order, Plan, plan, revert
from sextet.workspace.worktree import Workshop
from support import repos
from support.repos import Content, Link, Program, write

RUN: Final = "20261122-143005-fix-add-7f3a"
FILES: Final[Mapping[str, Content]] = {
    "a.txt": "".join(f"line {number}\n" for number in range(30)),
    "bin/run": Program(b"#!/bin/sh\n"),
    "link": Link("a.txt"),
    "raw": b"\0\xff",
    "dos.txt": b"a\r\nb\r\n",
    "gone/deep/x": "x",
    "folder/f": "f",
    "file": "was a file",
    ".gitignore": "*.log\nvendor\n",
}
CHANGES: Final[Mapping[str, Content | None]] = {
    "a.txt": "".join(f"line {number}\n" for number in range(29)) + "last\n",
    "link": Link("raw"),
    "raw": b"\0\xfe",
    "dos.txt": b"a\r\nB\r\n",
    "gone/deep/x": None,
    "new/dir/y": Program(b"y"),
    "folder/f": None,
    "file": None,
    "🦊 new\nname": "n",
}


class Bench:
    """All that a test of applying needs."""

    def __init__(self, shop: Workshop, base: Base, change: Change) -> None:
        self.shop, self.base, self.change = shop, base, change
        self.top = shop.repository.top
        self.order = Order(by="Ada", state=shop.folder)

    async def changes(self) -> ChangeSet:
        return await changeset.diff(self.shop.mirror, self.change.start, self.change.tree)

    async def plan(self) -> Plan:
        return await plan(self.shop.repository, self.shop.mirror, await self.changes())

    async def revert(self, apply_id: str) -> Plan:
        return await revert(self.shop.repository, self.shop.mirror, apply_id, self.order)

    async def result(self) -> dict[str, Content]:
        return repos.read((await self.shop.shared(self.change.tree)).path)


async def bench(
    where: Path,
    files: Mapping[str, Content | None] | None = None,
    changes: Mapping[str, Content | None] | None = None,
) -> Bench:
    """A repository of `files` in which an attempt made `changes`; without them one of every sort."""
    top = repos.make(where / "my repo", FILES if files is None else files)
    shop = await repos.workshop(top, where / "state")
    base = await snapshot.take(shop.mirror, shop.repository, run_id=RUN)
    attempt = await shop.attempt(RUN, "implement-1-1", 1, base.tree)
    write(attempt.path, CHANGES if changes is None else changes)
    if changes is None:
        (attempt.path / "folder").rmdir()
        write(attempt.path, {"folder": "a file now", "file/inner": "a folder now"})
        (attempt.path / "bin/run").chmod(0o644)
    return Bench(shop, base, await shop.capture(attempt))
