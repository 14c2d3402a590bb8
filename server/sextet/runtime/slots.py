"""Slots: how many agents may be at work at the same time, over all runs; the number can change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Slots:
    """A semaphore whose size changes while it is used; waiting is fair."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._taken = 0
        self._condition = asyncio.Condition()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Hold one slot."""
        async with self._condition:
            await self._condition.wait_for(lambda: self._taken < self._number)
            self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1
            await asyncio.shield(self._tell())

    async def resize(self, number: int) -> None:
        """Change how many there are; those at work beyond a smaller number finish first."""
        self._number = number
        await self._tell()

    async def _tell(self) -> None:
        async with self._condition:
            self._condition.notify_all()
