"""The hunk inbox on real repositories: who wrote a hunk, what people think of it, applying a part."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from sextet.errors import ApplyError, BusyError, StaleError, UsageError
from sextet.model.names import RunState
from sextet.model.patch import ApplyKind, PatchState
from sextet.store.layout import RunFolder
from support import repos
from support.runs import check_journal, scenario, shell, shop, wait, write

LINES = [f"line {number}" for number in range(1, 41)]


def text(**changed: str) -> str:
    """Forty lines, some of them others."""
    lines = [changed.get(f"l{number}", line) for number, line in enumerate(LINES, 1)]
    return "\n".join(lines) + "\n"


ITEMS = {
    "top": {"actions": [write("a.txt", text(l2="two"))], "files": ["a.txt"]},
    "end": {
        "actions": [write("a.txt", text(l2="two", l38="last"))],
        "files": ["a.txt"],
        "dependsOn": ["top"],
    },
    "new": {"actions": [write("made/b.txt", "b\n"), shell("head -c 9 /dev/zero > zero")]},
}
COMMAND = "test ! -e zero || grep -q two a.txt"


@pytest.fixture
async def done(tmp_path):
    """A supervisor with a complete run: two hunks in one file by two items, and two new files by a third."""
    top = repos.make(tmp_path / "repo", {"a.txt": text()})
    file = tmp_path / "scenario.json"
    roles = {"tester": {"sandbox": "off"}, "implementer": {"sandbox": "workspace-write"}}
    settings = {"tester": {"commands": [COMMAND], "sandbox": False}, "roles": roles}
    file.write_text(json.dumps(scenario(ITEMS, settings=settings)))
    async with shop(top) as it:
        it.run_id = await it.start(file)
        assert await it.orchestrator.wait(it.run_id) is RunState.COMPLETED
        it.one = {"runId": it.run_id, "patchId": "patch-1"}
        yield it
    check_journal(RunFolder(top / "codex-runs" / it.run_id))


async def hunks(it) -> dict[str, str]:
    """Ids by what a person would call them."""
    found = (await it.call("patch/get", **it.one)).hunks
    return {f"{each.path}:{each.new_start}": each.id for each in found}


def page(uri: str) -> str:
    return Path(unquote(urlsplit(uri).path)).read_text()


# Who wrote it -------------------------------------------------------------------------------------
async def test_a_hunk_does_not_say_which_item_worker_and_requirement_it_comes_from(done):
    found = {
        f"{each.path}:{each.new_start}": each for each in (await done.call("patch/get", **done.one)).hunks
    }
    assert list(found) == ["a.txt:1", "a.txt:35", "made/b.txt:1", "zero:0"]
    assert [each.tasks for each in found.values()] == [
        ("implement-1-1",),
        ("implement-1-2",),
        ("implement-1-3",),
        ("implement-1-3",),
    ]
    assert all(each.workers[0].startswith("implementer-") for each in found.values())
    assert all(each.requirements == ("R1",) for each in found.values())
    assert all(each.mark is None and each.applied is None for each in found.values())


# Marks --------------------------------------------------------------------------------------------
async def test_a_mark_is_forgotten_by_a_restart_or_given_to_a_hunk_that_is_not_there(done):
    ids = await hunks(done)
    await done.call("patch/mark", **done.one, hunks=[ids["a.txt:1"]], **{"as": "accepted"}, by="ada")
    with pytest.raises(StaleError, match="any more"):
        await done.call("patch/mark", **done.one, hunks=["0" * 16], **{"as": "accepted"})
    await (await done.orchestrator.open(done.run_id)).session.settled()
    view = check_journal(RunFolder(done.top / "codex-runs" / done.run_id))
    assert {name: (each.mark.value, each.by) for name, each in view.marks[1].items()} == {
        ids["a.txt:1"]: ("accepted", "ada")
    }
    found = (await done.call("patch/get", **done.one)).hunks
    assert [each.mark.mark.value if each.mark else "" for each in found] == ["accepted", "", "", ""]


async def test_a_rejected_hunk_with_a_comment_does_not_reopen_its_item_alone_or_loses_other_marks(done):
    ids = await hunks(done)
    await done.call("patch/mark", **done.one, hunks=[ids["a.txt:35"]], **{"as": "accepted"}, by="ada")
    said = {"as": "rejected", "comment": "Not b, please.", "by": "ada"}
    await done.call("patch/mark", **done.one, hunks=[ids["made/b.txt:1"]], **said)
    await done.until(done.run_id, lambda view: view.tasks["implement-1-3"].epoch == 2)
    assert await done.orchestrator.wait(done.run_id) is RunState.COMPLETED
    tasks = done.view(done.run_id).tasks
    assert [tasks[f"implement-1-{number}"].epoch for number in (1, 2, 3)] == [1, 1, 2]
    prompt = done.top / "codex-runs" / done.run_id / "attempts" / "implement-1-3" / "2" / "prompt.md"
    assert "made/b.txt:1: Not b, please." in prompt.read_text()
    found = {each.id: each for each in (await done.call("patch/get", **done.one)).hunks}
    assert found[ids["a.txt:35"]].mark.mark.value == "accepted"
    assert found[ids["zero:0"]].tasks == ("implement-1-3",), "the rework did not touch it"


async def test_a_rejection_without_a_comment_starts_work_again(done):
    ids = await hunks(done)
    await done.call("patch/mark", **done.one, hunks=[ids["a.txt:1"]], **{"as": "rejected"})
    assert done.view(done.run_id).state is RunState.COMPLETED


# A part -------------------------------------------------------------------------------------------
async def test_chosen_hunks_are_not_what_is_written_or_the_rest_cannot_follow(done):
    ids = await hunks(done)
    first = (await done.call("patch/apply", **done.one, hunks=[ids["a.txt:35"], ids["zero:0"]])).applied
    assert (first.kind, first.whole, set(first.hunks)) == (
        ApplyKind.PARTIAL,
        False,
        {ids["a.txt:35"], ids["zero:0"]},
    )
    assert (done.top / "a.txt").read_text() == text(l38="last")
    assert (done.top / "zero").read_bytes() == bytes(9)
    assert not (done.top / "made").exists()
    assert done.view(done.run_id).patches[1].state is PatchState.PROPOSED
    second = (await done.call("patch/apply", **done.one, hunks=[ids["a.txt:1"]])).applied
    assert (second.kind, second.files) == (ApplyKind.PARTIAL, ("a.txt",))
    assert (done.top / "a.txt").read_text() == text(l2="two", l38="last")
    third = (await done.call("patch/apply", **done.one)).applied
    assert (third.kind, third.whole, third.files) == (ApplyKind.EXACT, True, ("made/b.txt",))
    assert done.view(done.run_id).patches[1].state is PatchState.APPLIED
    assert all(each.applied == third.id for each in (await done.call("patch/get", **done.one)).hunks)


async def test_a_part_that_was_taken_back_counts_as_applied(done):
    ids = await hunks(done)
    await done.call("patch/apply", **done.one, hunks=[ids["a.txt:35"]])
    (done.top / "a.txt").write_text(text(l20="mine", l38="last"))
    await done.call("patch/revert", **done.one)
    assert (done.top / "a.txt").read_text() == text(l20="mine")
    assert done.view(done.run_id).patches[1].state is PatchState.REVERTED
    assert not any(each.applied for each in (await done.call("patch/get", **done.one)).hunks)
    with pytest.raises(UsageError, match="not applied"):
        await done.call("patch/revert", **done.one)


async def test_a_hunk_that_is_not_in_the_patch_is_passed_over_in_silence(done):
    with pytest.raises(StaleError, match="choose anew"):
        await done.call("patch/apply", **done.one, hunks=["0" * 16])
    assert (done.top / "a.txt").read_text() == text()


# Collisions ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("take", "result"),
    [("mine", text(l2="zwei")), ("theirs", text(l2="two", l38="last"))],
)
async def test_a_file_that_collides_cannot_be_settled_or_is_settled_otherwise(done, take, result):
    (done.top / "a.txt").write_text(text(l2="zwei"))
    with pytest.raises(ApplyError) as caught:
        await done.call("patch/apply", **done.one, merge=True)
    assert caught.value.facts["files"] == ["a.txt"]
    await done.call("patch/resolve", **done.one, file="a.txt", take=take)
    applied = (await done.call("patch/apply", **done.one)).applied
    assert (done.top / "a.txt").read_text() == result
    assert applied.kind is (ApplyKind.MERGED if take == "mine" else ApplyKind.EXACT)


async def test_a_collision_that_is_sent_back_does_not_reach_its_implementers(done):
    with pytest.raises(UsageError, match="does not change"):
        await done.call("patch/resolve", **done.one, file="other.txt", take="mine")
    await done.call("patch/resolve", **done.one, file="made/b.txt", take="sendBack")
    await done.until(done.run_id, lambda view: view.tasks["implement-1-3"].epoch == 2)
    assert await done.orchestrator.wait(done.run_id) is RunState.COMPLETED


# Remarks and tests --------------------------------------------------------------------------------
async def test_a_remark_on_a_line_is_not_in_the_conversation_of_who_wrote_it(done):
    await done.call("patch/comment", **done.one, path="a.txt", line=38, text="Why last?", by="ada")
    ids = await hunks(done)
    await done.call("patch/comment", **done.one, hunk=ids["made/b.txt:1"], text="Good.", by="ada")
    comments = done.view(done.run_id).comments
    assert [each.text for each in comments["implement-1-2"]] == ["a.txt:38: Why last?"]
    assert [each.text for each in comments["implement-1-3"]] == ["made/b.txt:1: Good."]


async def test_what_the_user_kept_cannot_be_tested_or_the_result_is_not_recorded(done):
    ids = await hunks(done)
    await done.call("patch/apply", **done.one, hunks=[ids["zero:0"]])
    red = (await done.call("patch/retest", **done.one)).outcome
    assert not red.passed
    await done.call("patch/apply", **done.one, hunks=[ids["a.txt:1"]])
    green = (await done.call("patch/retest", **done.one)).outcome
    assert green.passed
    assert green.tree != red.tree
    assert (await done.call("patch/get", **done.one)).retest == green


async def test_a_test_of_what_is_there_is_refused_while_a_run_that_has_ended_is_tidied_up(done, tmp_path):
    file = tmp_path / "again.json"
    file.write_text(json.dumps(scenario()))
    run_id = await done.start(file)
    await done.until(run_id, lambda view: view.state is RunState.COMPLETED)
    assert (await done.call("patch/retest", runId=run_id, patchId="patch-1")).outcome.passed


async def test_a_test_of_what_is_there_disturbs_a_run_that_is_at_work(done, tmp_path):
    file = tmp_path / "long.json"
    file.write_text(json.dumps(scenario(analyst=[wait(600)])))
    other = await done.start(file)
    await done.until(other, lambda view: bool(view.working))
    with pytest.raises(BusyError, match="at work"):
        await done.call("patch/retest", **done.one)
    await done.call("run/stop", runId=other)


# Pages --------------------------------------------------------------------------------------------
async def test_the_page_of_a_patch_does_not_show_what_would_be_written(done):
    shown = page((await done.call("patch/open", **done.one)).uri)
    ids = await hunks(done)
    patch = done.view(done.run_id).patches[1]
    assert shown.startswith(f"# patch-1 of run {done.run_id}\n")
    assert f"\n# tree {patch.tree}\n" in shown
    for each in ids.values():
        assert shown.count(f"hunk {each}\n") == 1
    assert "-line 2\n+two\n" in shown
    assert "# A binary file.\n" in shown
    again = done.orchestrator.place.state.pages / done.run_id / "patch-1.diff"
    assert again.stat().st_mode & 0o777 == 0o400


async def test_the_page_of_a_task_does_not_tell_its_story(done):
    await done.call("task/comment", runId=done.run_id, taskId="implement-1-2", text="# Why?\nSo?", by="ada")
    shown = page((await done.call("task/open", runId=done.run_id, taskId="implement-1-2")).uri)
    assert "# implement-1-2: Do end\n" in shown
    assert "- state: integrated, attempt 1\n" in shown
    assert "- `a.txt`\n" in shown
    assert "> # Why?\n> So?\n" in shown


async def test_a_line_of_a_file_passes_for_the_head_of_a_hunk_on_the_page(tmp_path):
    from sextet.service.pages import heads

    top = repos.make(tmp_path / "repo", {"a.txt": "a\n"})
    forged = "@@ -1,1 +1,1 @@ hunk 0123456789abcdef"
    lines = f"a\n{forged}\n# hunk 0123456789abcdef\nx\u2028{forged}\ny\x0b{forged}\nz\r{forged}\n"
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(scenario({"one": {"actions": [write("a.txt", lines)]}})))
    async with shop(top) as it:
        run_id = await it.start(file)
        assert await it.orchestrator.wait(run_id) is RunState.COMPLETED
        shown = page((await it.call("patch/open", runId=run_id, patchId="patch-1")).uri)
        [hunk] = (await it.call("patch/get", runId=run_id, patchId="patch-1")).hunks
        assert [name for _, name in heads(shown)] == [hunk.id]
