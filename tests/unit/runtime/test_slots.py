"""Slots: fair, resizable, and none is lost when somebody stops waiting."""

from __future__ import annotations

import asyncio

import pytest

from sextet.runtime.slots import Slots


class Users:
    """Takes slots by name and remembers the order."""

    def __init__(self, number: int) -> None:
        self.slots = Slots(number)
        self.order: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def come(self, name: str) -> None:
        self.gates[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._use(name))
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def go(self, name: str) -> None:
        self.gates[name].set()
        await self.tasks[name]
        await asyncio.sleep(0)

    async def cancel(self, name: str) -> None:
        self.tasks[name].cancel()
        await asyncio.gather(self.tasks[name], return_exceptions=True)
        await asyncio.sleep(0)

    async def _use(self, name: str) -> None:
        async with self.slots.one():
            self.order.append(name)
            await self.gates[name].wait()


async def test_who_waits_longest_is_next():
    users = Users(1)
    for name in "abc":
        await users.come(name)
    assert users.order == ["a"]
    for name in "abc":
        await users.go(name)
    assert users.order == ["a", "b", "c"]
    assert users.slots.taken == 0


async def test_somebody_who_comes_just_when_a_slot_is_freed_does_not_jump_the_queue():
    users = Users(1)
    await users.come("a")
    await users.come("b")
    users.gates["a"].set()
    await users.tasks["a"]
    await users.come("c")
    assert users.order == ["a", "b"]
    await users.go("b")
    await users.go("c")


async def test_a_waiting_one_that_is_cancelled_takes_no_slot_with_it():
    users = Users(1)
    for name in "abc":
        await users.come(name)
    await users.cancel("b")
    await users.go("a")
    assert users.order == ["a", "c"]
    await users.go("c")
    assert users.slots.taken == 0


async def test_a_slot_that_is_handed_to_somebody_who_is_cancelled_at_that_moment_goes_to_the_next():
    users = Users(1)
    for name in "abc":
        await users.come(name)
    users.tasks["a"].cancel()
    await asyncio.sleep(0)
    users.tasks["b"].cancel()
    await asyncio.gather(*(users.tasks[name] for name in "ab"), return_exceptions=True)
    await asyncio.sleep(0)
    assert users.order == ["a", "c"]
    await users.go("c")
    assert users.slots.taken == 0


async def test_more_slots_let_the_waiting_in_and_fewer_send_nobody_away():
    users = Users(1)
    for name in "abcd":
        await users.come(name)
    users.slots.resize(3)
    await asyncio.sleep(0)
    assert users.order == ["a", "b", "c"]
    users.slots.resize(1)
    await users.go("a")
    await users.go("b")
    assert users.order == ["a", "b", "c"]
    await users.go("c")
    assert users.order == ["a", "b", "c", "d"]
    await users.go("d")


async def test_a_slot_comes_back_when_its_user_fails():
    slots = Slots(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            async with slots.one():
                _ = 1 / 0
    assert slots.taken == 0
