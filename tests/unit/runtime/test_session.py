"""A session: durable before it is told, woken when it must be, and honest about a disk that refuses."""

from __future__ import annotations

import asyncio
import errno
from contextlib import suppress

import pytest

from sextet.errors import StaleError, StoreError
from sextet.model import events as ev
from sextet.model.names import Role, RunState
from sextet.model.notes import Choice, Question, QuestionKind
from sextet.model.settings import Settings
from sextet.runtime.bus import StateChanged
from support.disks import FaultyDisk
from support.runs import check_journal, few, floor, make_folder

RUNNING = ev.RunStateChanged(state=RunState.RUNNING)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def question(name: str, deadline: float, default: str = "no") -> Question:
    choices = (Choice(value="yes", label="Yes"), Choice(value="no", label="No"))
    return Question(
        id=name, kind=QuestionKind.AGENT, text="?", choices=choices, default=default, deadline=deadline
    )


async def test_nothing_is_told_before_it_is_on_the_disk(tmp_path):
    async with floor(tmp_path) as it:
        heard = it.bus.subscribe()
        durable = it.session.put(RUNNING)
        assert heard.take() is None
        await durable
        await it.session.settled()
        on_disk = it.journal()
        told = []
        while message := heard.take():
            assert isinstance(message, StateChanged)
            told.append(message.entry.seq)
        assert told == [entry.seq for entry in on_disk if entry.seq > 1]
        assert on_disk[-1].seq == it.session.view.seq


async def test_an_event_that_is_refused_leaves_those_before_it_and_wakes_who_waits_for_them(tmp_path):
    async with floor(tmp_path) as it:
        waiter = asyncio.create_task(it.session.until(lambda view: view.state is RunState.RUNNING))
        await asyncio.sleep(0)
        with pytest.raises(StaleError):
            await it.session.record(
                RUNNING, ev.TaskIntegrated(task_id="analysis-1-1", epoch=1, tree="a" * 40, commit="a" * 40)
            )
        await waiter
        assert it.session.broken is None


async def test_a_claim_that_is_cancelled_before_it_is_durable_is_given_back(tmp_path):
    async with floor(tmp_path) as it:
        await it.session.record(RUNNING)
        claiming = asyncio.create_task(it.session.claim("analyst-1", Role.ANALYST))
        await asyncio.sleep(0)
        assert it.state("analysis-1-1") == "in_progress"
        claiming.cancel()
        await asyncio.gather(claiming, return_exceptions=True)
        assert it.state("analysis-1-1") == "ready"
        await it.session.settled()
        check_journal(it.folder, ended=False)


async def test_invariant_1_two_workers_that_claim_at_once_get_two_tasks_or_none(tmp_path):
    async with floor(tmp_path) as it:
        await it.session.record(RUNNING)
        got = await asyncio.gather(*(it.session.claim(f"analyst-{n}", Role.ANALYST) for n in range(1, 6)))
        names = [claimed[0].id for claimed in got if claimed is not None]
        assert sorted(names) == ["analysis-1-1", "analysis-1-2"]


async def test_an_epoch_that_a_dead_process_took_in_silence_is_passed_over(tmp_path):
    async with floor(tmp_path) as it:
        await it.session.record(RUNNING)
        assert it.session.claims.claim("analysis-1-1", 1, "analyst-9")
        task, token = await it.session.claim("analyst-1", Role.ANALYST)
        assert (task.id, task.epoch, token.epoch) == ("analysis-1-1", 2, 2)


async def test_invariant_8_a_late_result_of_a_former_epoch_is_refused(tmp_path):
    async with floor(tmp_path) as it:
        await it.session.record(RUNNING)
        task, _ = await it.session.claim("analyst-1", Role.ANALYST)
        await it.session.record(ev.TaskReleased(task_id=task.id, epoch=1, reason="dead"))
        for number in (2, 3):
            await it.session.claim(f"analyst-{number}", Role.ANALYST)
        outcome = await it.engine.succeed(_assignment(task))
        with pytest.raises(StaleError, match="epoch 2 has taken over"):
            await it.session.record(ev.TaskFinished(task_id=task.id, epoch=1, outcome=outcome))
        assert it.state(task.id) == "in_progress"


def _assignment(task):
    class Given:
        pass

    given = Given()
    given.task, given.tree = task, "a" * 40
    return given


# The disk -----------------------------------------------------------------------------------------
async def test_a_disk_that_fails_wakes_everybody_and_takes_nothing_more(tmp_path):
    disk = FaultyDisk()
    async with floor(tmp_path, disk=disk) as it:
        await it.session.record(RUNNING)
        acknowledged = it.session.view.seq
        waiter = asyncio.create_task(it.session.until(lambda view: view.ended))
        worker = asyncio.create_task(it.session.work(Role.REVIEWER))
        await asyncio.sleep(0)
        disk.at, disk.forever = disk.calls + 1, True
        with pytest.raises(StoreError, match="disk is full"):
            await it.session.record(ev.Noted(text="x"))
        with pytest.raises(StoreError, match="disk is full"):
            await waiter
        await worker
        for refused in (it.session.record(ev.Noted(text="y")), it.session.settled()):
            with pytest.raises(StoreError, match="disk is full"):
                await refused
        assert it.journal()[-1].seq == acknowledged


