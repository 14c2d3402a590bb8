"""Patches: from captured to shown, written beside git's own checkout, and collisions known beforehand."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from measure import MS, Row, median, spread, stopwatch

from sextet.model.names import RunState
from sextet.model.outcome import Change
from sextet.service.inbox import Inbox
from sextet.workspace import changeset
from sextet.workspace.apply import Order, apply, plan, revert
from sextet.workspace.collisions import Side, collisions
from sextet.workspace.mirror import Mirror
from sextet.workspace.peek import peek
from sextet.workspace.repository import inspect
from sextet.workspace.worktree import Workshop
from support import repos
from support.runs import Shop, scenario, shell, shop

SHOWN = 1_000
"""Files of the change set that is captured and shown."""
WRITTEN = 200
"""Files of the patch that is written beside git."""
MANY = 5_000
"""Files of a very large one."""
TREE = 8_000
"""Files of the repository in which four agents are at work."""
RUN = "20261122-143005-bench-7f3a"


# Capture and show ---------------------------------------------------------------------------------
def shown(folder: Path, rounds: int) -> list[Row]:
    """A patch in which every file was touched by two tasks, so that each line has to be given to one."""
    top = repos.make(folder / "repo", {f"p{n % 20}/f{n}.txt": text(f"line of {n}") for n in range(SHOWN)})
    items = {
        "one": {"actions": [shell(edit("5 ", "five ") + edit("50 ", "fifty "))]},
        "two": {"actions": [shell(edit("25 ", "middle "))], "dependsOn": ["one"]},
    }
    roles = {"tester": {"sandbox": "off"}, "implementer": {"sandbox": "workspace-write"}}
    settings = {"tester": {"commands": ["true"], "sandbox": False}, "roles": roles}
    plays = folder / "plan.json"
    plays.write_text(json.dumps(scenario(items, settings=settings)))
    capture, show = asyncio.run(_shown(top, plays, rounds))
    return [
        Row("capture of 1 000 changed files", median(capture), "s", peer=spread(capture, "s")),
        Row("diff, hunks and their authors of it", median(show), "s", peer=spread(show, "s")),
        Row("captured and shown", median(capture) + median(show), "s", 2, peer="both together"),
    ]


def edit(old: str, new: str) -> str:
    """Replace the beginning of one line in every file."""
    return f"find p* -type f | xargs sed -i 's/^{old}/{new}/'; "


def text(what: str) -> str:
    """Sixty lines."""
    return "".join(f"{number} is a {what}\n" for number in range(1, 61))


async def _shown(top: Path, plays: Path, rounds: int) -> tuple[list[float], list[float]]:
    captured: list[float] = []
    showed: list[float] = []
    async with shop(top) as it:
        run_id = await it.start(plays)
        assert await it.orchestrator.wait(run_id) is RunState.COMPLETED
        for number in range(rounds):
            await _capture(it, run_id, number, captured)
            object.__setattr__(it.orchestrator.place, "inbox", Inbox())  # one that has drawn nothing yet
            with stopwatch(showed):
                detail = await it.call("patch/get", runId=run_id, patchId="patch-1")
            assert len(detail.hunks) == 3 * SHOWN
            assert {each.tasks for each in detail.hunks} == {("implement-1-1",), ("implement-1-2",)}
    return captured, showed


async def _capture(it: Shop, run_id: str, number: int, took: list[float]) -> None:
    workshop = await it.orchestrator.place.workshop()
    base = it.view(run_id).bases[1].tree
    worktree = await workshop.attempt(run_id, "implement-1-9", number + 1, base)
    repos.write(worktree.path, {f"p{n % 20}/f{n}.txt": text(f"line {number} of {n}") for n in range(SHOWN)})
    with stopwatch(took):
        change = await workshop.capture(worktree)
    assert len(change.files) == SHOWN
    await workshop.discard(worktree)


# Write --------------------------------------------------------------------------------------------
class Lanes:
    """The same two commits in a clone that git checks out and in a work tree of ours."""

    def __init__(self, folder: Path, files: int) -> None:
        self.folder = folder
        self.files = files
        self.top = repos.make(folder / "repo", self._tree(""))
        self.clone = folder / "clone"
        self.old = repos.git(self.top, "rev-parse", "HEAD")
        repos.git(folder, "clone", "-q", str(self.top), str(self.clone))
        repos.write(self.clone, self._tree("changed"))
        repos.git(self.clone, "commit", "-qam", "New")
        self.new = repos.git(self.clone, "rev-parse", "HEAD")

    def _tree(self, word: str) -> dict[str, str]:
        more = range(self.files, 2 * self.files)  # files that stay as they are
        changed = {self._name(n): f"VALUE = {n} {word}\n" * 40 for n in range(self.files)}
        return changed | {self._name(n): f"VALUE = {n}\n" * 40 for n in more}

    @staticmethod
    def _name(number: int) -> str:
        return f"src/part{number % 40}/module{number}.py"

    def checkout(self) -> tuple[float, float]:
        """Seconds of git alone, and with a sync after it; what it replaces is on the disk."""
        repos.git(self.clone, "checkout", "-q", self.old)
        os.sync()
        began = time.perf_counter()
        repos.git(self.clone, "checkout", "-q", self.new)
        took = time.perf_counter() - began
        subprocess.run(["sync", "-f", str(self.clone)], check=True)
        return took, time.perf_counter() - began

    async def ours(self, mirror: Mirror) -> tuple[float, float, float]:
        """Seconds of the look, of the apply after it, and of taking it back."""
        repository = await inspect(self.top)
        order = Order(by="bench", state=self.folder / "state")
        trees = [await mirror.tree_of(commit) for commit in (self.old, self.new)]
        changes = await changeset.diff(mirror, *trees)
        assert len(changes.files) == self.files
        os.sync()
        times = [time.perf_counter()]
        found = await plan(repository, mirror, changes)
        times.append(time.perf_counter())
        applied = await apply(found, order)
        times.append(time.perf_counter())
        os.sync()
        began = time.perf_counter()
        await apply(await revert(repository, mirror, applied.id, order), order)
        return times[1] - times[0], times[2] - times[1], time.perf_counter() - began

    async def mirror(self) -> Mirror:
        """With the objects of both commits."""
        made = await Mirror.open(await inspect(self.top), self.folder / "state")
        await made.git("-c", "protocol.file.allow=always", "fetch", "-q", str(self.clone), self.new)
        return made


def written(folder: Path, files: int, rounds: int) -> list[Row]:
    """Ours beside git's, in turn."""
    lanes = Lanes(folder, files)
    git, synced, look, ours, back = zip(*asyncio.run(_written(lanes, rounds)), strict=True)
    ratio = median([a / b for a, b in zip(ours, git, strict=True)])
    secure = median([a / b for a, b in zip(ours, synced, strict=True)])
    words = f"{median(ours) * MS:.0f} ms beside {median(git) * MS:.0f} ms; {spread(ours, 'ms', MS)}"
    name = f"apply {files} files"
    found = [
        Row(f"{name}, beside git checkout", ratio, "x", 1.5 if files == WRITTEN else None, peer=words),
        Row(f"{name}, beside git checkout and sync", secure, "x", peer=f"{median(synced) * MS:.0f} ms"),
        Row("  the look before it", median(look) * MS, "ms", peer=spread(look, "ms", MS)),
        Row("  taking it back, look and all", median(back) * MS, "ms", peer=spread(back, "ms", MS)),
    ]
    if files == MANY:
        found.insert(0, Row(f"{name}", median(ours), "s", peer=spread(ours, "s")))
    return found


