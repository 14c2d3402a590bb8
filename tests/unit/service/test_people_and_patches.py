"""What people say to a run: taken when it fits what is there now, refused with a way out otherwise."""

from __future__ import annotations

import json
import threading

import pytest

from sextet.errors import ApplyError, NotFoundError, StaleError, UsageError
from sextet.model import events as ev
from sextet.model.names import RunState
from sextet.runtime.session import Session
from sextet.service import orchestrator
from sextet.service.dispatch import Dispatcher
from sextet.service.orchestrator import Orchestrator
from sextet.service.viewing import read_view
from support import repos
from support.runs import scenario, shop


@pytest.fixture
async def done(tmp_path):
    """A supervisor with a run that is complete."""
    top = repos.make(tmp_path / "repo", {"a.txt": "a\n"})
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(scenario()))
    async with shop(top) as it:
        it.run_id = await it.start(file)
        assert await it.orchestrator.wait(it.run_id) is RunState.COMPLETED
        yield it


@pytest.fixture
async def fresh(tmp_path):
    """A supervisor with a run that has not begun."""
    top = repos.make(tmp_path / "repo", {"a.txt": "a\n"})
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(scenario()))
    async with shop(top) as it:
        it.run_id = await it.start(file, autoStart=False)
        yield it


async def test_a_verb_that_does_not_exist_is_named(fresh):
    with pytest.raises(NotFoundError, match="no verb 'run/fly'"):
        await fresh.call("run/fly")


async def test_params_that_do_not_fit_name_the_first_bad_field(fresh):
    with pytest.raises(UsageError) as caught:
        await fresh.call("workers/stop", runId=fresh.run_id, how="gently")
    assert caught.value.facts["path"] == "how"


@pytest.mark.parametrize("run_id", ["20260101-000000-none-0000"])
@pytest.mark.parametrize("verb", ["run/snapshot", "run/resume", "run/stop", "patch/list", "run/events"])
async def test_a_run_that_does_not_exist_is_told_by_every_verb(fresh, verb, run_id):
    with pytest.raises(NotFoundError, match="no run"):
        await fresh.call(verb, runId=run_id)


async def test_reading_a_long_run_that_is_not_open_holds_up_everybody_else(done, monkeypatch):
    readers = []

    def read(place, run_id):
        readers.append(threading.current_thread())
        return read_view(place, run_id)

    monkeypatch.setattr(orchestrator, "read_view", read)
    elsewhere = Dispatcher(Orchestrator(done.orchestrator.place))
    for verb in ("run/snapshot", "patch/list"):
        await elsewhere.call(verb, {"runId": done.run_id})
    await elsewhere.call("run/events", {"runId": done.run_id, "limit": 1})
    assert len(readers) == 3
    assert threading.main_thread() not in readers


async def test_an_approval_names_what_was_seen_and_is_refused_when_that_has_changed(done):
    tree = done.view(done.run_id).patches[1].tree
    await done.call("task/approve", runId=done.run_id, taskId="review-1", by="ada", seen=tree)
    [given] = done.view(done.run_id).approvals["review-1"]
    assert (given.by, given.seen, given.subject) == ("ada", tree, "patch")
    with pytest.raises(StaleError, match="has changed since"):
        await done.call("task/approve", runId=done.run_id, taskId="review-1", by="ada", seen="0" * 40)
    with pytest.raises(UsageError, match="nothing to approve on split-1"):
        await done.call("task/approve", runId=done.run_id, taskId="split-1", by="ada")


async def test_a_remark_without_words_and_one_about_nothing_are_refused(done):
    with pytest.raises(UsageError, match="needs words"):
        await done.call("task/comment", runId=done.run_id, taskId="review-1", text="  ")
    with pytest.raises(NotFoundError, match="no task nothing-1"):
        await done.call("task/comment", runId=done.run_id, taskId="nothing-1", text="x")


async def test_a_draft_cannot_be_changed_by_a_remark(done):
    with pytest.raises(UsageError, match="cannot be changed by a remark"):
        await done.call("task/requestChanges", runId=done.run_id, taskId="split-1", text="x")


