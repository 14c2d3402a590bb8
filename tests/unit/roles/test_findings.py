"""Findings: places, fingerprints, and the items they belong to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sextet.model.answers import Remark
from sextet.model.names import Severity
from sextet.model.outcome import Finding
from sextet.model.task import Item
from sextet.roles.findings import Attribution, finding, fingerprint, plain_path

BLOB = "b" * 40


def item(name: str, *files: str) -> Item:
    return Item(id=name, title=name, instructions="", files=files)


def remark(file: str = "", *items: str, message: str = "Wrong.", line: int = 3) -> Remark:
    return Remark(file=file, line=line, severity=Severity.MAJOR, message=message, items=items)


@pytest.mark.parametrize(
    ("file", "items", "belongs"),
    [
        ("a.py", ("two",), ("two",)),
        ("a.py", (), ("one",)),
        ("a.py", ("no-such-item",), ("one",)),
        ("lib/deep/x.py", (), ("two",)),
        ("other.py", (), ()),
        ("", (), ()),
        ("", ("two", "one", "two"), ("one", "two")),
        ("./a.py", (), ("one",)),
        ("../../etc/passwd", (), ()),
    ],
)
def test_a_remark_goes_to_the_items_it_names_else_to_those_that_touch_its_file(
    file: str, items: tuple[str, ...], belongs: tuple[str, ...]
) -> None:
    attribution = Attribution((item("one", "a.py"), item("two", "lib/")), {})
    assert attribution.remark(remark(file, *items)).items == belongs


def test_in_a_plan_of_one_item_every_changed_file_is_its() -> None:
    attribution = Attribution((item("one", "a.py"),), {"new.py": BLOB})
    found = attribution.remark(remark("new.py"))
    assert (found.items, found.blob) == (("one",), BLOB)
    assert attribution.remark(remark("untouched.py")).items == ()


@given(
    st.lists(st.sampled_from(["one", "two", "three", "evil\n"]), max_size=4),
    st.text(max_size=20),
    st.dictionaries(st.sampled_from(["one", "two"]), st.lists(st.text(min_size=1, max_size=9)), max_size=2),
)
def test_only_items_that_exist_are_ever_named(
    named: list[str], file: str, plan: dict[str, list[str]]
) -> None:
    attribution = Attribution([item(name, *files) for name, files in plan.items()], {file: None})
    found = attribution.remark(remark(file, *named))
    assert set(found.items) <= plan.keys()
    assert set(found.items) >= set(named) & plan.keys()
    Finding.model_validate_json(found.to_json())


def test_a_fingerprint_survives_moves_case_and_spacing() -> None:
    first = fingerprint("a.py", "Line 12: `x` at 0x7f12ab is None")
    assert first == fingerprint("./a.py", "line 97:  `x` at 0x11 is none.")
    assert first != fingerprint("b.py", "Line 12: `x` at 0x7f12ab is None")
    assert first != fingerprint("a.py", "Line 12: `y` at 0x7f12ab is None")
    assert len(first) == 16


@given(st.text(), st.text(), st.integers(0, 10**6))
def test_a_finding_can_always_be_stored(message: str, file: str, line: int) -> None:
    found = finding("review", message, file=file, line=line, severity=Severity.NOTE)
    assert Finding.model_validate_json(found.to_json()) == found


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", ".git/config", "a\\..\\..\\x"])
def test_a_place_outside_the_repository_is_dropped(path: str) -> None:
    assert plain_path(path) == ""
    assert finding("test", "x", file=path, line=7, severity=Severity.NOTE).line == 0


def test_a_message_of_a_megabyte_is_cut() -> None:
    assert len(finding("test", "x" * 1_000_000, severity=Severity.NOTE).message) <= 4_000