async def test_a_run_goes_on_when_the_disk_works_again(tmp_path):
    disk = FaultyDisk()
    folder = make_folder(tmp_path)
    async with floor(folder, disk=disk) as it:
        await it.session.record(RUNNING)
        disk.at, disk.forever = disk.calls + 1, True
        with pytest.raises(StoreError):
            await it.session.record(ev.Noted(text="lost"))
    async with floor(folder) as it:
        await it.session.record(ev.Noted(text="kept"))
        assert [note.text for note in it.session.view.notes] == ["kept"]
        assert "analysis-1-1" in it.session.view.tasks


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
async def test_a_session_that_cannot_be_opened_says_why_and_leaves_nothing_open(tmp_path, code):
    folder = make_folder(tmp_path)
    counter = FaultyDisk()
    async with floor(folder, disk=counter):
        pass
    for at in range(1, counter.calls + 1):
        with suppress(StoreError):
            async with floor(folder, disk=FaultyDisk(at, code)) as it:
                assert it.session.view.the_run


# Deadlines ----------------------------------------------------------------------------------------
async def test_the_default_is_taken_at_the_deadline(tmp_path):
    clock = Clock()
    async with floor(tmp_path, clock=clock) as it:
        await it.session.record(RUNNING)
        asking = asyncio.create_task(it.session.ask(question("q-1", clock.now + 0.01)))
        await it.session.until(lambda view: "q-1" in view.questions)
        clock.now += 1
        assert await asking == "no"
        assert it.session.view.answers["q-1"] == ("no", "sextet")


async def test_an_answer_before_the_deadline_is_the_answer(tmp_path):
    async with floor(tmp_path) as it:
        await it.session.record(RUNNING)
        asking = asyncio.create_task(it.session.ask(question("q-1", 1e10)))
        await it.answer("q-1", "yes")
        assert await asking == "yes"


async def test_no_deadline_passes_while_nobody_works_on_the_run_and_it_begins_anew_afterwards(tmp_path):
    clock, folder = Clock(), make_folder(tmp_path)
    async with floor(folder, clock=clock) as it:
        await it.session.record(RUNNING)
        await it.session.record(ev.QuestionAsked(question=question("q-1", clock.now + 60)))
        await it.session.record(ev.RunStateChanged(state=RunState.INTERRUPTED))
    clock.now += 3_600
    async with floor(folder, clock=clock) as it:
        await asyncio.sleep(0.01)
        assert "q-1" in it.session.view.questions
        it.engine.hold("analysis")
        driving = await it.begin()
        await it.engine.begun("analysis-1-1")
        assert it.session.view.questions["q-1"].deadline > clock.now
        clock.now = it.session.view.questions["q-1"].deadline + 1
        it.session._watch_deadlines()
        await it.session.until(lambda view: "q-1" not in view.questions)
        assert it.session.view.answers["q-1"] == ("no", "sextet")
        it.live.interrupt("enough")
        await driving


async def test_a_deadline_that_is_still_to_come_holds_after_a_resume(tmp_path):
    clock, folder = Clock(), make_folder(tmp_path)
    async with floor(folder, clock=clock) as it:
        await it.session.record(RUNNING, ev.QuestionAsked(question=question("q-1", clock.now + 60)))
    clock.now += 30
    async with floor(folder, clock=clock) as it:
        it.engine.hold("analysis")
        driving = await it.begin()
        await it.engine.begun("analysis-1-1")
        assert it.session.view.questions["q-1"].deadline == 1_060
        it.live.interrupt("enough")
        await driving


async def test_defaults_that_end_the_run_do_not_trip_over_the_questions_that_go_with_it(tmp_path):
    clock = Clock()
    async with floor(tmp_path, clock=clock) as it:
        await it.session.record(RUNNING)
        for number in (1, 2):
            task, token = await it.session.claim(f"analyst-{number}", Role.ANALYST)
            failure = {"kind": "internal", "cause": "it broke"}
            await it.session.record(
                ev.TaskFailed.model_validate({"task_id": task.id, "epoch": token.epoch, "failure": failure})
            )
        clock.now += 10 * 86_400
        it.session._take_defaults()
        await it.session.settled()
        assert it.session.view.state is RunState.FAILED


# Work ---------------------------------------------------------------------------------------------
async def test_a_worker_sleeps_on_when_what_happens_gives_it_nothing_to_do(tmp_path):
    async with floor(tmp_path) as it:
        await it.session.record(RUNNING)
        working = asyncio.create_task(it.session.work(Role.REVIEWER))
        for _ in range(5):
            await it.session.record(ev.Noted(text="x"))
        assert not working.done()
        await it.session.record(ev.RunStateChanged(state=RunState.STOPPED))
        await working


async def test_a_task_that_pauses_is_taken_when_its_pause_is_over(tmp_path):
    async with floor(tmp_path, settings=Settings(roles=few())) as it:
        await it.session.record(RUNNING)
        now = it.session.clock()
        for number in (1, 2):
            task, _ = await it.session.claim(f"analyst-{number}", Role.ANALYST)
            released = ev.TaskReleased(task_id=task.id, epoch=1, reason="busy", not_before=now + 0.05)
            await it.session.record(released)
        assert await it.session.claim("analyst-1", Role.ANALYST) is None
        await it.session.work(Role.ANALYST)
        assert await it.session.claim("analyst-1", Role.ANALYST) is not None
