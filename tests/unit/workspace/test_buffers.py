"""Buffers: what saving would write is known byte for byte, or it is said that it is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sextet.workspace.buffers import content, is_clean, text_after
from sextet.workspace.editor import Buffer

MARK = b"\xef\xbb\xbf"


def buffer(text: str, *, touched: bool = False, clear: bool = True) -> Buffer:
    return Buffer("file:///a", text, 1, touched=touched, clear=clear)


@pytest.mark.parametrize(
    ("text", "data", "saved"),
    [
        ("a\n", b"a\n", b"a\n"),
        ("a\nb", b"a\n", b"a\nb"),
        ("", b"a\n", b""),
        ("a\r\nb\r\n", b"a\r\n", b"a\r\nb\r\n"),
        ("a\n", MARK + b"a\n", MARK + b"a\n"),
        ("b\n", MARK + b"a\n", MARK + b"b\n"),
        ("\ufeffb\n", MARK + b"a\n", MARK + b"b\n"),
        ("a\r\nb\n", b"a\r\nb\n", b"a\r\nb\n"),
    ],
)
def test_what_saving_would_write_is_not_known(text, data, saved):
    assert content(buffer(text), data) == saved


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a\nb\n", b"a\r\nb\r\n"),
        ("a\nb\nc\n", b"a\r\nb\n"),
        ("a\r\nb\n", b"a\n"),
        ("\xe9", b"\xe9"),
        ("\ud800", b"a"),
    ],
)
def test_an_editor_that_might_write_other_bytes_is_trusted(text, data):
    assert content(buffer(text), data) is None
    assert content(buffer("a\n", clear=False), b"a\n") is None


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a\nb\n", b"a\r\nb\r\n"),
        ("a\nb\n", b"a\r\nb\n"),
        ("\xe9\n", b"\xe9\r\n"),
        ("\ufffd", b"\xe9"),
        ("\u20ac", b"\x80"),
        ("a", MARK + b"a"),
    ],
)
def test_a_file_that_is_only_shown_otherwise_counts_as_unsaved(text, data):
    assert is_clean(buffer(text), "100644", data)
    assert is_clean(buffer(text, touched=True), "100644", data) == (content(buffer(text), data) == data)
    assert not is_clean(buffer(text + "x"), "100644", data)
    assert not is_clean(buffer(text, clear=False), "100644", data)


def test_an_unsaved_new_file_or_a_link_counts_as_saved():
    assert is_clean(buffer(""), "000000", b"")
    assert not is_clean(buffer("x"), "000000", b"")
    assert is_clean(buffer("what the link points to"), "120000", b"target")
    assert not is_clean(buffer("changed", touched=True), "120000", b"target")


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("a\n", b"a\n", b"a\r\n"),  # an editor gives all lines one end
        ("a\r\n", b"a\r\n", b"a\r\nb\n"),
        ("a", b"a", b"a\r\nb"),
        ("a\r", b"a\r", b"b\r"),
        ("a\r\nb\n", b"a\r\nb\n", b"x\r\nb\n"),
        ("a", b"a", b"\xe9"),
        ("a", b"a", b"a\0"),
        ("a", b"a", MARK + b"a"),
        ("a", MARK + b"a", b"a"),
        ("a\n", b"a\r\n", b"b\r\n"),  # shown otherwise than it is
        ("\xe9", b"\xe9", b"e"),
    ],
)
def test_an_editor_is_asked_for_what_it_cannot_write(text, before, after):
    assert text_after(buffer(text), before, after) is None


@pytest.mark.parametrize("mark", [b"", MARK])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@given(old=st.lists(st.sampled_from(["", "a", "🦊"])), new=st.lists(st.sampled_from(["", "b", "é\x0c"])))
def test_what_the_editor_writes_is_not_byte_for_byte_what_is_wanted(mark, end, old, new):
    shown, wanted = "".join(x + end for x in ["x", *old]), mark + "".join(x + end for x in new).encode()
    text = text_after(buffer(shown), mark + shown.encode(), wanted)
    assert text is not None
    assert content(buffer(text), mark + shown.encode()) == wanted
