"""Lines of hostile output: bounded, and as text without anything a terminal would obey."""

from __future__ import annotations

import codecs
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

_UNFINISHED = re.compile(
    f"(\x1b[\\]PX^_]|[{_STRINGS}])[^\x07\x18\x1a\x1b\n\x80-\x9f]*|(\x1b\\[|\x9b)[ -?]*|(\x1b ?)[ -/]*"
)
"""A sequence whose end may follow in the next chunk; its group stands for the whole of it."""

_INTRODUCERS = "\x1b\x9b" + _STRINGS
"""Characters that begin a sequence and never occur inside one."""


def plain(text: str, limit: int | None = None) -> str:
    """Text without terminal sequences and control characters, except line ends and tabs.

    Args:
        text: anything.
        limit: characters to keep, >= 1; a longer text is cut and ends with an ellipsis.
    """
    clean = _CONTROL.sub("", text)
    if limit is not None and len(clean) > limit:
        return clean[: limit - 1] + "…"
    return clean


class AnsiStripper:
    """`plain` for a stream of bytes: sequences and characters may be split over chunks.

    What is held back between two chunks is a few characters, whatever the stream says.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""

    def feed(self, data: bytes) -> str:
        """The plain text of the next bytes; invalid UTF-8 becomes U+FFFD."""
        text = self._held + self._decoder.decode(data)
        self._held = ""
        begin = _last_introducer(text)
        if begin >= 0 and (unfinished := _UNFINISHED.fullmatch(text, begin)):
            self._held = unfinished[unfinished.lastindex or 0]
            text = text[:begin]
        return _CONTROL.sub("", text)

    def end(self) -> str:
        """What is left when the stream ended: at most U+FFFD for a character that was cut off."""
        text, self._held = self._held + self._decoder.decode(b"", final=True), ""
        return _CONTROL.sub("", text)


def _last_introducer(text: str) -> int:
    if text.isascii():
        return text.rfind("\x1b")
    return max(map(text.rfind, _INTRODUCERS))
