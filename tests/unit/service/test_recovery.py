"""What an apply left that was cut off: told by looking alone, and only while somebody should know."""

from __future__ import annotations

from pathlib import Path

import pytest

from sextet.model.patch import Applied, ApplyKind
from sextet.service.recovery import cut_off
from sextet.workspace.images import Entry as Written
from sextet.workspace.images import Image, Journal

TREE = "0" * 40


def leave(applies: Path, number: int, state: str, *left: str) -> str:
    """The folder of an apply; its id."""
    name = f"apply-{number:08x}"
    applied = Applied(id=name, kind=ApplyKind.EXACT, at=number, by="Ada", tree=TREE, files=("a.txt",))
    entry = Written(path="a.txt", before=Image(), after=Image(mode="100644", blob=TREE))
    journal = Journal(state=state, applied=applied, base=TREE, top="1-2", entries=(entry,), left=left)
    (applies / name).mkdir()
    (applies / name / "journal.json").write_bytes(journal.to_json())
    return name


@pytest.mark.parametrize(("state", "left"), [("done", ()), ("undone", ())])
def test_an_apply_that_came_to_its_end_is_told(tmp_path: Path, state: str, left: tuple[str, ...]) -> None:
    leave(tmp_path, 1, state, *left)
    (tmp_path / "apply-00000002").mkdir()  # it never began
    assert cut_off(tmp_path) == ()


def test_an_apply_that_was_cut_off_is_not_told_or_touched(tmp_path: Path) -> None:
    name = leave(tmp_path, 1, "writing")
    before = (tmp_path / name / "journal.json").read_bytes()
    (sentence,) = cut_off(tmp_path)
    assert name in sentence
    assert "sextet recover" in sentence
    assert (tmp_path / name / "journal.json").read_bytes() == before


def test_files_that_were_left_alone_are_not_named_or_named_for_ever(tmp_path: Path) -> None:
    leave(tmp_path, 1, "undone", "a.txt")
    (sentence,) = cut_off(tmp_path)
    assert sentence.endswith("was taken back; changed since and left alone: a.txt.")
    leave(tmp_path, 2, "done")
    assert cut_off(tmp_path) == ()


def test_a_damaged_journal_hides_the_others(tmp_path: Path) -> None:
    name = leave(tmp_path, 2, "writing")
    (tmp_path / "apply-00000001").mkdir()
    (tmp_path / "apply-00000001" / "journal.json").write_text("{")
    damaged, other = cut_off(tmp_path)
    assert "damaged" in damaged
    assert name in other
