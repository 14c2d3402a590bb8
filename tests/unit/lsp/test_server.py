"""Which message goes where: whatever happens behind a request, it is answered once."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from types import SimpleNamespace

import pytest

from sextet.lsp import life
from sextet.lsp import server as lsp
from sextet.lsp.frames import Parser, read
from sextet.service.methods import METHODS
from sextet.service.names import VERBS

HELLO = {"processId": None, "rootUri": None, "capabilities": {}, "initializationOptions": {"extension": True}}


def test_the_names_that_are_known_at_once_are_not_those_of_all_verbs():
    assert tuple(METHODS) == VERBS


class Sent:
    """A writer that remembers."""

    def __init__(self):
        self.frames = []
        self.changed = asyncio.Event()

    def send(self, data):
        self.frames.append(data)
        self.changed.set()

    def said(self):
        return [json.loads(body) for data in self.frames for body in Parser().feed(data)]

    async def answers(self, request_id, number=1):
        while True:
            found = [each for each in self.said() if each.get("id") == request_id]
            if len(found) >= number:
                return found
            self.changed.clear()
            await self.changed.wait()


class Verbs:
    """Verbs that do as a test says."""

    def __init__(self, *_):
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.hangs = False
        self.cancelled = False

    async def begin(self):
        pass

    async def answer(self, said):
        self.begun.set()
        if said.method == "sextet/defect":
            raise ZeroDivisionError
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return lsp.frames.result(said.request_id, "done")

    async def close(self, _reason):
        if self.hangs:
            await asyncio.Event().wait()


class Session:
    """A server after hello."""

    def __init__(self, server, sent, stopped, verbs):
        self.server, self.sent, self.stopped, self.verbs = server, sent, stopped, verbs

    def say(self, **message):
        self.server.take(read(json.dumps({"jsonrpc": "2.0", **message}).encode()))


@pytest.fixture
async def session(monkeypatch):
    verbs = Verbs()
    monkeypatch.setattr(lsp, "_HEAVY", "sextet_verbs_of_a_test")
    monkeypatch.setitem(sys.modules, "sextet_verbs_of_a_test", SimpleNamespace(Verbs=lambda *_: verbs))
    sent, stopped = Sent(), asyncio.Event()
    made = Session(lsp.Server(sent, stopped.set), sent, stopped, verbs)
    made.say(id=1, method="initialize", params=HELLO)
    (answer,) = await sent.answers(1)
    assert answer["result"]["serverInfo"]["name"] == "sextet"
    yield made
    verbs.hangs = False
    verbs.gate.set()
    await made.server.close("the test is over")
    closing = made.server._closing
    if not closing.done():
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)


async def test_a_goodbye_waits_until_everything_is_loaded_that_nobody_needs_any_more(monkeypatch):
    gate, loading = threading.Event(), threading.Event()

    def load(_):
        loading.set()
        gate.wait()

    monkeypatch.setattr(lsp.importlib, "import_module", load)
    sent = Sent()
    made = Session(lsp.Server(sent, lambda: None), sent, None, None)
    try:
        made.say(id=1, method="initialize", params=HELLO)
        await asyncio.to_thread(loading.wait)
        made.say(method="textDocument/didSave", params={"textDocument": {"uri": "file:///a"}})
        made.say(id=2, method="sextet/run/list")
        assert await made.server.close("the test is over")
        (refused,) = await sent.answers(2)
        assert refused["error"]["code"] == -32800
    finally:
        gate.set()


async def test_positions_are_counted_in_bytes_because_the_client_would_like_to():
    sent = Sent()
    said = {**HELLO, "capabilities": {"general": {"positionEncodings": ["utf-8", "utf-16"]}}}
    made = lsp.Server(sent, lambda: None)
    made.take(read(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": said}).encode()))
    (answer,) = await sent.answers(1)
    assert answer["result"]["capabilities"]["positionEncoding"] == "utf-16"
    await made.close("the test is over")


async def test_a_cancelled_request_goes_on_or_is_answered_twice(session):
    session.say(id=2, method="sextet/run/list")
    await session.verbs.begun.wait()
    session.say(method="$/cancelRequest", params={"id": 2})
    (answer,) = await session.sent.answers(2)
    assert answer["error"]["code"] == -32800
    assert session.verbs.cancelled
    session.say(id=2, method="sextet/run/list")
    session.verbs.gate.set()
    assert (await session.sent.answers(2, 2))[1]["result"] == "done"


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("sextet/patch/apply", {}),
        ("sextet/patch/revert", {}),
        ("workspace/executeCommand", {"command": "sextet.patch.apply"}),
    ],
)
async def test_what_writes_into_the_work_tree_is_cut_off(session, method, params):
    session.say(id=2, method=method, params=params)
    session.say(method="$/cancelRequest", params={"id": 2})
    await session.verbs.begun.wait()
    session.verbs.gate.set()
    assert (await session.sent.answers(2))[0]["result"] == "done"


async def test_a_defect_behind_a_request_leaves_it_unanswered(session):
    session.say(id=2, method="sextet/defect")
    assert (await session.sent.answers(2))[0]["error"]["code"] == -32603


async def test_an_id_in_use_is_taken_again_or_blocked_for_ever(session):
    session.say(id=2, method="sextet/run/list")
    session.say(id=2, method="sextet/run/list")
    assert (await session.sent.answers(2))[0]["error"]["code"] == -32600
    session.verbs.gate.set()
    assert (await session.sent.answers(2, 2))[1]["result"] == "done"


async def test_shutdown_leaves_a_request_unanswered(session):
    session.say(id=2, method="sextet/run/list")
    await session.verbs.begun.wait()
    session.say(id=3, method="shutdown")
    assert (await session.sent.answers(3))[0]["result"] is None
    assert (await session.sent.answers(2))[0]["error"]["code"] == -32800
    session.say(id=4, method="sextet/run/list")
    assert (await session.sent.answers(4))[0]["error"]["code"] == -32600
    assert not session.stopped.is_set()
    session.say(method="exit")
    assert session.stopped.is_set()


async def test_work_that_does_not_end_keeps_an_editor_waiting(session, monkeypatch):
    assert lsp.PATIENCE + life.LAST_WORDS < 2, "an editor kills a server that is still there after 2 s"
    monkeypatch.setattr(lsp, "PATIENCE", 0.05)
    session.verbs.hangs = True
    session.say(id=2, method="shutdown")
    assert (await session.sent.answers(2))[0]["result"] is None
    assert not await session.server.close("again")


async def test_exit_without_shutdown_counts_as_a_proper_goodbye(session):
    session.say(method="exit")
    assert session.stopped.is_set()
    assert not session.server.shut_down
