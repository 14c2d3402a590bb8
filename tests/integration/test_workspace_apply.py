"""Plan, apply, revert and recover on a real work tree."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from dataclasses import replace

import pytest

from sextet.errors import ApplyError, NotFoundError, RepositoryError, SextetError
from sextet.model.patch import ApplyKind
from sextet.system.batch import Batch
from sextet.workspace import snapshot
from sextet.workspace.apply import Editor, apply, recover
from sextet.workspace.fit import Fit
from sextet.workspace.images import Image
from support import repos
from support.benches import CHANGES, FILES, RUN, bench
from support.repos import Link, Program, write


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


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
    what, put_one = await b.plan(), Batch.put

    def meddling(batch, path):
        put_one(batch, path)
        if path == "b":
            (b.top / "a").write_text("somebody else's\n")

    monkeypatch.setattr(Batch, "put", meddling)
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


# The editor's part


async def test_files_open_in_the_editor_are_written_by_it(tmp_path):
    b = await bench(tmp_path)
    given = []

    async def take(files):
        given.extend(files)
        return True

    editor = Editor(frozenset({"a.txt", "raw", "gone/deep/x"}), take)
    await apply(await b.plan(), replace(b.order, editor=editor))
    assert [name for name, _ in given] == ["a.txt"]
    assert (b.top / "a.txt").read_text() == FILES["a.txt"]
    assert given[0][1] == CHANGES["a.txt"]
    assert (b.top / "raw").read_bytes() == CHANGES["raw"]


async def test_when_the_editor_refuses_nothing_is_applied(tmp_path):
    b = await bench(tmp_path)
    before = repos.read(b.top)

    async def refuse(files):
        return False

    with pytest.raises(ApplyError, match="editor did not take"):
        await apply(await b.plan(), replace(b.order, editor=Editor(frozenset({"a.txt"}), refuse)))
    assert repos.read(b.top) == before


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


# Ends


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
