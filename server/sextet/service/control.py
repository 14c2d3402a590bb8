"""The control socket: the verbs for other processes of the same user, and what happens, told to them."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

from sextet.errors import BusyError, NotFoundError, SextetError, UsageError
from sextet.model.live import Heartbeat, LogBatch
from sextet.runtime.bus import Bus, Message, Resync, StateChanged
from sextet.service.dispatch import Dispatcher

PREFIX: Final = "sextet/"
LINE_LIMIT: Final = 1 << 20
"""Bytes of one request."""
CLIENTS: Final = 32
REQUESTS: Final = 16
"""Requests of one client that are worked on at the same time; more wait unread."""

_PARSE, _INVALID, _NO_METHOD, _PARAMS, _OURS = -32700, -32600, -32601, -32602, -32050


@asynccontextmanager
async def serving(dispatcher: Dispatcher, bus: Bus, path: Path) -> AsyncIterator[None]:
    """Listen while the caller holds the lock of the work tree.

    Args:
        dispatcher: carries out the verbs.
        bus: what subscribers are told.
        path: the socket, in a folder that is this user's alone; a stale one is replaced.

    Raises:
        BusyError: the socket cannot be made.
    """
    listener = _listen(path)
    clients: set[asyncio.Task[None]] = set()

    def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(clients) >= CLIENTS or not _is_mine(writer):
            writer.transport.abort()
            return
        task = asyncio.create_task(_Client(dispatcher, bus, reader, writer).serve())
        clients.add(task)
        task.add_done_callback(clients.discard)

    server = await asyncio.start_unix_server(welcome, sock=listener, limit=LINE_LIMIT)
    made = _identity(path)
    try:
        yield
    finally:
        server.close()
        for task in list(clients):
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        await server.wait_closed()
        if _identity(path) == made:
            with suppress(OSError):
                os.unlink(path)  # noqa: PTH108 -- a name in our own folder, gone at once


def _listen(path: Path) -> socket.socket:
    """A socket at `path` with mode 0600; the lock says that whatever is there is stale."""
    with suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(os.fspath(path))
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise BusyError(
            f"The control socket {path} cannot be made: {error.strerror}.",
            next_step="Remove what is there, or set SEXTET_STATE_HOME to another folder.",
        ) from error
    finally:
        os.umask(before)
    return listener


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def peer_uid(sock: Any) -> int:
    """Who is at the other end of a Unix socket; raises OSError when the system does not say."""
    if hasattr(socket, "SO_PEERCRED"):
        found = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", found)[1])
    local_peercred, xucred = 1, "=IIh16I"  # macOS, from sys/un.h: version, uid, groups
    found = sock.getsockopt(0, local_peercred, struct.calcsize(xucred))
    return int(struct.unpack_from("=II", found)[1])


def _is_mine(writer: asyncio.StreamWriter) -> bool:
    try:
        return peer_uid(writer.get_extra_info("socket")) == os.getuid()
    except (OSError, struct.error):
        return False


class RequestError(Exception):
    """A line that is not a request; carries the JSON-RPC error for it."""

    def __init__(self, code: int, words: str, request_id: object = None) -> None:
        super().__init__(words)
        self.code = code
        self.request_id = request_id


class _Client:
    """One connection: requests in any order, answers as they come, notifications once it subscribed."""

    def __init__(
        self, dispatcher: Dispatcher, bus: Bus, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._dispatcher = dispatcher
        self._bus = bus
        self._reader = reader
        self._writer = writer
        self._room = asyncio.Semaphore(REQUESTS)
        self._sending = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._subscribed = False

    async def serve(self) -> None:
        """Until the other side has gone."""
        try:
            while (line := await self._line()) is not None:
                await self._room.acquire()
                self._spawn(self._one(line))
        except (ConnectionError, OSError):
            pass
        finally:
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._writer.transport.abort()

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _line(self) -> bytes | None:
        """The next request; None at the end, and after a line that is too long (nothing more is read)."""
        try:
            return await self._reader.readuntil(b"\n")
        except asyncio.IncompleteReadError:
            return None
        except asyncio.LimitOverrunError:
            await self._send(_error(None, _INVALID, f"A request has at most {LINE_LIMIT} bytes."))
            return None

    async def _one(self, line: bytes) -> None:
        try:
            if line.strip():
                with suppress(ConnectionError, OSError):
                    answer = await self._answer(line)
                    if answer is not None:
                        await self._send(answer)
        finally:
            self._room.release()

    async def _answer(self, line: bytes) -> dict[str, Any] | None:
        try:
            request_id, method, params = parse(line)
        except RequestError as error:
            return _error(error.request_id, error.code, str(error))
        try:
            result = await self._call(method, params)
        except SextetError as error:
            return _told(request_id, error)
        except Exception as error:  # noqa: BLE001 -- a defect behind a verb ends the verb, not the run
            return _error(request_id, -32603, f"{type(error).__name__}: {error}"[:2_000])
        return None if request_id is None else {"jsonrpc": "2.0", "id": request_id, "result": result}

    async def _call(self, method: str, params: Mapping[str, Any]) -> object:
        if not method.startswith(PREFIX):
            raise NotFoundError(f"There is no verb {method[:80]!r}.", method=method[:80])
        if method == f"{PREFIX}subscribe":
            if not self._subscribed:
                self._subscribed = True
                self._spawn(self._tell())
            return {}
        result = await self._dispatcher.call(method.removeprefix(PREFIX), params)
        return result.model_dump(mode="json", by_alias=True)

    async def _tell(self) -> None:
        """Pass on what happens, at the pace of the reader; the subscription drops what it must."""
        subscription = self._bus.subscribe()
        try:
            with suppress(ConnectionError, OSError):
                async for message in subscription:
                    await self._send(notification(message))
        finally:
            subscription.close()

    async def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps(message, separators=(",", ":"), allow_nan=False).encode() + b"\n"
        async with self._sending:
            self._writer.write(data)
            await self._writer.drain()


# Requests -----------------------------------------------------------------------------------------
def parse(line: bytes) -> tuple[int | str | None, str, dict[str, Any]]:
    """Id, method and params of a request.

    Raises:
        RequestError: it is none.
    """
    try:
        said = json.loads(line, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RequestError(_PARSE, f"This is not JSON: {str(error)[:200]}.") from error
    if not isinstance(said, dict):
        raise RequestError(_INVALID, "A request is an object.")
    request_id = said.get("id")
    if isinstance(request_id, bool) or not isinstance(request_id, (int, str, type(None))):
        raise RequestError(_INVALID, "An id is a number or a text.")
    method, params = said.get("method"), said.get("params", {})
    if not isinstance(method, str) or said.get("jsonrpc") != "2.0":
        raise RequestError(_INVALID, "A request has `jsonrpc: 2.0` and a method.", request_id)
    if not isinstance(params, dict):
        raise RequestError(_PARAMS, "Params are an object.", request_id)
    return request_id, method, params


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _told(request_id: object, error: SextetError) -> dict[str, Any]:
    code = _PARAMS if isinstance(error, UsageError) else _OURS
    if isinstance(error, NotFoundError) and "method" in error.facts:
        code = _NO_METHOD
    facts = json.loads(json.dumps(error.facts, default=str))
    return _error(
        request_id, code, error.what, {"kind": error.kind, "nextStep": error.next_step, "facts": facts}
    )


def _error(request_id: object, code: int, words: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
    said = {"code": code, "message": words, "data": data or {"kind": "usage", "nextStep": "", "facts": {}}}
    return {"jsonrpc": "2.0", "id": request_id, "error": said}


def notification(message: Message) -> dict[str, Any]:
    """What happened, as it goes over the wire."""
    if isinstance(message, StateChanged):
        entry = message.entry.model_dump(mode="json", by_alias=True)
        name, params = "event", {"runId": message.run_id, "seq": message.entry.seq, "event": entry}
    elif isinstance(message, Resync):
        name, params = "resync", {"runId": message.run_id, "seq": message.seq}
    elif isinstance(message, LogBatch):
        batch = message.model_dump(mode="json", by_alias=True)
        name, params = "log", {"runId": message.run_id, "batches": [batch]}
    else:
        assert isinstance(message, Heartbeat)  # noqa: S101 -- mypy checks the other three
        name, params = "heartbeat", message.model_dump(mode="json", by_alias=True)
    return {"jsonrpc": "2.0", "method": f"{PREFIX}{name}", "params": params}
