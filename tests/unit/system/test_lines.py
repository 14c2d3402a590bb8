from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sextet.system.lines import Line, LineBuffer, plain


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """The same bytes in chunks that end at these places."""
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[a:b] for a, b in pairwise(edges)]


SEQUENCES = st.sampled_from([
    "\x1b[31m", "\x1b[", "\x1b", "\x1b]0;t\x07", "\x1b]8;;http://x\x1b\\", "\x1b]52;c;eA==", "\x1bPq\x9c",
    "\x9b1;2H", "\x9d0;t\x9c", "\x90x", "\x1b(B", "\x1b ", "\x07", "\r\n", "\n", "\t", "\x00", "\x18",
    "\u202e", "é", "漢", "\\",
])  # fmt: skip
TEXTS = st.lists(SEQUENCES | st.text(max_size=4)).map("".join)
BYTES = st.lists(TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=3)).map(
    b"".join
)
PLACES = st.lists(st.integers(0, 1000), max_size=6)


@given(
    st.binary() | st.lists(st.sampled_from([b"\n", b"ab", b"c" * 9])).map(b"".join),
    PLACES,
    st.integers(1, 12),
)
def test_a_line_depends_on_how_the_stream_was_cut(data, places, limit):
    buffer = LineBuffer(limit)
    lines = [line for chunk in cut(data, places) for line in buffer.feed(chunk)] + buffer.end()
    whole = data.split(b"\n")
    if not whole[-1]:
        whole.pop()
    assert lines == [Line(line[:limit], max(0, len(line) - limit)) for line in whole]
    assert buffer.end() == []


def test_a_line_without_end_is_held_whole():
    buffer = LineBuffer(10)
    for _ in range(1000):
        assert buffer.feed(b"x" * 1000) == []
        assert len(buffer._held) <= 10
    assert buffer.feed(b"\nnext\n") == [Line(b"x" * 10, 999_990), Line(b"next")]


def test_a_cut_line_does_not_say_so():
    assert Line(b"ab", 3).marked() == b"ab [line cut, 3 bytes dropped]"
    assert Line(b"ab").marked() == b"ab"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;command:evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;cm0gLXJmCg==\x07", ""),
        ("\x9d0;title\x9ctext", "text"),
        ("\x1bP1$r0m\x1b\\text", "text"),
        ("\x90payload\x9ctext", "text"),
        ("\x1b]0;never ended\nnext line", "\nnext line"),
        ("\x1b]0;ended by\x1b[31mcolour", "colour"),
        ("\x1b(Btext\x1b7\x1b8\x1bc", "text"),
        ("\x1b\x1b[31mtext", "text"),
        ("\x07\x9b31mtext", "text"),
        ("a\x00b\x08c\x7fd\x85e\rf", "abcdef"),
        ("tab\tline\nend", "tab\tline\nend"),
        ("user\u202e\u2066gnp.exe\u2069", "usergnp.exe"),
        ("👩\u200d💻 é", "👩\u200d💻 é"),
        ("\x1b[31", ""),
        ("\x1b", ""),
    ],
)
def test_a_terminal_sequence_gets_through(text, clean):
    assert plain(text) == clean


@given(TEXTS)
def test_plain_text_still_holds_something_a_terminal_obeys(text):
    clean = plain(text)
    assert [char for char in clean if unicodedata.category(char) == "Cc" and char not in "\n\t"] == []
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", clean)
    assert plain(clean) == clean
