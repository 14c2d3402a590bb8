"""Log: one worker's log file, line-numbered, bounded, readable from any line."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from sextet.system.disk import explained, write_all
from sextet.system.durable import Folder

LOG_LIMIT = 16 << 20
"""Bytes of one log file; a full one becomes `.log.1` in place of the one before."""

LINE_LIMIT = 16_384
"""Characters of one line; the rest is cut and marked."""

_STEP = 256
_HEAD = re.compile(rb"\[sextet: lines 1 to (\d{1,15}) were moved to [^\n]*\]\n")
_CONTROL = {code: None for code in (*range(32), *range(127, 160)) if code != ord("\t")}


class Log:
    """A log that is open for appending and reading, by one process.

    A file that follows a full one begins with a line that says how many lines came before, so that numbers
    go on after a restart. Takes over `folder` and closes it.
    """

    def __init__(self, folder: Folder, name: str, limit: int, *, writable: bool) -> None:
        self.writable = writable
        self._folder = folder
        self._name = name
        self._limit = limit
        self._fd = -1
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        """Open the file and count what is in it; raises FileNotFoundError when there is none to read."""
        opened = self._folder.append(self._name) if self.writable else self._folder.open(self._name)
        previous, self._fd = self._fd, opened
        if previous >= 0:
            os.close(previous)
        data = os.pread(self._fd, min(os.fstat(self._fd).st_size, 2 * self._limit + (1 << 20)), 0)
        head = _HEAD.match(data)
        moved = head is not None and f"{self._name}.1" in self._folder.names()
        self._first = int(head[1]) + 1 if head is not None and moved else 1
        self._ragged = data != b"" and not data.endswith(b"\n")
        self._count, self._size, self._marks = 0, 0, [0]
        self._note([line + b"\n" for line in data.split(b"\n")[:-1]])

    def _note(self, lines: Sequence[bytes]) -> None:
        """Remember where every so many lines begin."""
        for line in lines:
            self._count += 1
            self._size += len(line)
            if self._count % _STEP == 0:
                self._marks.append(self._size)

    def append(self, lines: Sequence[str]) -> int:
        """Write lines; returns the number of the first of them."""
        clean = [_clean(line) for line in lines]
        if self._ragged:  # a crash cut the last line short
            with explained(f"write {self._name}"):
                write_all(self._folder.disk, self._fd, b"\n")
            self._open()
        if self._size and self._size + sum(map(len, clean)) > self._limit:
            self._rotate()
        with explained(f"write {self._name}"):
            write_all(self._folder.disk, self._fd, b"".join(clean))
        first = self._first + self._count
        self._note(clean)
        return first

    def _rotate(self) -> None:
        moved = self._first + self._count - 1
        old = f"{self._name}.1"
        with explained(f"move {self._name}"):
            self._folder.disk.rename(self._name, old, self._folder.fd, self._folder.fd)
            os.close(self._fd)
            self._fd = -1
            self._fd = self._folder.append(self._name)
            head = f"[sextet: lines 1 to {moved} were moved to {old}]\n".encode()
            write_all(self._folder.disk, self._fd, head)
        self._first, self._count, self._size, self._marks = moved + 1, 0, 0, [0]
        self._note([head])

    def read(self, from_seq: int, limit: int) -> tuple[int, list[str], int]:
        """Number of the first line given, the lines, and the number after them; see `Artifacts.read_log`."""
        if not self.writable:  # somebody else may be writing
            self._open()
        after = self._first + self._count
        first = max(after + from_seq if from_seq < 0 else from_seq, self._first)
        end = min(first + max(0, limit), after)
        if first >= end:
            return first, [], first
        skip, mark = (first - self._first) % _STEP, (first - self._first) // _STEP
        last = min((end - self._first + _STEP - 1) // _STEP, len(self._marks) - 1)
        stop = self._marks[last] if last > mark and last * _STEP >= end - self._first else self._size
        with explained(f"read {self._name}"):
            data = os.pread(self._fd, stop - self._marks[mark], self._marks[mark])
        lines = data.decode("utf-8", "replace").split("\n")[skip : skip + end - first]
        return first, lines, end

    def close(self) -> None:
        """Close the file; more than once is allowed."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
        self._folder.close()


def _clean(line: str) -> bytes:
    """One line of plain text: no control characters, bounded."""
    if len(line) > LINE_LIMIT:
        line = f"{line[:LINE_LIMIT]} [sextet: {len(line) - LINE_LIMIT} more characters]"
    if not line.isprintable():
        line = line.translate(_CONTROL)
    return line.encode("utf-8", "replace") + b"\n"
