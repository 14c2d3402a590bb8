"""Who wrote each line of a patch, told from real integrations."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sextet.workspace import snapshot
from sextet.workspace.authors import Authors, authors, captures
from sextet.workspace.merge import Merged, MergeQueue
from support import repos
from support.repos import Link, write

RUN = "20261122-143005-fix-add-7f3a"
BASE = "".join(f"{number}\n" for number in range(1, 21))


async def written(where, files, *changes, begin_anew=False):
    """Integrate changes of tasks one after another; who wrote what, and the shop."""
    shop = await repos.workshop(repos.make(where / "r", files), where / "state")
    base = await snapshot.take(shop.mirror, shop.repository, run_id=RUN)
    tree, commit, queue = base.tree, base.commit, MergeQueue(shop.mirror)
    for number, change in enumerate(changes, 1):
        start = base.tree if begin_anew else tree
        attempt = await shop.attempt(RUN, f"implement-1-{number}", 1, start)
        write(attempt.path, change)
        merged = await queue.integrate(commit, await shop.capture(attempt))
        assert isinstance(merged, Merged)
        tree, commit = merged.tree, merged.commit
    return await authors(shop.mirror, (base.commit, commit), await captures(shop.mirror, RUN))


async def test_a_line_is_not_told_from_its_neighbour_by_another_task(tmp_path):
    first = BASE.replace("2\n", "two\n", 1).replace("20\n", "twenty\n")
    second = first.replace("two\n", "two\nand a half\n").replace("10\n", "").replace("18\n", "18!\n")
    third = "0\n" + second
    found = await written(tmp_path, {"a": BASE}, {"a": first}, {"a": second}, {"a": third})
    tasks = ("implement-1-1", "implement-1-2", "implement-1-3")
    assert found == {"a": Authors(tasks, {1: tasks[2], 3: tasks[0], 4: tasks[1], 19: tasks[1], 21: tasks[0]})}


async def test_two_tasks_side_by_side_are_mixed_up_by_their_merge(tmp_path):
    one, two = BASE.replace("1\n", "one\n", 1), BASE + "21\n"
    found = await written(tmp_path, {"a": BASE}, {"a": one}, {"a": two}, begin_anew=True)
    assert found["a"].lines == {1: "implement-1-1", 21: "implement-1-2"}


async def test_files_of_strange_names_and_sorts_are_given_to_others(tmp_path):
    files = {"gone": BASE, 'quo"te\nå': "x\n", "raw": b"\0", "type": "t\n"}
    change = {"gone": None, 'quo"te\nå': "y\n", "raw": b"\1\0", "type": Link("raw"), "new": "n"}
    again = {"gone": "back\n", "type": "no link\n"}
    found = await written(tmp_path, files, change, again)
    both = ("implement-1-1", "implement-1-2")
    assert found == {
        "gone": Authors(both, {1: both[1]}),
        'quo"te\nå': Authors(both[:1], {1: both[0]}),
        "raw": Authors(both[:1], {}),
        "type": Authors(both, {1: both[1]}),
        "new": Authors(both[:1], {1: both[0]}),
    }


async def test_a_patch_without_a_change_has_authors(tmp_path):
    assert await written(tmp_path, {"a": "a"}) == {}


LINES = st.lists(st.integers(0, 5), max_size=12)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(versions=st.lists(LINES, min_size=1, max_size=4))
async def test_lines_are_lost_or_given_to_who_never_wrote_them(tmp_path_factory, versions):
    """Each line belongs to the first version since which it has been there, as a model tells it."""
    texts = ["".join(f"{line} of {at}\n" for line in lines) for at, lines in enumerate(versions, 1)]
    files = {"a": "base\n"}
    changes = [{"a": f"base\n{''.join(texts[:number])}"} for number in range(1, len(texts) + 1)]
    found = await written(tmp_path_factory.mktemp("w"), files, *changes)
    expected = [f"implement-1-{at}" for at, lines in enumerate(versions, 1) for _ in lines]
    lines = found["a"].lines if "a" in found else {}
    assert lines == dict(enumerate(expected, 2))
