"""The life of a server process: whatever ends it, the work is put down and nothing is left behind."""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import sys
import traceback
from contextlib import suppress
from typing import Final, NoReturn

from sextet.lsp.frames import Broken, Said
from sextet.lsp.server import Server
from sextet.lsp.wire import Reader, Streams, Writer, guard

LAST_WORDS: Final = 0.3
"""Seconds that a client has to read what was said to it."""
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def serve() -> NoReturn:
    """Serve one client on stdin and stdout, then end the process: with 0 after a proper goodbye, else 1."""
    streams = guard()
    try:
        asyncio.run(_serve(streams))
    except BaseException:  # noqa: BLE001 -- said on stderr, since nobody above is left to say it
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(1)  # whatever hangs is left behind: the journal is whole at any moment


async def _serve(streams: Streams) -> NoReturn:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def stop_soon() -> None:
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(stop.set)

    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.set)
    writer = Writer(streams.outgoing, stop_soon)
    server = Server(writer, stop.set)

    def look(said: Said | Broken) -> None:
        server.take(said)
        reader.done(said)

    def deliver(said: Said | Broken) -> None:
        loop.call_soon_threadsafe(look, said)

    reader = Reader(streams.incoming, deliver, stop_soon, writer.wait_for_room)
    await stop.wait()
    await _put_down(server)
    await asyncio.to_thread(writer.drain, LAST_WORDS)
    sys.stderr.flush()
    os._exit(0 if server.shut_down else 1)


async def _put_down(server: Server) -> None:
    """Interrupt the work; what does not end in time is killed."""
    if await server.close("the editor went away"):
        return
    print("sextet: not everything was put down in time", file=sys.stderr)  # noqa: T201 -- the log of a server
    with suppress(Exception):  # the process ends all the same, with everything below it
        processes = importlib.import_module("sextet.system.processes")
        await asyncio.wait_for(processes.stop_all(0), LAST_WORDS)
