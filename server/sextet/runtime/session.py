"""One live run: journal, view and pipeline; every change of a run goes through here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Self

from sextet.errors import StoreError
from sextet.model import events as ev
from sextet.model.names import Role
from sextet.model.notes import Question
from sextet.model.task import Task
from sextet.pipeline.expand import LIVE, expand
from sextet.pipeline.fold import apply
from sextet.pipeline.pick import next_time, pick
from sextet.pipeline.view import RunView
from sextet.runtime.bus import Bus, StateChanged
from sextet.runtime.finish import finish
from sextet.runtime.folding import folded
from sextet.store.artifacts import Artifacts
from sextet.store.claims import ClaimToken, TaskClaimStore
from sextet.store.frames import collector_paused
from sextet.store.journal import Journal, Writer
from sextet.store.layout import RunFolder
from sextet.store.views import Views
from sextet.system.disk import DISK, Disk

SEXTET = "sextet"
"""The actor of what nobody in particular did."""

_CLAIM_TRIES = 3


class Session:
    """A run that is open for writing; its supervisor holds the lock of the work tree.

    The view is ahead of the disk by at most one commit; nobody outside is told of anything (return of
    `record` and `settled`, messages on the bus) before it is on the disk.

    Args:
        folder: the run's.
        bus: whom to tell.
        clock: the time, in seconds since 1970.
        disk: where tests put faults.

    Raises:
        StoreError: the run cannot be read or written; nothing is left open.
    """

    def __init__(
        self, folder: RunFolder, bus: Bus, *, clock: Callable[[], float] = time.time, disk: Disk = DISK
    ) -> None:
        self.folder = folder
        self.run_id = folder.run_id
        self.bus = bus
        self.clock = clock
        self.broken: StoreError | None = None
        """Why nothing more can be recorded; None while all is well."""
        self._waiting: dict[Role, set[asyncio.Event]] = {role: set() for role in Role}
        self._changed = asyncio.Event()
        self._deadline: asyncio.TimerHandle | None = None
        self._last: asyncio.Future[None] | None = None
        with ExitStack() as opened:
            with collector_paused():
                journal = Journal.open(folder, disk)
                opened.callback(journal.close)
                self.view: RunView = folded(journal.entries)
            self.claims = TaskClaimStore(folder, disk)
            opened.callback(self.claims.close)
            self.artifacts = Artifacts(folder, disk)
            opened.callback(self.artifacts.close)
            self._views = Views(folder, disk)
            self._writer = Writer(journal)
            opened.pop_all()

    @classmethod
    def open(
        cls, folder: RunFolder, bus: Bus, *, clock: Callable[[], float] = time.time, disk: Disk = DISK
    ) -> Self:
        """Open a run to go on with it; rewrites views that are missing or behind.

        Raises:
            StoreError: the run cannot be read or written.
        """
        session = cls(folder, bus, clock=clock, disk=disk)
        session._views.check(session.view.tasks.values())
        session._watch_deadlines()
        return session

    # Writing --------------------------------------------------------------------------------------
    async def record(self, *events: ev.RunEvent, actor: str = SEXTET) -> int:
        """Let events happen, and all that follows from them; returns when they are on the disk.

        Returns:
            The sequence number of the last entry that followed.

        Raises:
            InvalidTransitionError, StaleError, NotFoundError: the first event that cannot happen; those
                before it stay.
            StoreError: the disk refuses; the run must be opened anew.
        """
        durable = self.put(*events, actor=actor)
        await asyncio.shield(durable)
        return self.view.seq

    def put(self, *events: ev.RunEvent, actor: str = SEXTET) -> asyncio.Future[None]:
        """As `record` without waiting: the future is done when the last entry is on the disk."""
        if self.broken:
            raise self._refusal(self.broken)
        durable: asyncio.Future[None] | None = None
        try:
            for event in events:
                durable = self._put(event, actor)
                while following := expand(self.view):
                    for next_event in following:
                        durable = self._put(next_event, SEXTET)
        finally:  # also when an event is refused: those before it happened
            self._watch_deadlines()
            self._wake()
        if durable is None:
            durable = asyncio.get_running_loop().create_future()
            durable.set_result(None)
        return durable

    def _put(self, event: ev.RunEvent, actor: str) -> asyncio.Future[None]:
        now = self.clock()
        entry = ev.Entry(seq=self.view.seq + 1, time=now, actor=actor, event=event)
        apply(self.view, entry)
        try:
            _, durable = self._writer.put(event, actor, now)
        except StoreError as error:
            self.broken = error
            raise
        durable.add_done_callback(lambda done: self._published(entry, done))
        self._last = durable
        for task_id in _touched(event):
            self._views.put(self.view.tasks[task_id])
        return durable

    def _published(self, entry: ev.Entry, done: asyncio.Future[None]) -> None:
        error = None if done.cancelled() else done.exception()
        if error is None:
            self.bus.publish(StateChanged(self.run_id, entry))
        elif isinstance(error, StoreError) and not self.broken:
            self.broken = error
            self._wake()

    async def settled(self) -> None:
        """Wait until all that the view says is on the disk; it is so when this returns.

        Raises:
            StoreError: the disk refuses.
        """
        while self._last is not None and not self._last.done():
            await asyncio.wait({self._last})
        if self.broken:
            raise self._refusal(self.broken)

    @staticmethod
    def _refusal(error: StoreError) -> StoreError:
        """One of its own for each who asks: an exception that is raised twice collects tracebacks."""
        return StoreError(error.what, next_step=error.next_step, **error.facts)

    # Claims ---------------------------------------------------------------------------------------
    async def claim(self, worker_id: str, role: Role) -> tuple[Task, ClaimToken] | None:
        """Take the next task of a role for a worker; None when there is none just now.

        Returns when the claim is in the journal, on the disk.
        """
        task = pick(self.view, role, self.clock())
        if task is None:
            return None
        token = self._take(task, worker_id)
        if token is None:
            return None
        claimed = ev.TaskClaimed(task_id=task.id, epoch=token.epoch, worker_id=worker_id)
        durable = self.put(claimed, actor=worker_id)
        try:
            await asyncio.shield(durable)
        except asyncio.CancelledError:  # nobody will work on it: say so, or it is held for ever
            with suppress(StoreError):
                self.put(ev.TaskReleased(task_id=task.id, epoch=token.epoch, reason="its worker was stopped"))
                self.claims.release(token)
            raise
        return self.view.tasks[task.id], token

    def _take(self, task: Task, worker_id: str) -> ClaimToken | None:
        """A claim folder; an epoch that a dead process took without a word in the journal is passed over."""
        epoch = task.epoch + 1
        for _ in range(_CLAIM_TRIES):
            token = self.claims.claim(task.id, epoch, worker_id)
            if token is not None:
                return token
            epoch = self.claims.latest(task.id) + 1
        return None

    async def work(self, role: Role) -> None:
        """Wait until there is work for a role, or the run ends, or the disk refuses."""
        event = asyncio.Event()
        self._waiting[role].add(event)
        try:
            while not (self.broken or self.view.ended or pick(self.view, role, self.clock())):
                event.clear()
                pause = next_time(self.view, role)
                seconds = max(0.0, pause - self.clock()) + 0.001 if pause else None
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await event.wait()
        finally:
            self._waiting[role].discard(event)

    def _wake(self) -> None:
        over = self.view.ended or self.broken
        for role, waiting in self._waiting.items():
            if waiting and (over or self.view.ready[role]):
                for event in waiting:
                    event.set()
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, condition: Callable[[RunView], bool]) -> None:
        """Wait until something is true of the view.

        Raises:
            StoreError: the disk refused meanwhile.
        """
        while not condition(self.view):
            if self.broken:
                raise self._refusal(self.broken)
            await self._changed.wait()

    # People ---------------------------------------------------------------------------------------
    async def ask(self, question: Question) -> str:
        """Put a question and wait for its answer; the default is taken at its deadline."""
        if question.id not in self.view.questions and self.view.answer(question.id) is None:
            await self.record(ev.QuestionAsked(question=question))
        await self.until(lambda view: question.id not in view.questions)
        return self.view.answer(question.id) or question.default

    def _watch_deadlines(self) -> None:
        """Wake at the first deadline; while nobody works on the run, none passes."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if not self.view.questions or self.broken or self.view.state not in LIVE:
            return
        first = min(q.deadline for q in self.view.questions.values())
        seconds = max(0.0, first - self.clock())
        self._deadline = asyncio.get_running_loop().call_later(seconds, self._take_defaults)

    def _take_defaults(self) -> None:
        self._deadline = None
        now = self.clock()
        due = [question for question in self.view.questions.values() if question.deadline <= now]
        with suppress(StoreError):  # the run is broken then, and whoever drives it says so
            for question in due:
                if question.id in self.view.questions:  # an answer may make other questions moot
                    answer = ev.QuestionAnswered(question_id=question.id, answer=question.default, by=SEXTET)
                    self.put(answer)
        self._watch_deadlines()

    def defer(self) -> tuple[ev.RunEvent, ...]:
        """Questions whose deadline passed while nobody worked on the run, to be asked with a new one."""
        now = self.clock()
        later = now + self.view.the_run.settings.question_minutes * 60
        return tuple(
            ev.QuestionAsked(question=question.model_copy(update={"deadline": later}))
            for question in self.view.questions.values()
            if question.deadline <= now
        )

    # The end --------------------------------------------------------------------------------------
    async def close(self) -> None:
        """Write down what is pending and let go of the files; the run can be opened again."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        try:
            await finish(self._writer.close())
            await finish(asyncio.to_thread(self._views.close))
        finally:
            self.artifacts.close()
            self.claims.close()


def _touched(event: ev.RunEvent) -> tuple[str, ...]:
    """The tasks whose view an event changes."""
    if isinstance(event, ev.TaskAdded):
        return (event.task.id,)
    if isinstance(event, ev.ReworkStarted):
        return (*(one.task_id for one in event.tasks), *(task.id for task in event.added))
    task_id = getattr(event, "task_id", None)
    return (task_id,) if task_id else ()
