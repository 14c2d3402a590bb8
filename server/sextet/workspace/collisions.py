"""Collisions: which changes will not go together, by git's own merges, before any of them is integrated."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Iterable, Sequence
from typing import Final, NamedTuple, TypeVar

from sextet.model.outcome import Change
from sextet.workspace.merge import Conflict, MergeQueue
from sextet.workspace.mirror import Mirror

T = TypeVar("T")

AT_ONCE: Final = 4
"""Merges at a time."""


class Side(NamedTuple):
    """A change and whose it is."""

    name: str
    change: Change


class Collision(NamedTuple):
    """Files in which a change collides with another one; without `other` with what is integrated."""

    one: str
    other: str
    files: tuple[str, ...]


async def collisions(mirror: Mirror, integrated: str, sides: Sequence[Side]) -> tuple[Collision, ...]:
    """Merge each change onto the integration tree, and each onto what that gives with each other one.

    Changes that have no path in common are not merged with each other: git finds nothing there either.

    Args:
        mirror: where all trees are.
        integrated: the integration tree.
        sides: the changes, in the order in which they may be integrated.

    Raises:
        GitError: git failed, or a tree is missing.
    """
    queue = MergeQueue(mirror)
    merged = await _together(queue.predict(integrated, side.change) for side in sides)
    alone = [
        Collision(side.name, "", result.files)
        for side, result in zip(sides, merged, strict=True)
        if isinstance(result, Conflict)
    ]
    clean = [
        (side, result) for side, result in zip(sides, merged, strict=True) if not isinstance(result, Conflict)
    ]
    pairs = [
        (first, second, tree)
        for (first, tree), (second, _) in itertools.combinations(clean, 2)
        if _share(first.change.files, second.change.files)
    ]
    results = await _together(queue.predict(tree, second.change) for _, second, tree in pairs)
    both = [
        Collision(first.name, second.name, result.files)
        for (first, second, _), result in zip(pairs, results, strict=True)
        if isinstance(result, Conflict)
    ]
    return (*alone, *both)


async def _together(work: Iterable[Awaitable[T]]) -> list[T]:
    room = asyncio.Semaphore(AT_ONCE)

    async def one(each: Awaitable[T]) -> T:
        async with room:
            return await each

    return await asyncio.gather(*map(one, work))


def _share(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether both changed a path, or one a path below the other's."""
    ones, others = set(one), set(other)
    return bool(ones & others or ones & _above(others) or others & _above(ones))


def _above(paths: Iterable[str]) -> set[str]:
    return {path[:at] for path in paths for at, letter in enumerate(path) if letter == "/"}
