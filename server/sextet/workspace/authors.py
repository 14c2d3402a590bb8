"""Authors: which task's captured change wrote each line of a file, by git's own blame in the mirror."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from sextet.workspace.mirror import REFS, Mirror

_LINE = re.compile(rb"^([0-9a-f]{40}(?:[0-9a-f]{24})?) \d+ (\d+)(?: \d+)?$", re.MULTILINE)


async def captures(mirror: Mirror, run_id: str) -> dict[str, str]:
    """Captured commits of a run, salvaged ones too → the task whose attempt it was."""
    patterns = [f"{REFS}{run_id}/{sort}/" for sort in ("attempts", "salvage")]
    out = await mirror.git("for-each-ref", "--format=%(objectname) %(refname)", *patterns)
    found = {}
    for line in os.fsdecode(out).splitlines():
        commit, _, ref = line.partition(" ")
        found[commit] = ref.split("/")[-2]
    return found


async def authors(
    mirror: Mirror, history: tuple[str, str], path: str, known: Mapping[str, str]
) -> dict[int, str]:
    """The task that wrote each line of a file.

    Args:
        mirror: where the commits are.
        history: the commit where the patch began, and the one whose version of the file is meant.
        path: the file, as in the tree.
        known: from `captures`.

    Returns:
        Line number from 1 → task. Lines that were there before are missing, as is what git cannot tell.

    """
    begin, end = history
    done = await mirror.git.run(("blame", "--porcelain", f"{begin}..{end}", "--", path))
    lines = _LINE.findall(done.stdout) if done.exit_code == 0 else []
    return {int(line): known[oid.decode()] for oid, line in lines if oid.decode() in known}
