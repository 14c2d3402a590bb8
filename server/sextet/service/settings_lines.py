"""Where keys stand in a settings file, so that a problem can be shown at its place (pure)."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Final

from sextet.errors import SettingsError
from sextet.service import jsonc

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z)|//[^\n]*|/\*.*?(?:\*/|\Z)|[{}\[\]:,]', re.DOTALL)
_LONGEST: Final = 400
"""Characters of a path that is followed; no setting has a longer one."""


def lines_of(text: str, keys: Collection[str]) -> dict[str, int]:
    """The line of each key, from 0.

    Args:
        text: JSON with comments, or something broken.
        keys: dotted, with `sextet.`, wherever the file puts the dots and braces; or the bare name of a key.
            An empty one is the file itself: the line at which it cannot be read.

    Returns:
        The last place of each key; the first line for one that is not there.
    """
    scan = _Scan(set(keys))
    line = at = 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        scan.take(match.group(), line)
    found = scan.names | scan.paths
    return {key: found.get(key, 0) if key else _broken(text) for key in keys}


class _Scan:
    """Follows braces and keys from token to token."""

    def __init__(self, wanted: set[str]) -> None:
        self.paths: dict[str, int] = {}
        self.names: dict[str, int] = {}
        self._wanted = wanted
        self._open: list[str | None] = []
        """The path of each open object; None for a list, and for what is in one."""
        self._text = ("", 0)
        """The last string and its line."""
        self._key: str | None = ""
        """The path of the value that comes now."""

    def take(self, piece: str, line: int) -> None:
        """Look at the next token."""
        if piece[0] == '"':
            self._text = (piece, line)
        elif piece == ":":
            self._named(*self._text)
        elif piece == "{":
            self._open.append(self._key)
        elif piece == "[":
            self._open.append(None)
            self._key = None
        elif piece in {"}", "]"} and self._open:
            self._open.pop()
        elif piece == "," and self._open:
            self._key = None

    def _named(self, token: str, line: int) -> None:
        """A key: the last string was its name."""
        name = _string(token)
        above = self._open[-1] if self._open else None
        if name in self._wanted:
            self.names[name] = line
        self._key = None
        if above is not None and len(above) + len(name) < _LONGEST:
            self._key = f"{above}.{name}" if above else name
            if self._key in self._wanted:
                self.paths[self._key] = line


def _string(token: str) -> str:
    try:
        return str(json.loads(token, strict=False))
    except ValueError:
        return token.strip('"')


def _broken(text: str) -> int:
    try:
        jsonc.parse(text.encode("utf-8", "surrogatepass"))
    except SettingsError as error:
        line = error.facts.get("line")
        return line - 1 if isinstance(line, int) else 0
    return 0
