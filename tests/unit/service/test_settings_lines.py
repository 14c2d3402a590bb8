"""Where a key stands in a settings file, however it is written and however broken the file is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sextet.service.settings_lines import lines_of

WAYS = {
    "dotted": '{\n"sextet.roles.tester.workers": 99}',
    "nested": '{"sextet": {"roles": {"tester": {"effort": "low",\n"workers": 99}}}}',
    "half dotted": '{"sextet.roles": {"reviewer.workers": 1,\n"tester.workers": 99}}',
    "a comment before it": '{// "sextet.roles.tester.workers": 1\n"sextet.roles.tester.workers": 99}',
    "a comment of two lines": '{/* "sextet.roles.tester.workers": 1\n*/"sextet.roles.tester.workers": 99}',
    "escaped": '{"a": "\\"sextet.roles.tester.workers\\": 1",\n"sextet.roles.\\u0074ester.workers": 99}',
    "twice": '{"sextet.roles.tester.workers": 1,\n"sextet.roles.tester.workers": 99}',
    "in a list first": '{"x": ["sextet.roles.tester.workers", {"y": 1}],\n"sextet.roles.tester.workers": 99}',
    "never closed": '{\n"sextet.roles": {"tester": {"workers": 99',
    "colon apart": '{\n"sextet.roles.tester.workers" /* here */ : 99}',
    "windows": '{\r\n"sextet.roles.tester.workers": 99\r\n}',
}


@pytest.mark.parametrize("way", WAYS)
def test_a_key_is_shown_at_another_line(way: str) -> None:
    assert lines_of(WAYS[way], {"sextet.roles.tester.workers"}) == {"sextet.roles.tester.workers": 1}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "]",
        '\n{"other": {"sextet.roles": {}}}',
        '\n{"x": {"sextet": {"maxAgents": 1}}}',
        '\n[{"sextet": {"maxAgents": 1}}]',
    ],
)
def test_a_key_that_is_not_there_has_no_line_or_that_of_another(text: str) -> None:
    assert lines_of(text, {"sextet.maxAgents"}) == {"sextet.maxAgents": 0}


def test_the_bare_name_of_a_key_is_not_found() -> None:
    text = '{"sextet.roles": {\n"tester.workers": 1,\n"tester.workers": 2}}'
    assert lines_of(text, {"tester.workers"}) == {"tester.workers": 2}


def test_the_line_that_cannot_be_read_is_not_told() -> None:
    assert lines_of('{\n"a": 1,\n"b" 2}', {""}) == {"": 2}
    assert lines_of('{"a": 1}', {""}) == {"": 0}


@given(st.text(alphabet='{}[]:,"/*\\\nab'))
def test_some_file_breaks_the_search(text: str) -> None:
    assert 0 <= lines_of(text, {"a.b"})["a.b"] <= text.count("\n")


def test_a_hostile_file_takes_for_ever() -> None:
    for text in ('{"a":' * 200_000, "[" * 500_000, '"' * 500_000, "/*" * 500_000, "\n" * 1_000_000 + "{"):
        assert lines_of(text, {"sextet.maxAgents"}) == {"sextet.maxAgents": 0}
