"""A live run: from start to end, interrupted anywhere, resumed, and put down when it cannot go on."""

from __future__ import annotations

import asyncio

import pytest

from sextet.errors import GitError, InvalidTransitionError, StoreError
from sextet.model import events as ev
from sextet.model.names import Kind, RunState
from sextet.model.settings import Settings
from sextet.runtime import integrator
from sextet.runtime.live import revive
from support.disks import FaultyDisk
from support.runs import FakeEngine, check_journal, few, floor, make_folder


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(integrator, "PAUSE", 0.001)


async def test_a_run_goes_through_all_roles_to_an_approved_patch(tmp_path):
    async with floor(tmp_path) as it:
        assert await (await it.begin()) is RunState.COMPLETED
        assert it.session.view.patches[1].state.value == "proposed"
        assert it.slots.taken == 0
    check_journal(it.folder)


@pytest.mark.parametrize("kind", ["baseline", *Kind])
async def test_invariant_2_an_interrupt_in_any_phase_gives_back_and_the_run_can_be_resumed(tmp_path, kind):
    engine, folder = FakeEngine(salvage_tree="5" * 40), make_folder(tmp_path)
    name = str(kind)
    engine.hold(name)
    first = {"analysis": "analysis-1-1", "implement": "implement-1-1"}.get(name, f"{name}-1")
    async with floor(folder, engine) as it:
        driving = await it.begin()
        if name == "baseline":
            await it.session.until(lambda view: "test-1" in view.working)
        else:
            await engine.begun(first)
        it.live.interrupt("enough")
        assert await driving is RunState.INTERRUPTED
        assert it.session.view.reason == "enough"
        assert not it.session.view.working
        assert it.live.crew.statuses == ()
    engine.held.clear()
    async with floor(folder, engine) as it:
        assert await (await it.begin()) is RunState.COMPLETED
    check_journal(folder)


async def test_what_dead_workers_held_is_salvaged_and_given_back_at_the_next_start(tmp_path):
    engine, folder = FakeEngine(), make_folder(tmp_path)
    engine.hold("implement")
    async with floor(folder, engine) as it:
        driving = await it.begin()
        await engine.begun("implement-1-2")
        copy = folder.journal.read_bytes()  # as a killed server leaves it
        it.live.interrupt("")
        await driving
    folder.journal.write_bytes(copy)
    engine.held.clear()
    engine.salvaged.clear()
    async with floor(folder, engine) as it:
        assert await (await it.begin()) is RunState.COMPLETED
        assert engine.salvaged == [("implement-1-1", 1), ("implement-1-2", 1)]
        released = [e.event for e in it.journal() if isinstance(e.event, ev.TaskReleased)]
        assert [event.reason for event in released] == ["its worker is gone"] * 2
    check_journal(folder)


async def test_a_run_that_is_stopped_while_all_are_at_work_cancels_and_gives_back(tmp_path):
    engine = FakeEngine()
    engine.hold("implement")
    async with floor(tmp_path, engine) as it:
        driving = await it.begin()
        await engine.begun("implement-1-2")
        await it.live.stop("not needed", "ada")
        assert await driving is RunState.STOPPED
        assert sorted(engine.cancelled) == [("implement-1-1", 1), ("implement-1-2", 1)]
        assert not it.session.view.working


async def test_a_run_that_fails_while_others_are_at_work_takes_them_along_and_can_be_revived(tmp_path):
    engine, folder = FakeEngine(), make_folder(tmp_path)
    engine.hold("implement-1-2")

    async def fail(assignment, sink):
        del engine.acts["implement-1-1"]
        raise ValueError

    engine.acts["implement-1-1"] = fail
    async with floor(folder, engine) as it:
        driving = await it.begin()
        await engine.begun("implement-1-2")
        await it.answer("task-implement-1-1", "stop")
        assert await driving is RunState.FAILED
        assert engine.cancelled == [("implement-1-2", 1)]
    engine.held.clear()
    async with floor(folder, engine) as it:
        await revive(it.session, "ada")
        assert await (await it.begin()) is RunState.COMPLETED
        with pytest.raises(InvalidTransitionError, match="complete"):
            await revive(it.session, "ada")
    check_journal(folder)


# The baseline -------------------------------------------------------------------------------------
async def test_a_set_up_that_fails_is_asked_about_until_somebody_goes_on(tmp_path):
    engine = FakeEngine(setups=[2, 2])
    async with floor(tmp_path, engine) as it:
        driving = await it.begin()
        assert await it.answer("setup-1", "retry") == "setup-1-1"
        await it.session.until(lambda view: "setup-1-2" in view.questions)
        await it.answer("setup-1", "go-on")
        assert await driving is RunState.COMPLETED
        assert engine.baselines == 2


