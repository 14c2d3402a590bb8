"""A long-lived child process: its lines, its input, its end, and the end of everything it started."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

from sextet.errors import ProcessError
from sextet.system import identity, launch, reaping
from sextet.system.identity import Identity
from sextet.system.lines import LINE_LIMIT, LineBuffer
from sextet.system.pipes import ReadEnd, WriteEnd

Stream = Literal["stdout", "stderr"]

HELD_OPEN = 1.0
"""Seconds for which output is still awaited after the process ended, when others hold its pipes open."""

KEEPER_PATIENCE = 3.0
"""Seconds after `kill` until the keeper itself is killed and its tree is looked for in /proc."""

live: set[Child] = set()
"""Every child whose end has not been seen yet."""

watchers: set[Callable[[], None]] = set()
"""Called whenever a child was added to `live` or is leaving it."""


@dataclass(frozen=True)
class Ends:
    """Our ends of a child's pipes, and of the socket to its keeper."""

    stdout: ReadEnd
    stderr: ReadEnd | None
    stdin: WriteEnd | None
    control: socket.socket | None


class Child:
    """One command that `processes.spawn` started; leave its `async with` and its whole tree is gone.

    Args:
        process: the command, or the keeper of its tree.
        ends: our ends of its pipes.
        cookie: the value of `SEXTET_COOKIE` in its environment.
        program: what people call the command.
    """

    def __init__(self, process: subprocess.Popen[bytes], ends: Ends, cookie: str, program: str) -> None:
        loop = asyncio.get_running_loop()
        who = identity.of(process.pid)
        if who is None:
            raise ProcessError("A process that was just started cannot be found.")
        self.identity: Identity = who
        self.pid = process.pid
        self.footprint = reaping.Footprint(identity=who, cookie=cookie)
        self._process = process
        self._program = program
        self._ends = ends
        self._said = b""
        self._started: asyncio.Future[None] = loop.create_future()
        self._exit_code: int | None = None
        self._ended: asyncio.Future[int] = loop.create_future()
        self._impatience: asyncio.TimerHandle | None = None
        self._cleaning: asyncio.Task[None] | None = None
        launch.watch(process, self._on_end)
        live.add(self)
        _tell()
        if ends.control is None:
            self._started.set_result(None)
        else:
            loop.add_reader(ends.control, self._on_word)

    async def started(self) -> None:
        """Wait until the command itself runs.

        Raises:
            ProcessError: it could not be started.
        """
        await self._started

    @property
    def running(self) -> bool:
        """Whether the end of the child (and of its tree) has not been seen yet."""
        return not self._ended.done()

    async def write(self, data: bytes) -> None:
        """Write to the command's input, as fast as it reads.

        Raises:
            ProcessError: the input was not asked for, is closed, or is no longer read.
        """
        if self._ends.stdin is None:
            raise ProcessError("The process was started without an input.")
        await self._ends.stdin.write(data)

    def close_stdin(self) -> None:
        """End the command's input."""
        if self._ends.stdin is not None:
            self._ends.stdin.close()

    async def chunks(self, stream: Stream = "stdout") -> AsyncIterator[bytes]:
        """The bytes of a stream as they come; what nobody reads makes the command wait.

        Ends at the end of file, or at the latest `HELD_OPEN` seconds after the process ended.
        """
        end = self._ends.stdout if stream == "stdout" else self._ends.stderr
        if end is None:
            raise ProcessError("The process writes its errors to its output.")
        while data := await end.read():
            yield data

    async def lines(self, stream: Stream = "stdout", limit: int = LINE_LIMIT) -> AsyncIterator[bytes]:
        """The lines of a stream without their ends; one over `limit` bytes is cut and says so at its end."""
        buffer = LineBuffer(limit)
        async for data in self.chunks(stream):
            for line in buffer.feed(data):
                yield line.marked()
        for line in buffer.end():
            yield line.marked()

    async def wait(self) -> int:
        """Wait until the command ended and what it left was killed; its exit code, or minus its signal."""
        return await asyncio.shield(self._ended)

    async def stop(self, grace: float = 5.0, *, interrupt: bool = False) -> int:
        """Ask the command's group to end (SIGTERM or SIGINT), after `grace` seconds kill the whole tree.

        Returns:
            The exit code, or minus the signal that ended it.
        """
        self.send_signal(signal.SIGINT if interrupt else signal.SIGTERM)
        try:
            async with asyncio.timeout(grace):
                return await self.wait()
        except TimeoutError:
            self.kill()
            return await self.wait()

    def send_signal(self, number: int) -> None:
        """Signal the process group of the command; nothing happens when it has ended."""
        if self._ends.control is None:
            launch.kill_group(self._process, number)
        elif self.running:
            with contextlib.suppress(OSError):
                self._ends.control.send(bytes([number]))

    def kill(self) -> None:
        """Kill the whole tree; `wait` says when it is gone."""
        if not self.running or self._impatience is not None:
            return
        if self._ends.control is None:
            launch.kill_group(self._process)
            return
        with contextlib.suppress(OSError):
            self._ends.control.shutdown(socket.SHUT_WR)
        loop = asyncio.get_running_loop()
        self._impatience = loop.call_later(KEEPER_PATIENCE, self._process.kill)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Kill what still runs, wait for its end, close every pipe."""
        self.kill()
        try:
            await self.wait()
        finally:
            self.close_stdin()
            self._ends.stdout.close()
            if self._ends.stderr is not None:
                self._ends.stderr.close()

    def _on_word(self) -> None:
        """The keeper said something, or is gone."""
        control = self._ends.control
        if control is None or control.fileno() < 0:
            return
        try:
            data = control.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(control)
            return
        *words, self._said = (self._said + data).split(b"\n")
        for word in words:
            verb, _, figure = word.partition(b" ")
            self._on_report(verb, int(figure))

    def _on_report(self, verb: bytes, figure: int) -> None:
        if verb == b"exit":
            self._exit_code = figure
        elif self._started.done():  # nobody waits any more
            return
        elif verb == b"started":
            self.pid = figure
            self._started.set_result(None)
        else:
            self._started.set_exception(launch.cannot_start(self._program, None, figure))

    def _on_end(self) -> None:
        """The process that we started has ended: what it left must go before anybody hears of it."""
        control = self._ends.control
        if control is None:
            launch.kill_group(self._process)
        self._process.wait()
        if control is not None:
            self._hang_up(control)
            if self._exit_code is None:  # the keeper was killed, its tree may live on
                self._cleaning = asyncio.get_running_loop().create_task(self._clean_up())
                return
        self._settle()

    def _hang_up(self, control: socket.socket) -> None:
        self._on_word()
        asyncio.get_running_loop().remove_reader(control)
        control.close()
        if self._impatience is not None:
            self._impatience.cancel()
        if not self._started.done():
            self._started.set_exception(ProcessError("The command ended before it was started."))

    async def _clean_up(self) -> None:
        await asyncio.to_thread(reaping.sweep, [self.footprint])
        self._settle()

    def _settle(self) -> None:
        code = self._process.returncode if self._exit_code is None else self._exit_code
        self._ended.set_result(code)
        live.discard(self)
        _tell()
        loop = asyncio.get_running_loop()
        for end in (self._ends.stdout, self._ends.stderr):
            if end is not None:
                loop.call_later(HELD_OPEN, end.finish)


def _tell() -> None:
    for watcher in tuple(watchers):
        watcher()