async def test_only_the_choices_of_an_open_question_are_answers(fresh):
    session = (await fresh.orchestrator.open(fresh.run_id)).session
    question = {
        "id": "q-1",
        "kind": "setup",
        "text": "?",
        "choices": [{"value": "yes", "label": "Yes"}],
        "default": "yes",
        "deadline": 1e10,
    }
    await session.record(ev.QuestionAsked.model_validate({"question": question}))
    with pytest.raises(UsageError, match="'no' is not an answer to q-1"):
        await fresh.call("question/answer", runId=fresh.run_id, questionId="q-1", answer="no")
    await fresh.call("question/answer", runId=fresh.run_id, questionId="q-1", answer="yes")
    with pytest.raises(NotFoundError, match="not open"):
        await fresh.call("question/answer", runId=fresh.run_id, questionId="q-1", answer="yes")


async def test_a_follow_up_has_to_wait_for_the_patch_that_is_worked_on(fresh):
    session = (await fresh.orchestrator.open(fresh.run_id)).session
    await session.record(ev.RunStateChanged(state=RunState.RUNNING))
    with pytest.raises(UsageError, match="still being worked on"):
        await fresh.call("run/followUp", runId=fresh.run_id, text="more")


async def test_a_complete_run_is_not_resumed_but_followed_up(done):
    with pytest.raises(Exception, match=r"complete.*follow-up"):
        await done.call("run/resume", runId=done.run_id)


# Patches ------------------------------------------------------------------------------------------
async def test_a_patch_that_is_not_the_one_that_was_looked_at_is_not_applied(done):
    with pytest.raises(StaleError, match="since it was looked at"):
        await done.call("patch/apply", runId=done.run_id, patchId="patch-1", seen="0" * 40)
    with pytest.raises(NotFoundError, match=r"no patch-7.*patch-1"):
        await done.call("patch/get", runId=done.run_id, patchId="patch-7")
    assert not (done.top / "one.txt").exists()


async def test_a_patch_is_applied_once_and_taken_back_once(done):
    one = {"runId": done.run_id, "patchId": "patch-1"}
    await done.call("patch/apply", **one)
    assert (done.top / "one.txt").read_text() == "1\n"
    with pytest.raises(ApplyError, match="applied already"):
        await done.call("patch/apply", **one)
    await done.call("patch/revert", **one)
    assert not (done.top / "one.txt").exists()
    with pytest.raises(NotFoundError, match="not applied"):
        await done.call("patch/revert", **one)
    assert done.view(done.run_id).patches[1].state.value == "reverted"


async def test_invariant_2_an_apply_that_a_kill_kept_from_the_journal_is_recorded_and_can_be_taken_back(
    done, monkeypatch
):
    one = {"runId": done.run_id, "patchId": "patch-1"}
    real = Session.record

    async def killed(self, *events, actor="sextet"):
        if any(isinstance(event, ev.PatchApplied) for event in events):
            raise OSError
        return await real(self, *events, actor=actor)

    monkeypatch.setattr(Session, "record", killed)
    with pytest.raises(OSError):
        await done.call("patch/apply", **one)
    monkeypatch.setattr(Session, "record", real)
    assert (done.top / "one.txt").exists()
    result = await done.call("patch/apply", **one)
    assert result.applied.files == ("one.txt",)
    await done.call("patch/revert", **one)
    assert not (done.top / "one.txt").exists()


async def test_two_applies_at_once_are_one(done):
    import asyncio

    one = {"runId": done.run_id, "patchId": "patch-1"}
    results = await asyncio.gather(
        *(done.call("patch/apply", **one) for _ in range(3)), return_exceptions=True
    )
    assert sum(isinstance(result, ApplyError) for result in results) == 2
    assert len(done.view(done.run_id).patches[1].applied) == 1


async def test_a_draft_is_applied_only_when_the_caller_says_so(done):
    await done.call("task/requestChanges", runId=done.run_id, taskId="review-1", text="no")
    await done.orchestrator.interrupt(done.run_id, "enough")
    if done.view(done.run_id).patches[1].state.value == "draft":
        with pytest.raises(ApplyError, match="is a draft"):
            await done.call("patch/apply", runId=done.run_id, patchId="patch-1")
    await done.call("patch/apply", runId=done.run_id, patchId="patch-1", draft=True)
