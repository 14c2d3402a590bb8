"""The control socket against hostile input, slow readers and stale sockets; and its client."""

from __future__ import annotations

import asyncio
import json
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sextet.errors import BusyError, NotFoundError, UsageError
from sextet.model.events import Entry, Noted
from sextet.model.live import Heartbeat, LogBatch
from sextet.runtime.bus import Bus, Resync, StateChanged
from sextet.service import control, control_client
from sextet.service import results as r
from sextet.service.dispatch import Dispatcher
from sextet.service.notifications import NOTIFICATIONS
from sextet.service.orchestrator import Orchestrator
from sextet.service.place import Place
from support import repos
from support.disks import RUN_ID

ROOM = 8 << 20


class Raw:
    """A client that sends whatever it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, data: bytes) -> dict[str, Any]:
        self.writer.write(data)
        return await self.hear()

    async def hear(self) -> dict[str, Any]:
        found = json.loads(await self.reader.readuntil(b"\n"))
        assert isinstance(found, dict)
        return found

    async def ask(self, method: str, params: object, number: int = 1) -> dict[str, Any]:
        asked = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        return await self.say(json.dumps(asked).encode() + b"\n")


class Bench:
    """A supervisor that listens."""

    def __init__(self, orchestrator: Orchestrator, dispatcher: Dispatcher, path: Path) -> None:
        self.orchestrator = orchestrator
        self.dispatcher = dispatcher
        self.bus: Bus = orchestrator.bus
        self.path = path
        self._writers: list[asyncio.StreamWriter] = []

    async def raw(self) -> Raw:
        reader, writer = await asyncio.open_unix_connection(str(self.path), limit=ROOM)
        self._writers.append(writer)
        return Raw(reader, writer)

    async def close(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    place = await Place.open(repos.make(tmp_path / "repo", {"a.txt": "a\n"}))
    async with Orchestrator(place) as orchestrator:
        path = place.state.socket
        dispatcher = Dispatcher(orchestrator)
        async with control.serving(dispatcher, orchestrator.bus, path):
            bench = Bench(orchestrator, dispatcher, path)
            yield bench
            await bench.close()


async def still_serves(bench: Bench) -> bool:
    client = await control_client.connect(bench.path)
    found = await client.call("run/list", {})
    await client.close()
    return found == r.RunList(runs=())


# The socket itself --------------------------------------------------------------------------------
async def test_others_may_open_the_socket(bench: Bench) -> None:
    status = bench.path.lstat()
    assert stat.S_ISSOCK(status.st_mode)
    assert stat.S_IMODE(status.st_mode) == 0o600
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert control.peer_uid(ours) == bench.path.lstat().st_uid


async def test_another_user_is_served(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "peer_uid", lambda _: 12_345)
    raw = await bench.raw()
    assert await raw.reader.read() == b""


async def test_a_stale_socket_is_in_the_way_or_ours_is_left_behind(tmp_path: Path) -> None:
    place = await Place.open(repos.make(tmp_path / "repo"))
    path = place.state.socket
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    async with Orchestrator(place) as orchestrator:
        async with control.serving(Dispatcher(orchestrator), orchestrator.bus, path):
            await (await control_client.connect(path)).close()
        assert not path.exists()


async def test_a_file_in_place_of_the_socket_is_removed(tmp_path: Path) -> None:
    place = await Place.open(repos.make(tmp_path / "repo"))
    path = place.state.socket
    path.write_text("precious")
    async with Orchestrator(place) as orchestrator:
        with pytest.raises(BusyError):
            async with control.serving(Dispatcher(orchestrator), orchestrator.bus, path):
                pass
    assert path.read_text() == "precious"


async def test_nobody_listening_is_not_told(tmp_path: Path) -> None:
    with pytest.raises(BusyError, match="does not answer"):
        await control_client.connect(tmp_path / "nothing")


# Hostile input ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"garbage\n", -32700),
        (b"\xff\xfe\x00\n", -32700),
        (b"[" * 100_000 + b"\n", -32700),
        (b'{"a":' * 50_000 + b"\n", -32700),
        (b'{"jsonrpc":"2.0","id":1,"id":2,"method":"sextet/run/list"}\n', -32700),
        (b'{"jsonrpc":"2.0","id":NaN,"method":"sextet/run/list"}\n', -32700),
        (b"[]\n", -32600),
        (b"7\n", -32600),
        (b'{"jsonrpc":"2.0","id":{},"method":"sextet/run/list"}\n', -32600),
        (b'{"jsonrpc":"2.0","id":true,"method":"sextet/run/list"}\n', -32600),
        (b'{"id":1,"method":"sextet/run/list"}\n', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":7}\n', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"sextet/run/list","params":[]}\n', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"sextet/no/such"}\n', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"run/list"}\n', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"sextet/run/list","params":{"more":1}}\n', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"sextet/run/snapshot","params":{"runId":"../.."}}\n', -32602),
    ],
)
async def test_hostile_input_ends_the_server(bench: Bench, line: bytes, code: int) -> None:
    raw = await bench.raw()
    answer = await raw.say(line)
    assert answer["error"]["code"] == code, answer
    assert answer["error"]["message"]
    assert {"kind", "nextStep"} <= answer["error"]["data"].keys()
    assert (await raw.ask("sextet/run/list", {}))["result"] == {"runs": []}


async def test_a_line_without_end_is_kept_in_memory(bench: Bench) -> None:
    raw = await bench.raw()
    with suppress(ConnectionError):
        for _ in range(10):
            raw.writer.write(b"x" * (1 << 20))
            await raw.writer.drain()
    with suppress(ConnectionError):
        said = await raw.reader.read()
        assert b"at most 1048576 bytes" in said
    assert raw.reader.at_eof() or raw.reader.exception()
    assert await still_serves(bench)


async def test_clients_without_number_are_let_in(bench: Bench) -> None:
    raws = [await bench.raw() for _ in range(control.CLIENTS)]
    for raw in raws:
        assert "result" in await raw.ask("sextet/run/list", {})
    late = await bench.raw()
    assert await late.reader.read() == b""
    raws[0].writer.transport.abort()
    while True:  # its place is free once the server has noticed
        raw = await bench.raw()
        try:
            assert "result" in await raw.ask("sextet/run/list", {})
        except (ConnectionError, asyncio.IncompleteReadError):
            continue
        break


async def test_a_client_that_leaves_in_the_middle_ends_the_server(bench: Bench) -> None:
    for data in (b"", b'{"jsonrpc"', b'{"jsonrpc":"2.0","id":1,"method":"sextet/run/list"}\n'):
        raw = await bench.raw()
        raw.writer.write(data)
        raw.writer.transport.abort()
    assert await still_serves(bench)


# Verbs and messages -------------------------------------------------------------------------------
async def test_an_error_loses_its_kind_on_the_way(bench: Bench) -> None:
    client = await control_client.connect(bench.path)
    with pytest.raises(NotFoundError, match="There is no run"):
        await client.call("run/snapshot", {"runId": "20200101-000000-none-0000"})
    with pytest.raises(UsageError) as caught:
        await client.call("run/start", {"goal": "x", "hunters": 99})
    assert caught.value.facts["path"] == "hunters"
    await client.close()


def batch(number: int) -> LogBatch:
    lines = ("x" * 4_000,) * 10
    return LogBatch(run_id=RUN_ID, worker_id="tester-1", first_seq=number, lines=lines)


async def test_a_subscriber_hears_nothing(bench: Bench) -> None:
    client = await control_client.connect(bench.path)
    await client.subscribe()
    beat = Heartbeat(run_id=RUN_ID, time=1.0)
    bench.bus.publish(beat)
    bench.bus.publish(batch(1))
    heard = [message async for _, message in _first(client, 2)]
    assert heard == [beat, batch(1)]
    await client.close()


async def test_a_notification_has_another_shape_than_the_contract_says(bench: Bench) -> None:
    raw = await bench.raw()
    assert "result" in await raw.ask("sextet/subscribe", {})
    entry = Entry(seq=7, time=1.0, actor="sextet", event=Noted(text="é"))
    told = {
        "event": StateChanged(RUN_ID, entry),
        "log": batch(1),
        "heartbeat": Heartbeat(run_id=RUN_ID, time=1.0),
        "resync": Resync(RUN_ID, 7),
    }
    assert told.keys() == NOTIFICATIONS.keys()
    for name, message in told.items():
        bench.bus.publish(message)
        heard = await raw.hear()
        assert heard["method"] == f"sextet/{name}"
        params = NOTIFICATIONS[name].model_validate_json(json.dumps(heard["params"]))
        assert params.model_dump(mode="json", by_alias=True) == heard["params"]
        assert control_client._messages(heard["method"], heard["params"]) == [message]


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("sextet/newer", {}),
        ("sextet/log", None),
        ("sextet/log", {"runId": RUN_ID, "batches": [{"runId": RUN_ID}]}),
        ("sextet/event", {"runId": RUN_ID, "seq": 1, "event": {"seq": 1, "event": {"kind": "newer"}}}),
        ("sextet/resync", {"runId": RUN_ID}),
    ],
)
def test_a_notification_of_a_newer_version_ends_the_connection(method: str, params: object) -> None:
    assert control_client._messages(method, params) == []


async def _first(client: control_client.Client, number: int) -> AsyncIterator[tuple[int, object]]:
    count = 0
    async for message in client.listen():
        yield count, message
        count += 1
        if count == number:
            client.hush()


async def test_a_client_that_does_not_read_holds_up_the_others(bench: Bench) -> None:
    lazy = await bench.raw()
    assert "result" in await lazy.ask("sextet/subscribe", {})
    for number in range(1, 3_000):
        bench.bus.publish(batch(number))
        if number % 100 == 0:
            await asyncio.sleep(0)
    assert await still_serves(bench)
    first = await lazy.hear()
    assert first["method"] == "sextet/log"
    dropped = 0
    while not dropped:  # what was pushed out is said
        dropped = (await lazy.hear())["params"]["batches"][0]["dropped"]


async def test_a_lost_connection_leaves_a_caller_waiting(bench: Bench, tmp_path: Path) -> None:
    client = await control_client.connect(bench.path)
    listening = asyncio.create_task(_all(client))
    await client.call("run/list", {})
    client._writer.transport.abort()
    assert await listening == []
    with pytest.raises(BusyError):
        await client.call("run/list", {})
    await client.close()


async def _all(client: control_client.Client) -> list[object]:
    return [message async for message in client.listen()]


async def test_a_verb_is_cut_off_when_its_client_leaves(bench: Bench) -> None:
    raw = await bench.raw()
    begun, may_end, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(_: object) -> r.RunList:
        begun.set()
        await may_end.wait()
        ended.set()
        return r.RunList(runs=())

    bench.dispatcher._handlers = {"run/list": slow}
    raw.writer.write(b'{"jsonrpc":"2.0","id":1,"method":"sextet/run/list"}\n')
    await begun.wait()
    raw.writer.transport.abort()
    await asyncio.gather(raw.writer.wait_closed(), return_exceptions=True)
    for _ in range(20):
        await asyncio.sleep(0)
    may_end.set()
    async with asyncio.timeout(5):
        await ended.wait()
