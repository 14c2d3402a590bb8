"""Origins: what an attempt's change is measured from, when it goes on with what an earlier one left."""

from __future__ import annotations

import os
from typing import NamedTuple

from sextet.model.outcome import Change
from sextet.workspace.git import text
from sextet.workspace.mirror import REFS, Mirror


class Left(NamedTuple):
    """A commit to check out, and the commit and tree that changes are measured from."""

    commit: str
    origin: str
    origin_tree: str


async def left(mirror: Mirror, run_id: str, task_id: str, tree: str) -> Left | None:
    """The latest of a task's captured trees that is `tree`, and what it was measured from."""
    refs = [f"{REFS}{run_id}/{sort}/{task_id}/" for sort in ("salvage", "attempts")]
    out = await mirror.git(
        "for-each-ref", "--sort=-refname:lstrip=-1", "--format=%(tree) %(objectname) %(parent)", *refs
    )
    for line in os.fsdecode(out).splitlines():
        its, commit, parent = line.split(" ")
        if its == tree:
            return Left(commit, parent, await mirror.tree_of(parent))
    return None


async def found(mirror: Mirror, run_id: str, tree: str) -> Left:
    """A commit with this tree; work that was salvaged is measured from where it began."""
    commit, ref = await mirror.find(tree, run_id)
    if "/salvage/" not in ref:
        return Left(commit, commit, tree)
    origin = text(await mirror.git("rev-parse", "--verify", f"{commit}^"))
    return Left(commit, origin, await mirror.tree_of(origin))


async def captured(mirror: Mirror, run_id: str, task_id: str, epoch: int) -> Change | None:
    """What an attempt had captured, of which nobody may have heard; None when it captured nothing."""
    ref = f"{REFS}{run_id}/attempts/{task_id}/{epoch}"
    out = text(await mirror.git("for-each-ref", "--format=%(tree) %(objectname) %(parent)", ref))
    if not out:
        return None
    tree, commit, parent = out.split(" ")
    start = await mirror.tree_of(parent)
    return Change(start=start, tree=tree, commit=commit, files=()) if tree != start else None
