"""One attempt: what its executor tells, and the event that reports how it ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sextet.codex.turn import TurnHandle
from sextet.errors import SextetError, StoreError
from sextet.model import events as ev
from sextet.model.names import Kind
from sextet.model.notes import Choice, Question, QuestionKind
from sextet.model.outcome import ImplementOutcome, Outcome
from sextet.model.task import Failure, FailureKind, Task, Usage
from sextet.roles.executor import AttemptFailedError
from sextet.roles.wording import one_line
from sextet.runtime.assign import assignment
from sextet.runtime.engine import Engine
from sextet.runtime.logs import WorkerLog
from sextet.runtime.session import Session

PAUSES = 5
"""How often in a row an attempt is given back because somebody asks for a pause, before a person is asked."""

LONGEST_PAUSE = 3_600.0
"""Seconds of a pause between two attempts at most."""

_STEP = "Read the worker's log (`sextet logs`), remove the cause and retry the task."
"""For a failure whose author had nothing better to say."""

_PASSING = frozenset({FailureKind.TRANSIENT, FailureKind.MODEL})

Report = tuple[ev.RunEvent, ...]
"""The events that tell how an attempt ended."""


class AttemptSink:
    """`roles.executor.Sink` of one attempt; everything it writes carries the attempt's epoch."""

    def __init__(self, session: Session, task: Task, worker_id: str, log: WorkerLog) -> None:
        self.handle = TurnHandle()
        self.usage = Usage()
        self.model = ""
        self.activity = ""
        self.last_activity = 0.0
        self._session = session
        self._task = task
        self._worker_id = worker_id
        self._log = log
        self._asked = 0
        self._complained = False

    def log(self, stream: str, text: str) -> None:
        """See `Sink.log`."""
        self.last_activity = self._session.clock()
        self._log.add(stream, text, self._task.id)
        if stripped := text.strip():
            self.activity = stripped.splitlines()[-1][:200]

    def artifact(self, name: str, data: bytes) -> None:
        """See `Sink.artifact`. A disk that refuses is told once; the work goes on, the journal decides."""
        self._kept(self._session.artifacts.append, name, data)

    def record(self, name: str, data: bytes) -> None:
        """As `artifact` for a file that is whole or not there, whenever the server is killed."""
        self._kept(self._session.artifacts.write, name, data)

    def _kept(self, put: Callable[[str, int, str, bytes], object], name: str, data: bytes) -> None:
        try:
            put(self._task.id, self._task.epoch, name, data)
        except StoreError as error:
            self._complain(error, f"{name} of {self._task.id} could not be kept: {error.what}")

    def _complain(self, error: StoreError, text: str) -> None:
        if self._complained:
            return
        self._complained = True
        with suppress(StoreError):  # then the journal fails as well, and whoever records next says so
            self._session.put(ev.Noted.of(error, text), actor=self._worker_id)

    def spent(self, usage: Usage) -> None:
        """See `Sink.spent`."""
        self.usage = usage

    async def turn_started(self, *, model: str, thread: str, reason: str = "") -> None:
        """See `Sink.turn_started`."""
        self.model = model
        await self._session.record(
            ev.TurnStarted(
                task_id=self._task.id,
                epoch=self._task.epoch,
                model=model,
                thread=thread,
                reason=reason[:1_000],
            ),
            actor=self._worker_id,
        )

    async def ask(
        self,
        kind: QuestionKind,
        text: str,
        *,
        choices: tuple[tuple[str, str], ...],
        default: str,
        detail: str = "",
    ) -> str:
        """See `Sink.ask`."""
        self._asked += 1
        now = self._session.clock()
        seconds = self._session.view.the_run.settings.question_minutes * 60
        question = Question(
            id=f"ask-{self._task.id}-{self._task.epoch}-{self._asked}"[:64],
            kind=kind,
            text=text[:100_000],
            choices=tuple(Choice(value=value, label=label) for value, label in choices),
            default=default,
            deadline=now + seconds,
            task_id=self._task.id,
            detail=detail[:100_000],
        )
        return await self._session.ask(question)


