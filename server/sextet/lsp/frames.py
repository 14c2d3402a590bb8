"""Messages on a stream of bytes: bounded headers and bodies, strict JSON in and out; pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pydantic_core import PydanticSerializationError, to_json

from sextet.service.codes import INVALID, PARAMS, PARSE, kind_of

BODY_LIMIT: Final = 16 << 20
"""Bytes of a message; a longer one is passed over."""
HEADER_LIMIT: Final = 8 << 10
SKIP_LIMIT: Final = 1 << 30
"""Bytes that are passed over at most; whoever announces more than that is not followed."""
DEPTH_LIMIT: Final = 128
ID_LIMIT: Final = 1_000
_DIGITS: Final = 30
"""Digits of a whole number; Python itself gives up at some thousands."""

_BLANK = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class Broken:
    """Bytes that are no message that can be worked on; each gets an answer."""

    code: int
    words: str
    request_id: int | str | None = None
    fatal: bool = False
    """True when nobody can tell where the next message begins."""


@dataclass(frozen=True, slots=True)
class Said:
    """A message of the client: request, notification or response, checked as far as its envelope goes."""

    body: bytes
    message: dict[str, Any]

    @property
    def request_id(self) -> int | str | None:
        """Its id; None for a notification."""
        found = self.message.get("id")
        return found if isinstance(found, (int, str)) else None

    @property
    def method(self) -> str:
        """What it asks for or tells; empty for a response."""
        return str(self.message.get("method", ""))


# From bytes to bodies -----------------------------------------------------------------------------
class Parser:
    """Cuts a stream into bodies; holds at most one header or one body, and what came in one read."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._wanted: int | None = None
        """Bytes of the body that is being read; None while a header is."""
        self._skip = 0
        self._over = False

    def feed(self, data: bytes) -> Iterator[bytes | Broken]:
        """The bodies that are complete now; nothing more after a `Broken` that is fatal.

        Args:
            data: what was read, of any length.
        """
        self._data += data
        while not self._over:
            found = self._next()
            if found is None:
                return
            self._over = isinstance(found, Broken) and found.fatal
            yield found

    def _next(self) -> bytes | Broken | None:
        if not self._passed_over():
            return None
        if self._wanted is None:
            broken = self._header()
            if broken is not None:
                return broken
        if self._wanted is None or len(self._data) < self._wanted:
            return None
        body = bytes(self._data[: self._wanted])
        del self._data[: self._wanted]
        self._wanted = None
        return body

    def _passed_over(self) -> bool:
        gone = min(self._skip, len(self._data))
        del self._data[:gone]
        self._skip -= gone
        return self._skip == 0

    def _header(self) -> Broken | None:
        """Read a header, when it is there: either the body's length is known then, or what is wrong."""
        blank = _BLANK.search(self._data, 0, HEADER_LIMIT)
        if blank is None:
            if len(self._data) < HEADER_LIMIT:
                return None
            return _lost(f"A header has at most {HEADER_LIMIT} bytes.")
        length = _length(bytes(self._data[: blank.start()]))
        del self._data[: blank.end()]
        if isinstance(length, Broken):
            return length
        if length > SKIP_LIMIT:
            return _lost(f"A message has at most {BODY_LIMIT} bytes; this one announces {length}.")
        if length > BODY_LIMIT:
            self._skip = length
            return Broken(
                INVALID, f"A message has at most {BODY_LIMIT} bytes; one of {length} was passed over."
            )
        self._wanted = length
        return None


