"""JSON as editors write it: comments and trailing commas are allowed, duplicate keys are told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from sextet.errors import SettingsError

# Every alternative also ends at the end of the text, and none gives back what it took: a hostile file of
# unclosed strings or comments is read once, not once per character.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z)|//[^\n]*|/\*.*?(?:\*/|\Z)', re.DOTALL)
_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*+(?:"|\Z))|,(?=\s*+[}\]])', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Document:
    """What a file holds, and the keys that one of its objects has twice (the last one counts)."""

    value: Any
    duplicates: tuple[str, ...] = ()


def parse(data: bytes) -> Document:
    """Read JSON with comments.

    Args:
        data: UTF-8 text, with or without a byte order mark; nothing but white space and comments is an
            empty object.

    Raises:
        SettingsError: it is no JSON; `facts` has `line` (from 1) where that is known.
    """
    try:
        text = _TOKEN.sub(_blank, data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SettingsError("The file is not UTF-8 text.", next_step="Save it as UTF-8.") from error
    if not text.strip():
        return Document({})
    duplicates: list[str] = []

    def gather(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        duplicates.extend(_repeated(name for name, _ in pairs))
        return dict(pairs)

    try:
        value = json.loads(
            _TRAILING_COMMA.sub(_without_comma, text), object_pairs_hook=gather, parse_constant=_refuse
        )
    except json.JSONDecodeError as error:
        raise SettingsError(f"Line {error.lineno}: {error.msg}.", line=error.lineno) from error
    except RecursionError as error:
        raise SettingsError("It is nested too deeply.") from error
    except ValueError as error:  # a whole number of thousands of digits
        raise SettingsError(f"It holds a value that cannot be read: {error}.") from error
    return Document(value, tuple(duplicates))


def _blank(match: re.Match[str]) -> str:
    """Keep a string; put white space in the place of a comment, so that line numbers stay."""
    token = match.group()
    return token if token.startswith('"') else re.sub(r"[^\n]", " ", token)


def _without_comma(match: re.Match[str]) -> str:
    return match.group(1) or " "


def _repeated(names: Iterator[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield name
        seen.add(name)


def _refuse(name: str) -> NoReturn:
    message = f"{name} is no JSON number"
    raise ValueError(message)
