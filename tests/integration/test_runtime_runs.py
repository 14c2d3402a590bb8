"""Runs on a real repository: queues, interrupts in every phase, ends, and nothing left behind."""

from __future__ import annotations

import asyncio
import json

import pytest

from sextet.errors import BusyError, UsageError
from sextet.model.names import RunState
from sextet.system import children
from support import repos
from support.runs import check_journal, scenario, shell, shop, wait, write


@pytest.fixture
def top(tmp_path):
    return repos.make(tmp_path / "repo", {"a.txt": "a\n"})


def save(tmp_path, said, name="scenario.json"):
    file = tmp_path / name
    file.write_text(json.dumps(said))
    return file


async def told(it, run_id, beginning):
    """Notes of a run that begin so."""
    notes = (await it.call("run/snapshot", runId=run_id)).notes
    return [note for note in notes if note.startswith(beginning)]


async def until_file(it, pattern):
    """Wait for a file in some worktree."""
    while not list(it.orchestrator.place.state.worktrees.glob(pattern)):  # noqa: ASYNC110 -- a file has no event
        await asyncio.sleep(0.005)


# The queue ----------------------------------------------------------------------------------------
async def test_a_second_run_waits_as_queued_and_begins_when_the_first_has_ended(top, tmp_path):
    slow = save(tmp_path, scenario(analyst=[wait(0.3)]))
    async with shop(top) as it:
        first, second = await it.start(slow), await it.start(slow)
        await it.until(second, lambda view: view.reason == "another run is at work")
        assert it.view(second).state is RunState.QUEUED
        assert await it.orchestrator.wait(second) is RunState.COMPLETED
        assert it.view(first).state is RunState.COMPLETED


@pytest.mark.parametrize("how", ["stop", "interrupt", "close"])
async def test_a_queued_run_that_is_put_down_does_not_begin_when_its_turn_comes(top, tmp_path, how):
    stuck = save(tmp_path, scenario(analyst=[wait(60)]))
    async with shop(top) as it:
        first, second = await it.start(stuck), await it.start(stuck)
        await it.until(second, lambda view: view.reason == "another run is at work")
        waiting = asyncio.create_task(it.orchestrator.wait(second))
        if how == "stop":
            await it.call("run/stop", runId=second, by="ada")
            assert await waiting is RunState.STOPPED
        elif how == "interrupt":
            await it.orchestrator.interrupt(second, "not now")
            assert await waiting is RunState.INTERRUPTED
            assert it.view(second).reason == "not now"
        else:
            async with asyncio.timeout(8):
                await it.orchestrator.close("the window was closed")
            assert await waiting is RunState.INTERRUPTED
        assert not it.view(second).tasks
        if how != "close":
            assert it.view(first).state is RunState.RUNNING
    assert it.view(first).state is RunState.INTERRUPTED


async def test_a_run_that_waits_for_its_turn_is_resumed_like_any_other(top, tmp_path):
    quick = save(tmp_path, scenario())
    stuck = save(tmp_path, scenario(analyst=[wait(60)]), "stuck.json")
    async with shop(top) as it:
        first, second = await it.start(stuck), await it.start(quick)
        await it.orchestrator.interrupt(second, "not now")
        await it.call("run/resume", runId=second)
        await it.orchestrator.interrupt(first, "enough")
        assert await it.orchestrator.wait(second) is RunState.COMPLETED


async def test_two_requests_with_one_key_start_one_run(top, tmp_path):
    file = save(tmp_path, scenario())
    async with shop(top) as it:
        same = await asyncio.gather(*(it.start(file, requestKey="k", autoStart=False) for _ in range(4)))
        assert len(set(same)) == 1


async def test_a_second_supervisor_of_the_same_work_tree_is_turned_away_by_any_path(top, tmp_path):
    (tmp_path / "link").symlink_to(top)
    async with shop(top):
        for path in (top, tmp_path / "link"):
            with pytest.raises(BusyError):
                async with shop(path):
                    pass
    async with shop(top):
        pass


