"""A flood of log lines: what it does to requests, memory and event loop, and what becomes of each line."""

from __future__ import annotations

import time
from pathlib import Path

from agents import AGENTS, figures, go, percentile, place, probed, program, sixteen, until_there
from ear import Asked, Ear, asking
from measure import MS, Row, figure, median

from support.runs import wait

RATE = 110_000
"""Lines per second that are put on the bus."""
SECONDS = 10.0
PRINTED = 100_000
"""Lines that each of the agents prints as fast as it can."""
CALM = 2.0
"""Seconds for which requests are timed before."""
FOREVER = wait(600)

PRINTER = f"""
import os, time
if "baseline-" not in os.getcwd():
    while not os.path.exists(os.path.dirname(__file__) + "/go"):
        time.sleep(0.02)
    for number in range({PRINTED}):
        print("INFO tests/unit/test_parts.py::test_part[case] PASSED in 0.01 s, number", number)
"""


def on_the_bus(folder: Path) -> list[Row]:
    """Lines put on the server's own bus while sixteen agents are at work."""
    home, top = place(folder, "bus")
    with probed(home, top, RATE) as ear:
        run_id = ear.start_run(sixteen(home, FOREVER))
        ear.until_busy(AGENTS)
        calm = _calm(ear)
        with asking(ear, "sextet/run/list") as asked:
            go(home, run_id, SECONDS)
            until_there(home / "flooded")
        found = figures(home)
        workers, last = [f"flood-{n + 1}" for n in range(AGENTS)], found["offered"] // AGENTS
        ear.settle(lambda: all(ear.next.get(each, 0) > last for each in workers))
        got, lost = (sum(each[name] for name in workers) for each in (ear.lines, ear.dropped))
        ear.goodbye()
    missing = abs(found["offered"] - got - lost) + ear.gaps
    rate, words = found["offered"] / found["seconds"], f"by {AGENTS} workers, {found['seconds']:.0f} s long"
    return [
        Row("lines offered, put on the server's bus", rate, "/s", 100_000, at_least=True, peer=words),
        *_met(calm, asked, found["lags"]),
        _each(missing, got, lost),
    ]


def by_agents(folder: Path) -> list[Row]:
    """What sixteen agents print: their set-up commands, whose output is never cut."""
    home, top = place(folder, "agents")
    with probed(home, top, 0) as ear:
        run_id = ear.start_run(sixteen(home, FOREVER, setup=program(home, PRINTER)))
        ear.until_busy(AGENTS)
        calm = _calm(ear)
        with asking(ear, "sextet/run/list") as asked:
            go(home, run_id)
            began = time.perf_counter()
            ear.settle(lambda: _talking(ear) == AGENTS)
            took = time.perf_counter() - began
        found = figures(home)
        missing = sum(unaccounted(ear, run_id, worker) for worker in list(ear.lines)) + ear.gaps
        got, lost = (sum(each.values()) for each in (ear.lines, ear.dropped))
        ear.goodbye()
    words = f"{AGENTS} processes, from their stdout to the editor, {took:.1f} s long"
    return [
        Row("lines offered, printed by agents", PRINTED * AGENTS / took, "/s", peer=words),
        *_met(calm, asked, found["lags"]),
        _each(missing, got, lost),
    ]


def _calm(ear: Ear) -> Asked:
    with asking(ear, "sextet/run/list") as calm:
        time.sleep(CALM)
    return calm


def _talking(ear: Ear) -> int:
    """Implementers whose set-up command has ended: they talk to their model."""
    told = (each["event"]["event"] for each in ear.told("sextet/event"))
    return sum(each["kind"] == "turn_started" and each["taskId"].startswith("implement") for each in told)


def unaccounted(ear: Ear, run_id: str, worker: str) -> int:
    """Lines of a worker that are on the disk and were neither delivered nor counted."""
    page = ear.call("sextet/log/read", runId=run_id, workerId=worker, fromSeq=-1, limit=1)
    ear.settle(lambda: ear.next[worker] >= page["next"])
    return abs(page["next"] - 1 - ear.lines[worker] - ear.dropped[worker])


def _met(calm: Asked, asked: Asked, lags: list[float]) -> list[Row]:
    """What requests, the event loop and the memory make of it."""
    late = [each * MS for each in lags]
    before, most = median(calm.resident), max(asked.resident)
    alone = figure(percentile(calm.took, 99), "ms")
    return [
        Row("  run/list meanwhile, p99", percentile(asked.took, 99), "ms", 50,
            peer=f"without the flood {alone}; {len(asked.took)} requests"),
        Row("  event loop late, p99", percentile(late, 99), "ms", 20,
            peer=f"at most {figure(max(late), 'ms')}; {len(late)} looks"),
        Row("  growth of the server's memory", most - before, "MB", 16,
            peer=f"{before:.0f} MB before, {most:.0f} MB at most"),
    ]  # fmt: skip


def grouped(number: int) -> str:
    """A large number that can be read."""
    return f"{number:,}".replace(",", " ")


def _each(missing: int, got: int, lost: int) -> Row:
    """What became of each line."""
    words = f"{grouped(got)} delivered + {grouped(lost)} counted as left out = {grouped(got + lost)}"
    return Row("  lines neither delivered nor counted", missing, "", 0, peer=words)


def rows(folder: Path) -> list[Row]:
    """The figures."""
    return [*on_the_bus(folder), *by_agents(folder)]
