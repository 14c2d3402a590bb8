"""One attempt: what its executor tells, and the event that reports how it ended."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

from sextet.codex.turn import TurnHandle
from sextet.errors import SextetError
from sextet.model import events as ev
from sextet.model.names import Kind
from sextet.model.notes import Choice, Question, QuestionKind
from sextet.model.outcome import ImplementOutcome, Outcome
from sextet.model.task import Failure, FailureKind, Task, Usage
from sextet.roles.executor import AttemptFailedError
from sextet.runtime.assign import assignment
from sextet.runtime.engine import Engine
from sextet.runtime.logs import WorkerLog
from sextet.runtime.session import Session


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

    def log(self, stream: str, text: str) -> None:
        """See `Sink.log`."""
        self.last_activity = self._session.clock()
        self._log.add(stream, text, self._task.id)
        if stripped := text.strip():
            self.activity = stripped.splitlines()[-1][:200]

    def artifact(self, name: str, data: bytes) -> None:
        """See `Sink.artifact`."""
        self._session.artifacts.append(self._task.id, self._task.epoch, name, data)

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

    async def run(self) -> ev.RunEvent:
        """Do the work; returns the event to record.

        Raises:
            asyncio.CancelledError: the worker is stopped; record `given_back()` then.
        """
        self.sink.log("sextet", f"{self.task.id}, attempt {self.task.epoch}: {self.task.title}")
        if self.task.kind is Kind.TEST:  # what failed before is known by then
            await self._session.until(lambda view: self.task.patch in view.baseline or view.ended)
        given = assignment(self._session.view, self.task, self._worker_id)
        self._running = asyncio.ensure_future(self._engine.execute(given, self.sink))
        try:
            return self._finished(await self._running)
        except asyncio.CancelledError:
            if not self._stop_reason:
                raise
            await self._keep()
            return ev.TaskStopped(task_id=self.task.id, reason=self._stop_reason[:1_000])
        except AttemptFailedError as error:
            if error.usage.total > self.sink.usage.total:
                self.sink.usage = error.usage
            return await self._failed(error.failure)
        except SextetError as error:
            failure = Failure(kind=FailureKind.INTERNAL, cause=error.what, next_step=error.next_step[:1_000])
            return await self._failed(failure)
        except Exception as error:  # noqa: BLE001 -- a defect in an executor fails its attempt, not the run
            cause = f"{type(error).__name__}: {error}"[:10_000]
            step = "This is a defect of Sextet: please report it with the worker's log."
            return await self._failed(Failure(kind=FailureKind.INTERNAL, cause=cause, next_step=step))

    def _finished(self, outcome: Outcome) -> ev.RunEvent:
        facts: dict[str, Any] = {"task_id": self.task.id, "epoch": self.task.epoch}
        seconds = time.monotonic() - self._started
        if isinstance(outcome, ImplementOutcome) and outcome.blocked:
            step = "Comment on the task or change its item, then retry it."
            failure = Failure(kind=FailureKind.BLOCKED, cause=outcome.summary, next_step=step)
            salvage = outcome.change.tree if outcome.change else None
            return ev.TaskFailed(
                **facts, failure=failure, salvage=salvage, usage=self.sink.usage, seconds=seconds
            )
        return ev.TaskFinished(**facts, outcome=outcome, usage=self.sink.usage, seconds=seconds)

    async def _failed(self, failure: Failure) -> ev.RunEvent:
        self.sink.log("sextet", f"{self.task.id} failed ({failure.kind}): {failure.cause}")
        return ev.TaskFailed(
            task_id=self.task.id,
            epoch=self.task.epoch,
            failure=failure,
            salvage=await self._keep(),
            usage=self.sink.usage,
            seconds=time.monotonic() - self._started,
        )

    async def given_back(self, reason: str) -> ev.RunEvent:
        """The event for an attempt that was cancelled with its worker."""
        return ev.TaskReleased(
            task_id=self.task.id,
            epoch=self.task.epoch,
            reason=reason,
            salvage=await self._keep(),
            usage=self.sink.usage,
            seconds=time.monotonic() - self._started,
        )

    async def _keep(self) -> str | None:
        """What it wrote, captured; a failure to capture is told and loses nothing (the worktree stays)."""
        try:
            return await self._engine.salvage(self._session.run_id, self.task.id, self.task.epoch)
        except SextetError as error:
            with suppress(SextetError):
                self.sink.log("sextet", f"The worktree of {self.task.id} was kept as it is: {error}")
            return None
