"""What `clean` removes: worktrees of ended runs, and runs beyond `sextet.runs.keep`; nothing uncaptured."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from sextet.errors import BusyError, SextetError
from sextet.model.names import ENDED
from sextet.service.orchestrator import Orchestrator
from sextet.service.params import Clean
from sextet.service.place import Place
from sextet.service.shown import shown
from sextet.service.upkeep_results import CleanResult, Waste
from sextet.store import runs
from sextet.store.layout import RUNS
from sextet.store.runs import RunSummary
from sextet.workspace.worktree import Workshop, Worktree


@dataclass(frozen=True, slots=True)
class _Found:
    """Something that could go: a worktree, or else the whole run."""

    waste: Waste
    run_id: str
    worktree: Worktree | None = None


async def clean(orchestrator: Orchestrator, asked: Clean) -> CleanResult:
    """`clean`: what could go and what stays; without `dry_run` it is removed.

    Raises:
        BusyError: a run is at work here.
    """
    if orchestrator.at_work:
        raise BusyError(
            f"A run is at work on this folder ({', '.join(orchestrator.at_work)}).",
            next_step="Clean up when it has ended, or stop it first.",
        )
    await orchestrator.rest()
    found, kept = await _look(orchestrator.place)
    if not asked.dry_run:
        found, problems = await _remove_all(orchestrator, found)
        kept += problems
    return CleanResult(found=tuple(each.waste for each in found), kept=tuple(kept), removed=not asked.dry_run)


async def _look(place: Place) -> tuple[list[_Found], list[str]]:
    """What could go, and sentences about what stays although its run has ended."""
    known = await asyncio.to_thread(runs.list_runs, place.top, place.state)
    ended = [run for run in known if run.ours and run.state in ENDED]
    if not ended:  # a mirror is not made for this
        return [], []
    return await asyncio.to_thread(_sort, place, await place.workshop(), ended)


def _sort(place: Place, workshop: Workshop, ended: list[RunSummary]) -> tuple[list[_Found], list[str]]:
    keep = place.settings().settings.runs_keep
    found: list[_Found] = []
    kept: list[str] = []
    for number, run in enumerate(ended):
        left = workshop.leftovers(run.id)
        lost = [each for each in left if not each.captured]
        found += [_worktree(each) for each in left if each.captured]
        kept += [
            f"{shown(each.path)} holds work that was not captured; it stays, and so does its run."
            for each in lost
        ]
        if number >= keep and not lost:
            what = f"run {run.id}, and what the mirror keeps of its attempts"
            found.append(_Found(_waste(what, place.top / RUNS / run.id), run.id))
    return found, kept


def _worktree(left: Worktree) -> _Found:
    what = f"worktree of {left.task_id}, attempt {left.epoch}"
    return _Found(_waste(what, left.home), left.run_id, left)


def _waste(what: str, folder: Path) -> Waste:
    return Waste(what=what, path=shown(folder), bytes=size_of(folder))


async def _remove_all(orchestrator: Orchestrator, found: list[_Found]) -> tuple[list[_Found], list[str]]:
    """What has gone, and sentences about what could not be removed."""
    gone: list[_Found] = []
    problems: list[str] = []
    for each in found:
        try:
            async with orchestrator.shut(each.run_id):
                await _remove(orchestrator.place, each)
        except (SextetError, OSError) as error:
            problems.append(f"The {each.waste.what} could not be removed: {error}")
        else:
            gone.append(each)
    return gone, problems


async def _remove(place: Place, found: _Found) -> None:
    workshop = await place.workshop()
    if found.worktree is not None:
        await workshop.discard(found.worktree)
        return
    workshop.forget(found.run_id)
    await workshop.mirror.forget(found.run_id)  # before the folder: cut off in between, it is found again
    await asyncio.to_thread(runs.remove, place.top, place.state, found.run_id)


def size_of(folder: Path) -> int:
    """Bytes that a folder takes on the disk; links are not followed."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            total += os.lstat(os.path.join(path, name)).st_blocks * 512  # noqa: PTH118 -- a hot loop
    return total
