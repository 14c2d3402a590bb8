"""The app-server of the real Codex against the scripted model."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from sextet.codex import connection
from sextet.codex.app_server import AppServer
from sextet.codex.conversation import INTERRUPTED
from sextet.codex.pool import Limits
from sextet.codex.turn import Fence, TurnError, TurnHandle
from sextet.errors import StaleError
from sextet.model.task import FailureKind
from support import codex_cli
from support.codex_bench import Bench, Heard

codex = codex_cli.codex
pytestmark = pytest.mark.codex

NO_MODEL = {"error": {"code": "model_not_found", "message": "The model `x` does not exist"}}
QUOTA = {"error": {"type": "usage_limit_reached", "message": "limit"}}

Lab = tuple[Bench, AppServer]


@pytest.fixture
async def lab(tmp_path: Path, codex: Path) -> AsyncIterator[Callable[..., Lab]]:
    made: list[Lab] = []

    def make(scenario: dict[str, Any], *, extra: str = "", limits: Limits | None = None) -> Lab:
        bench = Bench(tmp_path / str(len(made)), codex, scenario, extra)
        made.append((bench, AppServer(bench.settings, bench.env, limits=limits)))
        return made[-1]

    yield make
    for bench, agents in made:
        await agents.close()
        bench.model.close()


async def fails(agents: AppServer, bench: Bench, **more: Any) -> TurnError:
    with pytest.raises(TurnError) as caught:
        await agents.turn(bench.request("go", **more), bench.heard.listener)
    return caught.value


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 -- threads and processes tell it
        await asyncio.sleep(0.02)


async def test_parallel_turns_keep_their_own_model_folder_schema_and_answer(lab):
    rules = [{"match": {"contains": f"TASK {n}!"}, "steps": [{"text": f"answer {n}"}]} for n in range(4)]
    bench, agents = lab({"rules": rules})
    schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    models = ("gpt-5.5", "gpt-6-sol", "gpt-6-luna", "nobody-knows-me")
    heard = [Heard() for _ in models]
    folders = [bench.worktree / str(n) for n in range(4)]
    for folder in folders:
        folder.mkdir()

    async def one(n: int) -> str:
        fence = Fence("workspace-write", folders[n], bench.tmpdir)
        request = bench.request(f"TASK {n}!", model=models[n], fence=fence, schema=schema, effort="low")
        return (await agents.turn(request, heard[n].listener)).text

    answers = await asyncio.gather(*(one(n) for n in range(4)))
    assert answers == [f"answer {n}" for n in range(4)]
    for record in bench.model.requests:
        n = models.index(record["model"])
        assert str(folders[n]) in json.dumps(record["body"]["input"])
        assert record["body"]["text"]["format"]["schema"] == schema
        assert record["body"]["reasoning"]["effort"] == "low"
    assert [len(each.threads) for each in heard] == [1, 1, 1, 1]


async def test_the_thread_is_told_before_the_first_model_request_and_carries_the_next_turn(lab):
    bench, agents = lab({"default": [{"text": "hi"}]})
    requests_at_start: list[int] = []
    listener = bench.heard.listener

    async def started(thread: str) -> None:
        requests_at_start.append(len(bench.model.requests))

    listener.started = started
    first = await agents.turn(bench.request("one", instructions="BE BRIEF"), listener)
    second = await agents.turn(bench.request("two", thread=first.thread), listener)
    assert requests_at_start == [0, 1]
    assert first.thread == second.thread
    assert (first.usage.input, second.usage.input) == (100, 100)
    assert "BE BRIEF" in json.dumps(bench.bodies()[1])
    assert "one" in json.dumps(bench.bodies()[1])


async def test_threads_that_are_given_back_go_on_when_they_are_needed_again(lab, monkeypatch):
    monkeypatch.setattr(connection, "MOST_LOADED", 1)
    bench, agents = lab({"default": [{"text": "hi"}]})
    turns = (agents.turn(bench.request(f"number {n}!"), Heard().listener) for n in range(4))
    results = await asyncio.gather(*turns)
    await asyncio.gather(*agents._pool._aside)
    assert agents._pool._current is not None
    assert len(agents._pool._current._loaded) == 1
    for n, result in enumerate(results):
        await agents.turn(bench.request("again", thread=result.thread), bench.heard.listener)
        assert f"number {n}!" in json.dumps(bench.bodies()[-1])


async def test_a_commentary_is_not_taken_for_the_answer(lab):
    bench, agents = lab({"default": [[{"text": "the answer"}, {"commentary": "bye"}]]})
    assert (await agents.turn(bench.request("x"), bench.heard.listener)).text == "the answer"


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        ({"failed": {"code": "server_is_overloaded", "message": "busy"}}, FailureKind.MODEL),
        ({"http": 404, "body": NO_MODEL}, FailureKind.MODEL),
        ({"http": 429, "body": QUOTA}, FailureKind.MODEL),
        ({"http": 401, "body": {"error": {"message": "Incorrect API key"}}}, FailureKind.LOGIN),
        ({"failed": {"code": "context_length_exceeded", "message": "long"}}, FailureKind.CONTEXT),
        ([{"text": "half"}, {"cut": True}], FailureKind.TRANSIENT),
        ({"http": 500, "body": {"error": {"message": "boom"}}}, FailureKind.TRANSIENT),
    ],
    ids=["overload", "unknown-model", "quota", "login", "context", "cut", "500"],
)
async def test_an_error_of_the_provider_gets_the_kind_that_decides_what_is_next(lab, step, kind):
    bench, agents = lab({"rules": [{"match": {}, "steps": [step], "after": "repeat-last"}]})
    error = await fails(agents, bench)
    assert error.failure.kind is kind, error.failure
    assert error.failure.cause
    assert error.failure.next_step
    assert error.thread == bench.heard.threads[0]


async def test_an_unreachable_provider_fails_and_is_not_waited_for(lab):
    bench, agents = lab({"default": [{"text": "never"}]})
    bench.model.close()
    assert (await fails(agents, bench)).failure.kind is FailureKind.TRANSIENT


async def test_a_server_that_sends_no_headers_is_noticed_by_its_silence(lab):
    bench, agents = lab({"default": [{"stall": 60}]})
    error = await fails(agents, bench, silence=1.0)
    assert error.failure.kind is FailureKind.TIMEOUT
    assert "sign of life" in error.failure.cause
    assert agents._pool._current is not None, "an app-server that obeys an interrupt is kept"


async def test_a_running_command_is_not_silence_but_the_deadline_ends_it(lab):
    bench, agents = lab({"default": [{"shell": "echo $$ > pid; sleep 60", "yield_time_ms": 30_000}]})
    error = await fails(agents, bench, silence=0.5, timeout=2.5)
    assert "not finished" in error.failure.cause
    assert (bench.worktree / "pid").exists()
    await assert_nothing_runs("sleep 60", bench)


@pytest.mark.parametrize(("decision", "wrote"), [("accept", True), ("decline", False)])
async def test_an_approval_decides_whether_the_file_is_written(lab, decision, wrote):
    outside = {
        "shell": "touch ../outside",
        "sandbox_permissions": "require_escalated",
        "justification": "why not",
    }
    bench, agents = lab({"rules": [{"match": {}, "steps": [outside, {"text": "done"}]}]})
    bench.heard.decision = decision
    result = await agents.turn(bench.request("go", approvals="onRequest"), bench.heard.listener)
    assert result.text == "done"
    (approval,) = bench.heard.approvals
    assert approval.kind == "command"
    assert "touch ../outside" in approval.text
    assert approval.reason == "why not"
    assert (bench.worktree.parent / "outside").exists() is wrote


async def test_a_cancelled_approval_stops_the_turn(lab):
    outside = {
        "shell": "touch ../outside",
        "sandbox_permissions": "require_escalated",
        "justification": "why not",
    }
    bench, agents = lab({"rules": [{"match": {}, "steps": [outside, {"text": "done"}]}]})
    bench.heard.decision = "cancel"
    assert (await fails(agents, bench, approvals="onRequest")).failure.kind is FailureKind.STOPPED


async def test_a_question_of_the_agent_reaches_the_human_and_the_answer_the_agent(lab):
    question = {"id": "q1", "header": "Colour", "question": "Which colour?", "options": [
        {"label": "red", "description": "warm"}, {"label": "blue", "description": "cold"}]}  # fmt: skip
    ask = {"function": "request_user_input", "arguments": {"questions": [question]}}
    bench, agents = lab({"rules": [{"match": {}, "steps": [ask, {"text": "done"}]}]})
    bench.heard.answer = "blue, please"
    result = await agents.turn(bench.request("go", approvals="onRequest"), bench.heard.listener)
    assert result.text == "done"
    assert "Which colour?" in bench.heard.questions[0]
    assert "blue, please" in json.dumps(bench.bodies()[-1])


async def test_a_steered_turn_hears_the_human(lab):
    steps = [{"shell": "sleep 1", "yield_time_ms": 5_000}, {"text": "done"}]
    bench, agents = lab({"rules": [{"match": {"contains": "go"}, "steps": steps}]})
    handle = TurnHandle()
    task = asyncio.create_task(agents.turn(bench.request("go"), bench.heard.listener, handle))
    await until(lambda: bool(bench.heard.said("command")))
    assert handle.steer is not None
    steer = handle.steer
    await steer("USE TABS")
    assert (await task).text == "done"
    assert "USE TABS" in json.dumps(bench.bodies()[-1])
    with pytest.raises(StaleError):
        await steer("too late")


async def assert_nothing_runs(line: str, bench: Bench) -> None:
    """No process with the line in its arguments works below the bench, once the killed ones are gone."""
    async with asyncio.timeout(2):
        while running(line, bench.worktree):  # noqa: ASYNC110 -- processes tell nobody that they are gone
            await asyncio.sleep(0.01)


def running(line: str, below: Path) -> list[str]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            if line in arguments and (folder / "cwd").resolve().is_relative_to(below):
                found.append(arguments)
        except OSError:
            continue
    return found


@pytest.mark.parametrize("how", ["interrupt", "cancel"])
async def test_an_interrupted_turn_leaves_no_command_running(lab, how):
    bench, agents = lab({"default": [{"shell": "sleep 77", "yield_time_ms": 30_000}]})
    handle = TurnHandle()
    task = asyncio.create_task(agents.turn(bench.request("go"), bench.heard.listener, handle))
    await until(lambda: bool(bench.heard.said("command")))
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
    await assert_nothing_runs("sleep 77", bench)
    assert agents._pool._current is not None, "it obeyed and is kept"
    assert handle.interrupt is None


async def test_a_command_that_outlives_its_turn_is_ended_before_the_turn_is_told(lab):
    steps = [{"shell": "sleep 78", "yield_time_ms": 300}, {"text": "done"}]
    bench, agents = lab({"rules": [{"match": {}, "steps": steps}]})
    assert (await agents.turn(bench.request("go"), bench.heard.listener)).text == "done"
    await assert_nothing_runs("sleep 78", bench)
    assert agents._pool._current is not None, "it obeyed and is kept"


async def test_a_killed_app_server_costs_no_turn(lab):
    slow = {"shell": "sleep 30", "yield_time_ms": 30_000}
    rules = [
        {"match": {"contains": "You were interrupted"}, "steps": [{"text": "went on"}]},
        {"match": {"contains": "long work"}, "steps": [slow]},
    ]
    bench, agents = lab({"rules": rules})
    task = asyncio.create_task(agents.turn(bench.request("long work"), bench.heard.listener))
    await until(lambda: bool(bench.heard.said("command")))
    assert agents._pool._current is not None
    os.kill(agents._pool._current.wire._child.pid, signal.SIGKILL)
    result = await task
    assert result.text == "went on"
    assert bench.heard.threads == [result.thread]
    assert INTERRUPTED in json.dumps(bench.bodies()[-1])
    assert "long work" in json.dumps(bench.bodies()[-1])
    assert result.usage.input >= 100
    await assert_nothing_runs("sleep 30", bench)


async def test_an_app_server_that_does_not_obey_is_replaced_and_its_other_turns_go_on(lab):
    rules = [
        {"match": {"contains": "You were interrupted"}, "steps": [{"text": "went on"}]},
        {"match": {}, "steps": [{"stall": 60}]},
    ]
    bench, agents = lab({"rules": rules}, limits=Limits(settle=0.3, drain=0.3, pause=0.01))
    other = asyncio.create_task(agents.turn(bench.request("other"), Heard().listener))
    task = asyncio.create_task(fails(agents, bench, silence=1.0))
    await until(lambda: len(bench.model.requests) == 2)
    stuck = agents._pool._current
    assert stuck is not None
    os.kill(stuck.wire._child.pid, signal.SIGSTOP)
    assert (await task).failure.kind is FailureKind.TIMEOUT
    assert (await other).text == "went on"
    assert agents._pool._current is not stuck
    assert stuck.wire.gone.is_set()


async def test_secrets_of_the_server_are_not_in_the_environment_of_the_models_shell(lab):
    steps = [{"shell": "env; echo end"}, {"text": "done"}]
    extra = '\n[model_providers.other]\nname = "other"\nenv_key = "OTHER_NAME"\n'
    bench, agents = lab({"rules": [{"match": {}, "steps": steps}]}, extra=extra)
    bench.env["OTHER_NAME"] = "provider-secret"
    await agents.turn(bench.request("go"), bench.heard.listener)
    told = json.dumps(bench.bodies()[-1])
    assert "end" in told
    assert "PATH=" in told
    assert str(bench.tmpdir) in told
    for canary in ("hunter2", "sk-canary", "provider-secret"):
        assert canary not in told


async def test_an_agent_writes_its_folder_and_its_tmpdir_and_nothing_else(lab):
    hole = Path(tempfile.gettempdir()) / f"hole-{secrets.token_hex(8)}"
    tries = f"touch {hole}; touch $TMPDIR/mine; touch inside; touch .git/hook; sleep 0.2"
    bench, agents = lab({"rules": [{"match": {}, "steps": [{"shell": tries}, {"text": "done"}]}]})
    (bench.worktree / ".git").mkdir()
    await agents.turn(bench.request("go"), bench.heard.listener)
    assert (bench.tmpdir / "mine").exists()
    assert (bench.worktree / "inside").exists()
    assert not hole.exists()
    assert not (bench.worktree / ".git" / "hook").exists()


async def test_a_read_only_agent_writes_nothing(lab):
    steps = [{"shell": "touch inside; sleep 0.2"}, {"text": "done"}]
    bench, agents = lab({"rules": [{"match": {}, "steps": steps}]})
    fence = Fence("read-only", bench.worktree, bench.tmpdir)
    await agents.turn(bench.request("go", fence=fence), bench.heard.listener)
    assert not (bench.worktree / "inside").exists()


async def test_a_thread_that_goes_on_in_another_folder_gets_the_new_fence(lab):
    steps = [{"shell": "touch $TMPDIR/mine; touch here"}, {"text": "done"}]
    bench, agents = lab({"rules": [{"match": {}, "steps": steps}]})
    first = await agents.turn(bench.request("go"), bench.heard.listener)
    second = bench.worktree.parent / "second"
    (second / "tmp").mkdir(parents=True)
    fence = Fence("workspace-write", second, second / "tmp")
    await agents.turn(bench.request("again", thread=first.thread, fence=fence), bench.heard.listener)
    assert (second / "here").exists()
    assert (second / "tmp" / "mine").exists()


async def test_the_users_config_is_never_written(lab):
    bench, agents = lab({"default": [{"text": "done"}]})
    subprocess.run(["git", "init", "-q", bench.worktree], check=True)  # noqa: ASYNC221 -- quick
    before = (bench.home / "config.toml").read_bytes()
    for mode in ("workspace-write", "read-only", "off"):
        fence = Fence(mode, bench.worktree, bench.tmpdir)
        await agents.turn(bench.request("go", fence=fence), bench.heard.listener)
    await agents.command("true", bench.fence, env={}, timeout=10, output=lambda _: None)
    assert (bench.home / "config.toml").read_bytes() == before


async def test_the_users_mcp_servers_do_not_start(lab):
    marker = "/bin/sh"
    extra = f'\n[mcp_servers.theirs]\ncommand = "{marker}"\nargs = ["-c", "touch MARK; cat"]\n'
    bench, agents = lab({"default": [{"text": "done"}]}, extra=extra)
    config = bench.home / "config.toml"
    config.write_text(config.read_text().replace("MARK", str(bench.home / "started")))
    await agents.turn(bench.request("go"), bench.heard.listener)
    assert not (bench.home / "started").exists()


async def test_models_and_login_can_be_asked_without_a_turn(lab):
    _, agents = lab({"default": [{"text": "done"}]})
    models = await agents.models()
    assert any(model.default for model in models)
    assert all(model.efforts for model in models)
    assert (await agents.account())["requiresOpenaiAuth"] is False


async def test_a_thread_that_nobody_knows_asks_for_a_new_conversation(lab):
    bench, agents = lab({"default": [{"text": "done"}]})
    error = await fails(agents, bench, thread="01a202be-0000-7000-8000-000000000000")
    assert error.failure.kind is FailureKind.CONTEXT


async def test_a_broken_config_is_told_as_a_sentence(lab):
    bench, agents = lab({"default": [{"text": "done"}]}, extra="[[[")
    error = await fails(agents, bench)
    assert error.failure.kind is FailureKind.CODEX
    assert "config.toml" in error.failure.cause
