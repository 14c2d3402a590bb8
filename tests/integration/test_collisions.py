"""The collision radar on runs that are at work, and on trees of every sort."""

from __future__ import annotations

import json

import pytest

from sextet.model.names import RunState
from sextet.service import radar
from sextet.workspace import snapshot
from sextet.workspace.collisions import Collision, Side, collisions
from sextet.workspace.peek import peek
from support import repos
from support.repos import Link
from support.runs import scenario, shop, wait, write

RUN = "20261122-143005-fix-add-7f3a"
LINES = [f"line {number}" for number in range(1, 31)]


def text(**changed: str) -> str:
    return "\n".join(changed.get(f"l{number}", line) for number, line in enumerate(LINES, 1)) + "\n"


def item(*actions, needs=()):
    return {"actions": [*actions, wait(600)], "dependsOn": list(needs)}


# While they work ----------------------------------------------------------------------------------
@pytest.fixture
async def busy(tmp_path, monkeypatch):
    """Three implementers at work after a first item was integrated; two write to the same line."""
    monkeypatch.setattr(radar, "PAUSE", 0.0)
    top = repos.make(tmp_path / "repo", {"a.txt": text(), "b.txt": text()})
    items = {
        "first": {"actions": [write("b.txt", text(l1="first"))]},
        "one": item(write("a.txt", text(l2="one")), needs=["first"]),
        "two": item(write("a.txt", text(l2="two")), write("new.txt", "n\n"), needs=["first"]),
        "far": item(write("a.txt", text(l29="far")), needs=["first"]),
    }
    roles = {"implementer": {"workers": 3, "sandbox": "workspace-write"}}
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(scenario(items, settings={"maxAgents": 4, "roles": roles})))
    async with shop(top) as it:
        it.run_id = await it.start(file)
        await it.until(it.run_id, lambda view: len(view.working) == 3 and bool(view.patches))
        yield it
        await it.call("run/stop", runId=it.run_id)


async def until_written(it):
    """The worktrees, once each of the three has written its files."""
    workshop = await it.orchestrator.place.workshop()
    while True:
        found = {tree.task_id: tree for tree in workshop.leftovers(it.run_id)}
        written = [(tree.path / "a.txt").read_text() for tree in found.values()]
        complete = len(found) == 3 and all(each not in {text(), ""} for each in written)
        if complete and (found["implement-1-3"].path / "new.txt").exists():
            return found
        await it.call("run/list")


async def test_two_that_are_at_work_on_the_same_line_hear_of_it_when_one_is_integrated(busy):
    await until_written(busy)
    found = await busy.call("run/collisions", runId=busy.run_id)
    assert [(each.task, each.others, each.integrated, each.files) for each in found.collisions] == [
        ("implement-1-2", ("implement-1-3",), False, ("a.txt",))
    ]
    assert found.working == ("implement-1-2", "implement-1-3", "implement-1-4")
    assert found.captured == ()


async def test_a_look_at_worktrees_disturbs_the_agents_or_counts_as_a_capture(busy):
    trees = await until_written(busy)
    mirror = busy.orchestrator.place.state.mirror
    refs = repos.git(mirror, "for-each-ref")
    before = {
        name: (repos.fingerprint(tree.path), repos.fingerprint(tree.git_dir)) for name, tree in trees.items()
    }
    for _ in range(2):
        await busy.call("run/collisions", runId=busy.run_id)
    for name, tree in trees.items():
        assert (repos.fingerprint(tree.path), repos.fingerprint(tree.git_dir)) == before[name]
        assert not tree.captured
        assert sorted(path.name for path in tree.home.iterdir() if path.name.startswith("peek")) == ["peek"]
    assert repos.git(mirror, "for-each-ref") == refs


