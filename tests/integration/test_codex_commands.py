"""Commands in the sandbox of the real Codex, and trees that die with their server."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sextet.codex.app_server import AppServer
from sextet.codex.turn import Fence, TurnError
from sextet.model.settings import CodexSettings
from sextet.model.task import FailureKind
from support import codex_cli
from support.codex_bench import Bench
from support.processes import below, nobody_works_below

codex = codex_cli.codex
pytestmark = pytest.mark.codex

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def bench(tmp_path: Path, codex: Path) -> AsyncIterator[Bench]:
    made = Bench(tmp_path, codex, {"default": [{"shell": "sleep 88", "yield_time_ms": 30_000}]})
    yield made
    made.model.close()


@pytest.fixture
async def agents(bench: Bench) -> AsyncIterator[AppServer]:
    made = AppServer(bench.settings, bench.env)
    yield made
    await made.close()


async def run(agents: AppServer, script: str, fence: Fence, **more: object) -> tuple[int | None, str]:
    said: list[bytes] = []
    options = {"env": {}, "timeout": 15.0, **more}
    result = await agents.command(script, fence, output=said.append, **options)
    return result.exit_code, b"".join(said).decode()


async def test_both_streams_and_the_exit_code_come_through(agents, bench):
    code, said = await run(agents, "echo out; echo err >&2; exit 7", bench.fence)
    assert (code, said) == (7, "out\nerr\n")


async def test_output_is_streamed_while_the_command_runs(agents, bench):
    heard = asyncio.Event()
    script = "echo first; until [ -e go ]; do sleep 0.05; done"
    task = asyncio.create_task(
        agents.command(script, bench.fence, env={}, timeout=15, output=lambda _: heard.set())
    )
    await heard.wait()
    assert not task.done()
    (bench.worktree / "go").touch()
    assert (await task).exit_code == 0


async def test_a_command_past_its_time_is_killed_and_has_no_exit_code(agents, bench):
    code, said = await run(agents, "trap '' TERM INT; echo on; sleep 60", bench.fence, timeout=0.7)
    assert (code, said) == (None, "on\n")


@pytest.mark.parametrize("mode", ["workspace-write", "off"])
async def test_what_a_command_leaves_running_is_killed_and_not_waited_for(agents, bench, mode):
    fence = Fence(mode, bench.worktree, bench.tmpdir)
    script = "setsid sleep 1000 & sleep 1000 & echo done"
    code, said = await run(agents, script, fence)
    assert (code, said) == (0, "done\n")
    await nobody_works_below(bench.worktree)


async def test_a_command_writes_its_folder_and_its_tmpdir_only(agents, bench):
    (bench.worktree / ".git").mkdir()
    script = "touch inside $TMPDIR/mine; touch /tmp/sextet-hole .git/hook ../outside"
    code, said = await run(agents, script, bench.fence)
    assert code == 1
    assert said.count("Read-only file system") == 3
    assert (bench.worktree / "inside").exists()
    assert (bench.tmpdir / "mine").exists()


@pytest.mark.parametrize("network", [False, True])
async def test_the_network_is_what_the_fence_says(agents, bench, network):
    fence = Fence("workspace-write", bench.worktree, bench.tmpdir, network=network)
    script = f"exec {sys.executable} -c 'import socket; socket.socket().bind((\"127.0.0.1\", 0))'"
    code, _ = await run(agents, script, fence)
    assert (code == 0) is network


async def test_secrets_stay_out_and_the_users_variables_come_in(agents, bench):
    code, said = await run(agents, "env", bench.fence, env={"MINE": "yes"})
    assert code == 0
    assert "MINE=yes" in said
    assert "hunter2" not in said
    assert "sk-canary" not in said


async def test_a_cancelled_command_is_gone(agents, bench):
    heard = asyncio.Event()
    script = "echo on; sleep 1000"
    task = asyncio.create_task(
        agents.command(script, bench.fence, env={}, timeout=15, output=lambda _: heard.set())
    )
    await heard.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await nobody_works_below(bench.worktree)


async def test_a_broken_sandbox_is_told_and_nothing_runs_without_it(bench, tmp_path, codex):
    fake = tmp_path / "codex"
    fake.write_text(
        f'#!/bin/sh\n[ "$1" = sandbox ] && echo "bwrap: Creating new namespace failed" >&2 && exit 1\n'
        f'exec {codex} "$@"\n'
    )
    fake.chmod(0o755)
    agents = AppServer(CodexSettings(path=str(fake), home=str(bench.home)), bench.env)
    try:
        with pytest.raises(TurnError) as caught:
            await agents.turn(bench.request("go"), bench.heard.listener)
        assert caught.value.failure.kind is FailureKind.SANDBOX
        with pytest.raises(TurnError) as caught:
            await run(agents, "touch ran", bench.fence)
        assert caught.value.failure.kind is FailureKind.SANDBOX
        assert "namespace" in caught.value.failure.cause
    finally:
        await agents.close()
    assert not (bench.worktree / "ran").exists()
    assert bench.model.requests == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can find what left its session")
@pytest.mark.parametrize("agents_class", ["app_server.AppServer", "exec.ExecAgents"])
async def test_nothing_of_a_killed_server_goes_on(bench, codex, agents_class):
    module, name = agents_class.split(".")
    program = f"""
        import asyncio, os
        from pathlib import Path
        from sextet.codex.{module} import {name}
        from sextet.codex.turn import Fence, Listener, Purpose, TurnRequest
        from sextet.model.settings import CodexSettings

        async def quiet(*_): pass
        async def main():
            agents = {name}(CodexSettings(path={str(codex)!r}, home={str(bench.home)!r}), os.environ)
            fence = Fence("workspace-write", Path({str(bench.worktree)!r}), Path({str(bench.tmpdir)!r}))
            listener = Listener(quiet, lambda each: print(each.kind, flush=True), quiet, quiet)
            await agents.turn(TurnRequest("go", fence, Purpose("analyst", "a", 1)), listener)
        asyncio.run(main())
    """
    server = subprocess.Popen(  # noqa: ASYNC220 -- the process under test is our own server
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, cwd=ROOT
    )
    with server:
        assert server.stdout is not None
        line = await asyncio.to_thread(server.stdout.readline)
        assert line.strip() == b"command"
        assert below(bench.worktree)
        server.send_signal(signal.SIGKILL)
    await nobody_works_below(bench.worktree)
