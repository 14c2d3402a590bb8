"""Slots: how many agents may be at work at the same time, over all runs; the number can change."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Slots:
    """A semaphore whose size changes while it is used; who waits longest is next."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def taken(self) -> int:
        """How many are held now."""
        return self._taken

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Hold one slot."""
        await self._take()
        try:
            yield
        finally:
            self._taken -= 1
            self._pass_on()

    async def _take(self) -> None:
        """A slot is handed over by whoever frees it, so that nobody who comes later can be quicker."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._pass_on()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # handed over and cancelled at the same moment
                self._taken -= 1
            elif turn in self._waiting:
                self._waiting.remove(turn)
            self._pass_on()
            raise

    def resize(self, number: int) -> None:
        """Change how many there are; those at work beyond a smaller number finish first."""
        self._number = number
        self._pass_on()

    def _pass_on(self) -> None:
        while self._waiting and self._taken < self._number:
            turn = self._waiting.popleft()
            if not turn.done():
                self._taken += 1
                turn.set_result(None)