# Interrupts ---------------------------------------------------------------------------------------
SLEEP = "touch begun; sleep 300 & setsid sleep 300 & wait"


def phases():
    """By phase: a scenario that stays in it, and the sign that it is there."""
    baseline = {"worktree": {"setupCommand": SLEEP}}
    fails = {"worktree": {"setupCommand": "exit 3"}}
    test = {"tester": {"commands": [f"test -e one.txt || exit 0; {SLEEP}"]}}
    ask = [{"do": "ask", "text": "which?"}]
    return {
        "analyst": (scenario(analyst=[wait(300)]), None),
        "agent's question": (scenario(analyst=ask), None),
        "baseline": (scenario(settings=baseline), "*/baseline-*/*/begun"),
        "set-up question": (scenario(settings=fails), None),
        "implementer": (scenario({"one": {"actions": [shell(SLEEP)]}}), "*/implement-*/*/begun"),
        "test": (scenario(settings=test), "*/test-*/*/begun"),
    }


@pytest.mark.parametrize("phase", phases())
@pytest.mark.parametrize("how", ["interrupt", "stop", "close"])
async def test_invariants_2_and_3_work_ends_at_once_in_any_phase_without_a_process_left(
    top, tmp_path, phase, how
):
    said, sign = phases()[phase]
    async with shop(top) as it:
        run_id = await it.start(save(tmp_path, said))
        if sign:
            await until_file(it, sign)
        elif "question" in phase:
            await it.until(run_id, lambda view: bool(view.questions))
        else:
            await it.until(run_id, lambda view: bool(view.working))
        waiting = asyncio.create_task(it.orchestrator.wait(run_id))
        async with asyncio.timeout(10):  # far more than it takes, far less than what it waits for
            if how == "interrupt":
                await it.orchestrator.interrupt(run_id, "enough")
            elif how == "stop":
                await it.call("run/stop", runId=run_id)
            else:
                await it.orchestrator.close("enough")
            state = await waiting
        assert state is (RunState.STOPPED if how == "stop" else RunState.INTERRUPTED)
        assert not children.live
        assert it.worktrees() == []
        assert not it.view(run_id).working


async def test_a_run_that_was_interrupted_while_it_asked_about_the_set_up_is_asked_again(top, tmp_path):
    file = save(tmp_path, phases()["set-up question"][0])
    async with shop(top) as it:
        run_id = await it.start(file)
        await it.until(run_id, lambda view: bool(view.questions))
    async with shop(top) as it:
        await it.call("run/resume", runId=run_id)
        await it.until(run_id, lambda view: view.state is RunState.RUNNING and bool(view.questions))
        await it.call("question/answer", runId=run_id, questionId="setup-1-1", answer="go-on")
        await it.until(run_id, lambda view: 1 in view.baseline or bool(view.questions))
        for name in list(it.view(run_id).questions):  # when the answer was quicker than the second try
            await it.call("question/answer", runId=run_id, questionId=name, answer="go-on")
        assert await it.orchestrator.wait(run_id) is RunState.COMPLETED


# Ends ---------------------------------------------------------------------------------------------
async def test_invariant_4_the_users_git_is_untouched_by_run_interrupt_resume_apply_and_revert(top, tmp_path):
    items = {"one": {"actions": [wait(0.2), write("one.txt", "1\n")]}}
    file = save(tmp_path, scenario(items, settings={"tester": {"commands": ["true"]}}))
    before = repos.fingerprint(top / ".git")

    def user_files():
        return {path.name: path.read_bytes() for path in top.iterdir() if path.is_file()}

    files = user_files()
    async with shop(top) as it:
        run_id = await it.start(file)
        await it.until(run_id, lambda view: "implement-1-1" in view.working)
        await it.orchestrator.interrupt(run_id, "enough")
        assert (repos.fingerprint(top / ".git"), user_files()) == (before, files)
        await it.call("run/resume", runId=run_id)
        assert await it.orchestrator.wait(run_id) is RunState.COMPLETED
        assert (repos.fingerprint(top / ".git"), user_files()) == (before, files)
        await it.call("patch/apply", runId=run_id, patchId="patch-1")
        assert user_files() == {**files, "one.txt": b"1\n"}
        await it.call("patch/revert", runId=run_id, patchId="patch-1")
        assert user_files() == files
    assert repos.fingerprint(top / ".git") == before
    assert repos.git(top, "status", "--porcelain") == ""


