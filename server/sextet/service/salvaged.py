"""What agents wrote and nobody integrated: captured from attempts that were stopped, failed or died."""

from __future__ import annotations

import os
from pathlib import Path

from sextet.service.place import Place
from sextet.service.upkeep_results import Salvaged
from sextet.workspace.git import Git
from sextet.workspace.mirror import REFS


def mirror_of(place: Place) -> Path:
    """The private clone that holds the commits."""
    return place.state.mirror


async def salvaged(place: Place) -> tuple[Salvaged, ...]:
    """Everything under `refs/sextet/*/salvage`, the oldest run first; empty before the first run.

    Raises:
        GitError: git failed.
    """
    if not mirror_of(place).is_dir():
        return ()
    pattern = f"{REFS}*/salvage/**"
    out = await Git(mirror_of(place))("for-each-ref", "--format=%(objectname) %(refname)", pattern)
    found = []
    for line in os.fsdecode(out).splitlines():
        commit, _, ref = line.partition(" ")
        run_id, _, task_id, epoch = ref.removeprefix(REFS).split("/")
        found.append(Salvaged(run_id=run_id, task_id=task_id, epoch=int(epoch), commit=commit))
    return tuple(found)
