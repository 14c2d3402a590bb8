"""What an attempt wrote before it was stopped is part of the patch in the end, once."""

from __future__ import annotations

import asyncio
import json

import pytest

from sextet.model.names import RunState
from support import repos
from support.runs import check_journal, scenario, shell, shop, wait, write


@pytest.fixture
def top(tmp_path):
    return repos.make(tmp_path / "repo", {"a.txt": "a\n", "b.txt": "b\n"})


def play(tmp_path, *cues, items=None, **more):
    """A scenario file with these cues of implementers above the usual ones."""
    done = {"status": "done", "summary": "done"}
    extra = tuple({"role": "implementer", "answer": done, **cue} for cue in cues)
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(scenario(items, cues=extra, **more)))
    return file


async def wrote(it, run_id, name, epoch=1):
    """Wait until an attempt has written a file in its worktree."""
    pattern = f"{run_id}/implement-1-1-{epoch}/*/{name}"
    while not list(it.orchestrator.place.state.worktrees.glob(pattern)):  # noqa: ASYNC110 -- a file has no event
        await asyncio.sleep(0.01)


HALF = {"item": "one", "epoch": 1, "actions": [write("half.txt", "1\n"), wait(60)]}
REST = {"item": "one", "epoch": 2, "actions": [write("rest.txt", "2\n")]}


@pytest.mark.parametrize("how", ["interrupt", "workers", "person"])
async def test_invariant_2_half_done_work_goes_on_in_the_same_process_and_the_patch_holds_both_halves(
    top, tmp_path, how
):
    file = play(tmp_path, HALF, REST)
    async with shop(top) as it:
        run_id = await it.start(file)
        await wrote(it, run_id, "half.txt")
        if how == "interrupt":
            await it.orchestrator.interrupt(run_id, "enough")
            await it.call("run/resume", runId=run_id)
        elif how == "workers":
            await it.call("workers/stop", runId=run_id, roles=["implementer"], how="now")
            await it.call("workers/start", runId=run_id)
        else:
            await it.call("task/interrupt", runId=run_id, taskId="implement-1-1", text="wait")
            await it.until(run_id, lambda view: view.tasks["implement-1-1"].state.value == "stopped")
            task = it.view(run_id).tasks["implement-1-1"]
            assert task.salvage
            await it.call("task/retry", runId=run_id, taskId="implement-1-1")
            await it.call("run/resume", runId=run_id)
        assert await it.orchestrator.wait(run_id) is RunState.COMPLETED
        tree = await it.tree(run_id)
        assert (tree["half.txt"], tree["rest.txt"], tree["a.txt"]) == ("1", "2", "a")
        assert it.worktrees() == []
        check_journal((await it.orchestrator.open(run_id)).session.folder)


async def test_a_file_in_the_making_that_a_kill_left_in_a_worktree_never_gets_into_the_patch(top, tmp_path):
    leftover = ".sextet-0123456789abcdef.tmp"
    left = {
        "item": "one",
        "epoch": 1,
        "actions": [write("half.txt", "1\n"), write(f"deep/{leftover}", "x"), wait(60)],
    }
    async with shop(top) as it:
        run_id = await it.start(play(tmp_path, left, REST))
        await wrote(it, run_id, f"deep/{leftover}")
        await it.orchestrator.interrupt(run_id, "enough")
        await it.call("run/resume", runId=run_id)
        assert await it.orchestrator.wait(run_id) is RunState.COMPLETED
        assert set(await it.tree(run_id)) == {"a.txt", "b.txt", "half.txt", "rest.txt"}


async def test_half_done_work_of_a_failed_attempt_is_there_when_the_task_is_retried(top, tmp_path):
    fail = {"do": "fail", "kind": "internal", "cause": "it broke"}
    first = {"item": "one", "epoch": 1, "actions": [write("half.txt", "1\n"), fail], "answer": None}
    file = play(tmp_path, first, REST)
    async with shop(top) as it:
        run_id = await it.start(file)
        await it.until(run_id, lambda view: bool(view.questions))
        [question] = it.view(run_id).questions
        await it.call("question/answer", runId=run_id, questionId=question, answer="retry")
        assert await it.orchestrator.wait(run_id) is RunState.COMPLETED
        assert {"half.txt", "rest.txt"} <= (await it.tree(run_id)).keys()


async def test_work_of_a_blocked_agent_is_there_when_the_task_is_retried(top, tmp_path):
    blocked = {"status": "blocked", "summary": "no key"}
    first = {"item": "one", "epoch": 1, "actions": [write("half.txt", "1\n")], "answer": blocked}
    file = play(tmp_path, first, REST)
    async with shop(top) as it:
        run_id = await it.start(file)
        await it.until(run_id, lambda view: bool(view.questions))
        [question] = it.view(run_id).questions
        await it.call("question/answer", runId=run_id, questionId=question, answer="retry")
        assert await it.orchestrator.wait(run_id) is RunState.COMPLETED
        assert {"half.txt", "rest.txt"} <= (await it.tree(run_id)).keys()


