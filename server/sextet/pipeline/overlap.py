"""Whether two lists of expected files have something in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_Parts = tuple[str, ...]


def touches(one: Sequence[str], other: Sequence[str]) -> bool:
    """True when a path of `one` is a path of `other`, or lies in a folder of it, or the reverse.

    Whether a folder was written with its closing `/` makes no difference; `.` is the whole repository.
    """
    a, b = {_parts(path) for path in one}, {_parts(path) for path in other}
    return _within(a, b) or _within(b, a)


def _parts(path: str) -> _Parts:
    return tuple(part for part in path.split("/") if part not in {"", "."})


def _within(inner: Iterable[_Parts], outer: set[_Parts]) -> bool:
    return any(path[:length] in outer for path in inner for length in range(len(path) + 1))