async def test_no_worktree_is_left_of_a_run_that_is_complete(top, tmp_path):
    reads = {
        "role": "reviewer",
        "actions": [shell("cat a.txt")],
        "answer": {"verdict": "approve", "summary": "s", "findings": []},
    }
    said = scenario(settings={"tester": {"commands": ["true"]}})
    said["cues"] = [cue for cue in said["cues"] if cue["role"] != "reviewer"] + [reads]
    async with shop(top) as it:
        run_id = await it.start(save(tmp_path, said))
        assert await it.orchestrator.wait(run_id) is RunState.COMPLETED
        assert it.worktrees() == []
        admin = it.orchestrator.place.state.mirror / "worktrees"
        assert not admin.exists() or not list(admin.iterdir())


async def test_changes_that_are_asked_for_after_the_end_are_made(top, tmp_path):
    again = {
        "role": "implementer",
        "item": "one",
        "rework": 1,
        "actions": [write("one.txt", "better\n")],
        "answer": {"status": "done", "summary": "done"},
    }
    async with shop(top) as it:
        run_id = await it.start(save(tmp_path, scenario(cues=(again,))))
        await it.orchestrator.wait(run_id)
        await it.call("task/requestChanges", runId=run_id, taskId="implement-1-1", text="better")
        assert await it.orchestrator.wait(run_id) is RunState.COMPLETED
        assert (await it.tree(run_id))["one.txt"] == "better"


async def test_changes_that_are_asked_for_at_the_very_end_are_made_as_well(top, tmp_path):
    """The run has ended, and what worked on it has not gone yet."""
    async with shop(top) as it:
        run_id = await it.start(save(tmp_path, scenario()))
        await it.until(run_id, lambda view: view.state is RunState.COMPLETED)
        await it.call("task/requestChanges", runId=run_id, taskId="implement-1-1", text="better")
        assert await it.orchestrator.wait(run_id) is RunState.COMPLETED
        assert it.view(run_id).tasks["implement-1-1"].epoch == 2


async def test_a_follow_up_starts_from_what_the_user_has_and_keeps_what_was_approved(top, tmp_path):
    more = {
        "role": "splitter",
        "promptHas": "and more",
        "answer": {
            "summary": "s",
            "items": [
                {
                    "id": "two",
                    "title": "two",
                    "instructions": "",
                    "files": [],
                    "dependsOn": [],
                    "requirements": ["R1"],
                }
            ],
        },
    }
    two = {
        "role": "implementer",
        "item": "two",
        "actions": [write("two.txt", "2\n")],
        "answer": {"status": "done", "summary": "done"},
    }
    async with shop(top) as it:
        run_id = await it.start(save(tmp_path, scenario(cues=(more, two))))
        await it.orchestrator.wait(run_id)
        repos.write(top, {"mine.txt": "mine\n"})
        await it.call("run/followUp", runId=run_id, text="and more")
        assert await it.orchestrator.wait(run_id) is RunState.COMPLETED
        assert {"one.txt", "two.txt", "mine.txt"} <= (await it.tree(run_id)).keys()


