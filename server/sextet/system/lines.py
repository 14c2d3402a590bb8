"""Lines of hostile output: bounded, and as text without anything a terminal would obey."""

from __future__ import annotations

import re
from typing import NamedTuple

LINE_LIMIT = 16 * 1024 * 1024
"""Bytes of one line that are kept."""


class Line(NamedTuple):
    """One line without its end, and how many bytes of it were dropped because it was too long."""

    data: bytes
    dropped: int = 0

    def marked(self) -> bytes:
        """The line; when it was cut, with a remark at its end that says so."""
        if not self.dropped:
            return self.data
        return self.data + f" [line cut, {self.dropped} bytes dropped]".encode()


class LineBuffer:
    """Splits a stream into lines and never holds more than `limit` bytes of one.

    Args:
        limit: bytes of a line that are kept, > 0.
    """

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self._limit = limit
        self._held = bytearray()
        self._dropped = 0

    def feed(self, data: bytes) -> list[Line]:
        """The lines that end within `data`."""
        *ended, rest = data.split(b"\n")
        lines = [self._complete(piece) for piece in ended]
        self._hold(rest)
        return lines

    def end(self) -> list[Line]:
        """The last line, when the stream ended without a line end."""
        return [self._complete(b"")] if self._held or self._dropped else []

    def _complete(self, piece: bytes) -> Line:
        if not self._held and len(piece) <= self._limit:
            return Line(piece)
        self._hold(piece)
        line = Line(bytes(self._held), self._dropped)
        self._held.clear()
        self._dropped = 0
        return line

    def _hold(self, piece: bytes) -> None:
        room = self._limit - len(self._held)
        self._held += piece[:room]
        self._dropped += max(0, len(piece) - room)


_STRINGS = "\x90\x98\x9d\x9e\x9f"
_BIDI = "\u202a-\u202e\u2066-\u2069"

_CONTROL = re.compile(
    # Device control, operating system command and the like, with all they carry up to their terminator; a
    # line end ends them too, so that one that is never terminated does not swallow the log.
    f"(?:\x1b[\\]PX^_]|[{_STRINGS}])[^\x07\x18\x1a\x1b\n\x80-\x9f]*[\x07\x18\x1a\x9c]?"
    "|(?:\x1b\\[|\x9b)[ -?]*[@-~]?"  # control sequences: colours, cursor
    "|\x1b[ -/]*[0-~]?"  # other escapes; the string terminator ESC \ is one
    f"|[\x00-\x08\x0b-\x1f\x7f-\x9f{_BIDI}]"
)
"""Everything that a terminal would obey, or that reorders what a person reads."""


def plain(text: str) -> str:
    """Text without terminal sequences and control characters, except line ends and tabs."""
    return _CONTROL.sub("", text)
