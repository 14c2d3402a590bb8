"""The ground is taken away from under a live run: it stops, says why, and goes on when it can."""

from __future__ import annotations

import asyncio
import json
import shutil

import pytest

from sextet.errors import SextetError, StoreError
from sextet.model.names import RunState
from support import repos
from support.runs import check_journal, scenario, shop, wait, write


@pytest.fixture
def top(tmp_path):
    return repos.make(tmp_path / "repo", {"a.txt": "a\n"})


def save(tmp_path, said):
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(said))
    return file


SLOW = {"one": {"actions": [write("half.txt", "1\n"), wait(0.5), write("one.txt", "1\n")]}}


async def under_work(it, run_id):
    pattern = f"{run_id}/implement-1-1-1/*/half.txt"
    while not list(it.orchestrator.place.state.worktrees.glob(pattern)):  # noqa: ASYNC110 -- a file has no event
        await asyncio.sleep(0.005)


async def test_codex_runs_that_is_deleted_under_a_live_run_stops_it_and_nothing_comes_back(top, tmp_path):
    async with shop(top) as it:
        run_id = await it.start(save(tmp_path, scenario(SLOW)))
        await under_work(it, run_id)
        shutil.rmtree(top / "codex-runs")
        with pytest.raises(StoreError, match="no longer there"):
            async with asyncio.timeout(15):
                await it.orchestrator.wait(run_id)
        with pytest.raises(SextetError):
            await it.call("run/resume", runId=run_id)
        second = await it.start(save(tmp_path, scenario()))
        assert await it.orchestrator.wait(second) is RunState.COMPLETED
    assert [path.name for path in (top / "codex-runs").glob("2*")] == [second]


async def test_a_worktree_that_is_deleted_fails_its_attempt_and_a_retry_gets_a_new_one(top, tmp_path):
    again = {
        "role": "implementer",
        "item": "one",
        "epoch": 2,
        "actions": [write("one.txt", "2\n")],
        "answer": {"status": "done", "summary": "done"},
    }
    async with shop(top) as it:
        run_id = await it.start(save(tmp_path, scenario(SLOW, cues=(again,))))
        await under_work(it, run_id)
        shutil.rmtree(it.orchestrator.place.state.worktrees / run_id)
        await it.until(run_id, lambda view: bool(view.questions))
        [question] = it.view(run_id).questions
        await it.call("question/answer", runId=run_id, questionId=question, answer="retry")
        assert await it.orchestrator.wait(run_id) is RunState.COMPLETED
        assert (await it.tree(run_id))["one.txt"] == "2"
        check_journal((await it.orchestrator.open(run_id)).session.folder)


async def test_a_journal_that_is_replaced_by_another_file_stops_the_run(top, tmp_path):
    async with shop(top) as it:
        run_id = await it.start(save(tmp_path, scenario(SLOW)))
        await under_work(it, run_id)
        journal = top / "codex-runs" / run_id / "events.jsonl"
        journal.rename(tmp_path / "mine")
        journal.write_bytes(b"")
        with pytest.raises(StoreError):
            async with asyncio.timeout(15):
                await it.orchestrator.wait(run_id)
        assert journal.read_bytes() == b""


async def test_a_mirror_that_vanishes_ends_in_words_and_not_in_silence(top, tmp_path):
    async with shop(top) as it:
        run_id = await it.start(save(tmp_path, scenario(SLOW)))
        await under_work(it, run_id)
        it.orchestrator.place.state.mirror.rename(tmp_path / "gone")
        await it.until(run_id, lambda view: bool(view.questions) or view.state is RunState.INTERRUPTED)
        (tmp_path / "gone").rename(it.orchestrator.place.state.mirror)
        for name in list(it.view(run_id).questions):
            await it.call("question/answer", runId=run_id, questionId=name, answer="retry")
        assert await it.orchestrator.wait(run_id) is RunState.COMPLETED
