"""After a crash: what was cut off while a patch was written, and what of the work can go on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

from sextet.errors import StoreError
from sextet.model.base import Record
from sextet.model.names import ENDED
from sextet.service.orchestrator import Orchestrator
from sextet.service.place import Place
from sextet.service.salvaged import mirror_of, salvaged
from sextet.service.shown import shown
from sextet.service.snapshot import line
from sextet.service.upkeep_results import RecoverList
from sextet.store import runs
from sextet.store.lock import SupervisorLock
from sextet.workspace import apply as writer
from sextet.workspace.images import Journal, load


async def recover(place: Place) -> tuple[str, ...]:
    """Finish or take back what a crash cut off while a patch was written; sentences about it."""
    found = await writer.recover(place.repository, place.state.path, await place.buffers())
    return tuple(_sentence(each.applied.id, each.left, complete=each.complete) for each in found)


async def listing(orchestrator: Orchestrator, _: Record) -> RecoverList:
    """`recover/list`: runs that can go on, work that was kept, patches that were cut off; only a look."""
    place = orchestrator.place
    known = await asyncio.to_thread(runs.list_runs, place.top, place.state)
    waiting = (run for run in known if run.ours and run.state not in ENDED)
    unclear = _may_be_writing(orchestrator)
    return RecoverList(
        runs=tuple(line(run, live=False) for run in waiting if not orchestrator.driven(run.id)),
        salvaged=await salvaged(place),
        mirror=shown(mirror_of(place)),
        applies=() if unclear else await asyncio.to_thread(cut_off, place.state.applies),
    )


def _may_be_writing(orchestrator: Orchestrator) -> bool:
    """Whether an unfinished apply may be one that is going on just now."""
    if orchestrator.supervising:
        return orchestrator.place.applying.locked()
    return SupervisorLock(orchestrator.place.state).holder() is not None


def cut_off(applies: Path) -> tuple[str, ...]:
    """Sentences about applies that nobody has finished yet, or that could not be taken back completely.

    Of the latter only the latest apply counts: whoever has applied something since has seen the files.

    Args:
        applies: the folder of all applies.
    """
    said: list[str] = []
    journals: list[Journal] = []
    for home in sorted(applies.glob("apply-*")):
        try:
            journal = load(home)
        except StoreError as error:
            said.append(str(error))
            continue
        if journal is not None:
            journals.append(journal)
    journals.sort(key=lambda each: each.applied.at)
    for each in journals:
        if each.state == "writing":
            files = len(each.entries)
            said.append(
                f"An apply was cut off ({each.applied.id}, {files} files). `sextet recover`, or whatever is"
                " changed next, finishes it or takes it back."
            )
    if journals and journals[-1].state == "undone" and journals[-1].left:
        said.append(_sentence(journals[-1].applied.id, journals[-1].left, complete=False))
    return tuple(said)


def _sentence(apply_id: str, left: Iterable[str], *, complete: bool) -> str:
    what = "was completed" if complete else "was taken back"
    names = ", ".join(left)
    rest = f"; changed since and left alone: {names}" if names else ""
    return f"An apply that was cut off ({apply_id}) {what}{rest}."
