"""`codex exec --json` of the real Codex against the scripted model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from sextet.codex.exec import ExecAgents
from sextet.codex.turn import Fence, TurnError, TurnHandle
from sextet.model.task import FailureKind
from support import codex_cli
from support.codex_bench import Bench
from support.processes import nobody_works_below

codex = codex_cli.codex
pytestmark = pytest.mark.codex

Lab = tuple[Bench, ExecAgents]
SCHEMA = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


@pytest.fixture
async def lab(tmp_path: Path, codex: Path) -> AsyncIterator[Callable[..., Lab]]:
    made: list[Lab] = []

    def make(scenario: dict[str, Any]) -> Lab:
        bench = Bench(tmp_path / str(len(made)), codex, scenario)
        made.append((bench, ExecAgents(bench.settings, bench.env)))
        return made[-1]

    yield make
    for bench, agents in made:
        await agents.close()
        bench.model.close()


async def fails(agents: ExecAgents, bench: Bench, **more: Any) -> TurnError:
    with pytest.raises(TurnError) as caught:
        await agents.turn(bench.request("go", **more), bench.heard.listener)
    return caught.value


async def test_a_turn_and_the_next_one_on_its_thread_count_their_own_tokens(lab):
    bench, agents = lab({"default": [{"json": {}}]})
    first = await agents.turn(
        bench.request("one", schema=SCHEMA, model="gpt-6-sol", effort="low", instructions='SAY "X"'),
        bench.heard.listener,
    )
    second = await agents.turn(
        bench.request("two", thread=first.thread, model="gpt-6-sol"), bench.heard.listener
    )
    assert first.text == "{}"
    assert bench.heard.threads == [first.thread, first.thread]
    assert (first.usage.input, second.usage.input) == (100, 100)
    assert bench.bodies()[0]["text"]["format"]["schema"] == SCHEMA
    assert bench.bodies()[0]["model"] == "gpt-6-sol"
    assert 'SAY \\"X\\"' in json.dumps(bench.bodies()[0])
    assert "one" in json.dumps(bench.bodies()[1])


async def test_an_agent_stays_in_its_fence_and_sees_no_secrets(lab):
    script = "touch /tmp/sextet-hole; touch $TMPDIR/mine inside .git/hook; env; sleep 0.3"
    bench, agents = lab({"rules": [{"match": {}, "steps": [{"shell": script}, {"text": "done"}]}]})
    (bench.worktree / ".git").mkdir()
    await agents.turn(bench.request("go"), bench.heard.listener)
    assert (bench.tmpdir / "mine").exists()
    assert (bench.worktree / "inside").exists()
    assert not (bench.worktree / ".git" / "hook").exists()
    assert "Read-only file system" in bench.heard.said("output")
    told = json.dumps(bench.bodies()[-1])
    assert "PATH=" in told
    assert "hunter2" not in told


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        ({"failed": {"code": "server_is_overloaded", "message": "busy"}}, FailureKind.MODEL),
        ({"http": 401, "body": {"error": {"message": "Incorrect API key"}}}, FailureKind.LOGIN),
        ({"failed": {"code": "context_length_exceeded", "message": "long"}}, FailureKind.CONTEXT),
        ([{"text": "half"}, {"cut": True}], FailureKind.TRANSIENT),
    ],
    ids=["overload", "login", "context", "cut"],
)
async def test_an_error_of_the_provider_gets_the_kind_that_decides_what_is_next(lab, step, kind):
    bench, agents = lab({"rules": [{"match": {}, "steps": [step], "after": "repeat-last"}]})
    error = await fails(agents, bench)
    assert error.failure.kind is kind, error.failure


async def test_silence_ends_a_turn(lab):
    bench, agents = lab({"default": [{"stall": 60}]})
    assert (await fails(agents, bench, silence=1.0)).failure.kind is FailureKind.TIMEOUT


async def test_an_unknown_thread_is_a_failure_with_words(lab):
    bench, agents = lab({"default": [{"text": "done"}]})
    error = await fails(agents, bench, thread="01a202be-0000-7000-8000-000000000000")
    assert error.failure.kind is FailureKind.CONTEXT
    assert "01a202be" in error.failure.cause


async def test_a_bad_folder_is_a_failure_with_words(lab):
    bench, agents = lab({"default": [{"text": "done"}]})
    fence = Fence("off", bench.worktree / "nowhere", bench.tmpdir)
    assert (await fails(agents, bench, fence=fence)).failure.kind is FailureKind.INTERNAL


@pytest.mark.parametrize("how", ["interrupt", "cancel"])
async def test_an_interrupted_turn_leaves_no_command_running(lab, how):
    bench, agents = lab({"default": [{"shell": "sleep 1000", "yield_time_ms": 30_000}]})
    heard = asyncio.Event()
    listener = bench.heard.listener
    listener.activity = lambda each: heard.set() if each.kind == "command" else None
    handle = TurnHandle()
    task = asyncio.create_task(agents.turn(bench.request("go"), listener, handle))
    await heard.wait()
    if how == "cancel":
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    else:
        assert handle.interrupt is not None
        await handle.interrupt()
        with pytest.raises(TurnError) as caught:
            await task
        assert caught.value.failure.kind is FailureKind.STOPPED
    await nobody_works_below(bench.worktree)