async def test_worktrees_are_looked_at_each_time_that_somebody_asks(busy, monkeypatch):
    trees = await until_written(busy)
    monkeypatch.setattr(radar, "PAUSE", 600.0)
    first = await busy.call("run/collisions", runId=busy.run_id)
    (trees["implement-1-4"].path / "a.txt").write_text(text(l2="far"))
    assert (await busy.call("run/collisions", runId=busy.run_id)).collisions == first.collisions
    monkeypatch.setattr(radar, "PAUSE", 0.0)
    assert len((await busy.call("run/collisions", runId=busy.run_id)).collisions) == 3


async def test_what_collides_with_integrated_work_is_not_told_before_its_turn(busy):
    trees = await until_written(busy)
    (trees["implement-1-4"].path / "b.txt").write_text(text(l1="far"))
    (trees["implement-1-2"].path / "b.txt").unlink()
    found = await busy.call("run/collisions", runId=busy.run_id)
    told = {(each.task, each.others, each.integrated, each.files) for each in found.collisions}
    # Both began after the first was integrated, so they know its work.
    assert ("implement-1-2", ("implement-1-4",), False, ("b.txt",)) in told


async def test_a_worktree_that_has_gone_ends_the_look_at_the_others(busy):
    trees = await until_written(busy)
    trees["implement-1-4"].home.rename(trees["implement-1-4"].home.with_name("gone"))
    found = await busy.call("run/collisions", runId=busy.run_id)
    trees["implement-1-4"].home.with_name("gone").rename(trees["implement-1-4"].home)
    assert [each.task for each in found.collisions] == ["implement-1-2"]


async def test_a_run_at_rest_has_collisions(tmp_path):
    top = repos.make(tmp_path / "repo", {"a.txt": text()})
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(scenario()))
    async with shop(top) as it:
        run_id = await it.start(file)
        assert await it.orchestrator.wait(run_id) is RunState.COMPLETED
        found = await it.call("run/collisions", runId=run_id)
        assert (found.captured, found.working, found.collisions) == ((), (), ())
        assert found.tree == it.view(run_id).trees[1][0]


# Trees --------------------------------------------------------------------------------------------
async def sides(tmp_path, files, integrated, *changes):
    shop_ = await repos.workshop(repos.make(tmp_path / "r", files), tmp_path / "state")
    base = await snapshot.take(shop_.mirror, shop_.repository, run_id=RUN)
    found = []
    for number, change in enumerate((integrated, *changes)):
        attempt = await shop_.attempt(RUN, f"implement-1-{number}", 1, base.tree)
        repos.write(attempt.path, change)
        found.append(Side(str(number), await peek(attempt)))
    return await collisions(shop_.mirror, found[0].change.tree, found[1:])


async def test_changes_that_go_together_are_said_to_collide(tmp_path):
    found = await sides(
        tmp_path,
        {"a": text(), "b": text()},
        {"b": text(l1="done")},
        {"a": text(l1="one")},
        {"a": text(l30="two"), "b": text(l30="two")},
        {"a": text(l1="one"), "c": "c"},
    )
    assert found == ()


async def test_changes_that_do_not_go_together_are_said_to_go_together(tmp_path):
    files = {"a": text(), "b": text(), "d/f": "f\n", "link": Link("a")}
    found = await sides(
        tmp_path,
        files,
        {"b": text(l1="done")},
        {"b": text(l1="one")},
        {"a": text(l5="two")},
        {"a": None, "link": Link("b")},
        {"link": Link("d/f"), "d/f": None, "new": "1\n"},
        {"new": "2\n"},
    )
    assert found == (
        Collision("1", "", ("b",)),
        Collision("2", "3", ("a",)),
        Collision("3", "4", ("link",)),
        Collision("4", "5", ("new",)),
    )


async def test_a_file_and_a_folder_of_one_name_are_said_to_go_together(tmp_path):
    [found] = await sides(tmp_path, {"a": "a"}, {}, {"x": "a file"}, {"x/y": "below a folder"})
    assert (found.one, found.other) == ("1", "2")
    assert all(name.startswith("x") for name in found.files)
