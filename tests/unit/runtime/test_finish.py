"""Finish: what was begun is ended, however often somebody cancels."""

from __future__ import annotations

import asyncio

import pytest

from sextet.runtime.finish import finish


async def test_work_is_done_although_the_caller_is_cancelled_twice():
    gate, done = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await gate.wait()
        done.set()

    caller = asyncio.create_task(finish(work()))
    for _ in range(2):
        await asyncio.sleep(0)
        caller.cancel()
    await asyncio.sleep(0)
    assert not caller.done()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert done.is_set()


async def test_the_result_or_the_error_of_the_work_is_the_callers():
    async def give(value: int) -> int:
        if value < 0:
            raise ValueError(value)
        return value

    assert await finish(give(7)) == 7
    with pytest.raises(ValueError, match="-1"):
        await finish(give(-1))