def _length(header: bytes) -> int | Broken:
    found = set()
    for line in header.split(b"\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            found.add(value.strip())
    if len(found) != 1:
        return _lost("A header has one Content-Length.")
    digits = found.pop()
    if not digits.isdigit() or len(digits) > 15:
        return _lost("A Content-Length is a number of bytes.")
    return int(digits)


def _lost(words: str) -> Broken:
    return Broken(INVALID, words, fatal=True)


# From a body to a message -------------------------------------------------------------------------
class _Numbers(list[str]):
    """Reads numbers; keeps in words what is wrong with them, so that the rest is still read."""

    def whole(self, digits: str) -> int:
        if len(digits) <= _DIGITS:
            return int(digits)
        self.append(f"A whole number has at most {_DIGITS} digits.")
        return 0

    def decimal(self, digits: str) -> float:
        number = float(digits)
        if math.isfinite(number):
            return number
        self.append(f"{digits[:20]} is too large.")
        return 0.0

    def constant(self, name: str) -> None:
        self.append(f"{name} is no number.")


def read(body: bytes) -> Said | Broken:
    """The message in a body; what is wrong is told under its id, where it has one."""
    flaws = _Numbers()
    try:
        message = json.loads(
            body.decode(), parse_int=flaws.whole, parse_float=flaws.decimal, parse_constant=flaws.constant
        )
    except (ValueError, RecursionError) as error:
        return Broken(PARSE, f"This is not JSON: {str(error)[:200]}.")
    if not isinstance(message, dict):
        return Broken(INVALID, "A message is an object.")
    if not flaws and _deeper(message, body):
        flaws.append(f"A message is nested at most {DEPTH_LIMIT} deep.")
    return _checked(Said(body, message), flaws)


def _checked(said: Said, flaws: list[str]) -> Said | Broken:
    message = said.message
    known = _is_id(message.get("id"))
    request_id = said.request_id if known else None
    response = "method" not in message and ("result" in message or "error" in message)
    if flaws:
        return Broken(INVALID if response else PARAMS, flaws[0], request_id)
    if "id" in message and not known and not response:
        return Broken(INVALID, "An id is a whole number or a short text.")
    if message.get("jsonrpc") != "2.0" or not (response or isinstance(message.get("method"), str)):
        return Broken(INVALID, "A message has `jsonrpc: 2.0`, and a method or a result.", request_id)
    return said


def _is_id(found: object) -> bool:
    if isinstance(found, str):
        return len(found) <= ID_LIMIT and not any("\ud800" <= letter <= "\udfff" for letter in found)
    return isinstance(found, int) and not isinstance(found, bool)


def _deeper(message: object, body: bytes) -> bool:
    """Whether it is nested deeper than allowed; few brackets cannot be."""
    if body.count(b"{") + body.count(b"[") <= DEPTH_LIMIT:
        return False
    level: list[Any] = [message]
    for _ in range(DEPTH_LIMIT):
        values = (each.values() if isinstance(each, dict) else each for each in level)
        level = [inner for several in values for inner in several if isinstance(inner, (dict, list))]
    return bool(level)


# From a message to bytes --------------------------------------------------------------------------
def frame(body: bytes) -> bytes:
    """A body with its header."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def encode(message: dict[str, Any]) -> bytes:
    """A message with its header: ASCII only, so that characters are bytes, and no NaN.

    Args:
        message: JSON values and records.
    """
    try:
        body = to_json(message, by_alias=True, inf_nan_mode="null", ensure_ascii=True)
    except PydanticSerializationError:  # half of a surrogate pair: JSON can say it, UTF-8 cannot
        body = json.dumps(message, separators=(",", ":"), allow_nan=False).encode()
    return frame(body)


def failure(request_id: object, code: int, words: str) -> bytes:
    """The answer for a message that is not carried out, as it goes over the wire."""
    data = {"kind": kind_of(code), "nextStep": "", "facts": {}}
    error = {"code": code, "message": words, "data": data}
    return encode({"jsonrpc": "2.0", "id": request_id, "error": error})


def result(request_id: object, value: object) -> bytes:
    """The answer for a request that was carried out, as it goes over the wire."""
    return encode({"jsonrpc": "2.0", "id": request_id, "result": value})


def notification(method: str, params: object) -> bytes:
    """A notification, as it goes over the wire."""
    return encode({"jsonrpc": "2.0", "method": method, "params": params})
