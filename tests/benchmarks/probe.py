"""`sextet serve` with a probe inside: how late its event loop is, and if asked a flood of lines on its bus.

python probe.py FOLDER RATE: begins when `go` is in the folder (the run's id and seconds in it), ends when
`stop` is, and leaves `figures.json` there. Nothing of the server is changed.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import suppress
from pathlib import Path

from sextet.lsp import life
from sextet.lsp.server import Server
from sextet.model.live import LogBatch
from sextet.runtime.bus import Bus

WORKERS = 16
WINDOW = 0.05
"""Seconds of lines in a batch, as a worker's log gathers them."""
TICK = 0.005
LOOK = 0.02
LINE = "2026-01-01 12:00:00,000 INFO tests/unit/test_parts.py::test_part[case] PASSED"


async def flood(bus: Bus, run_id: str, rate: int, seconds: float) -> tuple[int, float]:
    """Lines that were offered, and in how many seconds; each worker's batches come at other moments."""
    size = int(rate * WINDOW / WORKERS)
    lines = tuple(f"{LINE} {number}" for number in range(size))
    began, number = time.monotonic(), 0
    while (passed := time.monotonic() - began) < seconds or number % WORKERS:
        while number * size < rate * passed:
            turn, worker = divmod(number, WORKERS)
            first = turn * size + 1
            bus.publish(
                LogBatch(
                    run_id=run_id,
                    worker_id=f"flood-{worker + 1}",
                    stream="test",
                    first_seq=first,
                    lines=lines,
                )
            )
            number += 1
        await asyncio.sleep(WINDOW / WORKERS)
    return number * size, time.monotonic() - began


async def lags(found: list[float]) -> None:
    """Seconds by which the loop is late, again and again."""
    while True:
        due = time.monotonic() + TICK
        await asyncio.sleep(TICK)
        found.append(time.monotonic() - due)


async def there(path: Path) -> str:
    """What is in a file, once it is there."""
    while True:
        with suppress(FileNotFoundError):
            return path.read_text()  # noqa: ASYNC240 -- a few bytes, now and then
        await asyncio.sleep(LOOK)


async def probe(server: Server, folder: Path, rate: int) -> None:
    """Measure from `go` to `stop`."""
    run_id, seconds = (await there(folder / "go")).split()
    found: list[float] = []
    watching = asyncio.create_task(lags(found))
    offered, took = 0, 0.0
    if rate:
        bus = (await server._verbs)._desk._bus
        offered, took = await flood(bus, run_id, rate, float(seconds))
        (folder / "flooded").touch()
    await there(folder / "stop")
    watching.cancel()
    figures = {"lags": found, "offered": offered, "seconds": took}
    (folder / "figures.new").write_text(json.dumps(figures))
    (folder / "figures.new").rename(folder / "figures.json")


def main() -> None:
    """Serve."""
    folder, rate = Path(sys.argv[1]), int(sys.argv[2])
    begin, kept = Server.__init__, []

    def probed(self: Server, *args: object) -> None:
        begin(self, *args)
        kept.append(asyncio.create_task(probe(self, folder, rate)))

    Server.__init__ = probed
    life.serve()


if __name__ == "__main__":
    main()
