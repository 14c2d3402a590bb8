"""`patch/check`: what an apply would do and say, without writing anything."""

from __future__ import annotations

import json

import pytest

from sextet.errors import RepositoryError, SextetError, StaleError
from sextet.model.names import RunState
from sextet.model.patch import ApplyKind
from sextet.workspace.fit import Fit
from support import repos
from support.hostile import Untouched
from support.repos import Link
from support.runs import scenario, shop, write

TEXT = "".join(f"line {number}\n" for number in range(1, 41))
NEW = TEXT.replace("line 2\n", "two\n").replace("line 38\n", "last\n")
ITEMS = {
    "one": {
        "actions": [write("a.txt", NEW), write("made/b.txt", "b\n"), write(".vscode/tasks.json", "{}\n")],
    }
}


@pytest.fixture
async def done(tmp_path):
    """A complete run whose patch changes a file at both ends, makes one, and a control file."""
    top = repos.make(tmp_path / "repo", {"a.txt": TEXT, ".gitignore": "vendor\n"})
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(scenario(ITEMS)))
    async with shop(top) as it:
        it.run_id = await it.start(file)
        assert await it.orchestrator.wait(it.run_id) is RunState.COMPLETED
        it.one = {"runId": it.run_id, "patchId": "patch-1"}
        yield it


async def check(it, **more):
    """The check; nothing may be written by it, in the work tree or in `.git` or in the journal."""
    before, seq = Untouched.of(it.top), it.view(it.run_id).seq
    found = await it.call("patch/check", **it.one, **more)
    before.check()
    assert it.view(it.run_id).seq == seq
    assert not list(it.orchestrator.place.state.path.glob("apply/*"))
    return found


def fits(found) -> dict[str, Fit]:
    return {each.path: each.fit for each in found.files}


async def refusal(it, **more) -> SextetError | None:
    try:
        await it.call("patch/apply", **it.one, **more)
    except SextetError as error:
        return error
    return None


async def test_a_check_of_what_fits_speaks_of_more_than_the_control_file(done):
    found = await check(done)
    assert fits(found) == dict.fromkeys([".vscode/tasks.json", "a.txt", "made/b.txt"], Fit.FITS)
    assert (found.kind, found.whole, found.moved) == (ApplyKind.EXACT, True, "")
    assert [(each.kind, each.allow) for each in found.objections] == [("apply", "controlFiles")]
    assert (found.approvals_wanted, found.approvals) == (1, ("user",))
    error = await refusal(done)
    assert error.what == found.objections[0].text
    assert await refusal(done, controlFiles=True) is None
    again = await done.call("patch/check", **done.one)
    assert set(fits(again).values()) == {Fit.PRESENT}
    assert not any(each.changes for each in again.files)
    assert [each.text for each in again.objections] == ["patch-1 is applied already."]


async def test_a_check_of_a_part_is_a_check_of_the_whole(done):
    hunks = {
        f"{each.path}:{each.new_start}": each.id for each in (await done.call("patch/get", **done.one)).hunks
    }
    found = await check(done, hunks=[hunks["a.txt:35"]])
    assert (fits(found), found.kind, found.whole) == ({"a.txt": Fit.FITS}, ApplyKind.PARTIAL, False)
    assert found.objections == ()
    with pytest.raises(StaleError, match="choose anew"):
        await check(done, hunks=["0" * 16])


async def test_a_check_does_not_know_the_user_s_edits(done):
    mine = TEXT.replace("line 20\n", "mine\n")
    repos.write(done.top, {"a.txt": mine, "made/b.txt": "mine too\n"})
    found = await check(done)
    assert fits(found) == {
        ".vscode/tasks.json": Fit.FITS,
        "a.txt": Fit.MERGED,
        "made/b.txt": Fit.CONFLICT,
    }
    assert found.kind is ApplyKind.MERGED
    assert "made/b.txt" in found.objections[-1].text
    await done.call("patch/resolve", **done.one, file="made/b.txt", take="mine")
    settled = await check(done)
    assert fits(settled)["made/b.txt"] is Fit.SETTLED
    assert [each.allow for each in settled.objections] == ["controlFiles"]


async def test_a_check_does_not_see_what_is_in_the_way(done, tmp_path):
    (tmp_path / "outside").mkdir()
    repos.write(done.top, {"made": Link(str(tmp_path / "outside"))})
    found = await check(done)
    [blocked] = [each for each in found.files if each.fit is Fit.BLOCKED]
    assert (blocked.path, blocked.reason) == (
        "made/b.txt",
        "something that is not a real folder is on the way",
    )
    assert "made/b.txt cannot be written" in found.objections[-1].text


@pytest.mark.parametrize("how", ["commit", "branch", "rebase"])
async def test_a_check_does_not_say_that_the_ground_has_moved(done, how):
    if how == "commit":
        repos.git(done.top, "commit", "-q", "--allow-empty", "-m", "Later")
    elif how == "branch":
        repos.git(done.top, "checkout", "-q", "-b", "other")
    else:
        (done.top / ".git/rebase-merge").mkdir()
        repos.settle(done.top)
    found = await check(done)
    texts = " ".join(each.text for each in found.objections)
    expected = {
        "commit": ("HEAD is now", "steer tools"),
        "branch": ("now other is checked out", "The run began on main, but now other is checked out."),
        "rebase": ("", "A rebase is in progress"),
    }[how]
    assert expected[0] in found.moved
    assert expected[1] in texts
    error = await refusal(done, controlFiles=True)
    assert (error is None) == (how == "commit")
    assert error is None or error.what in texts
    assert error is None or isinstance(error, RepositoryError)


async def test_missing_approvals_are_not_told_by_a_check(tmp_path):
    top = repos.make(tmp_path / "repo", {"a.txt": "a\n"})
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(scenario(settings={"approvals": {"patch": 2}})))
    async with shop(top) as it:
        run_id = await it.start(file)
        assert await it.orchestrator.wait(run_id) is RunState.COMPLETED
        one = {"runId": run_id, "patchId": "patch-1", "by": "ada"}
        found = await it.call("patch/check", **one)
        assert (found.approvals_wanted, found.approvals) == (2, ("ada",))
        assert "needs 2 named approvals and has 1 (ada)" in found.objections[0].text
        await it.call("task/approve", runId=run_id, taskId="review-1", by="bob")
        found = await it.call("patch/check", **one)
        assert (found.approvals, found.objections) == (("ada", "bob"), ())
