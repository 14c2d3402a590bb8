"""Text edits as an editor applies them: from the letter of the protocol, with nothing of ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

UNITS = {
    "utf-8": lambda char: len(char.encode()),
    "utf-16": lambda char: len(char.encode("utf-16-le", "surrogatepass")) // 2,
    "utf-32": lambda _: 1,
}


def starts(text: str) -> list[int]:
    """Where lines begin: behind each CR LF, LF and CR, and nowhere else."""
    found, at = [0], 0
    while at < len(text):
        at += 2 if text[at : at + 2] == "\r\n" else 1
        if text[at - 1] in "\r\n":
            found.append(at)
    return found


def offset(text: str, position: Mapping[str, int], encoding: str = "utf-16") -> int:
    """The index of a position, which must be one of the text."""
    at = starts(text)[position["line"]]
    left = position["character"]
    while left > 0:
        assert text[at] not in "\r\n", "a position behind the end of its line"
        left -= UNITS[encoding](text[at])
        at += 1
    assert left == 0, "a position within a character"
    return at


def applied(text: str, edits: Iterable[Mapping[str, Any]], encoding: str = "utf-16") -> str:
    """The text after edits that all speak of it as it was; they may not overlap."""
    found = [
        (
            offset(text, each["range"]["start"], encoding),
            offset(text, each["range"]["end"], encoding),
            each["newText"],
        )
        for each in edits
    ]
    last = 0
    for start, end, _ in sorted(found, key=lambda each: each[:2]):
        assert last <= start <= end, "edits overlap"
        last = end
    for start, end, new in sorted(found, key=lambda each: each[:2], reverse=True):
        text = text[:start] + new + text[end:]
    return text
