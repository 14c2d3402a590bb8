"""Peek: what an attempt has written so far, seen without disturbing it or the capture that will follow."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from sextet.model.outcome import Change
from sextet.workspace.capture import Source, capture
from sextet.workspace.git import Git
from sextet.workspace.provision import copied
from sextet.workspace.worktree import Worktree


async def peek(worktree: Worktree) -> Change:
    """What is different in a worktree now; no ref keeps it and the worktree does not count as captured.

    An index of its own is used, which remembers for the next look which files are unchanged. `commit` is
    where the change begins: there is none that holds its tree.

    Raises:
        GitError: git failed, for instance because files came and went meanwhile.
        OSError: the worktree is gone.
    """
    home = worktree.home
    index = home / f"peek-{secrets.token_hex(4)}"
    _link(home, index)
    try:
        captured = await capture(
            Source(
                git=Git(worktree.git_dir),
                work=worktree.path,
                index=index,
                start=worktree.origin_tree,
                skip=copied(home),
            )
        )
        index.replace(home / "peek")
    finally:
        index.unlink(missing_ok=True)
    files = captured.files if captured.tree != worktree.origin_tree else ()
    return Change(start=worktree.origin_tree, tree=captured.tree, commit=worktree.origin, files=files)


def _link(home: Path, index: Path) -> None:
    """Begin with the index of the last look, else with the worktree's; git never writes into an index."""
    try:
        os.link(home / "peek", index)
    except FileNotFoundError:
        os.link(home / "index", index)
