"""Pieces of what an attempt left behind: nothing is lost, cut in two, or obeyed by a screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sextet.service.attempts import _read, whole
from sextet.service.params import ReadArtifact
from sextet.store.artifacts import Artifacts
from sextet.store.layout import RunFolder

RUN = "20261122-143005-run-7f3a"
TASK = "implement-1-a"


def pieces(folder: Path, data: bytes, limit: int) -> list[str]:
    """A file, read from its beginning to its end."""
    artifacts = Artifacts(RunFolder(folder))
    artifacts.write(TASK, 1, "test-1.log", data)
    artifacts.close()
    found, offset, size = [], 0, 1
    while offset < size:
        asked = ReadArtifact(run_id=RUN, task_id=TASK, name="test-1.log", offset=offset, limit=limit)
        page = _read(RunFolder(folder), asked, 1)
        assert page.next > offset, "it never ends"
        found.append(page.text)
        offset, size = page.next, page.size
    return found


@pytest.mark.parametrize("limit", [4, 5, 7, 64])
def test_a_character_or_a_line_is_cut_in_two_between_pieces(tmp_path: Path, limit: int) -> None:
    text = "é🎻 one\r\ntwo\r\n🎻🎻🎻🎻🎻🎻\n" + "x" * 100 + "é" * 100 + "\nend"
    assert "".join(pieces(tmp_path, text.encode(), limit)) == text.replace("\r\n", "\n")


def test_bytes_that_are_no_text_end_the_reading(tmp_path: Path) -> None:
    assert "".join(pieces(tmp_path, b"\xff" * 9 + b"\xf0\x9f", 4)).strip("\ufffd") == ""


@given(st.binary(min_size=4))
def test_nothing_or_something_else_is_given_of_a_piece(data: bytes) -> None:
    given_now = whole(data)
    assert given_now
    assert data.startswith(given_now)


def test_a_screen_obeys_what_an_agent_wrote(tmp_path: Path) -> None:
    (text,) = pieces(tmp_path, b"\x1b[31mred\x1b]0;title\x07\x00\x9b2J\xe2\x80\xae end\ttab\n", 1_000)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert text.startswith("red")
    assert text.endswith("end\ttab\n")
