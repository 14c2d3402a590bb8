"""Every way in which a server ends while its workers are busy: how long it takes until nothing is left."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from agents import AGENTS, place, sixteen
from ear import STAMP, Ear
from measure import MS, Row, figure, median

from support import isolation
from support.runs import shell

IDLE = {"analyst": 12, "consensus": 1, "splitter": 1, "tester": 1, "reviewer": 1}
"""Workers beside the sixteen that are at work: 32 together."""
STUBBORN = f"trap '' TERM INT HUP; sleep 50 & echo {STAMP} 0; sleep 50; sleep 50"
"""Two processes of each agent that obey nothing but KILL."""


def goodbye(ear: Ear) -> None:
    """As an editor should."""
    ear.call("shutdown")
    ear.tell("exit")


def one_end(ear: Ear) -> None:
    """The editor closes its reading end; the next answer finds that out."""
    _hear_no_more(ear)
    ear.ask("sextet/run/list")


def both_ends(ear: Ear) -> None:
    """The editor was killed."""
    _hear_no_more(ear)
    ear.process.stdin.close()


def _hear_no_more(ear: Ear) -> None:
    ear.deaf = True
    ear.ask("sextet/run/list")
    ear.threads[0].join()


WAYS: dict[str, Callable[[Ear], None]] = {
    "shutdown and exit": goodbye,
    "end of input": lambda ear: ear.process.stdin.close(),
    "SIGTERM": lambda ear: ear.process.send_signal(signal.SIGTERM),
    "SIGINT": lambda ear: ear.process.send_signal(signal.SIGINT),
    "SIGHUP": lambda ear: ear.process.send_signal(signal.SIGHUP),
    "a pipe that nobody reads": one_end,
    "both pipes broken": both_ends,
}


def busy(ear: Ear, home: Path) -> None:
    """Wait until the processes of all agents run."""
    ear.start_run(sixteen(home, shell(STUBBORN), idle=IDLE))
    ear.settle(lambda: len(ear.late) == AGENTS)


def ended(home: Path, top: Path, way: Callable[[Ear], None]) -> tuple[float, float, int]:
    """Seconds until the process has ended and until its tree has, and what was left of that."""
    with Ear.ready(top) as ear:
        busy(ear, home)
        began = time.perf_counter()
        way(ear)
        ear.wait()
        took = time.perf_counter() - began
        left = isolation.leftovers(Path(os.environ["HOME"]))
        return took, time.perf_counter() - began, len(left)


def answered(home: Path, top: Path) -> float:
    """Milliseconds until `shutdown` is answered."""
    with Ear.ready(top) as ear:
        busy(ear, home)
        took = ear.took("shutdown")
        ear.tell("exit")
        ear.wait()
        return took


def rows(folder: Path, rounds: int = 2) -> list[Row]:
    """The figures: the worst of all rounds."""
    home, top = place(folder, "ends")
    found = {name: [ended(home, top, way) for _ in range(rounds)] for name, way in WAYS.items()}
    told = [answered(home, top) for _ in range(rounds)]
    left = sum(each[2] for several in found.values() for each in several)
    result = [
        Row(f"{name}, to the end of the process", max(each[0] for each in several), "s", 2,
            peer=f"median {figure(median([each[0] for each in several]), 's')}; "
            f"nothing left of its tree after {figure(max(each[1] for each in several), 's')}")
        for name, several in found.items()
    ]  # fmt: skip
    words = f"32 workers, {AGENTS} of them at work, each with processes that ignore signals"
    return [
        *result,
        Row("shutdown, to its answer", max(told), "ms", 1.5 * MS, peer=words),
        Row("processes left", left, "", 0, peer=f"after {len(WAYS)} ways, {rounds} times each"),
    ]
