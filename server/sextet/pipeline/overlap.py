"""Whether two lists of expected files have something in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from functools import lru_cache

Parts = tuple[str, ...]
"""A path by its names; the empty one is the whole repository."""


def touches(one: Sequence[str], other: Sequence[str]) -> bool:
    """True when a path of `one` is a path of `other`, or lies in a folder of it, or the reverse.

    Whether a folder was written with its closing `/` makes no difference; `.` is the whole repository.
    """
    a, b = {_parts(path) for path in one}, {_parts(path) for path in other}
    return _within(a, b) or _within(b, a)


def occupy(taken: Counter[Parts], above: Counter[Parts], files: Sequence[str], by: int) -> None:
    """Note that somebody began (`by` 1) or ended (-1) to work on files.

    Args:
        taken: how many work on each path.
        above: how many work on something below each folder.
        files: as in `touches`.
        by: the difference.
    """
    for path in {_parts(each) for each in files}:
        _count(taken, path, by)
        for length in range(len(path)):
            _count(above, path[:length], by)


def occupied(taken: Counter[Parts], above: Counter[Parts], files: Sequence[str]) -> bool:
    """True when `files` touch any that somebody works on; the same as `touches` with each of theirs."""
    paths = {_parts(each) for each in files}
    return any(path in above or _within((path,), taken) for path in paths)


def _count(counter: Counter[Parts], path: Parts, by: int) -> None:
    counter[path] += by
    if not counter[path]:
        del counter[path]


@lru_cache(maxsize=65_536)
def _parts(path: str) -> Parts:
    return tuple(part for part in path.split("/") if part not in {"", "."})


def _within(inner: Iterable[Parts], outer: Container[Parts]) -> bool:
    return any(path[:length] in outer for path in inner for length in range(len(path) + 1))
