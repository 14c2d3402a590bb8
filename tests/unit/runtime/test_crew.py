"""A crew: the wanted number of workers, whatever happens to them."""

from __future__ import annotations

import asyncio

import pytest

from sextet.errors import NotFoundError, StoreError
from sextet.model import events as ev
from sextet.model.names import Role, RunState
from sextet.model.settings import RoleSettings, Settings
from sextet.runtime import crew as crews
from sextet.runtime.worker import Worker
from support.runs import FakeEngine, check_journal, few, floor


def ids(it) -> list[str]:
    return [status.id for status in it.live.crew.statuses]


def of_role(it, role: str) -> list[str]:
    return [name for name in ids(it) if name.startswith(role)]


async def settle(condition) -> None:
    """Let callbacks run until something holds."""
    while not condition():  # noqa: ASYNC110 -- a worker's end has no event to wait for
        await asyncio.sleep(0.001)


async def scale(it, role: Role, workers: int) -> None:
    await it.session.record(ev.RolesChanged(roles={role: RoleSettings(workers=workers)}))
    it.live.crew.scale()


@pytest.fixture
def quick(monkeypatch):
    """Crashed workers come back at once."""
    monkeypatch.setattr(crews, "BACK_OFF", (0.001,))


async def test_every_role_has_its_workers_in_the_order_of_the_pipeline(tmp_path):
    async with floor(tmp_path) as it:
        it.live.crew.start()
        assert ids(it) == [
            *("analyst-1", "analyst-2", "consensus-1", "splitter-1"),
            *("implementer-1", "implementer-2", "tester-1", "reviewer-1"),
        ]


async def test_workers_come_and_go_with_the_setting_and_none_is_torn_from_its_work(tmp_path):
    engine = FakeEngine(items=("a", "b", "c"))
    gate = engine.hold("implement")
    async with floor(tmp_path, engine, settings=Settings(roles=few(analyst=2, implementer=3))) as it:
        driving = await it.begin()
        await engine.begun("implement-1-3")
        await scale(it, Role.IMPLEMENTER, 1)
        states = {status.id: status.state.value for status in it.live.crew.statuses}
        assert states["implementer-2"] == "stopping"
        gate.set()
        await driving
        assert engine.cancelled == []
        assert len(engine.started) == len(set(engine.started))


async def test_a_worker_that_is_wanted_again_while_it_drains_comes_back(tmp_path):
    engine = FakeEngine()
    gate = engine.hold("implement")
    async with floor(tmp_path, engine) as it:
        driving = await it.begin()
        await engine.begun("implement-1-2")
        await scale(it, Role.IMPLEMENTER, 0)
        await scale(it, Role.IMPLEMENTER, 2)
        engine.hold("test")
        gate.set()
        await engine.begun("test-1")
        await settle(lambda: len(of_role(it, "implementer")) == 2)
        engine.held["test"].set()
        assert await driving is RunState.COMPLETED


async def test_stopping_with_drain_lets_the_attempt_end_and_now_gives_it_back(tmp_path):
    engine = FakeEngine(salvage_tree="5" * 40)
    gate = engine.hold("implement")
    async with floor(tmp_path, engine) as it:
        driving = await it.begin()
        await engine.begun("implement-1-2")
        worker = it.live.crew.at_work_on("implement-1-1").id
        other = it.live.crew.at_work_on("implement-1-2").id
        await it.live.crew.stop(now=False, ids=[worker])
        await it.live.crew.stop(now=True, ids=[other])
        assert engine.cancelled == [("implement-1-2", 1)]
        task = it.session.view.tasks["implement-1-2"]
        assert (task.state.value, task.salvage) == ("ready", "5" * 40)
        gate.set()
        await it.session.until(lambda view: view.tasks["implement-1-1"].state.value == "integrated")
        await settle(lambda: not of_role(it, "implementer"))
        it.live.crew.start()
        assert await driving is RunState.COMPLETED
    check_journal(it.folder)