async def test_work_that_was_salvaged_twice_keeps_all_three_parts(top, tmp_path):
    second = {"item": "one", "epoch": 2, "actions": [write("more.txt", "2\n"), wait(60)]}
    third = {"item": "one", "epoch": 3, "actions": [write("rest.txt", "3\n")]}
    file = play(tmp_path, HALF, second, third)
    async with shop(top) as it:
        run_id = await it.start(file)
        for epoch, name in ((1, "half.txt"), (2, "more.txt")):
            await wrote(it, run_id, name, epoch)
            await it.orchestrator.interrupt(run_id, "enough")
            await it.call("run/resume", runId=run_id)
        assert await it.orchestrator.wait(run_id) is RunState.COMPLETED
        assert {"half.txt", "more.txt", "rest.txt"} <= (await it.tree(run_id)).keys()


async def test_salvage_that_is_older_than_the_integration_tree_is_merged_with_what_came_meanwhile(
    top, tmp_path
):
    items = {
        "one": {"actions": [write("x.txt", "x\n")], "files": ["x.txt"]},
        "two": {"actions": [wait(0.1), write("two.txt", "2\n")], "files": ["two.txt"]},
    }
    file = play(tmp_path, HALF, REST, items=items)
    async with shop(top) as it:
        run_id = await it.start(file)
        await wrote(it, run_id, "half.txt")
        await it.until(run_id, lambda view: view.tasks["implement-1-2"].state.value == "integrated")
        await it.orchestrator.interrupt(run_id, "enough")
        await it.call("run/resume", runId=run_id)
        assert await it.orchestrator.wait(run_id) is RunState.COMPLETED
        assert {"half.txt", "rest.txt", "two.txt"} <= (await it.tree(run_id)).keys()


async def test_salvage_that_collides_with_what_came_meanwhile_sends_the_item_back_and_harms_nobody(
    top, tmp_path
):
    items = {
        "one": {"actions": []},
        "two": {"actions": [wait(0.1), write("a.txt", "two\n")], "files": ["two.txt"]},
    }
    half = {"item": "one", "epoch": 1, "actions": [write("a.txt", "one\n"), wait(60)]}
    rest = {"item": "one", "epoch": 2, "actions": [write("rest.txt", "2\n")]}
    again = {"item": "one", "epoch": 3, "actions": [write("again.txt", "3\n")]}
    file = play(tmp_path, half, rest, again, items=items)
    async with shop(top) as it:
        run_id = await it.start(file)
        await wrote(it, run_id, "a.txt")
        await it.until(run_id, lambda view: view.tasks["implement-1-2"].state.value == "integrated")
        await it.orchestrator.interrupt(run_id, "enough")
        await it.call("run/resume", runId=run_id)
        assert await it.orchestrator.wait(run_id) is RunState.COMPLETED
        tree = await it.tree(run_id)
        assert (tree["a.txt"], tree["again.txt"]) == ("two", "3")
        assert it.view(run_id).tasks["implement-1-1"].epoch == 3


async def test_work_that_was_captured_before_a_crash_and_never_reported_is_not_done_again(top, tmp_path):
    """The worktree is gone by then, the ref is not."""
    from sextet.workspace.worktree import Workshop

    file = play(tmp_path, {"item": "one", "epoch": 1, "actions": [write("half.txt", "1\n")]}, REST)
    discarded = asyncio.Event()
    real = Workshop.discard

    async def discard(self, worktree, *, lost_ok=False):
        await real(self, worktree, lost_ok=lost_ok)
        if worktree.task_id == "implement-1-1" and worktree.epoch == 1 and not discarded.is_set():
            discarded.set()
            await asyncio.sleep(60)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Workshop, "discard", discard)
        async with shop(top) as it:
            run_id = await it.start(file)
            await discarded.wait()
            await it.orchestrator.interrupt(run_id, "enough")
            await it.call("run/resume", runId=run_id)
            assert await it.orchestrator.wait(run_id) is RunState.COMPLETED
            assert {"half.txt", "rest.txt"} <= (await it.tree(run_id)).keys()


async def test_a_rework_after_salvage_is_measured_from_the_integration_tree(top, tmp_path):
    """The same tree is known twice then: as salvage, and as what is integrated."""
    idle = {"item": "one", "epoch": 2, "actions": []}
    rework = {"item": "one", "rework": 1, "actions": [write("half.txt", "reworked\n")]}
    finding = {"file": "half.txt", "line": 1, "severity": "major", "message": "not so", "items": ["one"]}
    verdict = {"verdict": "changes_requested", "summary": "no", "findings": [finding]}
    file = play(tmp_path, HALF, idle, rework)
    said = json.loads(file.read_text())
    said["cues"].append({"role": "reviewer", "rework": 0, "answer": verdict})
    file.write_text(json.dumps(said))
    async with shop(top) as it:
        run_id = await it.start(file)
        await wrote(it, run_id, "half.txt")
        await it.orchestrator.interrupt(run_id, "enough")
        await it.call("run/resume", runId=run_id)
        assert await it.orchestrator.wait(run_id) is RunState.COMPLETED
        assert (await it.tree(run_id))["half.txt"] == "reworked"
        assert it.view(run_id).rounds[1] == 1


async def test_no_process_of_an_interrupted_attempt_is_left(top, tmp_path):
    script = "sleep 300 & setsid sleep 300 & echo > started; wait"
    file = play(tmp_path, {"item": "one", "epoch": 1, "actions": [shell(script)]}, REST)
    async with shop(top) as it:
        run_id = await it.start(file)
        await wrote(it, run_id, "started")
        async with asyncio.timeout(10):
            await it.orchestrator.interrupt(run_id, "enough")
        assert it.view(run_id).state is RunState.INTERRUPTED
        from sextet.system import children

        assert not children.live
