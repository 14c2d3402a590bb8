"""An editor that counts log lines instead of keeping them, and notes when answers came."""

from __future__ import annotations

import resource
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from measure import MS

from support.lsp import Editor

STAMP = "t="
"""Begins a line whose next word is the moment at which it was written, in ns of the monotonic clock."""
PAUSE = 0.02
"""Seconds between two requests of somebody who asks all the time."""


@dataclass
class Ear(Editor):
    """What it hears of log lines, in figures."""

    lines: Counter[str] = field(default_factory=Counter)
    """Delivered, by worker."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Counted as left out, by worker."""
    next: dict[str, int] = field(default_factory=dict)
    """The number of the next line, by worker."""
    gaps: int = 0
    """Lines that are missing and were not counted."""
    late: list[float] = field(default_factory=list)
    """Milliseconds that each line with a stamp was under way."""
    answered: dict[Any, float] = field(default_factory=dict)
    """When answers came, by the id of their request."""

    def keep(self, message: Any) -> None:
        if message.get("method") == "sextet/log":
            now = time.monotonic_ns()
            for batch in message["params"]["batches"]:
                self._count(batch, now)
            return
        if "method" not in message:
            self.answered[message["id"]] = self.came
        super().keep(message)

    def _count(self, batch: dict[str, Any], now: int) -> None:
        worker, lines = batch["workerId"], batch["lines"]
        expected = self.next.get(worker, 1) + batch["dropped"]
        self.gaps += abs(batch["firstSeq"] - expected)
        self.next[worker] = batch["firstSeq"] + len(lines)
        self.lines[worker] += len(lines)
        self.dropped[worker] += batch["dropped"]
        for line in lines:
            if line.startswith(STAMP):
                self.late.append((now - int(line.split()[1])) / 1e6)

    def took(self, method: str, /, **params: Any) -> float:
        """Milliseconds until a request is answered."""
        began = time.perf_counter()
        number = self.ask(method, **params)
        with self.changed:
            assert self.changed.wait_for(lambda: number in self.answered or self.over, 18)
        return (self.answered[number] - began) * MS

    def resident(self) -> float:
        """Megabytes of memory that the server holds now."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize() / 1e6

    def start_run(self, scenario: Path, **more: Any) -> str:
        """Start a rehearsal; its run id."""
        asked = {"goal": "Bench", "executor": "rehearsal", "scenario": str(scenario), **more}
        return self.call("sextet/run/start", **asked)["runId"]

    def until_busy(self, workers: int) -> None:
        """Wait until so many workers are at work at the same time."""
        self.until(
            lambda said: (
                said.get("method") == "sextet/heartbeat"
                and sum(each["state"] == "working" for each in said["params"]["workers"]) >= workers
            ),
            60,
        )

    def settle(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until something is true of what was heard."""
        with self.changed:
            assert self.changed.wait_for(condition, seconds), "it never came"


@dataclass
class Asked:
    """What somebody finds who asks all the time."""

    took: list[float] = field(default_factory=list)
    """Milliseconds of each request."""
    resident: list[float] = field(default_factory=list)
    """Megabytes of the server, after each."""


@contextmanager
def asking(ear: Ear, method: str, **params: Any):
    """Somebody asks for something cheap all the time while the block runs."""
    found, over = Asked(), threading.Event()

    def ask() -> None:
        while not over.wait(PAUSE):
            found.took.append(ear.took(method, **params))
            found.resident.append(ear.resident())

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()
