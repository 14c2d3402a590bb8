"""An apply with two writers on a real work tree: what is open is the editor's, everything else ours."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from sextet.errors import ApplyError
from sextet.model.patch import ApplyKind
from sextet.system.paths import Root
from sextet.workspace import changeset, snapshot
from sextet.workspace.apply import Order, apply, plan, recover, revert
from sextet.workspace.fit import Fit
from sextet.workspace.sharing import unsaved
from support import repos
from support.editors import FakeEditor
from support.repos import Link, Program, write

RUN = "20261122-143005-fix-add-7f3a"
LINES = "".join(f"line {number}\n" for number in range(30))
LAST = LINES.replace("line 29\n", "last\n")
MINE = LINES.replace("line 0\n", "mine\n")
BOTH = MINE.replace("line 29\n", "last\n")
FILES = {
    "a.txt": LINES,
    "b.txt": "b\n",
    "dos.txt": b"a\r\nb\r\n",
    "mark.txt": b"\xef\xbb\xbfa\n",
    "latin.txt": b"\xe9\n",
    "mixed.txt": b"a\r\nb\nc\n",
    "gone.txt": "gone\n",
    "tool": "#!/bin/sh\n",
    "link": Link("b.txt"),
    "raw": b"\0\xff",
}
CHANGES = {
    "a.txt": LAST,
    "b.txt": "B\n",
    "dos.txt": b"a\r\nB\r\n",
    "mark.txt": b"\xef\xbb\xbfA\n",
    "latin.txt": b"\xe8\n",
    "mixed.txt": b"A\r\nb\nc\n",
    "gone.txt": None,
    "tool": Program(b"#!/bin/sh\n"),
    "link": Link("a.txt"),
    "raw": b"\0\xfe",
    "new.txt": "new\n",
}


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


class Desk:
    """A repository, a change, and an editor."""

    def __init__(self, shop, base, change):
        self.shop, self.base, self.change = shop, base, change
        self.top: Path = shop.repository.top
        self.editor = FakeEditor(self.top)
        self.order = Order(by="Ada", state=shop.folder, editor=self.editor)

    async def plan(self):
        changes = await changeset.diff(self.shop.mirror, self.change.start, self.change.tree)
        return await plan(self.shop.repository, self.shop.mirror, changes, await self.editor.look(self.top))

    async def apply(self):
        return await apply(await self.plan(), self.order)

    async def revert(self, apply_id):
        buffers = await self.editor.look(self.top)
        back = await revert(self.shop.repository, self.shop.mirror, apply_id, self.order, buffers)
        return await apply(back, self.order)

    async def recover(self):
        return await recover(self.shop.repository, self.shop.folder, await self.editor.look(self.top))


async def make(tmp_path, files=None, changes=None) -> Desk:
    top = repos.make(tmp_path / "my repo", FILES if files is None else files)
    shop = await repos.workshop(top, tmp_path / "state")
    base = await snapshot.take(shop.mirror, shop.repository, run_id=RUN)
    attempt = await shop.attempt(RUN, "implement-1-1", 1, base.tree)
    write(attempt.path, CHANGES if changes is None else changes)
    return Desk(shop, base, await shop.capture(attempt))


@pytest.fixture
async def d(tmp_path):
    return await make(tmp_path)


@pytest.fixture
async def two(tmp_path):
    """Two files, of which the first is open."""
    made = await make(tmp_path, {"a.txt": LINES, "b.txt": "b\n"}, {"a.txt": LAST, "b.txt": "B\n"})
    made.editor.open("a.txt")
    return made


# Who writes what ----------------------------------------------------------------------------------
async def test_a_file_that_is_open_is_written_by_us_or_a_closed_one_by_the_editor(d):
    for name in ("a.txt", "dos.txt", "mark.txt"):
        d.editor.open(name)
    d.editor.buffers["mark.txt"] = replace(d.editor.buffers["mark.txt"], text="a\n")
    applied = await d.apply()
    assert {each.path: each.text for each in d.editor.written} == {
        "a.txt": LAST,
        "dos.txt": "a\r\nB\r\n",
        "mark.txt": "A\n",
    }
    found = repos.read(d.top)
    assert {name: found[name] for name in ("a.txt", "dos.txt", "mark.txt")} == {
        "a.txt": LINES.encode(),
        "dos.txt": FILES["dos.txt"],
        "mark.txt": FILES["mark.txt"],
    }
    rest = {name: data for name, data in found.items() if name not in {"a.txt", "dos.txt", "mark.txt"}}
    assert rest == {
        "b.txt": b"B\n",
        "latin.txt": b"\xe8\n",
        "mixed.txt": b"A\r\nb\nc\n",
        "tool": Program(b"#!/bin/sh\n"),
        "link": Link("a.txt"),
        "raw": b"\0\xfe",
        "new.txt": b"new\n",
    }
    assert (applied.kind, applied.unsaved) == (ApplyKind.EXACT, ("a.txt", "dos.txt", "mark.txt"))
    assert d.editor.reminded == applied.unsaved


async def test_an_open_file_that_no_editor_can_write_is_not_written_on_the_disk(d):
    for name in ("tool", "gone.txt"):
        d.editor.open(name)
    shown = {"latin.txt": "\ufffd\n", "mixed.txt": "a\nb\nc\n", "link": "b\n", "raw": "\0\ufffd"}
    for name, text in shown.items():
        d.editor.open(name, text, touched=False)
    applied = await d.apply()
    assert d.editor.written == []
    assert (await d.plan()).steps[0].fit is Fit.PRESENT
    assert repos.read(d.top)["tool"] == Program(b"#!/bin/sh\n")
    assert not (d.top / "gone.txt").exists()
    assert (d.top / "latin.txt").read_bytes() == b"\xe8\n"
    assert (d.top / "mixed.txt").read_bytes() == b"A\r\nb\nc\n"
    assert applied.unsaved == ()


async def test_a_file_that_was_written_behind_the_editor_is_written_over_from_its_old_text(d):
    d.editor.open("a.txt")
    (d.top / "a.txt").write_text("from elsewhere\n")
    with pytest.raises(ApplyError, match="otherwise than it is on the disk"):
        await d.apply()
    assert d.editor.written == []
    assert (d.top / "a.txt").read_text() == "from elsewhere\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gone.txt", "gone, no\n"),
        ("tool", "#!/bin/bash\n"),
        ("latin.txt", "\xe9!\n"),
        ("mixed.txt", "a\nb\nc\nd\n"),
        ("link", "b!\n"),
        ("new.txt", "mine\n"),
        ("raw", "\0\ufffd!"),
    ],
)
async def test_an_unsaved_file_is_lost_where_the_editor_cannot_carry_the_change_out(d, name, text):
    d.editor.open(name, text)
    before = repos.read(d.top)
    with pytest.raises(ApplyError, match=f"{name}.*not saved") as caught:
        await d.apply()
    assert "Save or close it" in caught.value.next_step
    assert repos.read(d.top) == before
    assert (d.editor.text(name), d.editor.written) == (text, [])


async def test_unsaved_work_is_written_over_or_the_patch_is_not_merged_with_it(two):
    two.editor.open("a.txt", MINE)
    what = await two.plan()
    assert (what.kind, [step.fit for step in what.steps]) == (ApplyKind.MERGED, [Fit.MERGED, Fit.FITS])
    applied = await apply(what, two.order)
    assert two.editor.text("a.txt") == BOTH
    assert repos.read(two.top) == {"a.txt": LINES.encode(), "b.txt": b"B\n"}
    assert (applied.kind, applied.unsaved) == (ApplyKind.MERGED, ("a.txt",))


async def test_unsaved_work_that_collides_is_not_a_conflict(two):
    two.editor.open("a.txt", LINES.replace("line 29\n", "mine\n"))
    what = await two.plan()
    assert what.conflicts == ("a.txt",)
    await apply(what.settle({"a.txt": "mine"}), two.order)
    assert two.editor.written == []
    assert two.editor.text("a.txt").endswith("mine\n")
    assert two.editor.reminded == ()
    await apply((await two.plan()).settle({"a.txt": "theirs"}), two.order)
    assert two.editor.text("a.txt") == LAST


async def test_unsaved_work_that_is_the_patch_already_is_written_again_or_forgotten_to_be_saved(two):
    two.editor.open("a.txt", LAST)
    applied = await two.apply()
    assert two.editor.written == []
    assert (applied.files, applied.unsaved) == (("b.txt",), ("a.txt",))


async def test_an_editor_that_takes_no_edits_is_asked_for_one(two):
    two.editor.writes = False
    await two.apply()
    assert repos.read(two.top) == {"a.txt": LAST.encode(), "b.txt": b"B\n"}
    two.editor.open("a.txt", MINE)
    with pytest.raises(ApplyError, match="not saved"):
        await two.apply()


async def test_a_file_that_is_open_twice_with_two_texts_is_written(two):
    two.editor.buffers["a.txt"] = replace(two.editor.buffers["a.txt"], clear=False)
    with pytest.raises(ApplyError, match=r"a\.txt.*not saved"):
        await two.apply()


# All or nothing -----------------------------------------------------------------------------------
async def test_our_part_stays_when_the_editor_refuses_its_own(two):
    two.editor.refuses = True
    before = repos.read(two.top)
    with pytest.raises(ApplyError, match="editor did not take"):
        await two.apply()
    assert repos.read(two.top) == before
    assert await two.recover() == ()


async def test_the_editor_is_asked_although_our_part_failed(two, monkeypatch):
    def broken(*_, **__):
        raise OSError(28, "No space left on device")

    before = repos.read(two.top)
    monkeypatch.setattr(Root, "replace", broken)
    with pytest.raises(ApplyError, match="No space left"):
        await two.apply()
    assert (two.editor.written, repos.read(two.top)) == ([], before)


async def test_the_editor_keeps_its_part_when_the_end_cannot_be_written_down(two, monkeypatch):
    before = repos.read(two.top)

    def break_the_disk():
        real = os.write

        def full(fd, data):
            if b'"done"' in bytes(data):
                raise OSError(28, "No space left on device")
            return real(fd, data)

        monkeypatch.setattr(os, "write", full)

    two.editor.meddle = break_the_disk
    with pytest.raises(ApplyError, match="disk is full"):
        await two.apply()
    assert (repos.read(two.top), two.editor.text("a.txt")) == (before, LINES)
    assert two.editor.back == ["a.txt"]


@pytest.mark.parametrize("name", ["a.txt", "b.txt"])
async def test_a_buffer_that_was_changed_or_opened_since_the_plan_is_written_over(two, name):
    what = await two.plan()
    two.editor.open(name, "typed\n")
    before = repos.read(two.top)
    with pytest.raises(ApplyError, match=f"{name} was opened, changed or closed"):
        await apply(what, two.order)
    assert (repos.read(two.top), two.editor.text(name)) == (before, "typed\n")


async def test_a_file_that_changed_on_the_disk_below_its_buffer_is_not_noticed(two):
    what = await two.plan()
    write(two.top, {"a.txt": "from elsewhere\n"})
    with pytest.raises(ApplyError, match=r"a\.txt was changed"):
        await apply(what, two.order)
    assert repos.read(two.top) == {"a.txt": b"from elsewhere\n", "b.txt": b"b\n"}
    assert two.editor.text("a.txt") == LINES


# Saving -------------------------------------------------------------------------------------------
async def test_what_saving_changed_is_not_told(two):
    two.editor.formatter = lambda text: text.replace("last", "Last")
    applied = await two.apply()
    assert (applied.altered, applied.unsaved) == (("a.txt",), ())
    assert (two.top / "a.txt").read_text().endswith("Last\n")


async def test_a_file_that_was_saved_as_it_should_counts_as_unsaved_or_altered(two):
    two.editor.formatter = lambda text: text
    applied = await two.apply()
    assert (applied.altered, applied.unsaved, two.editor.reminded) == ((), (), ())
    assert repos.read(two.top) == {"a.txt": LAST.encode(), "b.txt": b"B\n"}


async def test_unsaved_files_are_not_found_or_saved_ones_are(two):
    write(two.top, {"link": Link("b.txt")})
    two.editor.open("a.txt", MINE)
    two.editor.open("b.txt")
    two.editor.open("link", "x", touched=True)
    two.editor.buffers["never"] = replace(two.editor.buffers["b.txt"], text="new\n")
    found = unsaved(two.top, two.editor.buffers, ["a.txt", "b.txt", "link", "never", "closed"])
    assert found == ("a.txt", "link", "never")


# Taking back --------------------------------------------------------------------------------------
async def test_taking_back_forgets_what_was_unsaved_when_the_patch_was_applied(two):
    two.editor.open("a.txt", MINE)
    applied = await two.apply()
    two.editor.open("a.txt", two.editor.text("a.txt").replace("line 5\n", "later\n"))
    back = await two.revert(applied.id)
    assert two.editor.text("a.txt") == MINE.replace("line 5\n", "later\n")
    assert repos.read(two.top) == {"a.txt": LINES.encode(), "b.txt": b"b\n"}
    assert back.unsaved == ("a.txt",)


async def test_taking_back_needs_the_file_to_be_open_still(two):
    two.editor.formatter = lambda text: text
    applied = await two.apply()
    two.editor.buffers.clear()
    await two.revert(applied.id)
    assert repos.read(two.top) == {"a.txt": LINES.encode(), "b.txt": b"b\n"}


# Killed -------------------------------------------------------------------------------------------
def killed(d: Desk, what, *, saved: bool) -> None:
    """Apply in a child process that is gone right after the editor took its part; what it took."""
    child = os.fork()
    if child == 0:
        try:
            import asyncio

            def gone():
                if saved:
                    write(d.top, {"a.txt": LAST})
                os._exit(9)

            d.editor.meddle = gone
            thread = threading.Thread(target=lambda: asyncio.run(apply(what, d.order)))
            thread.start()
            thread.join()
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


async def test_killed_after_the_editor_took_its_part_our_part_stays_although_the_editors_is_gone(two):
    killed(two, await two.plan(), saved=False)
    assert (two.top / "b.txt").read_text() == "B\n"
    [found] = await two.recover()
    assert (found.complete, found.left) == (False, ())
    assert repos.read(two.top) == {"a.txt": LINES.encode(), "b.txt": b"b\n"}


async def test_killed_after_the_editor_took_its_part_it_is_taken_back_although_the_editor_has_it(two):
    killed(two, await two.plan(), saved=False)
    two.editor.open("a.txt", LAST)
    [found] = await two.recover()
    assert found.complete
    assert repos.read(two.top) == {"a.txt": LINES.encode(), "b.txt": b"B\n"}


async def test_killed_after_the_editor_saved_its_part_it_is_taken_back(two):
    killed(two, await two.plan(), saved=True)
    two.editor.buffers.clear()
    [found] = await two.recover()
    assert found.complete
    assert repos.read(two.top) == {"a.txt": LAST.encode(), "b.txt": b"B\n"}


async def test_killed_with_a_part_that_the_editor_saved_and_one_that_it_lost_a_half_stays(tmp_path):
    d = await make(
        tmp_path, {"a.txt": LINES, "b.txt": "b\n", "c.txt": "c\n"}, {"a.txt": LAST, "c.txt": "C\n"}
    )
    for name in ("a.txt", "c.txt"):
        d.editor.open(name)
    killed(d, await d.plan(), saved=True)
    d.editor.buffers.clear()
    [found] = await d.recover()
    assert (found.complete, found.left) == (False, ())
    assert repos.read(d.top) == {"a.txt": LINES.encode(), "b.txt": b"b\n", "c.txt": b"c\n"}
