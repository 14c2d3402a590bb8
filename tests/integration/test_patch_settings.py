"""`sextet.patch.apply` and drafts: what is written by itself, what never is, and what must be asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sextet.errors import ApplyError
from sextet.model.names import RunState
from sextet.model.outcome import Change, ImplementOutcome
from sextet.model.patch import ApplyKind, PatchState
from support import repos, runs


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return repos.make(tmp_path / "repo", {"a.txt": "1\n"})


def play(
    tmp_path: Path,
    how: str,
    *,
    path: str = "one.txt",
    text: str = "2\n",
    settings: Any = None,
    cues: Any = (),
) -> Path:
    items = {"one": {"actions": [runs.write(path, text)]}}
    known = {"tester": {"commands": ["true"]}, "patchApply": how, **(settings or {})}
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(runs.scenario(items, settings=known, cues=cues)))
    return file


async def finished(shop: runs.Shop, file: Path) -> tuple[str, Any]:
    run_id = await shop.start(file)
    assert await shop.orchestrator.wait(run_id) is RunState.COMPLETED
    return run_id, shop.view(run_id)


async def test_an_exact_patch_is_applied_by_itself_only_where_the_settings_say_so(tmp_path, top):
    async with runs.shop(top) as shop:
        _, view = await finished(shop, play(tmp_path, "ask"))
        assert view.patches[1].state is PatchState.PROPOSED
        assert not (top / "one.txt").exists()
        _, view = await finished(shop, play(tmp_path, "auto"))
        assert view.patches[1].state is PatchState.APPLIED
        assert view.patches[1].applied[0].by == "sextet"
    assert (top / "one.txt").read_text() == "2\n"


async def test_an_attempt_leaves_its_outcome_and_its_change_to_be_read(tmp_path, top):
    async with runs.shop(top) as shop:
        run_id, view = await finished(shop, play(tmp_path, "ask"))
    attempt = top / "codex-runs" / run_id / "attempts" / "implement-1-1" / "1"
    outcome = view.tasks["implement-1-1"].outcome
    assert ImplementOutcome.model_validate_json((attempt / "outcome.json").read_bytes()) == outcome
    assert Change.model_validate_json((attempt / "change.json").read_bytes()) == outcome.change
    assert "+++ b/one.txt" in (attempt / "change.diff").read_text()


async def test_a_control_file_is_never_applied_by_itself(tmp_path, top):
    async with runs.shop(top) as shop:
        _, view = await finished(shop, play(tmp_path, "auto", path=".vscode/tasks.json"))
    assert view.patches[1].state is PatchState.PROPOSED
    assert any(".vscode/tasks.json" in note.text for note in view.notes)
    assert not (top / ".vscode").exists()


async def test_what_was_edited_meanwhile_is_not_merged_by_itself(tmp_path, top):
    async with runs.shop(top) as shop:
        file = play(tmp_path, "auto", path="a.txt")
        run_id = await shop.start(file, autoStart=False)
        (top / "a.txt").write_text("mine\n")
        await shop.orchestrator.drive(run_id)
        await shop.orchestrator.wait(run_id)
        assert shop.view(run_id).patches[1].state is PatchState.PROPOSED
    assert (top / "a.txt").read_text() == "mine\n"


async def test_what_nothing_has_tested_is_not_applied_by_itself(tmp_path, top):
    async with runs.shop(top) as shop:
        _, view = await finished(shop, play(tmp_path, "auto", settings={"tester": {"commands": []}}))
        assert view.patches[1].untested
        assert view.patches[1].state is PatchState.PROPOSED
    assert not (top / "one.txt").exists()


async def test_what_was_edited_elsewhere_in_a_file_is_merged_only_on_request(tmp_path, top):
    lines = [f"{number}\n" for number in range(20)]
    (top / "a.txt").write_text("".join(lines))
    async with runs.shop(top) as shop:
        run_id, _ = await finished(
            shop, play(tmp_path, "ask", path="a.txt", text="".join(["agent\n", *lines[1:]]))
        )
        edited = "".join([*lines[:-1], "mine\n"])
        (top / "a.txt").write_text(edited)
        with pytest.raises(ApplyError, match="--merge"):
            await shop.call("patch/apply", runId=run_id, patchId="patch-1")
        assert (top / "a.txt").read_text() == edited
        await shop.call("patch/apply", runId=run_id, patchId="patch-1", merge=True)
        (applied,) = shop.view(run_id).patches[1].applied
    assert applied.kind is ApplyKind.MERGED
    assert (top / "a.txt").read_text() == "".join(["agent\n", *lines[1:-1], "mine\n"])


async def test_two_approvals_are_of_this_very_tree(tmp_path, top):
    async with runs.shop(top) as shop:
        run_id, view = await finished(shop, play(tmp_path, "ask", settings={"approvals": {"patch": 2}}))
        apply = {"runId": run_id, "patchId": "patch-1", "by": "Ada"}
        with pytest.raises(ApplyError, match=r"needs 2 named approvals and has 1 \(Ada\)"):
            await shop.call("patch/apply", **apply)
        await shop.call("task/approve", runId=run_id, taskId="review-1", by="Bob")
        given = view.approvals["review-1"]
        view.approvals["review-1"] = tuple(each.evolved({"seen": "0" * 40}) for each in given)
        with pytest.raises(ApplyError, match="needs 2 named approvals"):
            await shop.call("patch/apply", **apply)
        view.approvals["review-1"] = given
        await shop.call("patch/apply", **apply)
    assert (top / "one.txt").read_text() == "2\n"


async def test_never_means_never(tmp_path, top):
    async with runs.shop(top) as shop:
        run_id, _ = await finished(shop, play(tmp_path, "never"))
        with pytest.raises(ApplyError, match="never"):
            await shop.call("patch/apply", runId=run_id, patchId="patch-1")
    assert not (top / "one.txt").exists()


async def test_a_draft_is_written_only_on_request(tmp_path, top):
    red = {
        "role": "reviewer",
        "rework": 0,
        "actions": [{"do": "hang"}],
        "answer": {"verdict": "approve", "summary": "s", "findings": []},
    }
    async with runs.shop(top) as shop:
        run_id = await shop.start(play(tmp_path, "ask", cues=(red,)))
        await shop.until(run_id, lambda view: "review-1" in view.working)
        with pytest.raises(ApplyError, match="draft"):
            await shop.call("patch/apply", runId=run_id, patchId="patch-1")
        await shop.call("patch/apply", runId=run_id, patchId="patch-1", draft=True)
        assert (top / "one.txt").read_text() == "2\n"


async def test_a_run_and_a_follow_up_start_from_the_users_newest_commit(tmp_path, top):
    async with runs.shop(top) as shop:
        first, _ = await finished(shop, play(tmp_path, "ask"))
        repos.write(top, {"later.txt": "later\n"})
        repos.git(top, "add", "-A")
        repos.git(top, "commit", "-q", "-m", "Later")
        head = repos.git(top, "rev-parse", "HEAD")
        second, view = await finished(shop, play(tmp_path, "ask"))
        assert view.bases[1].head == head
        assert "later.txt" in await shop.tree(second)
        await shop.call("run/followUp", runId=first, text="more")
        assert shop.view(first).bases[2].head == head
        await shop.orchestrator.wait(first)
        assert {"later.txt", "one.txt"} <= set(await shop.tree(first))
