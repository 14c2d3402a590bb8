from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sextet.pipeline.overlap import occupied, occupy, touches

PATHS = st.lists(st.sampled_from(("a", "a/", "a/b", "a/b/", "./a/b/c", "ab", ".", "b//c")), max_size=4)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a.py", "a.py", True),
        ("./a.py", "a.py", True),
        ("src/", "src/a.py", True),
        ("src", "src/a.py", True),
        ("src/a.py", "src/", True),
        ("src//a.py", "src/./a.py", True),
        (".", "anything/at/all", True),
        ("src/", "src", True),
        ("src", "srcs/a.py", False),
        ("src/a.py", "src/b.py", False),
        ("a.py", "b/a.py", False),
    ],
)
def test_files_overlap_when_one_is_or_holds_the_other(one, other, expected):
    assert touches((one,), (other,)) is expected


def test_nothing_overlaps_with_nothing():
    assert not touches((), ("a",))
    assert not touches((), ())


@given(PATHS, PATHS)
def test_overlap_is_mutual(one, other):
    assert touches(one, other) is touches(other, one)
    assert touches(one, one) is bool(one)


@given(PATHS, st.lists(PATHS, max_size=4), st.lists(PATHS, max_size=2))
def test_what_is_occupied_is_what_touches_somebodys_files(mine, others, former):
    taken, above = Counter(), Counter()
    for files, by in [*((each, 1) for each in (*others, *former)), *((each, -1) for each in former)]:
        occupy(taken, above, files, by)
    assert occupied(taken, above, mine) is any(touches(mine, each) for each in others)
