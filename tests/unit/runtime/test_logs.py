"""A worker's log: batches, and lines that a full disk costs."""

from __future__ import annotations

import asyncio

from sextet.errors import StoreError
from sextet.runtime.bus import Bus
from sextet.runtime.logs import BATCH_LINES, WINDOW, WorkerLog


class Disk:
    """Takes lines, or refuses."""

    def __init__(self) -> None:
        self.full = False
        self.lines: list[str] = []

    def write(self, worker_id: str, lines: list[str]) -> int:
        if self.full:
            raise StoreError("The disk is full.")
        self.lines += lines
        return len(self.lines) - len(lines) + 1


def build():
    disk, bus = Disk(), Bus()
    subscription = bus.subscribe()
    return disk, subscription, WorkerLog("20261122-120000-goal-0000", "tester-1", disk.write, bus)


async def test_lines_of_one_window_go_out_as_one_batch_with_its_place():
    disk, heard, log = build()
    log.add("agent", "one\ntwo", "test-1")
    log.add("agent", "three", "test-1")
    log.flush()
    batch = heard.take()
    assert (batch.first_seq, batch.lines, batch.task_id) == (1, ("one", "two", "three"), "test-1")
    assert disk.lines == ["one", "two", "three"]
    assert heard.take() is None


async def test_a_line_after_a_silence_waits_for_others_or_one_soon_after_it_does_not():
    _, heard, log = build()
    log.add("agent", "one", "test-1")
    log.add("agent", "two", "test-1")
    for _ in range(2):
        await asyncio.sleep(0)
    assert heard.take().lines == ("one", "two")
    log.add("agent", "three", "test-1")
    for _ in range(2):
        await asyncio.sleep(0)
    assert heard.take() is None
    await asyncio.sleep(2 * WINDOW)
    assert heard.take().lines == ("three",)


async def test_another_stream_or_task_begins_another_batch():
    _, heard, log = build()
    log.add("agent", "one", "test-1")
    log.add("command", "two", "test-1")
    log.add("command", "three", "test-2")
    log.flush()
    batches = [heard.take() for _ in range(3)]
    assert [(b.stream, b.task_id, b.first_seq) for b in batches] == [
        ("agent", "test-1", 1),
        ("command", "test-1", 2),
        ("command", "test-2", 3),
    ]


async def test_a_full_disk_costs_lines_that_are_counted_and_nothing_else():
    disk, heard, log = build()
    disk.full = True
    log.add("agent", "lost\nas well", None)
    log.flush()
    assert heard.take() is None
    disk.full = False
    log.add("agent", "kept", None)
    log.flush()
    batch = heard.take()
    assert (batch.lines, batch.dropped) == (("kept",), 2)


async def test_a_flood_is_cut_into_batches():
    _, heard, log = build()
    for number in range(2 * BATCH_LINES + 1):
        log.add("agent", str(number), None)
    log.flush()
    sizes = []
    while batch := heard.take():
        sizes.append(len(batch.lines))
    assert sizes == [BATCH_LINES, BATCH_LINES, 1]
