"""Paper: what becomes of long lines."""

from __future__ import annotations

import sys

import pytest

from sextet.cli import paper


def test_a_fold_cuts_a_word_or_a_path() -> None:
    line = "Verdict:  approve: all of it holds, see /a/path/that/is/much/longer/than/the-lines/are.txt now"
    lines = paper.fold(line, 40, 10).splitlines()
    assert " ".join(lines).split() == line.split()
    assert lines[0].startswith("Verdict:  approve: ")
    assert all(each.startswith(" " * 10 + each.strip()[0]) for each in lines[1:])
    assert all(len(each) <= 40 or "/" in each for each in lines)


def test_a_line_for_a_pipe_is_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    line = "a word " * 50
    assert paper.folded(line, 2) == line
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert max(map(len, paper.folded(line, 2).splitlines())) <= 50
    monkeypatch.setenv("COLUMNS", "10")
    assert paper.folded(line, 2) == line, "nothing is gained on so narrow a terminal"
