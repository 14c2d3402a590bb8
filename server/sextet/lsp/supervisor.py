"""This process as the supervisor of a work tree: from the first change until no run is live."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, Final, Self

from sextet.errors import BusyError
from sextet.model.base import Record
from sextet.model.settings import Problem
from sextet.runtime.bus import Bus
from sextet.service import control, recovery
from sextet.service.dispatch import Dispatcher
from sextet.service.orchestrator import Orchestrator
from sextet.service.place import Place
from sextet.service.results import RunRef
from sextet.service.tuning import Tuner

LINGER: Final = 1.0
"""Seconds without work after which the lock is freed: one wish is often followed by another."""


class Counting(Dispatcher):
    """Knows which runs were spoken of, and whether a verb is being carried out, whoever asked for it."""

    def __init__(self, orchestrator: Orchestrator) -> None:
        super().__init__(orchestrator)
        self.runs: set[str] = set()
        self.calls = 0
        """Verbs that are being carried out."""
        self.begun = 0
        """Verbs that were ever asked for."""
        self.closing = False
        self.quiet = asyncio.Event()
        self.quiet.set()

    async def call(self, method: str, params: Mapping[str, Any]) -> Record:
        """As `Dispatcher.call`.

        Raises:
            BusyError: the lock is being freed.
        """
        if self.closing:
            raise BusyError(
                "The supervisor is just putting its work down.", next_step="Repeat it in a moment."
            )
        self.calls += 1
        self.begun += 1
        self.quiet.clear()
        try:
            answer = await super().call(method, params)
            named = answer.run_id if isinstance(answer, RunRef) else params.get("runId")
            if isinstance(named, str):
                self.runs.add(named)
            return answer
        finally:
            self.calls -= 1
            if not self.calls:
                self.quiet.set()


class Supervisor:
    """Holds the lock and the control socket of a work tree."""

    def __init__(self, orchestrator: Orchestrator) -> None:
        self.dispatcher = Counting(orchestrator)
        self._orchestrator = orchestrator
        self._tuner = Tuner(orchestrator.place)
        self._reason = "the editor closed it"
        self._stack = AsyncExitStack()
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    async def begin(cls, place: Place, bus: Bus) -> Self:
        """Take the lock and listen.

        Args:
            place: the work tree as it is now.
            bus: what happens is told there.

        Raises:
            BusyError: somebody else has the lock; `facts` may name the `socket`.
        """
        orchestrator = await Orchestrator(place, bus).__aenter__()
        made = cls(orchestrator)
        made._stack.push_async_callback(made._put_down)
        try:
            await made._stack.enter_async_context(control.serving(made.dispatcher, bus, place.state.socket))
            for sentence in await recovery.recover(place):
                if place.second_writer is not None:
                    place.second_writer.tell(sentence)
        except BaseException:
            await made._stack.aclose()
            raise
        return made

    @property
    def closing(self) -> bool:
        """True when no more verbs are taken."""
        return self.dispatcher.closing

    async def call(self, method: str, params: Mapping[str, Any]) -> Record:
        """Carry out a verb."""
        return await self.dispatcher.call(method, params)

    async def settings_changed(self) -> tuple[Problem, ...]:
        """Let the runs that are worked on follow the settings; returns what is not trusted."""
        return await self._tuner.follow(self._orchestrator.driving())

    async def idle(self) -> None:
        """Wait until no run is live and nothing was asked for during a while."""
        seen = -1
        while seen != self.dispatcher.begun or self.dispatcher.calls:
            await self.dispatcher.quiet.wait()
            seen = self.dispatcher.begun
            working = [self._orchestrator.wait(run_id) for run_id in self.dispatcher.runs]
            await asyncio.gather(*working, return_exceptions=True)
            await asyncio.sleep(LINGER)

    async def close(self, reason: str) -> None:
        """Interrupt what is live so that it can be resumed, and free the lock; again is allowed."""
        if self._closing is None:
            self.dispatcher.closing = True
            self._reason = reason
            self._closing = asyncio.create_task(self._stack.aclose())
        await asyncio.shield(self._closing)

    async def _put_down(self) -> None:
        await self._orchestrator.close(self._reason)
