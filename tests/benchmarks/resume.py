"""Resume: open a run of 10 000 tasks, as a server does after a crash."""

from __future__ import annotations

import asyncio
import gc
import time
from pathlib import Path

from claims import a_folder, finished, task
from measure import Row, median, spread

from sextet.model import events as ev
from sextet.model.names import RunState
from sextet.runtime.bus import Bus
from sextet.runtime.session import Session
from sextet.store.journal import Journal
from sextet.store.layout import RunFolder

TASKS = 10_000


def fill(folder: RunFolder, tasks: int) -> None:
    """Let a run go on until every task was added, claimed, worked on in a turn, and finished."""
    events: list[ev.RunEvent] = [ev.RunStateChanged(state=RunState.RUNNING)]
    for number in range(tasks):
        name = f"implement-1-{number}"
        started = ev.TurnStarted(task_id=name, epoch=1, model="gpt-5.5", thread=f"01a202be-{number:08x}")
        events += [
            ev.TaskAdded(task=task(number)),
            ev.TaskClaimed(task_id=name, epoch=1, worker_id="implementer-1"),
            started,
            finished(name, 1),
        ]
    journal = Journal.open(folder)
    entries = (ev.Entry(seq=seq, time=seq, actor="sextet", event=each) for seq, each in enumerate(events, 2))
    journal.append([entry.to_json() for entry in entries])
    journal.close()


async def opened(folder: RunFolder) -> float:
    """Seconds until the session can be asked and written to."""
    gc.collect()
    began = time.perf_counter()
    session = Session.open(folder, Bus())
    took = time.perf_counter() - began
    assert len(session.view.tasks) == TASKS
    await session.close()
    return took


def rows(folder: Path, rounds: int = 5) -> list[Row]:
    """The figures."""
    run = a_folder(folder, "resume")
    fill(run, TASKS)
    first = asyncio.run(opened(run))
    took = [asyncio.run(opened(run)) for _ in range(rounds)]
    size = run.journal.stat().st_size / 1e6
    beside = f"{spread(took, 's')}; 40 002 entries, {size:.1f} MB; {first:.2f} s when every view is missing"
    return [Row("resume of a run with 10 000 tasks", median(took), "s", 0.5, peer=beside)]
