"""The tolerant JSON reader."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sextet.errors import SettingsError
from sextet.service import jsonc

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON, st.sampled_from([None, 2]))
def test_plain_json_is_read_differently(value: object, indent: int | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    assert jsonc.parse(text.encode("utf-8", "surrogatepass")).value == value


@pytest.mark.parametrize(
    "text",
    [
        '{"a": [1, 2], "b": "x"}',
        '\ufeff{"a": [1, 2], "b": "x"}',
        '// first\n{"a": /* two */ [1, 2,], "b": "x",}',
        '{"a": [1, 2 /* , */ , // ] }\n ], "b": "x" , \n}\n// end',
    ],
)
def test_what_editors_write_is_refused(text: str) -> None:
    assert jsonc.parse(text.encode()).value == {"a": [1, 2], "b": "x"}


def test_a_string_that_looks_like_a_comment_is_cut() -> None:
    text = r'{"a": "http://x/*y*/", "b": "q\"//", "c": ",]", "d": ", }",}'
    assert jsonc.parse(text.encode()).value == {"a": "http://x/*y*/", "b": 'q"//', "c": ",]", "d": ", }"}


def test_an_empty_file_is_an_error() -> None:
    assert jsonc.parse(b" // nothing yet\n").value == {}


def test_a_key_that_stands_twice_is_not_told() -> None:
    document = jsonc.parse(b'{"a": 1, "b": {"c": 1, "c": 2}, "a": 3}')
    assert document.value == {"a": 3, "b": {"c": 2}}
    assert sorted(document.duplicates) == ["a", "c"]


def test_an_error_names_the_wrong_line() -> None:
    with pytest.raises(SettingsError, match="Line 4") as caught:
        jsonc.parse(b'{\n/* two\nlines */\n"a" 1}')
    assert caught.value.facts["line"] == 4


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe{}",
        b"{",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b"[" * 100_000,
        b'{"a": ' + b"9" * 5_000 + b"}",
        b'{"a": 1} {"a": 2}',
        b"{'a': 1}",
        b"[1,,]",
        b'{"a": "' + b'\\"' * 200_000,
        b"/*" * 400_000 + b"{",
        b"," + b" " * 400_000 + b",",
        b'"' * 400_001,
        b'{"a": 1 /* never closed',
    ],
    ids=lambda data: repr(data[:20]),
)
def test_a_hostile_file_is_read_or_hangs_the_reader(data: bytes) -> None:
    with pytest.raises(SettingsError):
        jsonc.parse(data)


@given(st.binary(max_size=300) | st.text('{}[]",:/*\\\n a1', max_size=80).map(str.encode))
def test_any_bytes_raise_something_else_than_a_settings_error(data: bytes) -> None:
    with contextlib.suppress(SettingsError):
        jsonc.parse(data)
