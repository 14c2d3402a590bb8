"""The journal's lines: framing with a checksum, and reading them back with all that can be wrong.

A line is `<crc32, 8 hex> <JSON of Entry>` and a newline; the checksum covers the JSON's bytes. The lines of
one commit have `+` instead of the blank from the second on. Unacknowledged bytes can be lost, torn
or kept in any order by a power failure, but only those of the last commit: so damage with a later commit
behind it is damage, and damage inside the last commit is a torn tail.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from zlib import crc32

from pydantic import ValidationError

from sextet.model.events import Entry
from sextet.model.run import SCHEMA_VERSION

MAX_LINE = 16 << 20
"""Bytes of one entry at most."""

_HEAD = 9
_START = b" "
_MORE = b"+"


_parse: Callable[[bytes], Entry] = Entry.__pydantic_validator__.validate_json


@dataclass(frozen=True, slots=True)
class Scan:
    """What a journal's bytes say."""

    entries: list[Entry]
    """The readable ones that were asked for."""
    seq: int
    """Sequence number of the last readable entry; 0 when there is none."""
    length: int
    """Bytes up to the end of the last readable entry."""
    torn: bool
    """Bytes of an unfinished commit follow."""
    damage: str
    """What is wrong before the end, as a sentence; empty when nothing is."""
    newer: bool
    """The run was written by a newer version of Sextet."""


def frame(entries: Sequence[bytes]) -> bytes:
    """The lines of one commit.

    Args:
        entries: JSON of entries, each without a newline.
    """
    separator = _START
    lines = []
    for entry in entries:
        lines.append(b"%08x%b%b\n" % (crc32(entry), separator, entry))
        separator = _MORE
    return b"".join(lines)


def scan(data: bytes, after: int = 0, limit: int | None = None) -> Scan:
    """Read the bytes of a journal as far as they can be trusted.

    Args:
        data: the whole file.
        after: leave out entries up to this sequence number (they are checked, not parsed).
        limit: give at most this many entries.
    """
    lines = data.split(b"\n")
    rest = lines.pop()
    newer = bool(lines) and _is_newer(lines[0])
    entries: list[Entry] = []
    last = len(lines) if limit is None else after + limit
    length = 0
    damage = ""
    seq = 0
    with collector_paused():
        for seq, line in enumerate(lines, 1):
            entry, damage = _read_line(line, seq, parse=after < seq <= last)
            if damage:
                break
            length += len(line) + 1
            if entry is not None:
                entries.append(entry)
    if not damage:
        return Scan(entries, seq, length, torn=bool(rest), damage="", newer=newer)
    torn = not _is_framed(lines[seq - 1]) and not any(map(_has_commit, lines[seq - 1 :]))
    return Scan(entries, seq - 1, length, torn=torn, damage="" if torn else damage, newer=newer)


def _read_line(line: bytes, seq: int, *, parse: bool) -> tuple[Entry | None, str]:
    """The entry of a line when it is to be parsed, and what is wrong with the line."""
    body = line[_HEAD:]
    if line[:_HEAD] not in {b"%08x " % (sum_of := crc32(body)), b"%08x+" % sum_of}:
        return None, f"Entry {seq} does not match its checksum."
    if not parse and body.startswith(b'{"seq":%d,' % seq):
        return None, ""
    try:
        entry = _parse(body)
    except ValidationError:
        return None, f"Entry {seq} is not one that this version of Sextet knows."
    if entry.seq != seq:
        return None, f"Entry {entry.seq} stands where entry {seq} should be."
    return (entry if parse else None), ""


def _is_framed(line: bytes) -> bool:
    return line[_HEAD - 1 : _HEAD] in {_START, _MORE} and line[: _HEAD - 1] == b"%08x" % crc32(line[_HEAD:])


def _has_commit(line: bytes) -> bool:
    """Whether an intact first line of a commit ends here, also behind garbage (a damaged newline)."""
    start = line.rfind(b' {"seq":') - _HEAD + 1  # cannot stand in a JSON string, where quotes are escaped
    return start >= 0 and _is_framed(line[start:])


def _is_newer(first: bytes) -> bool:
    """Whether the first entry names a newer schema; read by hand, as it may not fit our records."""
    try:
        version = json.loads(first[_HEAD:])["event"]["run"]["schemaVersion"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return False
    return isinstance(version, int) and version > SCHEMA_VERSION


@contextmanager
def collector_paused() -> Iterator[None]:
    """No cyclic garbage is looked for in the block: many new records make that 4 x slower, for nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
