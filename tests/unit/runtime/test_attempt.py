"""An attempt: however it ends, the journal says so, and nobody waits for ever."""

from __future__ import annotations

import asyncio

from sextet.errors import GitError, StoreError
from sextet.model import events as ev
from sextet.model.names import RunState
from sextet.model.outcome import ImplementOutcome
from sextet.model.settings import Settings
from sextet.model.task import Failure, FailureKind, Usage
from sextet.roles.executor import AttemptFailedError
from sextet.runtime.attempt import PAUSES
from support.runs import FakeEngine, check_journal, few, floor

ONE = Settings(roles=few(analyst=2))


def failing(*errors: BaseException, engine: FakeEngine):
    """Raise these, one for each attempt, then succeed."""
    left = list(errors)

    async def act(assignment, sink):
        if left:
            raise left.pop(0)
        return await engine.succeed(assignment)

    return act


async def run_with(tmp_path, engine, *, settings=ONE):
    async with floor(tmp_path, engine, settings=settings) as it:
        state = await (await it.begin())
        return it, state


async def test_invariant_9_a_failed_attempt_becomes_a_question_and_a_retry_goes_on(tmp_path):
    engine = FakeEngine(items=("a",), salvage_tree="5" * 40)
    failure = Failure(kind=FailureKind.ANSWER, cause="no JSON")
    error = AttemptFailedError(failure, usage=Usage(input=5))
    engine.acts["implement"] = failing(error, engine=engine)
    async with floor(tmp_path, engine, settings=ONE) as it:
        driving = await it.begin()
        await it.answer("task-implement-1-1", "retry")
        assert await driving is RunState.COMPLETED
        task = it.session.view.tasks["implement-1-1"]
        assert (task.epoch, task.usage.input) == (2, 5)
        [failed] = [e.event for e in it.journal() if isinstance(e.event, ev.TaskFailed)]
        assert (failed.failure.cause, failed.salvage) == (failure.cause, "5" * 40)
        assert failed.failure.next_step, "every failure says what to do"


async def test_a_defect_of_an_executor_fails_its_attempt_with_its_cause(tmp_path):
    for error in (KeyError("x"), GitError("git is gone"), asyncio.CancelledError()):
        engine = FakeEngine(items=("a",))
        engine.acts["split-1"] = failing(error, engine=engine)
        where = tmp_path / type(error).__name__
        where.mkdir()
        async with floor(where, engine, settings=ONE) as it:
            driving = await it.begin()
            await it.answer("task-split-1", "retry")
            assert await driving is RunState.COMPLETED
            [failed] = [e.event for e in it.journal() if isinstance(e.event, ev.TaskFailed)]
            assert failed.failure.kind is FailureKind.INTERNAL


async def test_what_a_person_stops_is_not_repeated_by_itself_and_its_work_and_cost_are_kept(tmp_path):
    engine = FakeEngine(items=("a", "b"), salvage_tree="5" * 40)
    engine.hold("implement-1-1")

    async def spend(assignment, sink):
        sink.spent(Usage(input=7))
        return await engine.succeed(assignment)

    engine.acts["implement-1-2"] = spend
    async with floor(tmp_path, engine, settings=Settings(roles=few(analyst=2, implementer=2))) as it:
        driving = await it.begin()
        await engine.begun("implement-1-1")
        (await it.attempt("implement-1-1")).stop("ada stopped it")
        assert await driving is RunState.COMPLETED
        task = it.session.view.tasks["implement-1-1"]
        assert (task.state.value, task.epoch, task.salvage) == ("stopped", 1, "5" * 40)
        assert it.session.view.usage.input == 7
    check_journal(it.folder)


async def test_a_test_that_waits_for_the_baseline_can_be_stopped(tmp_path):
    engine = FakeEngine(items=("a",))
    engine.hold("baseline")
    async with floor(tmp_path, engine, settings=ONE) as it:
        driving = await it.begin()
        (await it.attempt("test-1")).stop("no")
        await it.session.until(lambda view: view.tasks["test-1"].state.value == "stopped")
        assert ("test-1", 1) not in engine.started
        it.live.interrupt("enough")
        await driving


