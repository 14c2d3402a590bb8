"""The crew of one run: as many workers per role as wanted, started again when they crash."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterable
from contextlib import suppress

from sextet.errors import NotFoundError, StoreError
from sextet.model import events as ev
from sextet.model.live import WorkerStatus
from sextet.model.names import Role
from sextet.runtime.engine import Engine
from sextet.runtime.session import Session
from sextet.runtime.slots import Slots
from sextet.runtime.worker import Worker

BACK_OFF = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds before a crashed worker is started again, by how often it crashed."""


class Crew:
    """Holds the wanted number of workers per role.

    The wanted number is `workers` of the role's settings in force, or 0 for a role that was stopped.
    """

    def __init__(self, session: Session, engine: Engine, slots: Slots) -> None:
        self._session = session
        self._engine = engine
        self._slots = slots
        self._workers: dict[str, Worker] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._crashes: dict[str, int] = {}
        self._restarts: dict[str, asyncio.TimerHandle] = {}
        self._stopped: set[Role] = set()
        self._resting: set[str] = set()
        """Workers that were stopped one by one."""
        self._closed = False
        self.refusal: StoreError | None = None
        """Why nothing can be claimed: the disk refuses, and trying again by itself does not help."""
        self.refused = asyncio.Event()

    @property
    def statuses(self) -> tuple[WorkerStatus, ...]:
        """All workers, now, in the order of the roles."""
        order = {role: place for place, role in enumerate(Role)}
        workers = sorted(self._workers.values(), key=lambda w: (order[w.role], w.number))
        return tuple(worker.status for worker in workers)

    def worker(self, worker_id: str) -> Worker:
        """The worker with this id.

        Raises:
            NotFoundError: there is none now.
        """
        try:
            return self._workers[worker_id]
        except KeyError:
            raise NotFoundError(f"There is no worker {worker_id} now.", worker_id=worker_id) from None

    def at_work_on(self, task_id: str) -> Worker:
        """The worker whose attempt is at this task.

        Raises:
            NotFoundError: nobody is.
        """
        for worker in self._workers.values():
            if worker.attempt is not None and worker.attempt.task.id == task_id:
                return worker
        raise NotFoundError(f"Nobody is at work on {task_id}.", next_step="Look at the run: `sextet show`.")

    # Numbers --------------------------------------------------------------------------------------
    def start(self, roles: Iterable[Role] = tuple(Role)) -> None:
        """Let roles have their workers (again)."""
        self._stopped -= set(roles)
        self.scale()

    def scale(self) -> None:
        """Start missing workers and drain those beyond the wanted number."""
        self._resting.clear()
        self._fill()
        for worker in list(self._workers.values()):
            if worker.number > self._wanted(worker.role):
                worker.drain()

    def _wanted(self, role: Role) -> int:
        return 0 if role in self._stopped else self._session.view.settings_of(role).workers

    def _fill(self) -> None:
        """Start what is missing. One that is on its way out still counts; this is called again at its end."""
        if self._closed or self._session.view.ended or self._session.broken or self.refusal:
            return
        for role in Role:
            for number in range(1, self._wanted(role) + 1):
                worker_id = f"{role}-{number}"
                if not {worker_id} & (self._workers.keys() | self._restarts.keys() | self._resting):
                    self._begin(role, number)

    def _begin(self, role: Role, number: int) -> None:
        worker = Worker(self._session, role, number, self._engine, self._slots)
        task = asyncio.create_task(worker.run(), name=f"{self._session.run_id}:{worker.id}")
        self._workers[worker.id] = worker
        self._tasks[worker.id] = task
        task.add_done_callback(lambda done: self._ended(worker, done))

    def _ended(self, worker: Worker, task: asyncio.Task[None]) -> None:
        """A worker's loop is over: no longer wanted, wanted again meanwhile, or crashed."""
        del self._workers[worker.id], self._tasks[worker.id]
        error = None if task.cancelled() else task.exception()
        if isinstance(error, StoreError) and error.facts.get("errno", errno.EMFILE) != errno.EMFILE:
            self.refusal = error
            self.refused.set()
        elif error is not None and not self._closed and not self._session.broken:
            self._crashed(worker, error)
        self._fill()

    def _crashed(self, worker: Worker, error: BaseException) -> None:
        count = self._crashes[worker.id] = self._crashes.get(worker.id, 0) + 1
        pause = BACK_OFF[min(count, len(BACK_OFF)) - 1]
        self._restarts[worker.id] = asyncio.get_running_loop().call_later(pause, self._restart, worker.id)
        cause = f"{type(error).__name__}: {error}"[:10_000]
        with suppress(StoreError):  # the run is broken then, and whoever drives it says so
            self._session.put(ev.WorkerCrashed(worker_id=worker.id, cause=cause, restart_in=pause))

    def _restart(self, worker_id: str) -> None:
        del self._restarts[worker_id]
        self._fill()

    # Stopping -------------------------------------------------------------------------------------
    async def stop(self, *, now: bool, roles: Iterable[Role] = tuple(Role), ids: Iterable[str] = ()) -> None:
        """Drain workers, or stop them at once (their attempts are given back with what they wrote).

        Args:
            now: cancel attempts instead of waiting for them to end by themselves.
            roles: the roles to stop; they stay stopped until `start`.
            ids: single workers instead of whole roles; they come back with the next `scale`.
        """
        chosen = set(ids)
        self._resting |= chosen
        if not chosen:
            self._stopped |= set(roles)
            chosen = {w.id for w in self._workers.values() if w.role in self._stopped}
        tasks = [self._tasks[name] for name in chosen if name in self._tasks]
        for name in chosen & self._workers.keys():
            self._workers[name].drain()
        if now:
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks)

    def seal(self) -> None:
        """Nobody is started any more."""
        self._closed = True

    async def close(self) -> None:
        """Stop everybody at once, for good."""
        self.seal()
        for handle in self._restarts.values():
            handle.cancel()
        self._restarts.clear()
        await self.stop(now=True)
