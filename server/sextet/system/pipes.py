"""Our ends of pipes on the event loop: read on demand, so that a slow reader slows the writer down."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import sys
from typing import ClassVar

from sextet.errors import ProcessError

CHUNK = 32 * 1024
"""Bytes asked for in one turn of the event loop, by all readers whose writers are ahead of them."""

LEAST = 2 * 1024
"""Bytes that each of them asks for at least."""

CAPACITY = 256 * 1024
"""Bytes that the kernel holds for us, where it lets us choose; a user's pipes share 64 MiB on Linux."""


def widen(fd: int) -> None:
    """Make room in a pipe, so that fewer wake-ups move more bytes; without permission it stays as it was."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, CAPACITY)


class ReadEnd:
    """The reading end of a pipe; one reader at a time.

    Args:
        fd: owned from now on, closed at the end of file or by `close`.
    """

    _behind: ClassVar[set[ReadEnd]] = set()
    """Those that found as much as they asked for: their writers are ahead of them."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self._budget: int | None = None
        self._waiter: asyncio.Future[None] | None = None

    async def read(self) -> bytes:
        """The next bytes, at most `CHUNK`; empty at the end of file and after `close`."""
        if self._waiter is not None:
            raise ProcessError("Two readers want the same output of a process.")
        await asyncio.sleep(0)  # a writer that is always ahead must not hold up the loop
        share = max(LEAST, CHUNK // max(1, len(self._behind)))  # nor many of them together
        while self._fd >= 0:
            try:
                data = os.read(self._fd, share)
            except BlockingIOError:
                if self._budget is None:
                    await self._readable()
                    continue
                data = b""
            (self._behind.add if len(data) == share else self._behind.discard)(self)
            return self._account(data)
        return b""

    def finish(self) -> None:
        """The process has ended: read what the pipe holds, and do not wait for others who hold it open."""
        if self._budget is None:
            self._budget = CAPACITY
            self._wake()

    def close(self) -> None:
        """Close the pipe; a pending read returns empty."""
        self._wake()
        self._behind.discard(self)
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _account(self, data: bytes) -> bytes:
        if data and self._budget is not None:
            data = data[: self._budget]
            self._budget -= len(data)
        if not data:
            self.close()
        return data

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        loop.add_reader(self._fd, self._wake)
        try:
            await self._waiter
        finally:
            self._wake()
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is None:
            return
        if self._fd >= 0:
            asyncio.get_running_loop().remove_reader(self._fd)
        if not self._waiter.done():
            self._waiter.set_result(None)


class WriteEnd:
    """The writing end of a pipe; concurrent writes go out one after the other, each in one piece.

    Args:
        fd: owned from now on, closed by `close`.
    """

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self._turn = asyncio.Lock()
        self._waiter: asyncio.Future[None] | None = None

    async def write(self, data: bytes) -> None:
        """Write all of `data`, waiting for the other side to read.

        Raises:
            ProcessError: the pipe is closed, on our side or on the other.
        """
        async with self._turn:
            rest = memoryview(data)
            while rest:
                rest = rest[self._write_some(rest) :]
                if rest:
                    await self._writable()

    def close(self) -> None:
        """Close the pipe: the other side reads an end of file; a pending write fails."""
        self._wake()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _write_some(self, data: memoryview) -> int:
        if self._fd < 0:
            raise ProcessError("The input of the process is already closed.")
        try:
            return os.write(self._fd, data)
        except BlockingIOError:
            return 0
        except BrokenPipeError as error:
            raise ProcessError("The process no longer reads its input.") from error

    async def _writable(self) -> None:
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        loop.add_writer(self._fd, self._wake)
        try:
            await self._waiter
        finally:
            self._wake()
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is None:
            return
        if self._fd >= 0:
            asyncio.get_running_loop().remove_writer(self._fd)
        if not self._waiter.done():
            self._waiter.set_result(None)