async def test_a_provider_that_asks_for_a_pause_gets_it_without_a_question(tmp_path):
    engine = FakeEngine(items=("a",))
    busy = AttemptFailedError(Failure(kind=FailureKind.TRANSIENT, cause="busy"), retry_after=0.01)
    engine.acts["implement"] = failing(busy, busy, engine=engine)
    it, state = await run_with(tmp_path, engine)
    assert state is RunState.COMPLETED
    assert it.session.view.tasks["implement-1-1"].epoch == 3
    assert not [e for e in it.journal() if isinstance(e.event, ev.QuestionAsked)]


async def test_a_provider_that_never_has_time_becomes_a_question(tmp_path):
    engine = FakeEngine(items=("a",))
    busy = AttemptFailedError(Failure(kind=FailureKind.TRANSIENT, cause="busy"), retry_after=0.001)
    engine.acts["implement"] = failing(*[busy] * 100, engine=engine)
    async with floor(tmp_path, engine, settings=ONE) as it:
        driving = await it.begin()
        await it.answer("task-implement-1-1", "stop")
        assert await driving is RunState.FAILED
        assert it.session.view.tasks["implement-1-1"].epoch == PAUSES + 1


async def test_a_blocked_agent_keeps_its_work_for_the_retry(tmp_path):
    engine = FakeEngine(items=("a",))

    async def blocked(assignment, sink):
        engine.acts.clear()
        done = await engine.succeed(assignment)
        return ImplementOutcome(summary="no key", change=done.change, blocked=True)

    engine.acts["implement"] = blocked
    async with floor(tmp_path, engine, settings=ONE) as it:
        driving = await it.begin()
        await it.session.until(lambda view: bool(view.questions))
        tree = it.session.view.tasks["implement-1-1"].salvage
        assert tree
        await it.answer("task-implement-1-1", "retry")
        assert await driving is RunState.COMPLETED


async def test_invariant_8_a_result_that_comes_too_late_is_noted_and_changes_nothing(tmp_path):
    engine = FakeEngine(items=("a",))
    gate = engine.hold("implement-1-1")
    async with floor(tmp_path, engine, settings=ONE) as it:
        driving = await it.begin()
        await engine.begun("implement-1-1")
        await it.session.record(ev.TaskReleased(task_id="implement-1-1", epoch=1, reason="taken for dead"))
        gate.set()
        assert await driving is RunState.COMPLETED
        task = it.session.view.tasks["implement-1-1"]
        assert (task.state.value, task.epoch) == ("integrated", 2)
        [note] = it.session.view.notes
        assert "epoch 1" in note.text or "is ready and cannot finish" in note.text
        assert not [e for e in it.journal() if isinstance(e.event, ev.WorkerCrashed)]
        finished = [
            e.event.epoch
            for e in it.journal()
            if isinstance(e.event, ev.TaskFinished) and e.event.task_id == "implement-1-1"
        ]
        assert finished == [2]


async def test_files_that_cannot_be_kept_cost_a_note_and_not_the_attempt(tmp_path, monkeypatch):
    engine = FakeEngine(items=("a",))

    async def talk(assignment, sink):
        for _ in range(2):
            sink.artifact("prompt.md", b"x")
        return await engine.succeed(assignment)

    def refuse(*_):
        raise StoreError("The disk is full.")

    engine.acts["split-1"] = talk
    async with floor(tmp_path, engine, settings=ONE) as it:
        monkeypatch.setattr(it.session.artifacts, "append", refuse)
        monkeypatch.setattr(it.session.artifacts, "log", refuse)
        assert await (await it.begin()) is RunState.COMPLETED
        texts = [note.text for note in it.session.view.notes]
        assert texts.count("prompt.md of split-1 could not be kept: The disk is full.") == 1