async def test_a_set_up_that_ends_the_run_is_tried_again_when_it_is_resumed(tmp_path):
    engine = FakeEngine(setups=[2, 0])
    async with floor(tmp_path, engine) as it:
        driving = await it.begin()
        await it.answer("setup-1", "stop")
        assert await driving is RunState.FAILED
        assert it.session.view.reason == "the set-up command fails on the untouched base"
    async with floor(it.folder, engine) as it:
        await revive(it.session, "ada")
        assert await (await it.begin()) is RunState.COMPLETED
        assert engine.baselines == 2


async def test_a_question_about_the_set_up_is_withdrawn_when_it_works_after_a_resume(tmp_path):
    engine = FakeEngine(setups=[2, 0])
    async with floor(tmp_path, engine) as it:
        driving = await it.begin()
        await it.session.until(lambda view: "setup-1-1" in view.questions)
        it.live.interrupt("")
        await driving
    async with floor(it.folder, engine) as it:
        assert await (await it.begin()) is RunState.COMPLETED
        answers = [e.event.answer for e in it.journal() if isinstance(e.event, ev.QuestionAnswered)]
        assert answers == ["withdrawn"]


# Integration --------------------------------------------------------------------------------------
async def test_a_conflict_sends_the_item_back_with_what_collides(tmp_path):
    engine = FakeEngine(items=("a",), conflicts=["a.txt"])
    seen = []

    async def look(assignment, sink):
        seen.append([finding.file for finding in assignment.task.findings])
        return await engine.succeed(assignment)

    engine.acts["implement"] = look
    async with floor(tmp_path, engine) as it:
        assert await (await it.begin()) is RunState.COMPLETED
        assert seen == [[], ["a.txt"]]
    check_journal(it.folder)


async def test_an_integration_that_git_refuses_once_is_tried_again_without_asking_an_agent(tmp_path, quick):
    engine = FakeEngine(refusals=[GitError("the disk is full")])
    async with floor(tmp_path, engine) as it:
        assert await (await it.begin()) is RunState.COMPLETED
        assert it.session.view.tasks["implement-1-1"].epoch == 1


async def test_invariant_9_an_integration_that_git_always_refuses_interrupts_the_run_and_says_why(
    tmp_path, quick
):
    engine = FakeEngine(refusals=[GitError("the disk is full")] * 100)
    async with floor(tmp_path, engine) as it:
        with pytest.raises(GitError, match="disk is full"):
            await (await it.begin())
        assert it.session.view.state is RunState.INTERRUPTED
        assert it.session.view.reason == "the disk is full"
        assert not it.session.view.working
    engine.refusals.clear()
    async with floor(it.folder, engine) as it:
        assert await (await it.begin()) is RunState.COMPLETED
    check_journal(it.folder)


async def test_a_defect_in_the_house_itself_puts_the_run_down_and_says_so(tmp_path):
    engine = FakeEngine(refusals=[RuntimeError("a defect")])
    async with floor(tmp_path, engine) as it:
        with pytest.raises(RuntimeError):
            await (await it.begin())
        assert (it.session.view.state, it.session.view.reason) == (
            RunState.INTERRUPTED,
            "RuntimeError: a defect",
        )


async def test_a_run_whose_task_is_cancelled_from_outside_is_left_interrupted(tmp_path):
    engine = FakeEngine()
    engine.hold("implement")
    async with floor(tmp_path, engine) as it:
        driving = await it.begin()
        await engine.begun("implement-1-2")
        driving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await driving
        assert it.session.view.state is RunState.INTERRUPTED
        assert not it.session.view.working


# The disk -----------------------------------------------------------------------------------------
async def test_a_disk_that_fails_in_the_middle_stops_all_workers_and_the_run_goes_on_later(tmp_path):
    disk, engine, folder = FaultyDisk(), FakeEngine(), make_folder(tmp_path)
    engine.hold("implement")
    async with floor(folder, engine, disk=disk) as it:
        driving = await it.begin()
        await engine.begun("implement-1-2")
        acknowledged = it.journal()
        disk.at, disk.forever = disk.calls + 1, True
        engine.held["implement"].set()
        with pytest.raises(StoreError, match="disk is full"):
            await driving
        assert it.live.crew.statuses == ()
        assert it.journal()[: len(acknowledged)] == acknowledged
    async with floor(folder, engine) as it:
        assert await (await it.begin()) is RunState.COMPLETED
    check_journal(folder)


async def test_a_run_folder_that_vanishes_stops_the_run_and_nothing_is_made_again_half_way(tmp_path):
    engine, folder = FakeEngine(), make_folder(tmp_path)
    engine.hold("implement")
    async with floor(folder, engine) as it:
        driving = await it.begin()
        await engine.begun("implement-1-2")
        folder.path.rename(tmp_path / "gone")
        engine.held["implement"].set()
        with pytest.raises(StoreError, match="no longer there"):
            await driving
        assert not folder.path.exists()


async def test_settings_of_few_workers_do_not_keep_a_run_from_its_end(tmp_path):
    async with floor(tmp_path, settings=Settings(max_agents=1, roles=few())) as it:
        assert await (await it.begin()) is RunState.COMPLETED
