"""A live run: its session, its crew, and the life of both from start to end."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from sextet.errors import InvalidTransitionError, SextetError
from sextet.model import events as ev
from sextet.model.live import Heartbeat
from sextet.model.names import ENDED, Kind, RunState
from sextet.model.notes import Choice, Question, QuestionKind
from sextet.model.task import Task
from sextet.pipeline.questions import WITHDRAWN
from sextet.roles.wording import one_line
from sextet.runtime.attempt import AttemptSink
from sextet.runtime.crew import Crew
from sextet.runtime.engine import Engine
from sextet.runtime.finish import finish
from sextet.runtime.integrator import integrate
from sextet.runtime.logs import WorkerLog
from sextet.runtime.session import SEXTET, Session
from sextet.runtime.slots import Slots

_SETUP_CHOICES = (
    Choice(value="retry", label="Run it again"),
    Choice(value="go-on", label="Go on without it"),
    Choice(value="stop", label="Stop the run"),
)


class LiveRun:
    """One run that is being worked on. `drive()` returns when it has ended or was interrupted."""

    def __init__(self, session: Session, engine: Engine, slots: Slots) -> None:
        self.session = session
        self.engine = engine
        self.crew = Crew(session, engine, slots)
        self._slots = slots
        self.over = False
        """True from when it ends: nothing is begun any more."""
        self._interrupted = asyncio.Event()
        self._reason = ""

    @property
    def heartbeat(self) -> Heartbeat:
        """All workers, now."""
        view = self.session.view
        return Heartbeat(
            run_id=self.session.run_id, time=self.session.clock(), workers=self.crew.statuses, seq=view.seq
        )

    async def drive(self) -> RunState:
        """Work on the run until it ends, or until `interrupt`; returns its state then.

        Raises:
            StoreError: the disk refuses; the run can be resumed when it works again.
            SextetError: it cannot go on; the reason is in the journal, and it can be resumed.
        """
        try:
            await self._work()
        except BaseException as error:
            self._note(error)
            raise
        if not self.session.view.ended:
            await self.session.record(ev.RunStateChanged(state=RunState.INTERRUPTED, reason=self._reason))
        await self.session.settled()  # an end that is not on the disk is none
        return self.session.view.state

    async def _work(self) -> None:
        helpers: list[asyncio.Task[None]] = []
        try:
            await self._begin()
            helpers = [
                asyncio.create_task(work) for work in (integrate(self.session, self.engine), self._baseline())
            ]
            self.crew.start()
            await self._until_over(helpers)
        finally:
            self.over = True
            self.crew.seal()
            for helper in helpers:
                helper.cancel()
            await finish(self._end(helpers))

    async def _end(self, helpers: list[asyncio.Task[None]]) -> None:
        await self.crew.close()
        await asyncio.gather(*helpers, return_exceptions=True)

    def _note(self, error: BaseException) -> None:
        """Why it cannot go on goes into the journal, when that is still possible."""
        if self.session.broken or self.session.view.ended:
            return
        what = error.what if isinstance(error, SextetError) else f"{type(error).__name__}: {error}"
        words = "Sextet was ended" if isinstance(error, asyncio.CancelledError) else what
        state = ev.RunStateChanged(state=RunState.INTERRUPTED, reason=one_line(words))
        with suppress(SextetError):
            if not isinstance(error, asyncio.CancelledError):
                step = error.next_step[:1_000] if isinstance(error, SextetError) else "Resume the run."
                self.session.put(ev.Noted(text=words[:10_000], level="error", next_step=step))
            self.session.put(state)

    def interrupt(self, reason: str) -> None:
        """Stop all work now; the run can be resumed."""
        self._reason = reason[:1_000]
        self._interrupted.set()

    async def stop(self, reason: str, by: str) -> None:
        """End the run on request; what is at work is given back with what it wrote."""
        if not self.session.view.ended:
            event = ev.RunStateChanged(state=RunState.STOPPED, reason=reason[:1_000] or f"stopped by {by}")
            await self.session.record(event, actor=by)

    # From start to end ----------------------------------------------------------------------------
    async def _begin(self) -> None:
        """Give back what dead owners held, then let the pipeline go on."""
        await self.session.record(ev.RunStateChanged(state=RunState.BOOTSTRAPPING))
        for name in list(self.session.view.working):
            task = self.session.view.tasks[name]
            salvage = await self._salvage(task)
            released = ev.TaskReleased(
                task_id=task.id, epoch=task.epoch, reason="its worker is gone", salvage=salvage
            )
            await self.session.record(released)
        await asyncio.to_thread(self.session.claims.reap)
        await self.session.record(*self.session.defer(), ev.RunStateChanged(state=RunState.RUNNING))

    async def _salvage(self, task: Task) -> str | None:
        try:
            return await self.engine.salvage(self.session.run_id, task)
        except SextetError as error:
            text = f"What {task.id} wrote in attempt {task.epoch} could not be captured: {error.what}"
            await self.session.record(ev.Noted(text=text, level="warning", next_step="See `sextet recover`."))
            return None

    async def _until_over(self, helpers: list[asyncio.Task[None]]) -> None:
        over = asyncio.create_task(self.session.until(lambda view: view.ended))
        stop = asyncio.create_task(self._interrupted.wait())
        refused = asyncio.create_task(self.crew.refused.wait())
        try:
            await asyncio.wait({over, stop, refused, *helpers}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (over, stop, refused):
                task.cancel()
            await asyncio.gather(over, stop, refused, return_exceptions=True)
        for helper in helpers:
            if helper.done() and not helper.cancelled() and (error := helper.exception()):
                raise error
        if broken := self.session.broken or self.crew.refusal:
            raise broken

    # The baseline ---------------------------------------------------------------------------------
    async def _baseline(self) -> None:
        """Beside the analysts: what fails before any agent wrote a byte; again for each follow-up."""
        while not self.session.view.ended:
            patch = self.session.view.patch
            if patch not in self.session.view.baseline:
                await self._baseline_of(patch)
            await self.session.until(lambda view: view.ended or view.patch not in view.baseline)

    async def _baseline_of(self, patch: int) -> None:
        done = await self._try_baseline(patch)
        answer = await self._setup_question(done)
        while answer == "retry":
            done = await self._try_baseline(patch)
            answer = await self._setup_question(done)
        if answer == "stop":  # without its result: a resumed run tries it anew
            reason = "the set-up command fails on the untouched base"
            await self.session.record(ev.RunStateChanged(state=RunState.FAILED, reason=reason))
        else:
            await self.session.record(done)

    async def _try_baseline(self, patch: int) -> ev.BaselineFinished:
        log = WorkerLog(self.session.run_id, "baseline-1", self.session.artifacts.log, self.session.bus)
        place = Task(id=f"baseline-{patch}", kind=Kind.TEST, title="Baseline", patch=patch, epoch=1)
        sink = AttemptSink(self.session, place, "baseline-1", log)
        try:
            return await self.engine.baseline(self.session.view, patch, sink)
        except SextetError as error:
            text = f"No baseline: {error.what}"
            await self.session.record(ev.Noted.of(error, text))
            return ev.BaselineFinished(patch=patch)
        finally:
            log.flush()

    async def _setup_question(self, done: ev.BaselineFinished) -> str:
        view = self.session.view
        if done.setup is None or done.setup.exit_code == 0:
            for asked in [name for name in view.questions if name.startswith(f"setup-{done.patch}-")]:
                gone = ev.QuestionAnswered(question_id=asked, answer=WITHDRAWN, by=SEXTET)
                await self.session.record(gone)
            return ""
        before = (name for name in view.answers if name.startswith(f"setup-{done.patch}-"))
        number = sum(view.answer(name) != "go-on" for name in before) + 1  # "go on" holds after a restart
        question = Question(
            id=f"setup-{done.patch}-{number}",
            kind=QuestionKind.SETUP,
            text=f"The set-up command fails on the untouched base (exit code {done.setup.exit_code}).",
            choices=_SETUP_CHOICES,
            default="stop",
            deadline=self.session.clock() + view.the_run.settings.question_minutes * 60,
            detail=f"$ {done.setup.command}\n{done.setup.tail}"[:20_000],
        )
        return await self.session.ask(question)


async def revive(session: Session, by: str) -> None:
    """Make an ended or interrupted run ready to go on, because a person asked for it.

    Tasks that a question had ended are tried again.

    Raises:
        InvalidTransitionError: the run is complete; only a follow-up goes on from there.
    """
    view = session.view
    if view.state is RunState.COMPLETED:
        raise InvalidTransitionError(
            f"Run {session.run_id} is complete: {view.reason}.",
            next_step="Ask for more with `sextet follow-up`.",
        )
    if view.state in ENDED:
        retried = [view.tasks[name] for name in view.troubled]
        await session.record(
            ev.RunStateChanged(state=RunState.INTERRUPTED, reason=f"resumed by {by}"), actor=by
        )
        with suppress(InvalidTransitionError):
            await session.record(*(ev.TaskRetried(task_id=task.id) for task in retried), actor=by)
