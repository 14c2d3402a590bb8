from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from sextet.system import processes, reaping
from sextet.system.processes import Footprint
from support.processes import KINDS, bearers, end, gone, running, server, tree

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="trees are kept on Linux")  # noqa: PTH110

MARKED = tuple(kind for kind in KINDS if kind != "scrubbed")
"""Kinds that keep the environment they were given."""


@dataclass
class Server:
    process: subprocess.Popen[bytes]
    pids: list[int]
    main: int
    footprint: Footprint

    @property
    def all(self) -> list[int]:
        return [*self.pids, self.main, self.footprint.identity.pid]


@contextmanager
def served(*kinds: str) -> Iterator[Server]:
    with subprocess.Popen(server(tree(*kinds)), stdout=subprocess.PIPE) as process:
        assert process.stdout
        pids, main, footprint = json.loads(process.stdout.readline())
        it = Server(process, pids, main, Footprint.model_validate_json(footprint))
        try:
            assert running(it.all) == it.all
            yield it
        finally:
            process.kill()
            end(running(it.all))


def kill_server_and_keeper(it: Server) -> None:
    """A power cut for both: neither can clean up after the other."""
    it.process.send_signal(signal.SIGSTOP)
    os.kill(it.footprint.identity.pid, signal.SIGKILL)
    it.process.kill()
    it.process.wait()


@pytest.mark.parametrize("kind", KINDS)
def test_a_descendant_that_outlives_a_killed_server_is_found_by_this_test(kind):
    with served(kind) as it:
        it.process.kill()
        assert gone(it.all) == []


def test_a_whole_tree_outlives_a_server_that_was_killed():
    with served(*KINDS) as it:
        it.process.kill()
        assert gone(it.all) == []


def test_a_tree_outlives_a_server_that_got_a_polite_signal():
    with served(*KINDS) as it:
        it.process.terminate()
        assert gone(it.all) == []


async def test_survivors_of_a_killed_server_and_keeper_are_not_reaped():
    with served(*MARKED) as it:
        kill_server_and_keeper(it)
        assert running([*it.pids, it.main]) == [*it.pids, it.main]
        killed = await processes.reap([it.footprint])
        assert set(killed) >= {*it.pids, it.main}
        assert gone(it.all) == []


async def test_reaping_kills_a_tree_of_somebody_else():
    with served("setsid", "daemon") as mine, served("setsid", "daemon") as other:
        kill_server_and_keeper(mine)
        await processes.reap([mine.footprint])
        assert gone(mine.all) == []
        assert running(other.all) == other.all


async def test_reaping_twice_fails_or_finds_something():
    with served("setsid") as it:
        kill_server_and_keeper(it)
        await processes.reap([it.footprint])
        assert await processes.reap([it.footprint]) == []


@pytest.mark.parametrize("change", [{"start_ticks": 1}, {"boot_id": "another boot"}])
async def test_a_reused_pid_is_killed(change):
    async with await processes.spawn(["sleep", "1000"], tree=False) as innocent:
        stale = Footprint(identity=innocent.identity.model_copy(update=change), cookie="0" * 32)
        assert await processes.reap([stale]) == []
        assert running([innocent.pid]) == [innocent.pid]


async def test_a_pid_that_was_reused_since_we_looked_is_killed():
    async with await processes.spawn(["sleep", "1000"], tree=False) as innocent:
        assert not reaping._kill(innocent.identity.model_copy(update={"start_ticks": 1}))
        assert running([innocent.pid]) == [innocent.pid]
        assert reaping._kill(innocent.identity)
        assert await innocent.wait() == -signal.SIGKILL