async def test_a_stop_before_the_loop_has_begun_is_not_lost(tmp_path):
    async with floor(tmp_path) as it:
        it.live.crew.start()
        await it.live.crew.stop(now=True)
        await it.session.record(ev.RunStateChanged(state=RunState.RUNNING))
        await asyncio.sleep(0.01)
        assert (ids(it), it.engine.started) == ([], [])


async def test_a_single_worker_that_was_stopped_rests_until_somebody_starts_workers(tmp_path):
    async with floor(tmp_path) as it:
        it.live.crew.start()
        await it.live.crew.stop(now=True, ids=["tester-1"])
        await asyncio.sleep(0.005)
        assert of_role(it, "tester") == []
        with pytest.raises(NotFoundError, match="tester-1"):
            it.live.crew.worker("tester-1")
        it.live.crew.start()
        assert of_role(it, "tester") == ["tester-1"]


async def test_a_role_without_workers_is_told_and_the_run_waits_for_a_person(tmp_path):
    settings = Settings(roles=few(analyst=2, implementer=0))
    async with floor(tmp_path, settings=settings) as it:
        driving = await it.begin()
        await it.session.until(lambda view: view.state is RunState.WAITING_FOR_HUMAN)
        assert it.session.view.reason == "the implementer role has no workers"
        await scale(it, Role.IMPLEMENTER, 1)
        assert await driving is RunState.COMPLETED


async def test_invariant_9_a_worker_whose_own_code_fails_is_told_and_started_again(
    tmp_path, monkeypatch, quick
):
    failures = [ValueError("a defect"), StoreError("The disk is full.")]
    real = Worker._once

    async def once(self):
        if failures and self.role is Role.CONSENSUS:
            raise failures.pop()
        await real(self)

    monkeypatch.setattr(Worker, "_once", once)
    async with floor(tmp_path) as it:
        assert await (await it.begin()) is RunState.COMPLETED
        notes = [note.text for note in it.session.view.notes]
        assert notes == [
            "consensus-1 failed: StoreError: The disk is full.",
            "consensus-1 failed: ValueError: a defect",
        ]


async def test_invariant_2_a_task_whose_worker_failed_in_its_midst_is_given_back(
    tmp_path, monkeypatch, quick
):
    failures = [RuntimeError("a defect")]
    from sextet.runtime.attempt import Attempt

    real = Attempt.run

    async def run(self):
        if self.task.id == "split-1" and failures:
            raise failures.pop()
        return await real(self)

    monkeypatch.setattr(Attempt, "run", run)
    async with floor(tmp_path) as it:
        assert await (await it.begin()) is RunState.COMPLETED
        assert it.session.view.tasks["split-1"].epoch == 2
    check_journal(it.folder)


async def test_crashes_again_and_again_are_paused_longer_and_longer(tmp_path, monkeypatch):
    monkeypatch.setattr(crews, "BACK_OFF", (0.001, 0.002, 0.003))
    failures = list(range(5))
    real = Worker._once

    async def once(self):
        if failures and self.role is Role.CONSENSUS:
            failures.pop()
            raise ValueError
        await real(self)

    monkeypatch.setattr(Worker, "_once", once)
    async with floor(tmp_path) as it:
        await (await it.begin())
        pauses = [e.event.restart_in for e in it.journal() if isinstance(e.event, ev.WorkerCrashed)]
        assert pauses == [0.001, 0.002, 0.003, 0.003, 0.003]


async def test_no_more_agents_are_at_work_than_allowed(tmp_path):
    engine = FakeEngine(items=tuple("abcdefgh"))
    settings = Settings(max_agents=3, roles=few(analyst=2, implementer=8))

    full = asyncio.Event()

    async def slow(assignment, sink):
        if engine.at_work == 3:
            full.set()
        await full.wait()
        await asyncio.sleep(0.01)  # so that a fourth could begin, if it may
        return await engine.succeed(assignment)

    engine.acts["implement"] = slow
    async with floor(tmp_path, engine, settings=settings) as it:
        assert await (await it.begin()) is RunState.COMPLETED
        assert engine.most == 3
        assert it.slots.taken == 0
