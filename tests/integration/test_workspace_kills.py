"""Applying and taking back, whole and in part, killed or refused by the disk at every single call."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sextet.errors import ApplyError, RepositoryError
from sextet.system.paths import Root
from sextet.workspace import apply as writer
from sextet.workspace.apply import Order, Plan, apply, plan, recover, revert
from sextet.workspace.partial import select
from sextet.workspace.transaction import Transaction
from support import repos
from support.benches import Bench, bench
from support.faults import Faults, calls_of, killed_at, refusing
from support.repos import Link, Program, write

LINES = "".join(f"line {number}\n" for number in range(40))
OURS = LINES.replace("line 2\n", "two\n").replace("line 35\n", "last\n")
FEW = {"a": "1\n", "d/gone": "g", "link": Link("a"), "text": LINES}
FEW_CHANGES = {"a": Program(b"2\n"), "d/gone": None, "link": Link("text"), "n/m/new": "n", "text": OURS}
SWAPS = {"file": "f", "folder/deep/x": "x", "to-folder": Link("folder"), "keep": "k"}
SWAPS_CHANGES = {"file": None, "folder/deep/x": None, "to-folder": None, "keep": "K"}
MANY = {f"d{number % 3}/f{number}": f"{number}\n" for number in range(9)}
MANY_CHANGES = {name: f"new {name}\n" for name in MANY} | {"d0/f0": None, "n/x": "x", "n/y": Link("x")}


@dataclass
class Story:
    """A plan, and the work tree before and after it."""

    bench: Bench
    plan: Plan
    contents: dict[str, bytes]
    before: dict[str, repos.Content]
    after: dict[str, repos.Content]
    names: itertools.count

    def order(self) -> Order:
        """One with a state folder of its own, so that nobody finds the journals of others."""
        return replace(self.bench.order, state=self.bench.shop.folder / f"state-{next(self.names)}")

    def perform(self, order: Order) -> None:
        """What `apply` does, in this thread."""
        with Root(self.bench.top) as root:
            doing = writer._transaction(self.plan, order, root, ())
            doing.begin([step.data for step in self.plan.changing])
            doing.write(self.contents)
            doing.finish()

    def begun(self, root: Root, order: Order) -> Transaction:
        """All of it is written and nothing is marked."""
        doing = writer._transaction(self.plan, order, root, ())
        doing.begin([step.data for step in self.plan.changing])
        doing.write(self.contents)
        return doing

    def found(self, *, empty: bool = False) -> dict[str, repos.Content]:
        """The work tree, in which nothing else may be left behind; `empty`: at most an empty folder."""
        for path in self.bench.top.rglob("*"):
            if ".git" in path.relative_to(self.bench.top).parts:
                continue
            assert not path.name.startswith(".sextet-"), f"{path} was left behind"
            some = path.is_symlink() or not path.is_dir() or any(path.iterdir())
            assert some or empty, f"{path} is empty"
        return repos.read(self.bench.top)

    def restore(self) -> None:
        for path in self.bench.top.iterdir():
            if path.name != ".git":
                path.unlink() if path.is_symlink() or path.is_file() else shutil.rmtree(path)
        write(self.bench.top, self.before)


async def story(where: Path, name: str) -> Story:
    files, changes = {"swaps": (SWAPS, SWAPS_CHANGES), "many": (MANY, MANY_CHANGES)}.get(
        name.removesuffix(", back"), (FEW, FEW_CHANGES)
    )
    b = await bench(where, files, changes) if files is not SWAPS else await swapped(where)
    changeset, mirror = await b.changes(), b.shop.mirror
    if "part" in name:
        changeset = await select(mirror, changeset, {"text": {1}, "n/m/new": None, "d/gone": {0}})
    if "merged" in name:
        write(b.top, {"text": LINES.replace("line 20\n", "mine\n")})
    what = await plan(b.shop.repository, mirror, changeset)
    if "back" in name:
        applied = await apply(what, b.order)
        what = await revert(b.shop.repository, mirror, applied.id, b.order)
    before = repos.read(b.top)
    contents = await mirror.git.blobs(step.after.blob for step in what.steps if step.after.blob)
    told = Story(b, what, contents, before, {}, itertools.count())
    told.perform(told.order())
    told.after = repos.read(b.top)
    assert told.after != before
    told.restore()
    return told


async def swapped(where: Path) -> Bench:
    """Files and a link become folders, and a folder becomes a file."""
    b = await bench(where, SWAPS, {})
    attempt = await b.shop.attempt("20261122-143005-fix-add-7f3a", "implement-1-2", 1, b.base.tree)
    write(attempt.path, SWAPS_CHANGES)
    (attempt.path / "folder/deep").rmdir()
    (attempt.path / "folder").rmdir()
    write(attempt.path, {"file/a/b": "inner", "folder": "a file now", "to-folder/x": "a folder now"})
    b.change = await b.shop.capture(attempt)
    return b


pytestmark = pytest.mark.timeout(120)  # hundreds of small stories each
STORIES = pytest.mark.parametrize(
    "name",
    [f"{name}{back}" for name in ("whole", "part", "merged", "swaps", "many") for back in ("", ", back")],
)


@STORIES
async def test_invariant_5_a_kill_at_some_call_leaves_a_mixture(tmp_path, name):
    it = await story(tmp_path, name)
    total = calls_of(lambda: it.perform(it.order()))
    it.restore()
    outcomes = set()
    for at in range(1, total + 1):
        order = it.order()
        assert killed_at(at, lambda order=order: it.perform(order))
        recovered = await recover(it.bench.shop.repository, order.state)
        found = it.found()
        assert found in (it.before, it.after), at
        assert all(one.complete == (found == it.after) and not one.left for one in recovered), at
        assert await recover(it.bench.shop.repository, order.state) == ()
        outcomes.add(found == it.after)
        it.restore()
    assert outcomes == {True, False}


@STORIES
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
async def test_invariant_5_a_disk_that_refuses_some_call_changes_the_work_tree(tmp_path, name, code):
    it = await story(tmp_path, name)
    total = calls_of(lambda: it.perform(it.order()))
    it.restore()
    refused = 0
    for at in range(1, total + 1):
        order = it.order()
        try:
            with Faults(refusing(code), at).installed():
                it.perform(order)
        except ApplyError:
            refused += 1
            assert it.found(empty=True) == it.before, at
            await recover(it.bench.shop.repository, order.state)
            assert it.found(empty=True) == it.before, at
        else:  # a call whose failure does not matter
            assert it.found(empty=True) == it.after, at
        it.restore()
    assert refused > total / 2


@STORIES
async def test_invariant_5_a_disk_that_refuses_from_some_call_on_leaves_a_mixture(tmp_path, name):
    it = await story(tmp_path, name)
    total = calls_of(lambda: it.perform(it.order()))
    it.restore()
    for at in range(1, total + 1):
        order = it.order()
        with suppress(ApplyError), Faults(refusing(errno.ENOSPC), at, forever=True).installed():
            it.perform(order)
        await recover(it.bench.shop.repository, order.state)
        assert it.found(empty=True) in (it.before, it.after), at
        it.restore()


@STORIES
async def test_invariant_5_a_recovery_that_is_killed_is_not_finished_by_the_next(tmp_path, name):
    it = await story(tmp_path, name)
    for at in itertools.count(1):
        order = it.order()
        with Root(it.bench.top) as root:
            doing = it.begun(root, order)
            ended = not killed_at(at, doing.undo)
        await recover(it.bench.shop.repository, order.state)
        assert it.found() in (it.before, it.after), at
        it.restore()
        if ended:
            break


# What the user does between crash and recovery ----------------------------------------------------
async def half(it: Story, order: Order) -> None:
    """Killed when half of the files were in their places."""
    total = calls_of(lambda: it.perform(it.order()))
    it.restore()
    for at in range(total, 0, -1):
        killed_at(at, lambda: it.perform(order))
        if repos.read(it.bench.top) not in (it.before, it.after):
            return
        shutil.rmtree(order.state, ignore_errors=True)
        it.restore()
    pytest.fail("it was never half done")


async def test_a_file_that_was_edited_after_a_crash_is_overwritten_by_the_recovery(tmp_path):
    it = await story(tmp_path, "whole")
    order = it.order()
    await half(it, order)
    write(it.bench.top, {"a": "edited after the crash"})
    (recovered,) = await recover(it.bench.shop.repository, order.state)
    assert (recovered.complete, recovered.left) == (False, ("a",))
    assert repos.read(it.bench.top) == {**it.before, "a": b"edited after the crash"}


async def test_what_the_user_put_in_the_way_after_a_crash_stops_the_recovery_of_the_rest(tmp_path):
    it = await story(tmp_path, "swaps")
    order = it.order()
    await half(it, order)
    shutil.rmtree(it.bench.top / "file", ignore_errors=True)
    (it.bench.top / "folder").unlink(missing_ok=True)
    write(it.bench.top, {"folder": "mine now", "file/mine": "mine too"})
    (recovered,) = await recover(it.bench.shop.repository, order.state)
    assert not recovered.complete
    assert set(recovered.left) <= {"folder", "folder/deep/x", "file", "file/a/b"}
    found = repos.read(it.bench.top)
    assert (found["folder"], found["file/mine"]) == (b"mine now", b"mine too")
    assert {name: found[name] for name in ("keep", "to-folder")} == {
        name: it.before[name] for name in ("keep", "to-folder")
    }


async def test_what_was_kept_of_a_file_is_restored_though_it_is_damaged(tmp_path):
    it = await story(tmp_path, "whole")
    order = it.order()
    await half(it, order)
    (kept,) = order.state.glob("apply/*/before")
    kept.write_bytes(bytes(kept.stat().st_size))
    half_done = repos.read(it.bench.top)
    with pytest.raises(ApplyError, match="damaged"):
        await recover(it.bench.shop.repository, order.state)
    for name, data in repos.read(it.bench.top).items():
        assert data in (half_done.get(name), it.before.get(name)), name


async def test_a_cut_off_apply_of_another_folder_is_taken_for_one_of_this(tmp_path):
    it = await story(tmp_path, "whole")
    order = it.order()
    with Root(it.bench.top) as root:
        it.begun(root, order)
    elsewhere = replace(it.bench.shop.repository, key="0-0")
    with pytest.raises(RepositoryError, match="another folder"):
        await recover(elsewhere, order.state)
    assert repos.read(it.bench.top) == it.after


async def test_a_disk_without_sync_of_the_file_system_is_not_synced_file_by_file(tmp_path, monkeypatch):
    it = await story(tmp_path, "many")
    from sextet.system.disk import Disk

    synced = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(fd) or real(fd))
    monkeypatch.setattr(Disk, "syncs_file_systems", False)
    it.perform(it.order())
    assert len(synced) > len([name for name, data in it.after.items() if isinstance(data, bytes)])
    assert it.found() == it.after