async def test_reaping_kills_ourselves_when_an_older_server_started_us(monkeypatch):
    # What a server is that an agent of a dead server started: it carries the cookie, and so does its child.
    script = (
        "import asyncio\n"
        "from sextet.system import identity, processes\n"
        "async def main():\n"
        "    me = identity.me().model_copy(update={'start_ticks': 1})\n"
        "    async with await processes.spawn(['cat'], stdin=True) as child:\n"
        "        await processes.reap([processes.Footprint(identity=me, cookie='inherited')])\n"
        "        child.close_stdin()\n"
        "        print(await child.wait())\n"
        "asyncio.run(main())\n"
    )
    monkeypatch.setenv(processes.COOKIE, "inherited")
    done = await processes.run([sys.executable, "-c", script], env=dict(os.environ))
    assert (done.exit_code, done.stdout) == (0, b"0\n"), done.stderr


async def test_a_killed_keeper_leaves_its_tree_or_the_wait_hangs():
    async with await processes.spawn(tree(*MARKED)) as child:
        pids = json.loads(await anext(child.lines()))
        os.kill(child.footprint.identity.pid, signal.SIGKILL)
        assert await child.wait() == -signal.SIGKILL
        assert running([*pids, child.pid]) == []


async def test_a_stopped_keeper_makes_a_kill_hang(monkeypatch):
    monkeypatch.setattr("sextet.system.children.KEEPER_PATIENCE", 0.1)
    async with await processes.spawn(tree(*MARKED)) as child:
        pids = json.loads(await anext(child.lines()))
        os.kill(child.footprint.identity.pid, signal.SIGSTOP)
        child.kill()
        await child.wait()
        assert gone([*pids, child.pid]) == []


async def test_descendants_live_on_after_the_command_ended():
    async with await processes.spawn(tree(*KINDS, then="exit")) as child:
        pids = json.loads(await anext(child.lines()))
        assert await child.wait() == 0
        assert running(pids) == []


async def test_output_held_open_by_a_descendant_holds_up_its_reader():
    async with await processes.spawn(["sh", "-c", "setsid sleep 1000 & echo done"]) as child:
        assert [line async for line in child.lines()] == [b"done"]


async def test_output_held_open_holds_up_its_reader_where_only_the_group_is_killed(monkeypatch):
    monkeypatch.setattr("sextet.system.children.HELD_OPEN", 0.05)
    command = ["sh", "-c", "setsid sleep 1000 & echo $!"]
    async with await processes.spawn(command, tree=False) as child:
        lines = [line async for line in child.lines()]
        end([int(lines[0])])
        assert await child.wait() == 0


async def test_the_group_of_an_unkept_command_lives_on_after_it():
    async with await processes.spawn(["sh", "-c", "sleep 1000 & echo $!"], tree=False) as child:
        pid = int(await anext(child.lines()))
        assert await child.wait() == 0
        assert gone([pid]) == []


async def test_a_stop_leaves_descendants_that_ignore_it():
    async with await processes.spawn(tree(*KINDS)) as child:
        pids = json.loads(await anext(child.lines()))
        assert await child.stop(grace=0.05) == -signal.SIGKILL
        assert running([*pids, child.pid]) == []


async def test_descendants_that_run_away_by_forking_escape():
    async with await processes.spawn(tree("restless", "restless")) as child:
        json.loads(await anext(child.lines()))
        child.kill()
        await child.wait()
    assert bearers(child.footprint.cookie) == []


async def test_leaving_the_block_leaves_the_tree():
    async with await processes.spawn(tree(*KINDS)) as child:
        pids = json.loads(await anext(child.lines()))
    assert running([*pids, child.pid]) == []


async def test_a_cancelled_task_leaves_its_tree():
    grown: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()

    async def work() -> None:
        async with await processes.spawn(tree(*KINDS)) as child:
            grown.set_result(json.loads(await anext(child.lines())))
            await child.wait()

    task = asyncio.create_task(work())
    pids = await grown
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert gone(pids) == []


async def test_shutdown_forgets_a_child_or_takes_them_one_by_one():
    children = [await processes.spawn(tree("setsid", "deaf")) for _ in range(4)]
    pids = [pid for child in children for pid in json.loads(await anext(child.lines()))]
    await processes.stop_all(grace=0.05)
    assert running(pids) == []
    assert [child.running for child in children] == [False] * 4
    for child in children:
        await child.close()