@pytest.mark.parametrize(("answer", "ends"), [("without", "completed"), ("stop", "stopped")])
async def test_a_follow_up_whose_unapplied_work_collides_waits_for_a_person(top, tmp_path, answer, ends):
    async with shop(top) as it:
        run_id = await it.start(save(tmp_path, scenario()))
        await it.orchestrator.wait(run_id)
        repos.write(top, {"one.txt": "mine\n"})
        await it.call("run/followUp", runId=run_id, text="and more")
        await it.until(run_id, lambda view: view.state is RunState.WAITING_FOR_HUMAN)
        view = it.view(run_id)
        [asked] = view.questions.values()
        assert (asked.kind, "one.txt" in asked.text) == ("conflict", True)
        assert not [task for task in view.tasks.values() if task.patch == 2], "no work begins before"
        await it.call("question/answer", runId=run_id, questionId=asked.id, answer=answer)
        assert (await it.orchestrator.wait(run_id)).value == ends
        check_journal((await it.orchestrator.open(run_id)).session.folder)
    assert (top / "one.txt").read_text() == "mine\n"


async def test_a_run_that_a_person_stopped_goes_on_when_it_is_resumed(top, tmp_path):
    async with shop(top) as it:
        run_id = await it.start(save(tmp_path, scenario(analyst=[wait(0.2)])))
        await it.until(run_id, lambda view: bool(view.working))
        await it.call("run/stop", runId=run_id, reason="lunch", by="ada")
        await it.call("run/resume", runId=run_id, by="ada")
        assert await it.orchestrator.wait(run_id) is RunState.COMPLETED
        check_journal((await it.orchestrator.open(run_id)).session.folder)


async def test_a_base_that_moved_is_told_once_and_the_run_goes_on_on_its_own(top, tmp_path):
    async with shop(top) as it:
        run_id = await it.start(save(tmp_path, scenario(analyst=[wait(0.2)])))
        repos.git(top, "commit", "-q", "--allow-empty", "-m", "Second")
        assert await it.orchestrator.wait(run_id) is RunState.COMPLETED
        [note] = await told(it, run_id, "The base has moved")
        assert note.startswith("The base has moved: the run began at ")
        repos.git(top, "checkout", "-q", "-b", "other")
        with pytest.raises(Exception, match="other is checked out"):
            await it.call("patch/apply", runId=run_id, patchId="patch-1")
        await it.call("patch/apply", runId=run_id, patchId="patch-1", merge=True)
        assert len(await told(it, run_id, "The base has moved")) == 2


async def test_invariant_11_a_snapshot_of_a_live_run_says_nothing_that_a_crash_could_take_back(top, tmp_path):
    from sextet.store import reading

    async with shop(top) as it:
        run_id = await it.start(save(tmp_path, scenario(analyst=[wait(0.05)])))
        folder = (await it.orchestrator.open(run_id)).session.folder
        while not it.view(run_id).ended:
            seq = (await it.call("run/snapshot", runId=run_id)).seq
            assert seq <= sum(1 for _ in reading.read(folder))
            await asyncio.sleep(0.005)
        await it.orchestrator.wait(run_id)


async def test_nobody_can_be_told_anything_about_a_run_that_nobody_works_on(top, tmp_path):
    async with shop(top) as it:
        run_id = await it.start(save(tmp_path, scenario()), autoStart=False)
        with pytest.raises(UsageError, match="Nobody works on run"):
            await it.call("workers/stop", runId=run_id)


async def test_tokens_are_warned_of_once_before_they_run_out(top, tmp_path):
    spend = [{"do": "spend", "input": 600}]
    said = scenario(analyst=spend, settings={"budget": {"runTokens": 5_000, "warnAt": 1_000}})
    async with shop(top) as it:
        run_id = await it.start(save(tmp_path, said))
        assert await it.orchestrator.wait(run_id) is RunState.COMPLETED
        [note] = await told(it, run_id, "The run has used")
        assert note == "The run has used 1,200 tokens; its limit is 5,000."
