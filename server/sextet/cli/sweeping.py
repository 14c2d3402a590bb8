"""What `clean` removes: worktrees of ended runs, and runs beyond `sextet.runs.keep`; nothing uncaptured."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import click

from sextet.cli.doors import Here, place_of, writing
from sextet.cli.exits import APPROVED, WAITS
from sextet.cli.shows import out_json
from sextet.errors import BusyError
from sextet.model.names import ENDED
from sextet.service.place import Place
from sextet.store import runs
from sextet.store.layout import RUNS
from sextet.workspace.worktree import Workshop, Worktree


@dataclass(frozen=True, slots=True)
class Waste:
    """Something that could go."""

    what: str
    path: Path
    size: int
    """Bytes on the disk."""
    worktree: Worktree | None = None
    run_id: str = ""
    """Either is set."""


async def sweep(folder: Path, *, yes: bool, as_json: bool) -> int:
    """Show what could go, ask, remove it.

    Raises:
        BusyError: a run is at work here.
    """
    place = await place_of(folder)
    async with writing(place) as door:
        if not isinstance(door, Here):
            raise BusyError("A Sextet is at work on this folder.", next_step="Clean up when it has ended.")
        workshop = await place.workshop()
        found, kept = await asyncio.to_thread(_look, place, workshop)
        _tell(found, kept, as_json=as_json, yes=yes)
        if not found:
            return APPROVED
        if not yes and (as_json or not await _agreed()):
            return WAITS if as_json else APPROVED
        for waste in found:
            await _remove(place, workshop, waste)
    if not as_json:
        click.echo(f"Removed: {_size(sum(waste.size for waste in found))}.")
    return APPROVED


async def _agreed() -> bool:
    def ask() -> bool:
        return click.confirm("Remove it?", default=False)

    return await asyncio.to_thread(ask)


def _look(place: Place, workshop: Workshop) -> tuple[list[Waste], list[str]]:
    """What could go, and sentences about what stays although its run has ended."""
    ended = [run for run in runs.list_runs(place.top, place.state) if run.ours and run.state in ENDED]
    keep = place.settings().settings.runs_keep
    found: list[Waste] = []
    kept: list[str] = []
    for number, run in enumerate(ended):
        left = workshop.leftovers(run.id)
        lost = [each for each in left if not each.captured]
        found += [_worktree(each) for each in left if each.captured]
        kept += [
            f"{each.path} holds work that was not captured; it stays, and so does its run." for each in lost
        ]
        if number >= keep and not lost:
            path = place.top / RUNS / run.id
            what = f"run {run.id}, and what the mirror keeps of its attempts"
            found.append(Waste(what, path, size_of(path), run_id=run.id))
    return found, kept


def _worktree(left: Worktree) -> Waste:
    what = f"worktree of {left.task_id}, attempt {left.epoch}"
    return Waste(what, left.home, size_of(left.home), left)


def _tell(found: Iterable[Waste], kept: list[str], *, as_json: bool, yes: bool) -> None:
    found = list(found)
    if as_json:
        listed = [{"what": each.what, "path": str(each.path), "bytes": each.size} for each in found]
        out_json({"type": "clean", "removed": yes, "found": listed, "kept": kept})
        return
    for each in found:
        click.echo(f"{_size(each.size):>10}  {each.what}  {each.path}")
    for sentence in kept:
        click.echo(sentence)
    if not found:
        click.echo("There is nothing to remove.")


async def _remove(place: Place, workshop: Workshop, waste: Waste) -> None:
    if waste.worktree is not None:
        await workshop.discard(waste.worktree)
        return
    workshop.forget(waste.run_id)
    await workshop.mirror.forget(waste.run_id)  # before the folder: cut off in between, it is found again
    await asyncio.to_thread(runs.remove, place.top, place.state, waste.run_id)


def size_of(folder: Path) -> int:
    """Bytes that a folder takes on the disk; links are not followed."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            total += os.lstat(os.path.join(path, name)).st_blocks * 512  # noqa: PTH118 -- a hot loop
    return total


def _size(number: int) -> str:
    return f"{number / 1024:.0f} KiB" if number < 1 << 20 else f"{number / (1 << 20):.1f} MiB"
