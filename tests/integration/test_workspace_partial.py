"""Some hunks of a patch, as bytes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sextet.errors import UsageError
from sextet.workspace import changeset, snapshot
from sextet.workspace.partial import select
from support import repos
from support.repos import Program, write

RUN = "20261122-143005-fix-add-7f3a"
OLD = [f"line {number}\r\n" for number in range(40)]


async def change(where: Path, old, new):
    shop = await repos.workshop(repos.make(where / "r", old), where / "state")
    base = await snapshot.take(shop.mirror, shop.repository, run_id=RUN)
    attempt = await shop.attempt(RUN, "implement-1-1", 1, base.tree)
    write(attempt.path, new)
    captured = await shop.capture(attempt)
    return shop, await changeset.diff(shop.mirror, base.tree, captured.tree)


async def content(shop, tree):
    return repos.read((await shop.shared(tree)).path)


async def test_one_hunk_of_three_is_taken_byte_for_byte(tmp_path):
    new = [*OLD]
    new[0], new[20], new[39] = "first\n", "middle\r\n", "last, no newline"
    shop, changes = await change(
        tmp_path, {"a": "".join(OLD), "b": "b"}, {"a": "".join(new), "b": Program(b"b")}
    )
    part = await select(shop.mirror, changes, {"a": {1}})
    assert await content(shop, part.new_tree) == {
        "a": "".join([*OLD[:20], new[20], *OLD[21:]]).encode(),
        "b": b"b",
    }
    ends = await select(shop.mirror, changes, {"a": {0, 2}, "b": None})
    expected = "".join([new[0], *OLD[1:39], new[39]]).encode()
    assert await content(shop, ends.new_tree) == {"a": expected, "b": Program(b"b")}


async def test_new_deleted_and_binary_files_are_taken_whole_or_not(tmp_path):
    old = {"gone": "g\n", "raw": b"\0\1", "kept": "k"}
    shop, changes = await change(tmp_path, old, {"gone": None, "raw": b"\0\2", "new": "n\n", "kept": "K"})
    part = await select(shop.mirror, changes, {"gone": {0}, "raw": {0}, "new": {0}, "kept": ()})
    assert await content(shop, part.new_tree) == {"raw": b"\0\2", "new": b"n\n", "kept": b"k"}


@pytest.mark.parametrize("chosen", [{"other": None}, {"a": {1}}, {"a": {-1}}])
async def test_what_the_patch_does_not_have_cannot_be_chosen(tmp_path, chosen):
    shop, changes = await change(tmp_path, {"a": "1\n"}, {"a": "2\n"})
    with pytest.raises(UsageError):
        await select(shop.mirror, changes, chosen)


LINES = st.lists(
    st.sampled_from([b"a\n", b"b\n", b"\r\n", b"c\r\n", b"\x0c\n", b"@@ -1 +1 @@\n"]), max_size=60
)
ENDS = st.sampled_from([b"", b"end", b"\n"])


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(old=LINES, new=LINES, ends=st.tuples(ENDS, ENDS))
async def test_all_hunks_one_by_one_are_the_whole_file(old, new, ends):
    before, after = b"x\n" + b"".join(old) + ends[0], b"y\n" + b"".join(new) + ends[1]
    with tempfile.TemporaryDirectory() as folder:
        shop, changes = await change(Path(folder), {"f": before}, {"f": after})
        drawn = await changeset.hunks(shop.mirror, changes)
        part = await select(shop.mirror, changes, {"f": {0}})
        rest = await changeset.diff(shop.mirror, part.new_tree, changes.new_tree)
        left = await changeset.hunks(shop.mirror, rest)
        assert len(left) == len(drawn) - 1
        none = await select(shop.mirror, changes, {"f": ()})
        assert none.new_tree == changes.old_tree
        whole = await select(shop.mirror, changes, {"f": set(range(len(drawn)))})
        assert whole.new_tree == changes.new_tree
