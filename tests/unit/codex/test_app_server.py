"""A small fake app-server does what the real one cannot be made to do."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from sextet.codex.app_server import AppServer
from sextet.codex.pool import Limits
from sextet.codex.turn import Fence, TurnError, TurnRequest
from sextet.errors import CodexError
from sextet.model.settings import CodexSettings
from sextet.model.task import FailureKind, Usage
from support.codex_bench import PURPOSE, Heard

FAKE = """
    #!PYTHON -IS
    import json, os, sys, time

    def say(message):
        print(json.dumps(message), flush=True)
    def tell(method, **params):
        say({"method": method, "params": {"threadId": "t1", "turnId": "u1", **params}})
    def message(text):
        tell("item/completed", item={"type": "agentMessage", "id": "m", "text": text})
    def tokens(total, last):
        sums = {"total": {"inputTokens": total}, "last": {"inputTokens": last}}
        tell("thread/tokenUsage/updated", tokenUsage=sums)
    def end(status="completed", **more):
        tell("turn/completed", turn={"id": "u1", "status": status, **more})

    if sys.argv[1] == "--version":
        print("codex-cli 0.169.0")
        sys.exit()
    if sys.argv[1] == "sandbox":
        sys.exit()
    for line in sys.stdin:
        request = json.loads(line)
        method, number = request.get("method"), request.get("id")
        if method in {"thread/start", "thread/resume"}:
            say({"id": number, "result": {"thread": {"id": "t1", "turns": []}}})
        elif method == "turn/start":
            say({"id": number, "result": {"turn": {"id": "u1"}}})
            tell("turn/started", turn={"id": "u1"})
            SCRIPT
        elif method is not None and number is not None:
            say({"id": number, "result": {}})
"""

Make = Callable[[str], AppServer]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    made: list[AppServer] = []

    def app_server(script: str) -> AppServer:
        """An app-server that runs `script` when a turn is started."""
        path = tmp_path / "codex"
        body = textwrap.indent(textwrap.dedent(script).strip(), " " * 8).strip()
        path.write_text(
            textwrap.dedent(FAKE).strip().replace("PYTHON", sys.executable).replace("SCRIPT", body)
        )
        path.chmod(0o755)
        settings = CodexSettings(path=str(path), home=str(tmp_path))
        limits = Limits(settle=0.3, drain=0.2, pause=0.01)
        made.append(AppServer(settings, {"HOME": str(tmp_path)}, limits=limits))
        return made[-1]

    yield app_server
    for each in made:
        await each.close()


def request(folder: Path, **more: float) -> TurnRequest:
    return TurnRequest("go", Fence("workspace-write", folder, folder), PURPOSE, **{"timeout": 10.0, **more})


async def test_an_app_server_that_dies_in_every_turn_ends_with_a_turn_that_is_lost(make, tmp_path):
    agents = make('tokens(5, 5); print("out of memory", file=sys.stderr, flush=True); os._exit(9)')
    with pytest.raises(TurnError) as caught:
        await agents.turn(request(tmp_path), Heard().listener)
    assert caught.value.lost
    assert caught.value.thread == "t1"
    assert caught.value.failure.kind is FailureKind.TRANSIENT
    assert "out of memory" in caught.value.failure.cause
    assert caught.value.usage == Usage(input=15), "three tries, each counted"


async def test_garbage_long_lines_and_strangers_do_not_disturb_a_turn(make, tmp_path):
    agents = make("""
        print("this is no JSON")
        print('[1, 2]')
        say({"id": 99_999, "result": "nobody asked"})
        say({"method": "future/thing", "params": None})
        tell("item/completed", item={"type": "telepathy", "id": 7})
        tell("item/completed", item="not an item")
        tell("item/completed", item={"type": "agentMessage", "id": "m0", "text": "x" * 3_000_000})
        tell("turn/completed", turnId="u0", turn={"id": "u0", "status": "failed"})
        message("the answer")
        end()
    """)
    heard = Heard()
    assert (await agents.turn(request(tmp_path), heard.listener)).text == "the answer"
    assert "telepathy" in heard.said("other")


async def test_a_request_that_nobody_answers_is_refused_and_the_turn_goes_on(make, tmp_path):
    agents = make("""
        tell("x")
        say({"id": 0, "method": "item/tool/call", "params": {"threadId": "t1", "tool": "x"}})
        answer = json.loads(sys.stdin.readline())
        say({"id": 1, "method": "attestation/generate", "params": {}})
        answers = [answer, json.loads(sys.stdin.readline())]
        message(json.dumps([each["error"]["code"] for each in answers]))
        end()
    """)
    result = await agents.turn(request(tmp_path), Heard().listener)
    assert result.text == "[-32601, -32601]"


async def test_the_tokens_of_earlier_turns_of_a_thread_are_not_counted_again(make, tmp_path):
    agents = make('tokens(1000, 100); tokens(1200, 200); message("a"); end()')
    result = await agents.turn(request(tmp_path), Heard().listener)
    assert result.usage == Usage(input=300)


async def test_a_turn_without_a_status_is_a_failure(make, tmp_path):
    agents = make('end(status="exploded")')
    with pytest.raises(TurnError):
        await agents.turn(request(tmp_path), Heard().listener)


async def test_an_app_server_that_never_shakes_hands_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("sextet.codex.connection._START", 0.3)
    path = tmp_path / "codex"
    path.write_text('#!/bin/sh\n[ "$1" = --version ] && echo codex-cli 0.169.0 && exit\nexec sleep 60\n')
    path.chmod(0o755)
    agents = AppServer(CodexSettings(path=str(path), home=str(tmp_path)), {"PATH": "/usr/bin:/bin"})
    with pytest.raises(CodexError, match="did not answer initialize"):
        await agents.warm()
    await agents.close()


async def test_a_closed_transport_starts_nothing(make, tmp_path):
    agents = make('message("a"); end()')
    await agents.turn(request(tmp_path), Heard().listener)
    await agents.close()
    with pytest.raises(TurnError) as caught:
        await agents.turn(request(tmp_path), Heard().listener)
    assert caught.value.failure.kind is FailureKind.CODEX
