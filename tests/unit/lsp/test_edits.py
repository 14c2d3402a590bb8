"""Edits from a text to another one: applied by somebody else they lead there, and change little."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pygls.workspace import PositionCodec

from sextet.lsp.client import plain
from sextet.lsp.edits import MOST, FileEdit, line_edits, workspace_edit
from support.textedits import UNITS, applied

units = PositionCodec().client_num_units
LINES = st.lists(
    st.tuples(
        st.sampled_from(["", "a", "b", "}", "🦊x", "é", "x\x0cy", "x\u2028y", "\x85", "\ufeff"]),
        st.sampled_from(["\n", "\r\n", "\r", "\n", "\n"]),
    ),
    max_size=12,
)
TEXTS = st.builds(
    lambda lines, last: "".join(a + b for a, b in lines) + last, LINES, st.sampled_from(["", "end", "🦊"])
)


@pytest.mark.parametrize("encoding", list(UNITS))
@given(before=TEXTS, after=TEXTS)
def test_edits_do_not_lead_to_the_wanted_text(encoding, before, after):
    edits = plain(line_edits(before, after, PositionCodec(encoding).client_num_units))
    assert applied(before, edits, encoding) == after


@given(before=TEXTS, after=TEXTS)
def test_edits_touch_each_other_or_are_not_in_order(before, after):
    ranges = [each.range for each in line_edits(before, after, units)]
    ends = [(each.end.line, each.end.character) for each in ranges]
    begins = [(each.start.line, each.start.character) for each in ranges]
    assert all(end < begin for end, begin in zip(ends, begins[1:], strict=False))
    assert (ranges == []) == (before == after)


def test_lines_that_stay_are_sent_again():
    before = "".join(f"line {number}\n" for number in range(900))
    after = before.replace("line 3\n", "").replace("line 450\n", "new\nnew\n").replace("line 899", "🦊")
    edits = line_edits(before, after, units)
    shown = [(e.range.start.line, e.range.end.line, e.new_text) for e in edits]
    assert shown == [(3, 4, ""), (450, 451, "new\nnew\n"), (899, 900, "🦊\n")]


def test_a_file_that_is_another_one_altogether_takes_for_ever():
    before = "}\n" * MOST + "x\n"
    after = "{\n" + "}\n" * MOST + "y\n"
    [edit] = line_edits(before, after, units)
    assert edit.new_text == after


# As one edit --------------------------------------------------------------------------------------
def file(name: str = "a", label: str = "Do a") -> FileEdit:
    return FileEdit(f"file:///{name}", 3, line_edits("1\n", "2\n", units), label)


def test_a_client_that_checks_versions_gets_none():
    said = plain(workspace_edit([file()], versioned=True, labelled=False))
    [change] = said["documentChanges"]
    assert change["textDocument"] == {"uri": "file:///a", "version": 3}
    assert "changes" not in said
    assert "changeAnnotations" not in said
    assert "annotationId" not in change["edits"][0]


def test_a_client_that_knows_no_versions_gets_document_changes():
    said = plain(workspace_edit([file(), file("b")], versioned=False, labelled=True))
    assert list(said) == ["changes"]
    assert list(said["changes"]) == ["file:///a", "file:///b"]


def test_a_label_is_missing_or_asks_for_a_confirmation():
    files = [file(), file("b"), file("c", "Do c"), file("d", "")]
    said = plain(workspace_edit(files, versioned=True, labelled=True))
    assert said["changeAnnotations"] == {"sextet-1": {"label": "Do a"}, "sextet-2": {"label": "Do c"}}
    named = [change["edits"][0].get("annotationId") for change in said["documentChanges"]]
    assert named == ["sextet-1", "sextet-1", "sextet-2", None]
