from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import resource
import signal
import sys
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from sextet.errors import ProcessError
from sextet.system import pipes, processes
from support.processes import PYTHON, gone, open_files, running


def shell(script: str) -> list[str]:
    return ["sh", "-c", script]


async def test_a_helper_loses_its_output_or_its_exit_code():
    done = await processes.run(shell("cat; echo no >&2; exit 3"), stdin=b"\xff\0yes")
    assert (done.exit_code, done.stdout, done.stderr) == (3, b"\xff\0yes", b"no\n")


async def test_a_helper_that_was_killed_looks_like_one_that_ended():
    assert (await processes.run(shell("kill -9 $$"))).exit_code == -signal.SIGKILL


async def test_a_helper_reads_our_own_input():
    assert (await processes.run(["cat"])).stdout == b""


async def test_a_helper_gets_more_than_the_environment_it_was_given():
    done = await processes.run(["/usr/bin/env"], env={"ONLY": "this"})
    assert done.stdout == b"ONLY=this\n"


async def test_a_helper_runs_in_another_folder(tmp_path):
    assert (await processes.run(["pwd", "-P"], cwd=tmp_path)).stdout == os.fsencode(
        tmp_path.resolve()
    ) + b"\n"


async def test_a_large_input_or_output_blocks_both_sides():
    data = bytes(range(256)) * 20_000
    assert (await processes.run(["cat"], stdin=data)).stdout == data


@pytest.mark.parametrize("start", [processes.run, processes.spawn])
@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["there-is-no-such-program"], "not found"),
        (["/"], "Permission denied"),
        ([], "without a name"),
        (["a\0b"], "NUL"),
    ],
)
async def test_a_command_that_cannot_start_is_not_explained(start, argv, words):
    before = open_files()
    with pytest.raises(ProcessError, match=words):
        await start(argv)
    assert open_files() == before


@pytest.mark.parametrize("start", [processes.run, processes.spawn])
async def test_a_missing_folder_is_taken_for_a_missing_program(start, tmp_path):
    with pytest.raises(ProcessError, match="is not a folder"):
        await start(["true"], cwd=tmp_path / "missing")


@pytest.mark.parametrize("start", [processes.run, processes.spawn])
async def test_running_out_of_file_descriptors_leaks_some_or_is_not_worth_a_retry(start):
    worth_a_retry = set()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for room in range(12):
        before = open_files()
        used = [os.dup(0) for _ in range(3)]
        lowest = max(used)
        for fd in used:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + room - 1, hard))
        try:
            result = await start(["true"])
        except ProcessError as error:
            worth_a_retry.add(error.facts["retry"])
        else:
            if isinstance(result, processes.Child):
                await result.close()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert open_files() == before
    assert worth_a_retry == {True}


async def test_a_late_helper_goes_on_after_its_time():
    with pytest.raises(ProcessError, match="did not end within"):
        await processes.run(shell("echo $$ > /dev/null; sleep 1000 & wait"), timeout=0.05)