class Attempt:
    """Carries out one claimed task and says how it ended."""

    def __init__(self, session: Session, task: Task, worker_id: str, engine: Engine, log: WorkerLog) -> None:
        self.task = task
        self.sink = AttemptSink(session, task, worker_id, log)
        self._session = session
        self._worker_id = worker_id
        self._engine = engine
        self._started = time.monotonic()
        self._running: asyncio.Future[Outcome] | None = None
        self._stop_reason = ""

    def stop(self, reason: str) -> None:
        """A person stops it: it ends as stopped and is not repeated by itself."""
        self._stop_reason = reason or "stopped"
        if self._running is not None:
            self._running.cancel()

    async def run(self) -> Report:
        """Do the work; returns the events to record.

        Raises:
            asyncio.CancelledError: the worker is stopped; record `given_back()` then.
        """
        self._running = asyncio.ensure_future(self._carry_out())
        try:
            return (self._finished(await self._running),)
        except asyncio.CancelledError:
            return await self._cancelled()
        except AttemptFailedError as error:
            if error.usage.total > self.sink.usage.total:
                self.sink.usage = error.usage
            if self._may_pause(error):
                return await self.given_back(error.failure.cause, pause=error.retry_after)
            return await self._failed(error.failure)
        except SextetError as error:
            return await self._failed(Failure.of(error))
        except Exception as error:  # noqa: BLE001 -- a defect in an executor fails its attempt, not the run
            return await self._failed(_defect(f"{type(error).__name__}: {error}"))

    async def _carry_out(self) -> Outcome:
        self.sink.log("sextet", f"{self.task.id}, attempt {self.task.epoch}: {self.task.title}")
        if self.task.kind is Kind.TEST:  # what failed before is known by then
            await self._session.until(lambda view: self.task.patch in view.baseline or view.ended)
        given = assignment(self._session.view, self.task, self._worker_id)
        return await self._engine.execute(given, self.sink)

    async def _cancelled(self) -> Report:
        """By a person, with its worker, or (a defect) by the executor itself."""
        worker = asyncio.current_task()
        if worker is not None and worker.cancelling():
            raise asyncio.CancelledError
        if not self._stop_reason:
            return await self._failed(_defect("The executor cancelled itself."))
        stopped = ev.TaskStopped(task_id=self.task.id, reason=self._stop_reason[:1_000])
        return (*await self.given_back(self._stop_reason), stopped)

    def _finished(self, outcome: Outcome) -> ev.RunEvent:
        facts: dict[str, Any] = {"task_id": self.task.id, "epoch": self.task.epoch}
        seconds = time.monotonic() - self._started
        self.sink.record("outcome.json", outcome.to_json())
        if isinstance(outcome, ImplementOutcome) and outcome.change:
            self.sink.record("change.json", outcome.change.to_json())
        if isinstance(outcome, ImplementOutcome) and outcome.blocked:
            step = "Comment on the task or change its item, then retry it."
            failure = Failure(kind=FailureKind.BLOCKED, cause=outcome.summary, next_step=step)
            salvage = outcome.change.tree if outcome.change else None
            return ev.TaskFailed(
                **facts, failure=failure, salvage=salvage, usage=self.sink.usage, seconds=seconds
            )
        return ev.TaskFinished(**facts, outcome=outcome, usage=self.sink.usage, seconds=seconds)

    def _may_pause(self, error: AttemptFailedError) -> bool:
        """Somebody asks for a pause that is too long to hold the worker meanwhile."""
        wanted = error.retry_after > 0 and error.failure.kind in _PASSING
        return wanted and self.task.epoch <= self.task.reworks + PAUSES

    async def _failed(self, failure: Failure) -> Report:
        if not failure.next_step:
            failure = failure.model_copy(update={"next_step": _STEP})
        self.sink.log("sextet", f"{self.task.id} failed ({failure.kind}): {failure.cause}")
        failed = ev.TaskFailed(
            task_id=self.task.id,
            epoch=self.task.epoch,
            failure=failure,
            salvage=await self._keep(),
            usage=self.sink.usage,
            seconds=time.monotonic() - self._started,
        )
        return (failed,)

    async def given_back(self, reason: str, pause: float = 0.0) -> Report:
        """The events for an attempt that ends without a result and without blame.

        Args:
            reason: why.
            pause: seconds before the next attempt.
        """
        released = ev.TaskReleased(
            task_id=self.task.id,
            epoch=self.task.epoch,
            reason=one_line(reason),
            salvage=await self._keep(),
            not_before=self._session.clock() + min(pause, LONGEST_PAUSE) if pause else 0.0,
            usage=self.sink.usage,
            seconds=time.monotonic() - self._started,
        )
        return (released,)

    async def _keep(self) -> str | None:
        """What it wrote, captured; a failure to capture is told and loses nothing (the worktree stays)."""
        try:
            return await self._engine.salvage(self._session.run_id, self.task)
        except SextetError as error:
            self.sink.log("sextet", f"The worktree of {self.task.id} was kept as it is: {error}")
            return None


def _defect(cause: str) -> Failure:
    step = "This is a defect of Sextet: please report it with the worker's log."
    return Failure(kind=FailureKind.INTERNAL, cause=cause[:10_000], next_step=step)