async def _written(lanes: Lanes, rounds: int) -> list[tuple[float, ...]]:
    mirror = await lanes.mirror()
    return [(*lanes.checkout(), *await lanes.ours(mirror)) for _ in range(rounds)]


# Collisions ---------------------------------------------------------------------------------------
def foreseen(folder: Path, rounds: int) -> list[Row]:
    """Four agents that have changed files in common."""
    files = {f"p{n % 80}/q{n % 7}/f{n}.txt": f"line {n}\n" * 20 for n in range(TREE)}
    looks, merges, first = asyncio.run(_foreseen(folder, files, rounds))
    both = [look + merge for look, merge in zip(looks, merges, strict=True)]
    beside = f"{spread(merges, 'ms', MS)}; {first * MS:.0f} ms when no tree was seen before"
    return [
        Row("collisions of 4 changes, 8 000 files", median(merges) * MS, "ms", 150, peer=beside),
        Row("  with a look at their 4 worktrees", median(both) * MS, "ms", peer=spread(both, "ms", MS)),
    ]


async def _foreseen(
    folder: Path, files: Mapping[str, str], rounds: int
) -> tuple[list[float], list[float], float]:
    workshop: Workshop = await repos.workshop(repos.make(folder / "repo", files), folder / "state")
    tree = await workshop.mirror.tree_of(workshop.repository.head or "")
    worktrees = [await workshop.attempt(RUN, f"implement-1-{n}", 1, tree) for n in range(4)]
    names = sorted(files)
    for number, worktree in enumerate(worktrees):
        touched = names[number * 10 : number * 10 + 25]
        repos.write(worktree.path, {name: f"{number}\n{files[name]}" for name in touched})
    looks: list[float] = []
    merges: list[float] = []
    for _ in range(rounds + 1):
        changes: list[Change] = []
        with stopwatch(looks):
            changes = list(await asyncio.gather(*map(peek, worktrees)))
        sides = [Side(str(number), change) for number, change in enumerate(changes)]
        with stopwatch(merges):
            found = await collisions(workshop.mirror, tree, sides)
        assert {(each.one, each.other) for each in found} >= {("0", "1"), ("1", "2"), ("2", "3")}
    return looks[1:], merges[1:], merges[0]


def rows(folder: Path, rounds: int = 5) -> list[Row]:
    """The figures."""

    def place(name: str) -> Path:
        made = folder / name
        made.mkdir(parents=True)
        return made

    return [
        *shown(place("shown"), rounds),
        *written(place("written"), WRITTEN, 9),
        *written(place("many"), MANY, 3),
        *foreseen(place("foreseen"), rounds),
    ]
