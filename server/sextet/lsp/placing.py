"""Where a line of one text is in another, as far as it has not changed; ranges of whole lines. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Final

from lsprotocol.types import Position, Range

MOST: Final = 20_000
"""Lines of a text up to which another one is compared with it."""


def unchanged(old: str, new: str) -> Mapping[int, int]:
    """Line of `old` → line of `new`, from 1, for lines that stand in both, in the same order."""
    before, after = old.split("\n"), new.split("\n")
    if before == after:
        return {number: number for number in range(1, len(before) + 1)}
    if max(len(before), len(after)) > MOST:
        return {}
    found: dict[int, int] = {}
    for block in SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks():
        for step in range(block.size):
            found[block.a + step + 1] = block.b + step + 1
    return found


def whole_line(text: str, line: int) -> Range:
    """The range of a line (from 0) of a text, in UTF-16 units; beyond its end, the last line."""
    lines = text.split("\n")
    line = min(max(line, 0), len(lines) - 1)
    length = len(lines[line].rstrip("\r").encode("utf-16-le", "surrogatepass")) // 2
    return Range(start=Position(line=line, character=0), end=Position(line=line, character=length))


def overlaps(one: Range, line: int, last: int) -> bool:
    """Whether a range touches the lines from `line` to `last`."""
    return one.start.line <= last and line <= one.end.line
