"""Gather log lines: onto the disk, and in batches to whoever watches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sextet.errors import StoreError
from sextet.model.live import LogBatch
from sextet.runtime.bus import Bus

WINDOW = 0.02
"""Seconds between two batches at least; the first line after a silence does not wait."""

BATCH_LINES = 500
LINE_CHARACTERS = 8_000


class WorkerLog:
    """One worker's log: numbered lines, written to its file and published in batches.

    A disk that refuses costs lines (the next batch says how many), never the attempt that wrote them.

    Args:
        run_id: the run.
        worker_id: the worker.
        write: puts lines on the disk and returns the number of the first of them.
        bus: where batches go.
    """

    def __init__(self, run_id: str, worker_id: str, write: Callable[[str, list[str]], int], bus: Bus) -> None:
        self._run_id = run_id
        self._worker_id = worker_id
        self._write = write
        self._bus = bus
        self._lines: list[str] = []
        self._stream = ""
        self._task_id: str | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        """When the next batch may go out, by the clock of the loop."""
        self._lost = 0

    def add(self, stream: str, text: str, task_id: str | None) -> None:
        """Take text of any number of lines; control characters are gone already."""
        if (stream, task_id) != (self._stream, self._task_id) or len(self._lines) >= BATCH_LINES:
            self.flush()
            self._stream, self._task_id = stream, task_id
        self._lines += [line[:LINE_CHARACTERS] for line in text.splitlines()]
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(loop.time(), self._due), self.flush)

    def flush(self) -> None:
        """Write and publish what has gathered."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lines, self._lines = self._lines, []
        if not lines:
            return
        self._due = asyncio.get_running_loop().time() + WINDOW
        try:
            first = self._write(self._worker_id, lines)
        except StoreError:
            self._lost += len(lines)
            return
        lost, self._lost = self._lost, 0
        batch = LogBatch(
            run_id=self._run_id,
            worker_id=self._worker_id,
            task_id=self._task_id,
            stream=self._stream,
            first_seq=first,
            lines=tuple(lines),
            dropped=lost,
        )
        self._bus.publish(batch)
