"""The start of the language server: until it answers, and after a crash until it shows the largest run."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from ear import Ear
from measure import MS, Row, figure, interleaved, median, spread
from resume import fill

from sextet.model.names import RunState
from sextet.store import runs
from sextet.store.state import State
from support import repos
from support.disks import a_run
from support.lsp import SERVE

RUNS = 100
TASKS = 10_000
BARE = "from pygls.lsp.server import LanguageServer; LanguageServer('bare', '1').start_io()"


def hello(top: Path, argv: list[str]) -> float:
    """Milliseconds from the start of a process to its answer to `initialize`."""
    began = time.perf_counter()
    with Ear.start(top, argv) as ear:
        ear.hello(top)
        return (min(ear.answered.values()) - began) * MS


def hundred(folder: Path, large: int, small: int) -> tuple[Path, str]:
    """A repository with 99 runs of `small` tasks and one of `large`, whose id is given.

    They are as a server left them that was killed.
    """
    top = repos.make(folder, {"a.txt": "a\n"})
    state = State.of(top)
    for number in range(RUNS):
        run = a_run(f"20261122-{100_000 + number}-part-7f3a")
        fill(runs.create(top, state, run), large if number == RUNS - 1 else small)
    return top, run.id


def respawned(top: Path, run_id: str, tasks: int) -> tuple[float, float]:
    """Seconds from the start of a server to the list of all runs and the largest one, each of them right."""
    began = time.perf_counter()
    with Ear.start(top) as ear:
        ear.hello(top)
        listed, shown = ear.ask("sextet/run/list"), ear.ask("sextet/run/snapshot", runId=run_id)
        found, snapshot = ear.answer(listed)["result"]["runs"], ear.answer(shown)["result"]
        took = ear.answered[listed] - began, ear.answered[shown] - began
    assert len(found) == RUNS
    assert {each["state"] for each in found} == {RunState.RUNNING}
    assert len(snapshot["tasks"]) == tasks
    assert all(each["outcome"] and each["epoch"] == 1 for each in snapshot["tasks"])
    return took


def rows(folder: Path, rounds: int = 11) -> list[Row]:
    """The figures."""
    top = repos.make(folder / "hello", {"a.txt": "a\n"})
    found = interleaved(
        rounds, ours=lambda: hello(top, SERVE), bare=lambda: hello(top, [sys.executable, "-c", BARE])
    )
    ratio = median([ours / bare for ours, bare in zip(found["ours"], found["bare"], strict=True)])
    words = f"{median(found['ours']):.0f} ms beside {median(found['bare']):.0f} ms of a bare pygls server"
    result = [Row("start to `initialize` answered, beside bare pygls", ratio, "x", 1.5, peer=words)]
    for name, large, small in (("one of", TASKS, 1), ("each of", TASKS // RUNS, TASKS // RUNS)):
        top, run_id = hundred(folder / name[:4], large, small)
        took = [respawned(top, run_id, large) for _ in range(3)]
        shown, listed = [each[1] for each in took], median([each[0] for each in took])
        what = f"{large:,} tasks in {name} {RUNS} runs".replace(",", " ")
        result.append(
            Row(f"respawn to snapshot, {what}", median(shown), "s", 2,
                peer=f"{spread(shown, 's')}; the list after {figure(listed, 's')}")
        )  # fmt: skip
    return result
