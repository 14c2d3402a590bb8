"""Wire: JSON-RPC lines to one app-server: answers by id, notifications by thread, its own requests."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Final

from sextet.errors import SextetError
from sextet.system.lines import plain
from sextet.system.processes import Child

Json = Mapping[str, Any]
Notified = Callable[[str, Json], None]
Asked = Callable[[str, Json], Awaitable[Json]]

MOST_REQUESTS: Final = 256
"""Requests of the app-server that are answered at the same time; more are refused."""

MOST_STRANGE: Final = 1_000
"""Lines that are no messages, after which the app-server counts as none."""

_KEPT_LINES: Final = 40
_LAST_WORDS: Final = 0.5
"""Seconds in which the reason of an end may still come from stderr."""

_UNKNOWN: Final = -32601
_OVERLOADED: Final = -32001


class RpcError(Exception):
    """The app-server refused a request; `error` is its error object."""

    def __init__(self, error: object) -> None:
        self.error: Json = error if isinstance(error, dict) else {}
        super().__init__(plain(str(self.error.get("message", "no message")))[:2_000])


class GoneError(Exception):
    """The app-server ended, or does not answer; the text is what it said last."""


class UnknownRequestError(Exception):
    """A request of the app-server that nobody here answers."""


class Wire:
    """One connection. Made by `open_wire`; ended by `close`.

    Args:
        child: a running `codex app-server` with pipes on stdin, stdout and stderr.
    """

    def __init__(self, child: Child) -> None:
        self._child = child
        self._ids = itertools.count(1)
        self._pending: dict[int, asyncio.Future[Any]] = {}
        self._notified: dict[str, Notified] = {}
        self._asked: dict[str, Asked] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self._said: deque[str] = deque(maxlen=_KEPT_LINES)
        self._strange = 0
        self.gone = asyncio.Event()
        """Set when nothing comes from this app-server any more."""
        self._drained = asyncio.create_task(self._drain())
        self._tasks = [asyncio.create_task(self._read()), self._drained]

    @property
    def said(self) -> str:
        """The end of its stderr, without control characters."""
        return "\n".join(self._said)

    async def call(self, method: str, params: Json, *, timeout: float = 30.0) -> Any:
        """Send a request and wait for its result.

        Args:
            method: of the app-server protocol.
            params: JSON values.
            timeout: seconds.

        Raises:
            RpcError: it was refused.
            GoneError: the app-server ended, or did not answer in time.
        """
        number = next(self._ids)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending[number] = future
        try:
            await self._send({"id": number, "method": method, "params": params})
            async with asyncio.timeout(timeout):
                return await future
        except TimeoutError as error:
            raise GoneError(f"It did not answer {method} within {timeout:.0f} s.") from error
        finally:
            self._pending.pop(number, None)
            if future.done() and not future.cancelled():
                future.exception()

    async def notify(self, method: str) -> None:
        """Send a notification without params."""
        await self._send({"method": method})

    def listen(self, thread: str, notified: Notified, asked: Asked) -> None:
        """Route what belongs to a thread; at most one listener per thread."""
        self._notified[thread] = notified
        self._asked[thread] = asked

    def unlisten(self, thread: str, notified: Notified) -> None:
        """Stop routing, unless somebody else listens to the thread by now."""
        if self._notified.get(thread) == notified:
            del self._notified[thread], self._asked[thread]

    async def close(self, *, grace: float = 2.0) -> None:
        """End the process: end of input first, then by force after `grace` seconds."""
        self._child.close_stdin()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self._child.wait()
        await self._child.close()
        for task in [*self._tasks, *self._answering]:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._answering, return_exceptions=True)
        self._end()

    async def _send(self, message: Json) -> None:
        if self.gone.is_set():
            raise GoneError(self.said)
        try:
            await self._child.write(json.dumps(message, allow_nan=False).encode() + b"\n")
        except SextetError as error:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORDS):
                    await self.gone.wait()
            raise GoneError(self.said) from error

    async def _read(self) -> None:
        try:
            async for line in self._child.lines("stdout"):
                self._receive(line)
        except SextetError as error:
            self._said.append(str(error))
        finally:
            await asyncio.wait({self._drained}, timeout=_LAST_WORDS)
            self._end()

    def _end(self) -> None:
        self.gone.set()
        for future in self._pending.values():
            if not future.done():
                future.set_exception(GoneError(self.said))

    def _receive(self, line: bytes) -> None:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            self._misunderstood(line)
            return
        if not isinstance(message, dict):
            return
        params = message.get("params")
        fields: Json = params if isinstance(params, dict) else {}
        method = message.get("method")
        if not isinstance(method, str):
            self._settle(message)
        elif "id" in message:
            self._ask(message["id"], method, fields)
        elif notified := self._notified.get(str(fields.get("threadId"))):
            notified(method, fields)

    def _misunderstood(self, line: bytes) -> None:
        """A line that is no message: told once, and not put up with for ever."""
        self._strange += 1
        if self._strange == 1:
            self._said.append(f"It printed what is no message: {_readable(line)}")
        if self._strange == MOST_STRANGE:
            self._end()

    def _settle(self, message: Json) -> None:
        number = message.get("id")
        future = self._pending.get(number) if isinstance(number, int) else None
        if future is None or future.done():
            return
        if "error" in message:
            future.set_exception(RpcError(message["error"]))
        else:
            future.set_result(message.get("result"))

    def _ask(self, number: object, method: str, params: Json) -> None:
        asked = self._asked.get(str(params.get("threadId")))
        if len(self._answering) >= MOST_REQUESTS:
            self._spawn(self._refuse(number, _OVERLOADED, "Too many requests at once."))
        elif asked is None:
            self._spawn(self._refuse(number, _UNKNOWN, f"Nobody here answers {method}."))
        else:
            self._spawn(self._answer(number, asked(method, params)))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer(self, number: object, answer: Awaitable[Json]) -> None:
        try:
            result = await answer
        except UnknownRequestError as error:
            await self._refuse(number, _UNKNOWN, str(error))
            return
        except SextetError as error:
            await self._refuse(number, _OVERLOADED, error.what)
            return
        with contextlib.suppress(GoneError):
            await self._send({"id": number, "result": result})

    async def _refuse(self, number: object, code: int, why: str) -> None:
        with contextlib.suppress(GoneError):
            await self._send({"id": number, "error": {"code": code, "message": why}})

    async def _drain(self) -> None:
        with contextlib.suppress(SextetError):
            async for line in self._child.lines("stderr"):
                text = _readable(line, 500)
                if text and "WARNING: proceeding" not in text:
                    self._said.append(text)


def _readable(line: bytes, limit: int = 100) -> str:
    """A line for a person: plain text, or that it is none."""
    text = plain(line[: limit * 4].decode("utf-8", "replace")).strip()
    if text.count("\ufffd") > len(text) // 20:
        return f"({len(line)} bytes that are no text)"
    return text[:limit]
