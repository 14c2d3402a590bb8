"""The other end of the control socket: verbs of a supervisor in another process, and what it tells."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from sextet import errors
from sextet.model.base import Record
from sextet.model.live import Heartbeat, LogBatch
from sextet.runtime.bus import Message, Resync, StateChanged
from sextet.service.codes import ERRORS
from sextet.service.control_wire import PREFIX
from sextet.service.methods import METHODS
from sextet.service.notifications import NOTIFICATIONS, EventTold, LogTold, ResyncTold

ANSWER_LIMIT: Final = 64 << 20
"""Bytes of one answer or notification."""


async def connect(path: Path) -> Client:
    """A connection to the supervisor that listens at `path`.

    Raises:
        BusyError: nobody listens there.
    """
    try:
        reader, writer = await asyncio.open_unix_connection(str(path), limit=ANSWER_LIMIT)
    except OSError as error:
        raise errors.BusyError(
            f"Another Sextet is at work on this folder, but it does not answer ({error.strerror or error}).",
            next_step="Wait a moment and repeat, or end that process.",
        ) from error
    return Client(reader, writer)


class Client:
    """One connection; close it when done."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._messages: deque[Message] = deque()
        self._wake = asyncio.Event()
        self._over = False
        self._hushed = False
        self._subscribed = False
        self._pump = asyncio.create_task(self._read())

    @property
    def lost(self) -> bool:
        """True when the other side has gone."""
        return self._over

    async def call(self, method: str, params: Mapping[str, Any]) -> Record:
        """Let the supervisor carry out a verb.

        Raises:
            SextetError: as the verb there raised it.
            BusyError: the connection is lost; whether it was done is not known.
        """
        answer = await self._request(method, params)
        try:
            return METHODS[method].result.model_validate(answer)
        except ValidationError as error:
            raise errors.BusyError(
                "The other Sextet answers in a way that this version does not understand.",
                next_step="Use the same version in both places.",
            ) from error

    async def _request(self, method: str, params: Mapping[str, Any]) -> Any:
        if self._over:
            raise _lost()
        number = next(self._ids)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._answers[number] = future
        asked = {"jsonrpc": "2.0", "id": number, "method": PREFIX + method, "params": dict(params)}
        with suppress(ConnectionError, OSError):
            self._writer.write(json.dumps(asked, separators=(",", ":")).encode() + b"\n")
            await self._writer.drain()
        try:
            return await future
        finally:
            self._answers.pop(number, None)

    async def subscribe(self) -> None:
        """Ask to be told what happens from now on; it is kept until `listen` takes it."""
        if not self._subscribed:
            self._subscribed = True
            await self._request("subscribe", {})

    async def listen(self) -> AsyncIterator[Message]:
        """Everything that happens from now on, until the connection ends or `hush`."""
        await self.subscribe()
        while True:
            if self._messages:
                yield self._messages.popleft()
            elif self._over or self._hushed:
                return
            else:
                self._wake.clear()
                await self._wake.wait()

    def hush(self) -> None:
        """End `listen`."""
        self._hushed = True
        self._wake.set()

    async def close(self) -> None:
        """Let go."""
        self._pump.cancel()
        await asyncio.gather(self._pump, return_exceptions=True)
        self._writer.close()
        with suppress(ConnectionError, OSError):
            await self._writer.wait_closed()

    async def _read(self) -> None:
        try:
            with suppress(ConnectionError, OSError, ValueError, asyncio.IncompleteReadError):
                while True:
                    self._take(json.loads(await self._reader.readuntil(b"\n")))
        finally:
            self._over = True
            self._wake.set()
            for future in self._answers.values():
                if not future.done():
                    future.set_exception(_lost())

    def _take(self, said: Any) -> None:
        if not isinstance(said, dict):
            return
        if "method" in said:
            self._messages.extend(_messages(str(said["method"]), said.get("params")))
            self._wake.set()
            return
        future = self._answers.get(said.get("id", 0))
        if future is not None and not future.done():
            if "error" in said:
                future.set_exception(_raised(said["error"]))
            else:
                future.set_result(said.get("result"))


def _messages(method: str, params: Any) -> list[Message]:
    """The messages of a notification; one of a newer version is passed over."""
    record = NOTIFICATIONS.get(method.removeprefix(PREFIX))
    if record is None:
        return []
    with suppress(ValueError):
        match record.model_validate_json(json.dumps(params)):
            case EventTold() as told:
                return [StateChanged(told.run_id, told.event)]
            case LogTold() as told:
                return [LogBatch(run_id=told.run_id, **dict(each)) for each in told.batches]
            case ResyncTold() as told:
                return [Resync(told.run_id, told.seq)]
            case Heartbeat() as told:
                return [told]
    return []


def _raised(said: Any) -> errors.SextetError:
    """The error of the other side as one of ours."""
    said = _object(said)
    data = _object(said.get("data"))
    kind = ERRORS.get(str(data.get("kind", "")), errors.SextetError)
    facts = _object(data.get("facts"))
    named = {key: value for key, value in facts.items() if key not in {"what", "next_step"}}
    return kind(str(said.get("message", "")), next_step=str(data.get("nextStep", "")), **named)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _lost() -> errors.BusyError:
    return errors.BusyError(
        "The connection to the other Sextet is lost.",
        next_step="See `sextet list`; go on with `sextet resume`.",
    )