async def test_a_cancelled_helper_goes_on(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    task = asyncio.create_task(processes.run(shell(f"sleep 1000 & echo $$ $! > {fifo}; wait")))
    pids = [int(word) for word in (await asyncio.to_thread(fifo.read_text)).split()]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert gone(pids) == []


async def test_a_helper_that_never_stops_talking_fills_the_memory():
    with pytest.raises(ProcessError, match="wrote more than"):
        await processes.run(["yes"], limit=1_000_000)


async def test_a_helper_waits_for_somebody_else_who_holds_its_output(monkeypatch):
    monkeypatch.setattr(processes, "HELD_OPEN", 0.05)
    done = await processes.run(shell("setsid sleep 1000 & echo $!"))
    os.kill(int(done.stdout), signal.SIGKILL)
    assert done.exit_code == 0


async def test_helpers_leak_file_descriptors():
    await processes.run(["true"])
    before = open_files()
    await asyncio.gather(*(processes.run(["true"], stdin=b"x") for _ in range(20)))
    assert open_files() == before


@pytest.mark.parametrize("tree", [True, False])
async def test_a_child_loses_lines_between_input_and_output(tree):
    async with await processes.spawn(["cat"], stdin=True, tree=tree) as child:
        lines = child.lines()
        for text in (b"one", b"\xff\xfe", b""):
            await child.write(text + b"\n")
            assert await anext(lines) == text
        await child.write(b"no end")
        child.close_stdin()
        assert [line async for line in lines] == [b"no end"]
        assert await child.wait() == 0


@pytest.mark.parametrize("tree", [True, False])
@pytest.mark.parametrize(
    ("script", "code"), [("exit 7", 7), ("kill -9 $$", -9), ("kill -TERM $$", -15), ("", 0)]
)
async def test_the_exit_code_is_that_of_the_keeper(tree, script, code):
    async with await processes.spawn(shell(script), tree=tree) as child:
        assert await child.wait() == code


async def test_errors_and_output_are_mixed_up():
    async with await processes.spawn(shell("echo out; echo err >&2")) as child:
        assert [line async for line in child.lines("stderr")] == [b"err"]
        assert [line async for line in child.lines()] == [b"out"]


async def test_merged_errors_come_apart():
    async with await processes.spawn(shell("echo out; echo err >&2"), merge=True) as child:
        assert [line async for line in child.lines()] == [b"out", b"err"]
        with pytest.raises(ProcessError, match="to its output"):
            await anext(child.lines("stderr"))


async def test_a_child_gets_more_than_its_environment_and_the_cookie():
    async with await processes.spawn(["/usr/bin/env"], env={"ONLY": "this", "LC_ALL": "C"}) as child:
        lines = [line.decode() async for line in child.lines()]
    assert lines == ["ONLY=this", "LC_ALL=C", f"{processes.COOKIE}={child.footprint.cookie}"]


async def test_a_child_inherits_open_files_or_ignored_signals():
    script = (
        "import os\nprint(sorted(os.listdir('/proc/self/fd')))\n"
        "print([line for line in open('/proc/self/status') if line.startswith(('SigIgn', 'SigBlk'))])\n"
    )
    async with await processes.spawn([*PYTHON, "-c", script]) as child:
        files, signals = [line.decode() async for line in child.lines()]
    assert files == "['0', '1', '2', '3']"  # 3 is the listing itself
    ignored, blocked = (int(word.split("\\t")[1].split("\\n")[0], 16) for word in signals.split("', '"))
    pythons_own = {signal.SIGPIPE, signal.SIGXFSZ}
    assert {each for each in signal.Signals if (ignored | blocked) >> (each - 1) & 1} <= pythons_own


async def test_a_child_that_waits_for_input_it_cannot_get_hangs():
    async with await processes.spawn(["cat"]) as child:
        assert await child.wait() == 0
        with pytest.raises(ProcessError, match="without an input"):
            await child.write(b"x")


async def test_writing_to_a_child_that_ended_hangs_or_raises_something_else():
    async with await processes.spawn(["true"], stdin=True) as child:
        await child.wait()
        with pytest.raises(ProcessError, match="no longer reads"):
            await child.write(b"x")
        child.close_stdin()
        with pytest.raises(ProcessError, match="already closed"):
            await child.write(b"x")


async def test_concurrent_writes_are_mixed():
    async with await processes.spawn(["cat"], stdin=True) as child:
        lines = child.lines()
        texts = [bytes([65 + number]) * 700_000 for number in range(6)]
        writers = asyncio.gather(*(child.write(text + b"\n") for text in texts))
        assert sorted([await anext(lines) for _ in texts]) == texts
        await writers


async def test_a_write_that_nobody_reads_survives_the_end_of_the_child():
    async with await processes.spawn(["sleep", "1000"], stdin=True) as child:
        write = asyncio.create_task(child.write(bytes(4_000_000)))
        await asyncio.sleep(0)
        child.kill()
        with pytest.raises(ProcessError):
            await write


@pytest.fixture
def heeded_interrupt() -> Iterator[None]:
    """Tests that run in the background ignore SIGINT, and whatever they start inherits that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("tree", [True, False])
async def test_a_polite_stop_is_a_kill(tree, heeded_interrupt):
    script = "trap 'echo bye; exit 4' TERM; trap 'echo int; exit 5' INT; echo up; while :; do read x; done"
    for interrupt, word, code in ((False, b"bye", 4), (True, b"int", 5)):
        async with await processes.spawn(shell(script), stdin=True, tree=tree) as child:
            lines = child.lines()
            assert await anext(lines) == b"up"
            assert await child.stop(interrupt=interrupt) == code
            assert [line async for line in lines] == [word]


async def test_a_stop_after_the_end_hangs_or_changes_the_code():
    async with await processes.spawn(shell("exit 6")) as child:
        assert await child.wait() == 6
        assert await child.stop() == 6
        child.kill()
        assert await child.wait() == 6


async def test_leftovers_get_no_time_to_linger():
    async with await processes.spawn(shell("(sleep 0.1; echo late) & echo early"), linger=10) as child:
        assert [line async for line in child.lines()] == [b"early", b"late"]
        assert await child.wait() == 0


async def test_leftovers_linger_for_ever():
    async with await processes.spawn(shell("sleep 1000 & echo $!"), linger=0.05) as child:
        pid = int(await anext(child.lines()))
        assert await child.wait() == 0
        assert running([pid]) == []


async def test_a_line_of_fifty_megabytes_is_kept_in_memory():
    script = "for _ in range(50): print('x' * 1_000_000, end='')\nprint()\nprint('next')"
    async with await processes.spawn([*PYTHON, "-c", script]) as child:
        tracemalloc.start()
        try:
            first, second = [line async for line in child.lines(limit=1000)]
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert first == b"x" * 1000 + b" [line cut, 49999000 bytes dropped]"
    assert second == b"next"
    assert peak < 8_000_000


async def test_endless_output_is_collected_while_nobody_reads():
    async with await processes.spawn(["yes"]) as child:
        chunks = child.chunks()
        assert set(await anext(chunks)) == set(b"y\n")
        before = running([child.pid])
        assert before == [child.pid]
        # The writer stands still when the pipe is full, however long nobody reads.
        assert await asyncio.to_thread(_comes_to_rest, child.pid)


def _comes_to_rest(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with open(f"/proc/{pid}/stat", "rb") as source:  # noqa: PTH123 -- read in a loop
            state = source.read().rpartition(b")")[2].split()[0]
        if state == b"S":
            return True
        time.sleep(0.005)
    return False


async def test_endless_output_starves_the_loop():
    ticks = itertools.count()

    async def tick() -> None:
        while True:
            next(ticks)
            await asyncio.sleep(0)

    async with await processes.spawn(["yes"]) as child:
        chunks = child.chunks()
        await anext(chunks)
        assert await asyncio.to_thread(_comes_to_rest, child.pid)  # now several chunks are ready at once
        ticker = asyncio.create_task(tick())
        for _ in range(3):
            await anext(chunks)
        ticker.cancel()
    assert next(ticks) >= 3


async def test_many_endless_outputs_make_longer_turns_than_one():
    async with await processes.spawn(["yes"]) as last:
        stream = last.chunks()
        async with AsyncExitStack() as stack:
            others = [await stack.enter_async_context(await processes.spawn(["yes"])) for _ in range(7)]
            streams = [stream, *(child.chunks() for child in others)]
            for child in (last, *others):
                assert await asyncio.to_thread(_comes_to_rest, child.pid)
            for _ in range(2):
                sizes = {len(data) for data in await asyncio.gather(*(anext(each) for each in streams))}
        assert sizes == {pipes.CHUNK // 8}
        assert await asyncio.to_thread(_comes_to_rest, last.pid)
        assert len(await anext(stream)) == pipes.CHUNK


async def test_two_readers_of_one_stream_share_its_lines():
    async with await processes.spawn(["sleep", "1000"]) as child:
        first = asyncio.create_task(anext(child.lines()))
        await asyncio.sleep(0.01)
        with pytest.raises(ProcessError, match="Two readers"):
            await anext(child.lines())
        child.kill()
        with pytest.raises(StopAsyncIteration):
            await first


async def test_children_leak_file_descriptors():
    before = open_files()
    for tree in (True, False, True):
        async with await processes.spawn(["cat"], stdin=True, tree=tree) as child:
            await child.write(b"x\n")
            await anext(child.lines())
    assert open_files() == before


async def test_a_cancelled_start_leaves_something_behind():
    await processes.run(["true"])
    before = open_files()
    for pause in (0, 0, 0.002, 0.005, 0.01, 0.02):
        task = asyncio.create_task(processes.spawn(["sleep", "1000"]))
        await asyncio.sleep(pause)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await (await task).close()
    assert open_files() == before


async def test_the_python_of_the_keeper_obeys_the_environment_of_the_agent(tmp_path):
    (tmp_path / "os.py").write_text("raise SystemExit(99)")
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(tmp_path),
        "PYTHONHOME": "/nowhere",
        "PYTHONINSPECT": "1",
    }
    async with await processes.spawn(["true"], env=env, cwd=tmp_path) as child:
        assert await child.wait() == 0


async def test_windows_is_tried(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(ProcessError, match="WSL"):
        await processes.run(["true"])
