"""Whether two lists of expected files have something in common."""

from __future__ import annotations

from collections.abc import Sequence


def touches(one: Sequence[str], other: Sequence[str]) -> bool:
    """True when a path of `one` is a path of `other`, or lies in a folder of it (`docs/`), or the reverse."""
    return any(_same(a, b) for a in one for b in other)


def _same(one: str, other: str) -> bool:
    a, b = one.removeprefix("./"), other.removeprefix("./")
    return a == b or (b.endswith("/") and a.startswith(b)) or (a.endswith("/") and b.startswith(a))
