"""The control socket: the verbs for other processes of the same user, and what happens, told to them."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import struct
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

from sextet.errors import BusyError, NotFoundError, SextetError
from sextet.runtime.bus import Bus
from sextet.service import codes
from sextet.service import control_wire as wire
from sextet.service.dispatch import Dispatcher

LINE_LIMIT: Final = 1 << 20
"""Bytes of one request."""
CLIENTS: Final = 32
REQUESTS: Final = 16
"""Requests of one client that are worked on at the same time; more wait unread."""

GRACE: Final = 5.0
"""Seconds that verbs in flight have when their client or the server goes."""


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
    clients: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
    closing = asyncio.Event()

    def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if closing.is_set() or len(clients) >= CLIENTS or not _is_mine(writer):
            writer.transport.abort()
            return
        task = asyncio.create_task(_Client(dispatcher, bus, reader, writer).serve())
        clients[task] = writer
        task.add_done_callback(lambda done: clients.pop(done).transport.abort())

    server = await asyncio.start_unix_server(welcome, sock=listener, limit=LINE_LIMIT)
    made = _identity(path)
    try:
        yield
    finally:
        closing.set()
        server.close()
        await _dismiss(dict(clients))
        await server.wait_closed()
        if _identity(path) == made:
            with suppress(OSError):
                os.unlink(path)  # noqa: PTH108 -- a name in our own folder, gone at once


async def _dismiss(clients: Mapping[asyncio.Task[None], asyncio.StreamWriter]) -> None:
    """End all connections; a task that was cancelled before it began has closed nothing."""
    for task in clients:
        task.cancel()
    await asyncio.gather(*clients, return_exceptions=True)
    for writer in clients.values():
        writer.transport.abort()
        with suppress(ConnectionError, OSError):
            await writer.wait_closed()


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
        self._teller: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        """Until the other side has gone."""
        try:
            while (line := await self._line()) is not None:
                await self._room.acquire()
                self._spawn(self._one(line))
        except (ConnectionError, OSError):
            pass
        finally:
            await self._finish()

    async def _finish(self) -> None:
        """A verb that was begun is carried through also when nobody waits for its answer any more."""
        if self._teller is not None:
            self._teller.cancel()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=GRACE)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _line(self) -> bytes | None:
        """The next request; None at the end, and after a line that is too long (nothing more is read)."""
        try:
            return await self._reader.readuntil(b"\n")
        except asyncio.IncompleteReadError:
            return None
        except asyncio.LimitOverrunError:
            await self._send(wire.failure(None, codes.INVALID, f"A request has at most {LINE_LIMIT} bytes."))
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
            request_id, method, params = wire.parse(line)
        except wire.RequestError as error:
            return wire.failure(error.request_id, error.code, str(error))
        try:
            result = await self._call(method, params)
        except SextetError as error:
            return wire.refusal(request_id, error)
        except Exception as error:  # noqa: BLE001 -- a defect behind a verb ends the verb, not the run
            return wire.failure(request_id, codes.INTERNAL, f"{type(error).__name__}: {error}"[:2_000])
        return None if request_id is None else {"jsonrpc": "2.0", "id": request_id, "result": result}

    async def _call(self, method: str, params: Mapping[str, Any]) -> object:
        if not method.startswith(wire.PREFIX):
            raise NotFoundError(f"There is no verb {method[:80]!r}.", method=method[:80])
        if method == f"{wire.PREFIX}subscribe":
            if self._teller is None:
                self._teller = self._spawn(self._tell())
            return {}
        result = await self._dispatcher.call(method.removeprefix(wire.PREFIX), params)
        return result.model_dump(mode="json", by_alias=True)

    async def _tell(self) -> None:
        """Pass on what happens, at the pace of the reader; the subscription drops what it must."""
        subscription = self._bus.subscribe()
        try:
            with suppress(ConnectionError, OSError):
                async for message in subscription:
                    method, params = wire.notification(message)
                    told = params.model_dump(mode="json", by_alias=True)
                    await self._send({"jsonrpc": "2.0", "method": method, "params": told})
        finally:
            subscription.close()

    async def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps(message, separators=(",", ":"), allow_nan=False).encode() + b"\n"
        async with self._sending:
            self._writer.write(data)
            await self._writer.drain()
