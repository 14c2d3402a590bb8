"""What every benchmark gives back, how it is summed up, and how it is printed."""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

MS = 1_000.0
"""Milliseconds in a second."""


@dataclass(frozen=True)
class Row:
    """One figure: what, how much, the limit it is held against, and what stands beside it."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    """At most this much; with `at_least` at least."""
    at_least: bool = False
    peer: str = ""
    """What was measured beside it, or how it spreads."""

    @property
    def verdict(self) -> str:
        """`met`, `MISSED`, or nothing where there is no limit."""
        if self.limit is None:
            return ""
        met = self.value >= self.limit if self.at_least else self.value <= self.limit
        return "met" if met else "MISSED"

    @property
    def bound(self) -> str:
        """The limit in words."""
        if self.limit is None:
            return ""
        return f"{'≥' if self.at_least else '≤'} {figure(self.limit, self.unit)}"

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """The row of a table."""
        return (self.name, figure(self.value, self.unit), self.bound, self.verdict, self.peer)


HEADINGS = ("figure", "measured", "limit", "", "beside it")


def figure(value: float, unit: str) -> str:
    """A number as people write it, with its unit."""
    if value == int(value) or abs(value) >= 100:
        words = f"{value:,.0f}".replace(",", " ")
    else:
        words = f"{value:.3g}" if abs(value) < 1 else f"{value:.2f}"
    return f"{words} {unit}".strip()


def median(values: Sequence[float]) -> float:
    """The one in the middle: a busy moment of the machine does not move it."""
    return statistics.median(values)


def spread(values: Sequence[float], unit: str, factor: float = 1.0) -> str:
    """Least and most, in words."""
    return f"{figure(min(values) * factor, unit)} to {figure(max(values) * factor, unit)}"


@contextmanager
def stopwatch(into: list[float]) -> Iterator[None]:
    """Add the seconds that the block takes; the collector of the bench itself is run before."""
    gc.collect()
    began = time.perf_counter()
    yield
    into.append(time.perf_counter() - began)


def interleaved(rounds: int, **lanes: Callable[[], float]) -> dict[str, list[float]]:
    """Seconds of each lane, one after the other in every round, so that a busy machine hits all alike."""
    found: dict[str, list[float]] = {name: [] for name in lanes}
    for _ in range(rounds):
        for name, lane in lanes.items():
            found[name].append(lane())
    return found


def wall(argv: Sequence[str], env: Mapping[str, str] | None = None, cwd: str | None = None) -> float:
    """Seconds that a program takes from start to end."""
    began = time.perf_counter()
    subprocess.run(
        list(argv),
        env=env or os.environ,
        cwd=cwd,
        check=True,
        stdout=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
    return time.perf_counter() - began
