"""Plan, apply, revert and recover on a real work tree."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from contextlib import suppress
from dataclasses import replace

import pytest

from sextet.errors import ApplyError, NotFoundError, RepositoryError, SextetError
from sextet.model.patch import ApplyKind
from sextet.system.paths import Root
from sextet.workspace import changeset, snapshot
from sextet.workspace.apply import Order, apply, plan, recover, revert
from sextet.workspace.fit import Fit
from sextet.workspace.images import Entry, Image, Journal
from sextet.workspace.transaction import Transaction
from support import repos
from support.repos import Link, Program, write

RUN = "20261122-143005-fix-add-7f3a"
FILES = {
    "a.txt": "".join(f"line {number}\n" for number in range(30)),
    "bin/run": Program(b"#!/bin/sh\n"),
    "link": Link("a.txt"),
    "raw": b"\0\xff",
    "dos.txt": b"a\r\nb\r\n",
    "gone/deep/x": "x",
    "folder/f": "f",
    "file": "was a file",
    ".gitignore": "*.log\nvendor\n",
}
CHANGES = {
    "a.txt": "".join(f"line {number}\n" for number in range(29)) + "last\n",
    "link": Link("raw"),
    "raw": b"\0\xfe",
    "dos.txt": b"a\r\nB\r\n",
    "gone/deep/x": None,
    "new/dir/y": Program(b"y"),
    "folder/f": None,
    "file": None,
    "🦊 new\nname": "n",
}


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


class Bench:
    """A repository, a change that an attempt made, and an order to apply it."""

    def __init__(self, shop, base, change):
        self.shop, self.base, self.change = shop, base, change
        self.top = shop.repository.top
        self.order = Order(by="Ada", state=shop.folder)

    async def changes(self):
        return await changeset.diff(self.shop.mirror, self.change.start, self.change.tree)

    async def plan(self):
        return await plan(self.shop.repository, self.shop.mirror, await self.changes())

    async def revert(self, apply_id):
        return await revert(self.shop.repository, self.shop.mirror, apply_id, self.order)

    async def result(self):
        return repos.read((await self.shop.shared(self.change.tree)).path)


async def bench(tmp_path, files=None, changes=None) -> Bench:
    top = repos.make(tmp_path / "my repo", FILES if files is None else files)
    shop = await repos.workshop(top, tmp_path / "state")
    base = await snapshot.take(shop.mirror, shop.repository, run_id=RUN)
    attempt = await shop.attempt(RUN, "implement-1-1", 1, base.tree)
    write(attempt.path, CHANGES if changes is None else changes)
    if changes is None:
        write(
            attempt.path,
            {"folder": "a file now", "file/inner": "a folder now"}
            if not (attempt.path / "folder").rmdir()
            else {},
        )
        (attempt.path / "bin/run").chmod(0o644)
    return Bench(shop, base, await shop.capture(attempt))


async def test_invariant_5_an_untouched_work_tree_becomes_exactly_the_approved_tree(tmp_path):
    b = await bench(tmp_path)
    git_before = repos.fingerprint(b.top / ".git")
    what = await b.plan()
    applied = await apply(what, b.order)
    assert (what.kind, applied.kind, applied.by) == (ApplyKind.EXACT, ApplyKind.EXACT, "Ada")
    assert repos.read(b.top) == await b.result()
    assert not (b.top / "gone").exists()
    assert repos.fingerprint(b.top / ".git") == git_before
    again = await snapshot.take(b.shop.mirror, b.shop.repository, run_id=RUN)
    assert again.tree == b.change.tree


async def test_invariant_5_a_file_changed_before_the_last_one_was_written_counts_as_applied(
    tmp_path, monkeypatch
):
    b = await bench(tmp_path, {"a": "a\n", "b": "b\n"}, {"a": "A\n", "b": "B\n"})
    what, replace_one = await b.plan(), Root.replace

    def meddling(root, path, *args, **more):
        replace_one(root, path, *args, **more)
        if path == "b":
            (b.top / "a").write_text("somebody else's\n")

    monkeypatch.setattr(Root, "replace", meddling)
    with pytest.raises(ApplyError, match="a does not hold what was written"):
        await apply(what, b.order)
    assert repos.read(b.top) == {"a": b"somebody else's\n", "b": b"b\n"}


async def test_a_patch_that_is_already_there_writes_nothing(tmp_path):
    b = await bench(tmp_path)
    await apply(await b.plan(), b.order)
    what = await b.plan()
    assert {step.fit for step in what.steps} == {Fit.PRESENT}
    assert (await apply(what, b.order)).files == ()


async def test_a_file_that_moved_on_is_merged_and_called_so(tmp_path):
    b = await bench(tmp_path)
    moved = FILES["a.txt"].replace("line 0\n", "my line 0\n")
    write(b.top, {"a.txt": moved})
    what = await b.plan()
    applied = await apply(what, b.order)
    assert applied.kind is ApplyKind.MERGED
    assert (b.top / "a.txt").read_text() == moved.replace("line 29\n", "last\n")


@pytest.mark.parametrize(
    ("path", "mine"),
    [
        ("a.txt", "all mine\n"),
        ("raw", b"\0mine"),
        ("gone/deep/x", "mine"),
        ("new/dir/y", "mine"),
        ("link", Link("x")),
    ],
)
async def test_a_conflict_writes_nothing_until_it_is_settled(tmp_path, path, mine):
    b = await bench(tmp_path)
    write(b.top, {path: mine})
    before = repos.read(b.top)
    what = await b.plan()
    assert what.conflicts == (path,)
    with pytest.raises(ApplyError, match="does not fit"):
        await apply(what, b.order)
    assert repos.read(b.top) == before
    applied = await apply(what.settle({path: "mine"}), b.order)
    assert (applied.kind, path in applied.files) == (ApplyKind.MERGED, False)
    assert repos.read(b.top)[path] == before[path]


async def test_a_bit_and_a_line_that_changed_on_different_sides_go_together(tmp_path):
    b = await bench(tmp_path, {"a": "1\n", "b": "1\n"}, {"a": Program(b"1\n"), "b": "2\n"})
    write(b.top, {"a": "mine\n"})
    (b.top / "b").chmod(0o755)
    assert (await apply(await b.plan(), b.order)).kind is ApplyKind.MERGED
    assert repos.read(b.top) == {"a": Program(b"mine\n"), "b": Program(b"2\n")}


async def test_a_file_that_the_user_renamed_is_a_conflict_and_never_a_guess(tmp_path):
    b = await bench(tmp_path, {"a": FILES["a.txt"]}, {"a": CHANGES["a.txt"], "b": "of the patch\n"})
    write(b.top, {"a": None, "b": FILES["a.txt"]})
    assert (await b.plan()).conflicts == ("a", "b")


async def test_a_conflict_can_be_settled_for_the_patch_or_with_markers(tmp_path):
    b = await bench(tmp_path)
    write(b.top, {"a.txt": FILES["a.txt"].replace("line 29\n", "mine\n")})
    what = await b.plan()
    await apply(what.settle({"a.txt": "merge"}), b.order)
    text = (b.top / "a.txt").read_text()
    assert [word in text for word in ("<<<<<<<", "mine\n", "last\n")] == [True] * 3
    await apply((await b.plan()).settle({"a.txt": "theirs"}), b.order)
    assert repos.read(b.top) == await b.result()


async def test_invariant_5_a_file_changed_between_plan_and_apply_stops_everything(tmp_path):
    b = await bench(tmp_path)
    what = await b.plan()
    write(b.top, {"raw": "edited meanwhile"})
    before = repos.read(b.top)
    with pytest.raises(ApplyError, match="raw was changed"):
        await apply(what, b.order)
    assert repos.read(b.top) == before
    assert await recover(b.shop.repository, b.shop.folder) == ()


async def test_invariant_6_a_link_planted_in_the_users_tree_is_never_written_through(tmp_path):
    b = await bench(
        tmp_path, {".gitignore": "vendor\n", "a": "1"}, {"vendor/evil": "x", ".gitignore": "", "a": "2"}
    )
    outside = tmp_path / "outside"
    outside.mkdir()
    write(b.top, {"vendor": Link(str(outside))})
    what = await b.plan()
    assert [step.path for step in what.blocked] == ["vendor/evil"]
    with pytest.raises(ApplyError, match="vendor/evil cannot be written"):
        await apply(what, b.order)
    assert (repos.read(outside), (b.top / "a").read_text()) == ({}, "1")


async def test_invariant_6_a_folder_swapped_for_a_link_during_apply_lets_nothing_out(tmp_path):
    b = await bench(tmp_path, {"d/a": "1"}, {f"d/n{number}": "x" for number in range(40)} | {"d/a": "2"})
    outside = tmp_path / "outside"
    outside.mkdir()
    what = await b.plan()
    stop = threading.Event()

    def flip():
        real, spare = b.top / "d", b.top / "spare"
        while not stop.is_set():
            with suppress(OSError):  # the apply may have made the folder anew
                real.rename(spare)
                real.symlink_to(outside)
                real.unlink()
            with suppress(OSError):
                spare.rename(real)

    thread = threading.Thread(target=flip)
    thread.start()
    try:
        for _ in range(10):
            try:
                applied = await apply(what, b.order)
                await apply(await b.revert(applied.id), b.order)
            except (ApplyError, OSError):
                with suppress(SextetError, OSError):  # the flipping may hit the look as well
                    what = await b.plan()
    finally:
        stop.set()
        thread.join()
    assert repos.read(outside) == {}


async def test_a_submodule_of_the_user_is_not_written_into(tmp_path):
    b = await bench(tmp_path, {"a": "1"}, {"sub/x": "x"})
    repos.make(b.top / "sub", {"y": "1"})
    assert [step.reason for step in (await b.plan()).blocked] == ["sub is a repository of its own"]


async def test_an_unfinished_merge_stops_plan_and_apply(tmp_path):
    b = await bench(tmp_path)
    what = await b.plan()
    (b.top / ".git/MERGE_HEAD").write_text(b.base.commit)
    with pytest.raises(RepositoryError, match="merge is in progress"):
        await b.plan()
    with pytest.raises(RepositoryError, match="merge is in progress"):
        await apply(what, b.order)


async def test_control_files_are_named_apart(tmp_path):
    b = await bench(tmp_path, {"a": "1"}, {"a": "2", ".VSCode/tasks.json": "{}"})
    assert (await b.plan()).control == (".VSCode/tasks.json",)


async def test_the_users_permission_bits_stay(tmp_path):
    b = await bench(tmp_path, {"a": "1", "b": "1"}, {"a": "2", "b": Program(b"1")})
    (b.top / "a").chmod(0o600)
    (b.top / "b").chmod(0o640)
    await apply(await b.plan(), b.order)
    assert [(b.top / name).stat().st_mode & 0o777 for name in "ab"] == [0o600, 0o750]


async def test_a_part_of_a_patch_is_called_partial(tmp_path):
    b = await bench(tmp_path)
    applied = await apply(await b.plan(), replace(b.order, kind=ApplyKind.PARTIAL))
    assert applied.kind is ApplyKind.PARTIAL


# Taking back


async def test_an_apply_is_taken_back_byte_for_byte(tmp_path):
    b = await bench(tmp_path)
    before = repos.read(b.top)
    applied = await apply(await b.plan(), b.order)
    back = await apply(await b.revert(applied.id), b.order)
    assert repos.read(b.top) == before
    again = await apply(await b.revert(back.id), b.order)
    assert repos.read(b.top) == await b.result()
    assert again.kind is ApplyKind.EXACT


async def test_taking_back_keeps_what_the_user_edited_afterwards(tmp_path):
    b = await bench(tmp_path)
    applied = await apply(await b.plan(), b.order)
    text = (b.top / "a.txt").read_text()
    write(b.top, {"a.txt": text.replace("line 0\n", "later\n"), "other": "mine"})
    back = await apply(await b.revert(applied.id), b.order)
    assert (b.top / "a.txt").read_text() == FILES["a.txt"].replace("line 0\n", "later\n")
    assert (back.kind, (b.top / "other").exists()) == (ApplyKind.MERGED, True)


async def test_taking_back_what_was_edited_over_is_a_conflict(tmp_path):
    b = await bench(tmp_path)
    applied = await apply(await b.plan(), b.order)
    write(b.top, {"raw": b"\0later", "new/dir/y": "later"})
    assert (await b.revert(applied.id)).conflicts == ("new/dir/y", "raw")


@pytest.mark.parametrize("name", ["apply-0000000000000000", "../apply-x", "x"])
async def test_an_apply_that_never_was_cannot_be_taken_back(tmp_path, name):
    b = await bench(tmp_path)
    with pytest.raises(NotFoundError):
        await b.revert(name)


# Faults: every call that changes a disk fails, or the process is killed there

CALLS = (
    "open",
    "write",
    "fsync",
    "fdatasync",
    "rename",
    "replace",
    "unlink",
    "symlink",
    "mkdir",
    "rmdir",
    "fchmod",
)


class Faults:
    """Counts calls that change a disk, and does `act` at the `at`-th."""

    def __init__(self, act, at=0):
        self.act, self.at, self.count = act, at, 0

    def install(self, monkeypatch):
        for name in CALLS:
            monkeypatch.setattr(os, name, self._wrap(getattr(os, name)))

    def _wrap(self, real):
        def call(*args, **kwargs):
            if real.__name__ != "open" or args[1] & (os.O_CREAT | os.O_WRONLY):
                self.count += 1
                if self.count == self.at:
                    self.act()
            return real(*args, **kwargs)

        return call


def killed_at(at, act) -> bool:
    """Act in a child process that is gone at once at the `at`-th call; whether it was reached."""
    child = os.fork()
    if child == 0:
        try:
            Faults(lambda: os._exit(9), at).install(pytest.MonkeyPatch())
            act()
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in {0, 9}
    return status == 9


async def small(tmp_path) -> Bench:
    files = {"a": "1", "d/gone": "g", "link": Link("a"), "t": "t"}
    return await bench(tmp_path, files, {"a": "2", "d/gone": None, "link": Link("t"), "n/new": "n"})


def transaction(b: Bench, what, root, name="apply-00000000") -> tuple[Transaction, list[bytes]]:
    entries = tuple(
        Entry(path=step.path, before=step.now, after=step.after, made_folder=step.path == "n/new")
        for step in what.steps
    )
    applied = {"id": name, "kind": "exact", "at": 1.0, "by": "Ada", "tree": b.change.tree}
    journal = Journal.model_validate(
        {
            "state": "writing",
            "applied": applied,
            "base": b.base.tree,
            "top": b.shop.repository.key,
            "entries": entries,
        }
    )
    return Transaction(b.shop.folder / "apply" / name, root, journal), [step.data for step in what.steps]


def write_all(b: Bench, what, contents, name):
    with Root(b.top) as root:
        doing, images = transaction(b, what, root, name)
        doing.begin(images)
        doing.write(contents)
        doing.finish()


async def steps_of(b: Bench, what, contents) -> int:
    """How many calls change a disk in one apply; the work tree is put back."""
    faults = Faults(lambda: None)
    with pytest.MonkeyPatch.context() as patch:
        faults.install(patch)
        write_all(b, what, contents, "apply-11111111")
    await apply(await b.revert("apply-11111111"), b.order)
    return faults.count


async def test_invariant_5_killed_at_any_call_an_apply_is_all_or_nothing_after_recovery(tmp_path):
    b = await small(tmp_path)
    what = await b.plan()
    before, after = repos.read(b.top), await b.result()
    contents = await b.shop.mirror.git.blobs(step.after.blob for step in what.steps if step.after.blob)
    total = await steps_of(b, what, contents)
    outcomes = set()
    for at in range(1, total + 1):
        killed_at(at, lambda name=f"apply-{at:08x}": write_all(b, what, contents, name))
        recovered = await recover(b.shop.repository, b.shop.folder)
        found = repos.read(b.top)
        assert found in (before, after), at
        assert not list(b.top.rglob(".sextet-*")), at
        complete = found == after
        assert all(one.complete == complete and not one.left for one in recovered), at
        outcomes.add(complete)
        if complete:
            await apply(await b.revert(f"apply-{at:08x}"), b.order)
        assert await recover(b.shop.repository, b.shop.folder) == ()
    assert outcomes == {True, False}
    assert total > 30


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
async def test_invariant_5_a_disk_that_fails_at_any_call_leaves_the_work_tree_as_it_was(tmp_path, code):
    b = await small(tmp_path)
    what = await b.plan()
    before, after = repos.read(b.top), await b.result()
    contents = await b.shop.mirror.git.blobs(step.after.blob for step in what.steps if step.after.blob)
    total = await steps_of(b, what, contents)

    def fail():
        raise OSError(code, os.strerror(code))

    refused = 0
    for at in range(1, total + 1):
        name = f"apply-{at:08x}"
        try:
            with pytest.MonkeyPatch.context() as patch:
                Faults(fail, at).install(patch)
                write_all(b, what, contents, name)
        except ApplyError:
            refused += 1
            assert repos.read(b.top) == before, at
            await recover(b.shop.repository, b.shop.folder)
            assert repos.read(b.top) == before, at
        else:  # a call whose failure does not matter
            assert repos.read(b.top) == after, at
            await apply(await b.revert(name), b.order)
    assert refused > total - 8


async def test_a_killed_recovery_is_finished_by_the_next(tmp_path):
    b = await small(tmp_path)
    what = await b.plan()
    before = repos.read(b.top)
    contents = await b.shop.mirror.git.blobs(step.after.blob for step in what.steps if step.after.blob)
    for at in range(1, 40):
        name = f"apply-{at:08x}"
        with Root(b.top) as root:
            doing, images = transaction(b, what, root, name)
            doing.begin(images)
            for entry in list(doing.journal.entries)[:3]:
                doing._write_one(entry, contents)
        with Root(b.top) as root:
            if not killed_at(at, transaction(b, what, root, name)[0].undo):
                break
        await recover(b.shop.repository, b.shop.folder)
        assert repos.read(b.top) == before, at
    else:
        pytest.fail("the recovery never ended by itself")


async def test_recovery_never_touches_a_file_that_the_user_edited_meanwhile(tmp_path):
    b = await small(tmp_path)
    what = await b.plan()
    contents = await b.shop.mirror.git.blobs(step.after.blob for step in what.steps if step.after.blob)
    with Root(b.top) as root:
        doing, images = transaction(b, what, root)
        doing.begin(images)
        doing._write_one(doing.journal.entries[0], contents)
    write(b.top, {"a": "edited after the crash"})
    (recovered,) = await recover(b.shop.repository, b.shop.folder)
    assert (recovered.complete, recovered.left) == (False, ("a",))
    assert (b.top / "a").read_text() == "edited after the crash"


async def test_a_cut_off_apply_of_another_folder_is_left_to_it(tmp_path):
    b = await small(tmp_path)
    with Root(b.top) as root:
        doing, images = transaction(b, await b.plan(), root)
        doing.begin(images)
    elsewhere = replace(b.shop.repository, key="0-0")
    with pytest.raises(RepositoryError, match="another folder"):
        await recover(elsewhere, b.shop.folder)


@pytest.mark.parametrize("turns", [1, 50, 300, 1000])
async def test_a_cancelled_apply_is_whole(tmp_path, turns):
    b = await bench(tmp_path)
    before, after = repos.read(b.top), await b.result()
    task = asyncio.create_task(apply(await b.plan(), b.order))
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    await recover(b.shop.repository, b.shop.folder)
    assert repos.read(b.top) in (before, after)


def test_an_image_of_nothing_is_absent():
    assert Image() == Image(mode="000000", blob=None)
