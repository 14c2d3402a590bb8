"""Carry out a verb by its name: checked params in, a record out; the one door behind all three."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from pydantic import ValidationError

from sextet.errors import BusyError, NotFoundError, UsageError
from sextet.model import events as ev
from sextet.model.base import Record
from sextet.model.names import RunState
from sextet.runtime.crew import Crew
from sextet.runtime.session import Session
from sextet.service import attempts, machine, moved, opinions, patches, people, recovery, sweeping
from sextet.service import methods as m
from sextet.service import params as p
from sextet.service import results as r
from sextet.service.orchestrator import Orchestrator
from sextet.service.snapshot import line, snapshot
from sextet.store import reading, runs
from sextet.store.artifacts import Artifacts
from sextet.store.layout import RUNS
from sextet.workspace.repository import inspect

Handler = Callable[[Any], Awaitable[Record]]


class Dispatcher:
    """The verbs of one supervisor."""

    def __init__(self, orchestrator: Orchestrator) -> None:
        self._orchestrator = orchestrator
        self._place = orchestrator.place
        self._handlers: Mapping[str, Handler] = {
            "run/start": self._start,
            "run/resume": self._resume,
            "run/stop": self._stop,
            "run/list": self._list,
            "run/snapshot": self._snapshot,
            "run/events": self._events,
            "run/followUp": self._follow_up,
            "run/collisions": self._collisions,
            "workers/start": self._workers_start,
            "workers/stop": self._workers_stop,
            "roles/get": partial(machine.roles, orchestrator),
            "roles/set": self._roles_set,
            "task/approve": self._person(people.approve),
            "task/requestChanges": self._request_changes,
            "task/comment": self._person(people.comment),
            "task/retry": self._person(people.retry),
            "task/steer": self._steer,
            "task/interrupt": self._interrupt,
            "question/answer": self._person(people.answer),
            "log/read": self._log,
            "artifact/read": partial(attempts.read, orchestrator),
            "patch/list": self._patches,
            "patch/get": self._patch,
            "patch/check": self._page(patches.check),
            "patch/apply": self._apply,
            "patch/mark": self._opinion(opinions.mark),
            "patch/comment": self._opinion(opinions.comment),
            "patch/resolve": self._opinion(opinions.settle),
            "patch/retest": self._retest,
            "patch/open": self._page(opinions.open_patch),
            "task/open": self._page(opinions.open_task),
            "patch/revert": self._revert,
            "recover/list": partial(recovery.listing, orchestrator),
            "clean": partial(sweeping.clean, orchestrator),
            "models/list": partial(machine.models, orchestrator),
            "doctor": partial(machine.doctor, orchestrator),
        }

    async def call(self, method: str, params: Mapping[str, Any]) -> Record:
        """Do what `method` says.

        Args:
            method: a name of `methods.METHODS`, without the prefix `sextet/`.
            params: its params as JSON.

        Raises:
            NotFoundError: there is no such method.
            UsageError: the params do not fit; `facts["path"]` names the first bad field.
            BusyError: it changes something, and the lock of the work tree is not held here.
            SextetError: it could not be done, and why.
        """
        known = m.METHODS.get(method)
        if known is None:
            raise NotFoundError(f"There is no verb {method[:80]!r}.", method=method[:80])
        try:
            asked = known.params.model_validate(dict(params))
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            path = ".".join(str(part) for part in first["loc"])
            raise UsageError(f"{path or 'params'}: {first['msg']}.", path=path) from error
        if not known.reads and not self._orchestrator.supervising:
            raise BusyError(
                f"`{method}` changes something, and this process is not the supervisor of the work tree.",
                next_step="Repeat it in a moment.",
            )
        return await self._handlers[method](asked)

    # Runs -----------------------------------------------------------------------------------------
    async def _start(self, asked: p.StartRun) -> Record:
        run_id = await self._orchestrator.create(asked)
        if asked.auto_start:
            await self._orchestrator.drive(run_id)
        return r.RunRef(run_id=run_id)

    async def _resume(self, asked: p.OfRun) -> Record:
        await self._orchestrator.resume(asked.run_id, asked.by)
        return await self._done(asked.run_id)

    async def _stop(self, asked: p.StopRun) -> Record:
        await self._orchestrator.stop(asked.run_id, asked.reason, asked.by)
        return await self._done(asked.run_id)

    async def _list(self, _: Record) -> Record:
        found = await asyncio.to_thread(runs.list_runs, self._place.top, self._place.state)
        return r.RunList(runs=tuple(line(each, live=self._orchestrator.driven(each.id)) for each in found))

    def _is_live(self, run_id: str) -> bool:
        with suppress(UsageError):
            return bool(self._orchestrator.live(run_id))
        return False

    async def _snapshot(self, asked: p.OfRun) -> Record:
        folder = str(self._place.top / RUNS / asked.run_id)
        if not self._is_live(asked.run_id):
            return snapshot(await self._orchestrator.look(asked.run_id), folder=folder)
        live = self._orchestrator.live(asked.run_id)
        await live.session.settled()
        view, counters = live.session.view, live.session.claims.counters
        return snapshot(view, folder=folder, workers=live.crew.statuses, claims=counters)

    async def _events(self, asked: p.ReadEvents) -> Record:
        folder = runs.open_run(self._place.top, self._place.state, asked.run_id, read_only=True)
        found = await asyncio.to_thread(
            lambda: tuple(reading.read(folder, after=asked.after, limit=asked.limit))
        )
        last = (await self._orchestrator.look(asked.run_id)).seq if len(found) == asked.limit else 0
        return r.EventsPage(entries=found, last=last or (found[-1].seq if found else asked.after))

    async def _follow_up(self, asked: p.FollowUp) -> Record:
        active = await self._orchestrator.open(asked.run_id)
        await active.rest()
        await patches.require_saved(self._place, active.session.view)
        await people.follow_up(self._place, active.session, asked)
        await self._orchestrator.drive(asked.run_id)
        return await self._done(asked.run_id)

    async def _done(self, run_id: str) -> Record:
        return r.Done(seq=self._orchestrator.view(run_id).seq)

    async def _collisions(self, asked: p.OfRun) -> Record:
        view = await self._orchestrator.look(asked.run_id)
        return await self._place.radar.look(await self._place.workshop(), view)

    # Workers --------------------------------------------------------------------------------------
    def _crew(self, run_id: str) -> Crew:
        return self._orchestrator.live(run_id).crew

    async def _workers_start(self, asked: p.ChooseWorkers) -> Record:
        crew = self._crew(asked.run_id)
        crew.start(*([asked.roles] if asked.roles else []))
        return await self._done(asked.run_id)

    async def _workers_stop(self, asked: p.ChooseWorkers) -> Record:
        chosen: dict[str, Any] = {"roles": asked.roles} if asked.roles else {}
        await self._crew(asked.run_id).stop(now=asked.how == "now", ids=asked.worker_ids, **chosen)
        who = ", ".join(asked.worker_ids or asked.roles) or "all"
        noted = ev.Noted(
            text=f"The workers were stopped on request: {who}.",
            next_step="They come back when they are started again.",
        )
        await self._orchestrator.live(asked.run_id).session.record(noted)
        return await self._done(asked.run_id)

    async def _roles_set(self, asked: p.SetRoles) -> Record:
        active = await self._orchestrator.open(asked.run_id)
        seq = await active.session.record(ev.RolesChanged(roles=asked.roles), actor=asked.by)
        if active.live is not None:
            active.live.crew.scale()
        return r.Done(seq=seq)

    # People ---------------------------------------------------------------------------------------
    def _person(self, verb: Callable[[Any, Any], Awaitable[int]]) -> Handler:
        async def handle(asked: p.OfRun) -> Record:
            active = await self._orchestrator.open(asked.run_id)
            return r.Done(seq=await verb(active.session, asked))

        return handle

    async def _request_changes(self, asked: p.SayToTask) -> Record:
        return await self._reopening(asked.run_id, lambda session: people.request_changes(session, asked))

    def _opinion(self, verb: Callable[[Any, Any, Any], Awaitable[int]]) -> Handler:
        async def handle(asked: p.OfPatch) -> Record:
            return await self._reopening(asked.run_id, lambda session: verb(self._place, session, asked))

        return handle

    async def _reopening(self, run_id: str, verb: Callable[[Session], Awaitable[int]]) -> Record:
        """Let a person say something that may set a complete run going again."""
        active = await self._orchestrator.open(run_id)
        await active.rest()
        complete = active.session.view.state is RunState.COMPLETED
        seq = await verb(active.session)
        if complete and active.session.view.state is not RunState.COMPLETED:
            await self._orchestrator.drive(run_id)
        return r.Done(seq=seq)

    async def _steer(self, asked: p.SayToTask) -> Record:
        worker = self._crew(asked.run_id).at_work_on(asked.task_id)
        steer = worker.attempt.sink.handle.steer if worker.attempt else None
        if steer is None:
            raise UsageError(
                f"{asked.task_id} has no turn that can be steered now.",
                next_step="Comment on it: the agent reads that at its next attempt.",
            )
        await steer(asked.text)
        active = await self._orchestrator.open(asked.run_id)
        return r.Done(seq=await people.comment(active.session, asked))

    async def _interrupt(self, asked: p.SayToTask) -> Record:
        worker = self._crew(asked.run_id).at_work_on(asked.task_id)
        if worker.attempt is not None:
            worker.attempt.stop(asked.text or f"stopped by {asked.by}")
        return await self._done(asked.run_id)

    # Reading and patches --------------------------------------------------------------------------
    async def _log(self, asked: p.ReadLog) -> Record:
        folder = runs.open_run(self._place.top, self._place.state, asked.run_id, read_only=True)

        def read() -> r.LogPage:
            artifacts = Artifacts(folder)
            try:
                first, lines, after = artifacts.read_log(asked.worker_id, asked.from_seq, asked.limit)
            finally:
                artifacts.close()
            return r.LogPage(first=first, lines=tuple(lines), next=after)

        return await asyncio.to_thread(read)

    async def _patches(self, asked: p.OfRun) -> Record:
        view = await self._orchestrator.look(asked.run_id)
        return r.PatchList(patches=tuple(view.patches.values()))

    async def _patch(self, asked: p.OfPatch) -> Record:
        return await patches.detail(self._place, await self._orchestrator.look(asked.run_id), asked)

    async def _apply(self, asked: p.ApplyPatch) -> Record:
        active = await self._orchestrator.open(asked.run_id)
        await moved.note(active.session, await inspect(self._place.top))
        return r.ApplyResult(applied=await patches.apply(self._place, active.session, asked))

    async def _retest(self, asked: p.OfPatch) -> Record:
        active = await self._orchestrator.open(asked.run_id)
        await patches.require_saved(self._place, active.session.view)
        await active.rest()
        outcome = await active.retest(patches.find(active.session.view, asked.patch_id))
        return r.Retested(outcome=outcome)

    def _page(self, verb: Callable[[Any, Any, Any], Awaitable[Record]]) -> Handler:
        async def handle(asked: p.OfRun) -> Record:
            return await verb(self._place, self._orchestrator.view(asked.run_id), asked)

        return handle

    async def _revert(self, asked: p.RevertPatch) -> Record:
        active = await self._orchestrator.open(asked.run_id)
        return await patches.revert(self._place, active.session, asked)
