"""Every call to the disk fails once: nothing that was acknowledged is lost, nobody hangs, the run goes on."""

from __future__ import annotations

import asyncio
import errno
from contextlib import suppress

import pytest

from sextet.errors import StoreError
from sextet.model.names import RunState
from support.disks import FaultyDisk
from support.runs import FakeEngine, check_journal, floor, make_folder


def engine() -> FakeEngine:
    """One that also keeps files and writes logs, as real ones do."""
    made = FakeEngine(items=("a",))

    async def talk(assignment, sink):
        sink.log("agent", "words")
        sink.artifact("prompt.md", b"x")
        await sink.turn_started(model="", thread="t")
        return await made.succeed(assignment)

    made.acts["implement"] = talk
    return made


async def attempt_run(folder, disk, acknowledged: dict[int, object]) -> RunState | None:
    """Drive the run on this disk and remember what was told; None when the disk put an end to it."""
    with suppress(StoreError):
        async with floor(folder, engine(), disk=disk) as it:
            heard = it.bus.subscribe()
            try:
                async with asyncio.timeout(8):
                    return await it.live.drive()
            finally:
                while message := heard.take():
                    if hasattr(message, "entry"):
                        acknowledged[message.entry.seq] = message.entry
    return None


async def calls_of(tmp_path) -> int:
    where = tmp_path / "count"
    where.mkdir()
    counter = FaultyDisk()
    assert await attempt_run(make_folder(where), counter, {}) is RunState.COMPLETED
    return counter.calls


@pytest.mark.slow
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO], ids=["ENOSPC", "EIO"])
@pytest.mark.parametrize("forever", [False, True], ids=["once", "from-then-on"])
async def test_invariants_2_and_9_the_disk_fails_at_any_call_and_the_run_goes_on_afterwards(
    tmp_path, monkeypatch, code, forever
):
    monkeypatch.setattr("sextet.runtime.crew.BACK_OFF", (0.001,))
    total = await calls_of(tmp_path)
    put_down = 0
    for at in range(1, total + 1, 1 if not forever else 3):
        where = tmp_path / str(at)
        where.mkdir()
        folder = make_folder(where)
        told: dict[int, object] = {}
        state = await attempt_run(folder, FaultyDisk(at, code, forever=forever), told)
        put_down += state is not RunState.COMPLETED
        with suppress(asyncio.CancelledError):
            state = state or await attempt_run(folder, FaultyDisk(), {})
        assert state is RunState.COMPLETED, at
        view = check_journal(folder)
        assert all(entry.seq <= view.seq for entry in told.values())
        kept = {entry.seq: entry for entry in _entries(folder)}
        assert all(kept[seq] == entry for seq, entry in told.items()), at
    assert put_down > 0


def _entries(folder):
    from sextet.store import reading

    return reading.read(folder)
