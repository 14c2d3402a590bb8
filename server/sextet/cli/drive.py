"""Drive: see a run through to its end, answer what the caller allowed, and stop cleanly when told to."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from sextet.cli.asking import GATE, gate_question
from sextet.cli.doors import CLOSED, Here, There, reread
from sextet.cli.screen import Screen
from sextet.cli.shows import Show
from sextet.errors import BusyError, SextetError
from sextet.model.names import RunState
from sextet.model.notes import Question, QuestionKind
from sextet.runtime.bus import Message
from sextet.system import processes

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_ELSEWHERE = "Leaving; the run goes on in the other process."
_CATCH_UP = 5.0
"""Seconds to wait for the last messages of a run that is over."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the caller allowed beforehand, and how it wants to be told."""

    by: str = "user"
    apply: bool = False
    control_files: bool = False
    merge: bool = False
    draft: bool = False
    hunks: tuple[str, ...] = ()
    """Ids of hunks, or their beginnings: only these are applied."""
    accepted: bool = False
    """Only the hunks that are marked as accepted are applied."""
    yes: bool = False
    wait: bool = False
    as_json: bool = False
    verbose: bool = False
    plain: bool = False
    """Plain lines also on a terminal."""


class Drive:
    """One run, followed from now until nobody works on it any more."""

    def __init__(self, door: Here | There, run_id: str, wishes: Wishes, show: Show) -> None:
        self.screen = Screen(run_id, lambda: reread(door.place, run_id))
        self.signalled = False
        """True when the caller pressed Ctrl-C, or the system asked this process to end."""
        self.waits = False
        """True when it was left because only a person can go on."""
        self.asked: tuple[Question, ...] = ()
        """What it waited for then; an agent's question ends with its attempt and is asked anew."""
        self.lost = False
        """True when the process that worked on it has gone."""
        self.failed: SextetError | None = None
        self._door = door
        self._run_id = run_id
        self._wishes = wishes
        self._show = show
        self._jobs: set[asyncio.Task[Any]] = set()
        self._moved = asyncio.Event()
        self._detached = asyncio.Event()
        self._done: set[str] = set()
        self._prompt: tuple[str, asyncio.Task[Any]] | None = None

    async def see_through(self) -> None:
        """Follow it until it has ended, was interrupted, or was left."""
        async with self._signals():
            with suppress(BusyError):  # then it is lost, and the follower says so
                await self._door.attend()
            follower = asyncio.create_task(self._follow())
            try:
                self.screen.view = self.screen.reread()
                self._show.begin(self.screen)
                await (self._work_here() if isinstance(self._door, Here) else self._watch_there())
            finally:
                await self._drop_prompt()
                self._tell(self._show.end)
                follower.cancel()
                await asyncio.gather(follower, *self._jobs, return_exceptions=True)

    async def _work_here(self) -> None:
        assert isinstance(self._door, Here)  # noqa: S101 -- for mypy
        orchestrator = self._door.orchestrator
        try:
            await orchestrator.wait(self._run_id)
        except SextetError as error:
            self.failed = error
        except asyncio.CancelledError:
            here = asyncio.current_task()
            if here is not None and here.cancelling():
                raise  # this command itself is cancelled; else it was the run, before its turn came
        else:
            await self._catch_up(orchestrator.view(self._run_id).seq)

    async def _watch_there(self) -> None:
        self._react()
        while not (self.screen.over or self.lost or self._detached.is_set()):
            self._moved.clear()
            waits = [asyncio.create_task(event.wait()) for event in (self._moved, self._detached)]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _catch_up(self, seq: int) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_CATCH_UP):
                while self.screen.view.seq < seq:
                    self._moved.clear()
                    await self._moved.wait()

    async def _follow(self) -> None:
        try:
            async for message in self._door.listen():
                self._take(message)
        except BusyError:
            pass
        finally:
            self.lost = not self._door.here
            self._moved.set()

    def _take(self, message: Message) -> None:
        if message.run_id != self._run_id:
            return
        if not self.screen.view.seq:
            self.screen.view = self.screen.reread()
        entry = self.screen.take(message)
        self._tell(lambda: self._show.news(message, entry))
        self._moved.set()
        self._react()

    def _tell(self, say: Callable[[], None]) -> None:
        """Show something; when nobody can see it any more, the run is left so that it can be resumed."""
        try:
            say()
        except OSError:
            if not self.signalled:
                self.signalled = True
                self._spawn(self._leave("its terminal or reader is gone"))

    # People ---------------------------------------------------------------------------------------
    def _react(self) -> None:
        """Whatever waits for a person: answered as allowed beforehand, asked, or a reason to leave."""
        if self.screen.over or self.signalled or self.waits:
            return
        asked = self._asked()
        if self._wishes.yes:
            asked = [question for question in asked if not self._agree(question)]
        if self._show.interactive:
            self._offer(asked)
        elif self.screen.stuck and not self._wishes.wait and not self._jobs:
            self.waits = True
            self.asked = self.screen.open_questions
            self._spawn(self._leave("it waits for a person"))

    def _asked(self) -> list[Question]:
        gate = self.screen.gate
        extra = [gate_question(self.screen.view, gate)] if gate else []
        return [*self.screen.open_questions, *extra]

    def _agree(self, question: Question) -> bool:
        """Accept what `--yes` covers, once; False when it covers not this."""
        if question.kind is not QuestionKind.APPROVAL or question.id in self._done:
            return question.id in self._done and question.kind is QuestionKind.APPROVAL and bool(self._jobs)
        self._done.add(question.id)
        self._spawn(self._answer(question, "approve" if question.id.startswith(GATE) else "accept"))
        return True

    def _offer(self, asked: list[Question]) -> None:
        """Keep one prompt on the screen: that of the first open question."""
        if self._prompt is not None:
            if self._prompt[0] in {question.id for question in asked} or self._prompt[1].done():
                return
            self._prompt[1].cancel()
            self._prompt = None
        if asked:
            job = self._spawn(self._ask(asked[0]))
            self._prompt = (asked[0].id, job)

    async def _ask(self, question: Question) -> None:
        answer = await self._show.ask(question)
        await self._answer(question, answer)
        self._prompt = None
        self._react()

    async def _drop_prompt(self) -> None:
        if self._prompt is not None:
            self._prompt[1].cancel()
            await asyncio.gather(self._prompt[1], return_exceptions=True)

    async def _answer(self, question: Question, answer: str) -> None:
        facts = {"runId": self._run_id, "by": self._wishes.by}
        try:
            if not question.id.startswith(GATE):
                await self._door.call(
                    "question/answer", {**facts, "questionId": question.id, "answer": answer}
                )
            elif answer == "approve":
                await self._door.call("task/approve", {**facts, "taskId": question.task_id})
            else:
                await self._door.call("run/stop", {**facts, "reason": "the consensus was not approved"})
        except SextetError as error:
            said = str(error)
            self._tell(lambda: self._show.say(said))

    # Leaving --------------------------------------------------------------------------------------
    async def _leave(self, reason: str) -> None:
        """Stop the work here so that it can be resumed, or stop watching it there."""
        if isinstance(self._door, Here):
            await self._door.orchestrator.interrupt(self._run_id, reason)
        self._detached.set()

    def _signal(self) -> None:
        if self.signalled:
            self._spawn(self._kill())
            return
        self.signalled = True
        self._spawn(self._leave(f"interrupted by {self._wishes.by}"))
        words = "Stopping; what was written is kept. Press Ctrl-C again to kill everything at once."
        self._tell(lambda: self._show.say(words if self._door.here else _ELSEWHERE))

    async def _kill(self) -> None:
        with suppress(OSError):
            self._show.end()
        await processes.stop_all(0)
        os._exit(128 + signal.SIGINT)  # whatever hangs is left behind; the journal is whole at any moment

    @asynccontextmanager
    async def _signals(self) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._signal)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)
        return task

    @property
    def taken_away(self) -> bool:
        """True when the process that worked on it ended before the run did, and nobody asked for that."""
        if self._door.here or self.signalled or self.waits or self.screen.view.ended:
            return False
        given_up = self.screen.view.state is RunState.INTERRUPTED and self.screen.view.reason == CLOSED
        return self.lost or given_up
