"""Claims: how many tasks 32 workers can claim and complete, and 32 processes that race for one task."""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from multiprocessing.synchronize import Barrier
from pathlib import Path

from measure import Row, median, spread

from sextet.model import events as ev
from sextet.model.names import Kind, Role, RunState
from sextet.model.outcome import ImplementOutcome
from sextet.model.task import Item, Task, Usage
from sextet.pipeline.fold import apply
from sextet.pipeline.pick import pick
from sextet.pipeline.view import RunView
from sextet.runtime.bus import Bus
from sextet.runtime.session import Session
from sextet.store import runs
from sextet.store.claims import TaskClaimStore
from sextet.store.journal import Journal, Writer
from sextet.store.layout import RunFolder
from sextet.store.state import State
from support.disks import a_run

WORKERS = 32
TASKS = 4_000
RACERS = 32
RACES = 1_000

OUTCOME = ImplementOutcome(summary="It does what the item asks for, and its tests say so.", change=None)
USAGE = Usage(input=21_000, cached=15_000, output=900, reasoning=300)


def task(number: int) -> Task:
    """An implement task as a splitter makes it."""
    item = Item(
        id=f"item-{number}", title=f"Part {number}", instructions="Write it.", files=(f"src/{number}.py",)
    )
    return Task(id=f"implement-1-{number}", kind=Kind.IMPLEMENT, title=f"Part {number}", patch=1, item=item)


def finished(task_id: str, epoch: int) -> ev.TaskFinished:
    """The end of an attempt."""
    return ev.TaskFinished(task_id=task_id, epoch=epoch, outcome=OUTCOME, usage=USAGE, seconds=1.5)


def a_folder(base: Path, name: str) -> RunFolder:
    """A run of ours with nothing but its beginning."""
    top = base / name
    top.mkdir(parents=True)
    return runs.create(top, State.of(top), a_run())


async def crowd(work: Callable[[str], Awaitable[None]]) -> float:
    """Pairs per second of 32 workers that go on until nothing is left."""
    began = time.perf_counter()
    await asyncio.gather(*(work(f"implementer-{number}") for number in range(1, WORKERS + 1)))
    return TASKS / (time.perf_counter() - began)


# One process --------------------------------------------------------------------------------------
async def store_only(base: Path) -> float:
    """The journal alone: two events per task, each on the disk before the next."""
    writer = Writer(Journal.open(a_folder(base, "store")))
    numbers: Iterator[int] = iter(range(TASKS))

    async def work(worker: str) -> None:
        for number in numbers:
            name = f"implement-1-{number}"
            claimed = ev.TaskClaimed(task_id=name, epoch=1, worker_id=worker)
            await writer.put(claimed, worker, time.time())[1]
            await writer.put(finished(name, 1), worker, time.time())[1]

    rate = await crowd(work)
    await writer.close()
    return rate


async def journal_only(base: Path) -> float:
    """The pipeline's view and the journal: pick, claim, complete."""
    journal = Journal.open(a_folder(base, "journal"))
    view = RunView()
    for entry in journal.entries:
        apply(view, entry)
    writer = Writer(journal)

    def put(event: ev.RunEvent, actor: str) -> asyncio.Future[None]:
        entry, durable = writer.put(event, actor, time.time())
        apply(view, entry)
        return durable

    last = [put(ev.TaskAdded(task=task(number)), "sextet") for number in range(TASKS)][-1]
    await last

    async def work(worker: str) -> None:
        while found := pick(view, Role.IMPLEMENTER, time.time()):
            epoch = found.epoch + 1
            await put(ev.TaskClaimed(task_id=found.id, epoch=epoch, worker_id=worker), worker)
            await put(finished(found.id, epoch), worker)

    rate = await crowd(work)
    await writer.close()
    return rate


async def everything(base: Path) -> float:
    """The whole session: claim folders, journal, what follows, views, bus."""
    session = Session.open(a_folder(base, "session"), Bus())
    for state in (RunState.BOOTSTRAPPING, RunState.RUNNING):
        await session.record(ev.RunStateChanged(state=state))
    await session.record(*(ev.TaskAdded(task=task(number)) for number in range(TASKS)))

    async def work(worker: str) -> None:
        while claimed := await session.claim(worker, Role.IMPLEMENTER):
            found, token = claimed
            await session.record(finished(found.id, found.epoch), actor=worker)
            session.claims.release(token)

    rate = await crowd(work)
    assert session.claims.counters.claims == TASKS
    await session.close()
    return rate


# Many processes -----------------------------------------------------------------------------------
def race(base: Path) -> tuple[int, int, float]:
    """Claims that were won, rounds that were won by exactly one, seconds."""
    base.mkdir()
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(RACERS)
    racers = [context.Process(target=_racer, args=(base, number, barrier)) for number in range(RACERS)]
    began = time.perf_counter()
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    seconds = time.perf_counter() - began
    winners = [line for path in base.glob("won-*") for line in path.read_text().split()]
    alone = sum(1 for _, same in itertools.groupby(sorted(winners)) if len(list(same)) == 1)
    return len(winners), alone, seconds


def _racer(base: Path, number: int, barrier: Barrier) -> None:
    store = TaskClaimStore(RunFolder(base))
    won = []
    for round_ in range(RACES):
        barrier.wait()
        if store.claim(f"implement-1-{round_}", 1, f"implementer-{number}"):
            won.append(str(round_))
    (base / f"won-{number}").write_text(" ".join(won))
    os._exit(0)  # what the parent set up is not this process' to tear down


def rows(folder: Path, rounds: int = 3) -> list[Row]:
    """The figures."""
    rates: dict[str, list[float]] = {}
    for number in range(rounds):
        for bench in (store_only, journal_only, everything):
            rate = asyncio.run(bench(folder / str(number)))
            rates.setdefault(bench.__name__, []).append(rate)
    won, alone, seconds = race(folder / "race")
    return [
        Row("claim + complete, store alone", median(rates["store_only"]), "/s",
            peer=spread(rates["store_only"], "/s")),
        Row("claim + complete, journal and pipeline", median(rates["journal_only"]), "/s", 10_000,
            at_least=True, peer=spread(rates["journal_only"], "/s")),
        Row("claim + complete, with claim folders and views", median(rates["everything"]), "/s", 2_000,
            at_least=True, peer=spread(rates["everything"], "/s")),
        Row("races of 32 processes with exactly one winner", alone, "", RACES, at_least=True,
            peer=f"{won} claims won in {RACES} races, {seconds:.1f} s"),
    ]  # fmt: skip
