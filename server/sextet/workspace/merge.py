"""Merge: one change after the other onto the integration tree, by git's own three-way merge of trees."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from sextet.errors import GitError
from sextet.model.outcome import Change
from sextet.workspace.git import fields
from sextet.workspace.mirror import Mirror


@dataclass(frozen=True, slots=True)
class Merged:
    """The new integration tree and the commit that holds it."""

    tree: str
    commit: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """The change does not fit; nothing was integrated."""

    files: tuple[str, ...]
    """Paths that both sides changed, sorted."""
    tree: str = ""
    """A tree with git's conflict markers in these files, for an agent or a human to read."""
    notes: str = ""
    """Git's own words, one line per remark."""


@dataclass(frozen=True, slots=True)
class TreeMerge:
    """The outcome of a three-way merge of trees; `conflicts` is empty when it is clean."""

    tree: str
    conflicts: tuple[str, ...] = ()
    notes: str = ""


class MergeQueue:
    """Integrates changes one at a time: there is a single writer of the integration tree."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._lock = asyncio.Lock()

    async def integrate(self, ours: str, change: Change, message: str = "Integrate") -> Merged | Conflict:
        """Merge what `change` did since its start onto the commit `ours`.

        The caller keeps the returned commit under a ref of the run (`Mirror.keep`) before it tells anyone.

        Raises:
            GitError: git failed, or an object is missing.
        """
        async with self._lock:
            ours_tree = await self._mirror.tree_of(ours)
            result = await self.predict(ours_tree, change)
            if isinstance(result, Conflict):
                return result
            if result == ours_tree:
                return Merged(ours_tree, ours)
            parents = (ours, change.commit)
            return Merged(result, await self._mirror.commit(result, parents, message))

    async def predict(self, ours_tree: str, change: Change) -> str | Conflict:
        """The tree that `integrate` would give, or the conflict; changes no ref."""
        if change.start == ours_tree:
            return change.tree
        if change.tree in {change.start, ours_tree}:
            return ours_tree
        merged = await merge_trees(self._mirror, change.start, ours_tree, change.tree)
        if merged.conflicts:
            return Conflict(merged.conflicts, merged.tree, merged.notes)
        return merged.tree


async def merge_trees(mirror: Mirror, base: str, ours: str, theirs: str) -> TreeMerge:
    """Merge two trees that come from `base`, whatever their history says.

    A change follows a file that the other side renamed.

    Args:
        mirror: where the trees are.
        base: tree that both began with.
        ours: one side.
        theirs: the other.
    """
    root = await mirror.synthetic(base, ())
    left, right = await asyncio.gather(mirror.synthetic(ours, (root,)), mirror.synthetic(theirs, (root,)))
    done = await mirror.git.run(
        (
            *("-c", "merge.directoryRenames=false", "-c", "merge.conflictStyle=merge"),
            *("merge-tree", "--write-tree", "-z", "--name-only", "--messages", left, right),
        )
    )
    if done.exit_code not in {0, 1}:
        words = done.stderr.decode("utf-8", "replace").strip()
        raise GitError(f"git merge-tree failed: {words}", exit_code=done.exit_code, stderr=words[-2_000:])
    parts = fields(done.stdout)
    if done.exit_code == 0:
        return TreeMerge(parts[0])
    end = parts.index("", 1)
    notes = [part.strip() for part in parts[end + 1 :] if part.startswith(("CONFLICT", "warning"))]
    return TreeMerge(parts[0], tuple(sorted(set(parts[1:end]))), "\n".join(notes)[:10_000])
