"""One role worker: claim, execute, report, repeat."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from sextet.errors import InvalidTransitionError, StaleError, StoreError
from sextet.model import events as ev
from sextet.model.live import WorkerStatus
from sextet.model.names import Role, WorkerState
from sextet.model.task import Task, Usage
from sextet.runtime.attempt import Attempt, Report
from sextet.runtime.engine import Engine
from sextet.runtime.finish import finish
from sextet.runtime.logs import WorkerLog
from sextet.runtime.session import Session
from sextet.runtime.slots import Slots
from sextet.store.claims import ClaimToken


class Worker:
    """A loop that claims tasks of one role until it is told to stop.

    `drain()` lets it finish its task. Cancelling `run()` stops it now: the attempt is given back with what
    it wrote.
    """

    def __init__(self, session: Session, role: Role, number: int, engine: Engine, slots: Slots) -> None:
        self.id = f"{role}-{number}"
        self.role = role
        self.number = number
        self.attempt: Attempt | None = None
        """The attempt at hand."""
        self._session = session
        self._engine = engine
        self._slots = slots
        self._state = WorkerState.IDLE
        self._since = session.clock()
        self._draining = asyncio.Event()
        self._log = WorkerLog(session.run_id, self.id, session.artifacts.log, session.bus)

    @property
    def status(self) -> WorkerStatus:
        """What it is doing, for the heartbeat."""
        attempt = self.attempt
        sink = attempt.sink if attempt else None
        return WorkerStatus(
            id=self.id,
            role=self.role,
            state=self._state,
            task_id=attempt.task.id if attempt else None,
            title=attempt.task.title if attempt else "",
            model=sink.model if sink else "",
            since=self._since,
            last_activity=sink.last_activity if sink else 0.0,
            activity=sink.activity if sink else "",
            usage=sink.usage if sink else Usage(),
        )

    async def run(self) -> None:
        """Work until drained, cancelled, or the run has ended."""
        try:
            while not self._over():
                self._set(WorkerState.IDLE)
                await self._wait()
                if not self._over():
                    await self._once()
        finally:
            self._set(WorkerState.STOPPED)
            self._log.flush()

    def drain(self) -> None:
        """Stop after the attempt at hand."""
        self._draining.set()
        if self.attempt is not None:
            self._set(WorkerState.STOPPING)

    def _over(self) -> bool:
        return self._draining.is_set() or self._session.view.ended or self._session.broken is not None

    def _set(self, state: WorkerState) -> None:
        self._state = state
        self._since = self._session.clock()

    async def _wait(self) -> None:
        """Until there may be work, or the worker is drained."""
        waits = [
            asyncio.ensure_future(self._session.work(self.role)),
            asyncio.ensure_future(self._draining.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _once(self) -> None:
        self._set(WorkerState.WAITING)
        async with self._slots.one():
            if self._over():
                return
            self._set(WorkerState.CLAIMING)
            claimed = await self._session.claim(self.id, self.role)
            if claimed is not None:
                await self._work(*claimed)

    async def _work(self, task: Task, token: ClaimToken) -> None:
        attempt = self.attempt = Attempt(self._session, task, self.id, self._engine, self._log)
        self._set(WorkerState.STOPPING if self._draining.is_set() else WorkerState.WORKING)
        try:
            report = await attempt.run()
        except asyncio.CancelledError:
            await finish(self._give_back(attempt, token, "its worker was stopped"))
            raise
        except Exception:
            await finish(self._give_back(attempt, token, "its worker failed"))
            raise
        else:
            await finish(self._report(report, token))
        finally:
            self.attempt = None
            self._log.flush()

    async def _give_back(self, attempt: Attempt, token: ClaimToken, reason: str) -> None:
        await self._report(await attempt.given_back(reason), token)

    async def _report(self, report: Report, token: ClaimToken) -> None:
        """Write down the outcome; what the run has no use for any more is noted instead."""
        self._log.flush()
        try:
            await self._session.record(*report, actor=self.id)
        except (StaleError, InvalidTransitionError) as error:
            await self._session.record(ev.Noted.of(error), actor=self.id)
        with suppress(StoreError):  # without this mark the next start finds the claim's owner dead, no more
            self._session.claims.release(token)
