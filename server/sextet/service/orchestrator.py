"""Start, resume, stop and list the runs of one work tree; the supervisor's own verbs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Self

from sextet.errors import BusyError, NotFoundError, SextetError, TrustError, UsageError
from sextet.model import events as ev
from sextet.model.live import Heartbeat
from sextet.model.names import RunState
from sextet.model.run import Briefing, Run
from sextet.model.settings import Settings
from sextet.pipeline.expand import LIVE
from sextet.pipeline.view import RunView
from sextet.roles import scenario
from sextet.runtime.bus import Bus
from sextet.runtime.heartbeat import beat
from sextet.runtime.live import LiveRun, revive
from sextet.runtime.session import Session
from sextet.runtime.slots import Slots
from sextet.service import agents
from sextet.service.active import Active, House
from sextet.service.params import StartRun
from sextet.service.place import Place
from sextet.service.settings_table import TABLE
from sextet.service.survivors import Survivors
from sextet.service.viewing import read_view
from sextet.store import runs
from sextet.store.lock import SupervisorLock
from sextet.system import processes
from sextet.workspace import snapshot as user_state

_AT_WORK = frozenset({RunState.BOOTSTRAPPING, *LIVE})
"""States of a run that somebody works on."""


class Orchestrator:
    """The supervisor of one work tree: holds its lock, drives one run at a time, queues the others.

    Use it in `async with`; leaving interrupts what is live, so that it can be resumed.
    """

    def __init__(self, place: Place, bus: Bus | None = None) -> None:
        self.place = place
        self.bus = bus or Bus()
        self.problems: list[str] = []
        """What was not used of the settings and why, sentence by sentence."""
        self.supervising = False
        """True while it holds the lock: only then may anything be changed through it."""
        self._lock = SupervisorLock(place.state)
        self._active: dict[str, Active] = {}
        self._keys: dict[str, str] = {}
        """Runs by the request that made them."""
        self._creating = asyncio.Lock()
        self._opening = asyncio.Lock()
        self._heart: asyncio.Task[None] | None = None
        self._survivors = Survivors(place.state.path)
        self.troupe = agents.Troupe(place.state.path)
        self._house = House(place, self.troupe, Slots(Settings().max_agents))

    async def __aenter__(self) -> Self:
        """Take the lock of the work tree.

        Raises:
            BusyError: another supervisor has it.
        """
        self._lock.acquire()
        self.supervising = True
        await self._survivors.reap()
        self._survivors.watch()
        self._heart = asyncio.create_task(beat(self.bus, self._heartbeats))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close("Sextet was closed")

    async def close(self, reason: str) -> None:
        """Interrupt what is live, write everything down, free the lock."""
        try:
            open_now = tuple(self._active.values())
            await asyncio.gather(*(each.halt(reason) for each in open_now), return_exceptions=True)
            await asyncio.gather(*(each.close() for each in open_now), return_exceptions=True)
            self._active.clear()
            if self._heart is not None:
                self._heart.cancel()
                await asyncio.gather(self._heart, return_exceptions=True)
            await self.troupe.close()
            await self.place.close()
            await processes.stop_all(1.0)
            self._survivors.forget()
        finally:
            self.supervising = False
            self._lock.release()

    def _heartbeats(self) -> tuple[Heartbeat, ...]:
        return tuple(active.live.heartbeat for active in self._active.values() if active.live is not None)

    # Runs -----------------------------------------------------------------------------------------
    async def create(self, asked: StartRun) -> str:
        """Make a run from what the user has now; returns its id. Nothing is executed yet.

        Raises:
            RepositoryError: the repository is in the middle of something, or cannot be worked on.
            TrustError: the repository's settings would execute something that is not trusted.
            ScenarioError: the rehearsal's scenario cannot be used.
            StoreError: the disk refuses.
        """
        async with self._creating:
            known = self._keys.get(asked.request_key, "")
            run_id = known or await self._create(asked)
            if asked.request_key:
                self._keys[asked.request_key] = run_id
            return run_id

    async def _create(self, asked: StartRun) -> str:
        self.place.repository.require_settled()
        resolved = self.place.settings(dict(asked.overrides))
        self.problems = [f"{each.key}: {each.sentence}".removeprefix(": ") for each in resolved.problems]
        settings = self.place.agree(resolved, by=asked.by, trust=asked.trust, agreed=asked.agreed)
        chosen = [key for key, origin in resolved.sources.items() if origin == "run"]
        played = ""
        if asked.executor == "codex" and asked.auto_start:
            self.troupe.warm(settings)
        if asked.executor == "rehearsal":
            play = scenario.load(asked.scenario or "default")
            settings, played = play.overlay(settings), scenario.dump(play)
            staged = play.settings.model_fields_set
            chosen += [key for key, entry in TABLE.items() if staged.intersection(entry.path[:1])]
        now = time.time()
        run_id = runs.new_run_id(asked.goal, now)
        repository, workshop = await self.place.now()
        base = await user_state.take(workshop.mirror, repository, run_id=run_id)
        run = Run(
            id=run_id,
            briefing=Briefing(
                goal=asked.goal, mode=asked.mode, guidance=asked.guidance, hunters=asked.hunters
            ),
            base=base,
            settings=settings,
            chosen=tuple(chosen),
            executor=asked.executor,
            scenario=played,
            created_at=now,
            request_key=asked.request_key,
        )
        await asyncio.to_thread(runs.create, self.place.top, self.place.state, run)
        return run_id

    async def warm(self, overrides: Mapping[str, object] | None = None) -> None:
        """Prepare mirror and worktrees and start Codex, so that the first run does not wait for them.

        Nothing is started that is not trusted; what does not work is told by the run that needs it.
        """
        resolved = self.place.settings(dict(overrides or {}))
        with suppress(SextetError):
            workshop = await self.place.workshop()
            if self.place.repository.head:
                workshop.stock(await workshop.mirror.tree_of(self.place.repository.head))
        with suppress(TrustError):
            await self.troupe.warm(self.place.agree(resolved, by=""))

    async def drive(self, run_id: str) -> None:
        """Begin to work on a run in the background (after the one that is at work).

        Raises:
            NotFoundError, ForeignRunError, StoreError: it cannot be opened.
        """
        (await self.open(run_id)).begin()

    async def wait(self, run_id: str) -> RunState:
        """Wait until a driven run has ended or was interrupted.

        Raises:
            CodexError, StoreError: it could not go on, and why.
        """
        active = self._active.get(run_id)
        if active is None or active.task is None:
            raise NotFoundError(f"Nobody works on run {run_id} here.", run_id=run_id)
        return await asyncio.shield(active.task)

    async def resume(self, run_id: str, by: str) -> None:
        """Go on with a run that was interrupted, stopped or failed; returns when it is under way.

        Raises:
            InvalidTransitionError: it is complete.
            NotFoundError, ForeignRunError, StoreError: it cannot be opened.
        """
        active = await self.open(run_id)
        await active.rest()
        await revive(active.session, by)
        active.begin()

    async def stop(self, run_id: str, reason: str, by: str) -> None:
        """End a run."""
        await (await self.open(run_id)).stop(reason, by)

    async def interrupt(self, run_id: str, reason: str) -> None:
        """Stop all work on a run now; it can be resumed."""
        active = self._active.get(run_id)
        if active is not None:
            await active.halt(reason)

    async def open(self, run_id: str) -> Active:
        """The run's session in this process, opened when it is not yet.

        Raises:
            NotFoundError, ForeignRunError, StoreError: it cannot be opened.
        """
        async with self._opening:
            active = self._active.get(run_id)
            if active is not None and active.session.broken is None:
                return active
            if active is not None:
                del self._active[run_id]
                await active.halt("the disk refused")
                await active.close()
            folder = runs.open_run(self.place.top, self.place.state, run_id)
            session = Session.open(folder, self.bus)
            self._active[run_id] = Active(session, self._house)
            if session.view.state in _AT_WORK:
                session.put(ev.RunStateChanged(state=RunState.INTERRUPTED, reason="its supervisor is gone"))
            return self._active[run_id]

    @asynccontextmanager
    async def shut(self, run_id: str) -> AsyncIterator[None]:
        """As long as this lasts nobody has the run open here, nor can open it.

        Raises:
            BusyError: it is at work.
        """
        async with self._opening:
            if run_id in self.at_work:
                raise BusyError(f"Run {run_id} is at work.", next_step="Wait until it has ended.")
            active = self._active.pop(run_id, None)
            if active is not None:
                await active.close()
            yield

    async def rest(self) -> None:
        """Wait until nobody is busy any more with runs that have ended: what was at work is captured then."""
        await asyncio.gather(*(each.rest() for each in self._active.values()))

    @property
    def at_work(self) -> tuple[str, ...]:
        """The runs that are driven here and have not ended."""
        open_now = self._active.items()
        return tuple(key for key, each in open_now if self.driven(key) and not each.session.view.ended)

    def driving(self) -> tuple[Active, ...]:
        """The runs that somebody works on here, prepares, or has in the queue."""
        return tuple(self._active[run_id] for run_id in tuple(self._active) if self.driven(run_id))

    def driven(self, run_id: str) -> bool:
        """Whether somebody works on a run here, prepares it, or has it in the queue."""
        active = self._active.get(run_id)
        return active is not None and active.task is not None and not active.task.done()

    def live(self, run_id: str) -> LiveRun:
        """The run's crew and all.

        Raises:
            UsageError: nobody works on it now.
        """
        active = self._active.get(run_id)
        if active is None or active.live is None:
            raise UsageError(
                f"Nobody works on run {run_id} now.", next_step=f"Go on with it: `sextet resume {run_id}`."
            )
        return active.live

    def view(self, run_id: str) -> RunView:
        """The run as it is, without opening it for writing (also a foreign one).

        Raises:
            NotFoundError, StoreError: there is none, or it cannot be read.
        """
        return self._open_view(run_id) or read_view(self.place, run_id)

    async def look(self, run_id: str) -> RunView:
        """As `view`; a journal that must be read is read in a thread: it may be long."""
        view = self._open_view(run_id)
        return await asyncio.to_thread(read_view, self.place, run_id) if view is None else view

    def _open_view(self, run_id: str) -> RunView | None:
        active = self._active.get(run_id)
        return active.session.view if active is not None and active.session.broken is None else None
