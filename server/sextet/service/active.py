"""A run that is open in this process: it waits for its turn, is worked on, and put down again."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

from sextet.engines.local import LocalEngine
from sextet.errors import BusyError, SextetError
from sextet.model import events as ev
from sextet.model.names import RunState
from sextet.model.outcome import TestOutcome
from sextet.model.patch import Patch
from sextet.model.run import Run
from sextet.roles.cast import Cast
from sextet.roles.wording import one_line
from sextet.runtime.assign import retest
from sextet.runtime.attempt import AttemptSink
from sextet.runtime.finish import finish
from sextet.runtime.live import LiveRun
from sextet.runtime.logs import WorkerLog
from sextet.runtime.session import Session
from sextet.runtime.slots import Slots
from sextet.service import agents, moved, patches
from sextet.service.notices import notices
from sextet.service.place import Place
from sextet.workspace import snapshot as user_state
from sextet.workspace.repository import inspect
from sextet.workspace.worktree import Workshop


@dataclass(frozen=True, slots=True)
class House:
    """What all runs of a supervisor share."""

    place: Place
    troupe: agents.Troupe
    slots: Slots
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by the run that is worked on; the others wait for it in the order in which they came."""


class Active:
    """A run's session, and what works on it while it is driven."""

    def __init__(self, session: Session, house: House) -> None:
        self.session = session
        self.live: LiveRun | None = None
        self.task: asyncio.Task[RunState] | None = None
        self._house = house
        self._halted = ""

    def begin(self) -> None:
        """Work on it in the background; nothing happens when that goes on already."""
        ending = self.live is not None and self.live.over
        if self.task is None or self.task.done() or ending:
            self._halted = ""
            self.task = asyncio.create_task(self._drive(self.task), name=self.session.run_id)

    async def halt(self, reason: str) -> None:
        """End the work; one that still waits for its turn does not get it any more."""
        if self.task is None or self.task.done():
            return
        self._halted = reason or "interrupted"
        if self.live is not None and not self.live.over:
            self.live.interrupt(self._halted)
        elif self.live is None:
            self.task.cancel()
        await asyncio.wait({self.task})

    async def stop(self, reason: str, by: str) -> None:
        """End the run for good."""
        if not self.session.view.ended:
            event = ev.RunStateChanged(state=RunState.STOPPED, reason=(reason or f"stopped by {by}")[:1_000])
            await self.session.record(event, actor=by)
        if self.live is None:
            await self.halt(reason)

    async def tune(self, event: ev.RolesChanged) -> None:
        """Write down what its settings have become; who works on it follows."""
        view = self.session.view
        scaled = any(new.workers != view.settings_of(role).workers for role, new in event.roles.items())
        await self.session.record(event)
        if self.live is None:
            return
        self._house.slots.resize(view.max_agents)
        if scaled:  # which also brings back workers that were stopped one by one
            self.live.crew.scale()

    async def rest(self) -> None:
        """When the run has ended, wait until nobody works on it any more; then it can be begun again."""
        if self.session.view.ended and self.task is not None:
            await asyncio.wait({self.task})

    async def close(self) -> None:
        """Let go of the session; whatever worked on it has ended by then."""
        if self.task is not None:
            await asyncio.wait({self.task})
        await self.session.close()

    # Driving --------------------------------------------------------------------------------------
    async def _drive(self, before: asyncio.Task[RunState] | None) -> RunState:
        if before is not None:
            await asyncio.wait({before})
        try:
            return await self._in_turn()
        except asyncio.CancelledError:
            if not self._halted:
                raise
            await self._put_down(self._halted)
            return self.session.view.state

    async def _put_down(self, reason: str) -> None:
        view = self.session.view
        if not view.ended and view.state is not RunState.INTERRUPTED and self.session.broken is None:
            event = ev.RunStateChanged(state=RunState.INTERRUPTED, reason=one_line(reason))
            await self.session.record(event)

    async def _in_turn(self) -> RunState:
        session = self.session
        if self._house.turn.locked():
            await session.record(ev.RunStateChanged(state=RunState.QUEUED, reason="another run is at work"))
        async with self._house.turn:
            if session.view.ended:
                return session.view.state
            await self._notice()
            state = await self._work(session.view.the_run)
            if state is RunState.COMPLETED:
                await patches.apply_by_itself(self._house.place, session)
                with suppress(SextetError):
                    await moved.note(session, await inspect(self._house.place.top))
            return state

    async def retest(self, patch: Patch) -> TestOutcome:
        """Run the test commands on what the user has now; nothing else is worked on meanwhile.

        Raises:
            BusyError: a run is at work.
            SextetError: the commands could not be run at all, and why.
        """
        house, session = self._house, self.session
        if house.turn.locked():
            raise BusyError(
                "A run is at work; its tests and these would be in each other's way.",
                next_step="Test again when it has ended.",
            )
        async with house.turn:
            workshop: Workshop | None = None
            try:
                workshop, ensemble = await self._prepare(session.view.the_run)
                repository, _ = await house.place.now()
                base = await user_state.take(workshop.mirror, repository, run_id=session.run_id)
                asked = retest(session.view, patch.number, base.tree)
                log = WorkerLog(session.run_id, asked.worker_id, session.artifacts.log, session.bus)
                sink = AttemptSink(session, asked.task, asked.worker_id, log)
                try:
                    outcome = await LocalEngine(workshop, Cast(workshop, ensemble.by_role)).retest(
                        asked, sink
                    )
                finally:
                    log.flush()
            finally:
                await finish(self._tidy(workshop))
        await session.record(ev.PatchRetested(patch_id=patch.id, outcome=outcome))
        return outcome

    async def _notice(self) -> None:
        """Tell once, at the beginning, what the person should know."""
        session = self.session
        known = {note.text for note in session.view.notes}
        found = notices(self._house.place.repository, session.view.the_run)
        if not session.view.tasks:
            await session.record(*(note for note in found if note.text not in known))

    async def _work(self, run: Run) -> RunState:
        house = self._house
        workshop: Workshop | None = None
        try:
            workshop, ensemble = await self._prepare(run)
            if ensemble.real:  # a rehearsal is over before anything made ahead is of use
                workshop.stock(run.base.tree)
            engine = LocalEngine(workshop, Cast(workshop, ensemble.by_role))
            house.slots.resize(self.session.view.max_agents)
            self.live = LiveRun(self.session, engine, house.slots)
            return await self.live.drive()
        finally:
            await finish(self._tidy(workshop))
            self.live = None

    async def _prepare(self, run: Run) -> tuple[Workshop, agents.Ensemble]:
        """What is needed; why it is not to be had goes into the journal before it is raised."""
        try:
            return await self._house.place.workshop(), await self._house.troupe.gather(run)
        except SextetError as error:
            await self.session.record(ev.Noted.of(error, level="error"))
            await self._put_down(error.what)
            raise

    async def _tidy(self, workshop: Workshop | None) -> None:
        """Nobody reads the shared checkouts now: one run is worked on at a time."""
        await self._house.troupe.part(keep=self.session.view.state is RunState.COMPLETED)
        if workshop is not None:
            with suppress(SextetError, OSError):
                await workshop.unshare()
                workshop.forget(self.session.run_id)
