"""One log line: how long it is under way from an agent's stdout to the reader of the editor."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from agents import AGENTS, percentile, place, program, sixteen
from ear import STAMP, Ear
from measure import Row, figure

from support.runs import shell

SPOKEN = 300
"""Lines of each agent."""
EVERY = 0.05
"""Seconds between two of them on average."""

SPEAKER = f"""
import random, time
time.sleep(random.random())
for _ in range({SPOKEN}):
    time.sleep({EVERY} * 2 * random.random())
    print("{STAMP}", time.monotonic_ns(), flush=True)
"""


def under_way(folder: Path) -> list[float]:
    """Milliseconds of each line."""
    home, top = place(folder, "server")
    with Ear.ready(top) as ear:
        ear.start_run(sixteen(home, shell(program(home, SPEAKER))))
        ear.settle(lambda: len(ear.late) == SPOKEN * AGENTS)
        assert not ear.gaps
        ear.goodbye()
    return ear.late


def read_directly(folder: Path) -> list[float]:
    """The same for the same programs, which share a pipe that is read here."""
    command = program(folder, SPEAKER).split()
    first = subprocess.Popen(command, stdout=subprocess.PIPE)
    with open(f"/proc/{first.pid}/fd/1", "wb") as pipe:  # noqa: PTH123 -- it is no path but a pipe
        others = [subprocess.Popen(command, stdout=pipe) for _ in range(AGENTS - 1)]
    found = [(time.monotonic_ns() - int(line.split()[1])) / 1e6 for line in first.stdout]
    for each in (first, *others):
        each.wait()
    first.stdout.close()
    return found


def rows(folder: Path) -> list[Row]:
    """The figures."""
    folder.mkdir(parents=True)
    beside, found = read_directly(folder), under_way(folder)
    rows = []
    for number, limit in ((50, 30), (99, 80)):
        peer = f"read from the pipe directly {figure(percentile(beside, number), 'ms')}; {len(found)} lines"
        name = f"one log line of {AGENTS} agents, p{number}"
        rows.append(Row(name, percentile(found, number), "ms", limit, peer=peer))
    return rows
