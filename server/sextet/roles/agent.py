"""Agent: ask for one structured answer, down the list of models, through every failure that can be mended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, NoReturn, TypeVar

from sextet.codex.answers import parse, schema_of
from sextet.codex.turn import Agents, Fence, Purpose, TurnError, TurnRequest, TurnResult
from sextet.errors import OutcomeError
from sextet.model.base import Record
from sextet.model.names import Kind
from sextet.model.task import Failure, FailureKind, Usage
from sextet.roles import prompts
from sextet.roles.executor import Assignment, AttemptFailedError, Sink
from sextet.roles.hearing import Hearing
from sextet.roles.prompts import Prompt

A = TypeVar("A", bound=Record)

TRIES: Final = 3
"""Turns with one model that may be lost to passing trouble."""

LONGEST_PAUSE: Final = 60.0
"""Seconds of the longest pause inside an attempt; for more the task is given back."""

_ELSEWHERE: Final = frozenset({FailureKind.MODEL, FailureKind.CONTEXT})
_UNRESUMABLE: Final = frozenset({FailureKind.CONTEXT, FailureKind.INTERNAL, FailureKind.CODEX})


def purpose_of(assignment: Assignment) -> Purpose:
    """What the turns of this attempt are for."""
    task = assignment.task
    judging = task.kind in {Kind.TEST, Kind.REVIEW}
    return Purpose(
        role=task.role.value,
        task_id=task.id,
        epoch=task.epoch,
        slot=task.slot,
        item=task.item.id if task.item else "",
        rework=max(task.reworks, task.epoch - 1) if judging else task.reworks,
    )


@dataclass(slots=True)
class _Talk:
    """Where the conversation with one model stands: what is said next, and what was tried."""

    model: str
    thread: str
    text: str
    reason: str
    inherited: bool = False
    """The thread is of an earlier attempt, and nothing was heard on it yet."""
    tries: int = 0
    fresh: bool = False
    reasked: bool = False


@dataclass(slots=True)
class Interview:
    """One attempt's conversation with Codex.

    Args:
        agents: who answers.
        assignment: the attempt.
        sink: whom to tell.
        sleep: how to wait; for tests.
    """

    agents: Agents
    assignment: Assignment
    sink: Sink
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    usage: Usage = field(default_factory=Usage)
    """Tokens of all turns so far, those that failed as well."""
    _deadline: float = field(init=False)
    _hearing: Hearing = field(init=False)

    def __post_init__(self) -> None:
        self._deadline = time.monotonic() + self.assignment.settings.timeout_minutes * 60
        self._hearing = Hearing(self.sink)

    async def ask(
        self, record: type[A], prompt: Prompt, fence: Fence, check: Callable[[A], None] | None = None
    ) -> A:
        """The answer as a record.

        Args:
            record: what the answer must be.
            prompt: what is asked.
            fence: what the agent may touch.
            check: raises OutcomeError when the answer fits its schema and still makes no sense.

        Raises:
            AttemptFailedError: there is no answer, and why.
        """
        self._hearing.root = f"{fence.cwd}/"
        self.sink.artifact("prompt.md", f"{prompt.instructions}\n\n---\n\n{prompt.text}".encode())
        thread, reason = self.assignment.task.thread, ""
        for model in self.assignment.models or ("",):
            text = prompts.resumed(prompt) if thread else self._opening(prompt, reason)
            talk = _Talk(model, thread, text, reason, inherited=bool(thread))
            try:
                return await self._converse(talk, record, prompt, fence, check)
            except TurnError as error:
                last = error
                reason = f"{model or 'The default model'} cannot go on: {error.failure.cause}"[:1_000]
                self.sink.log("sextet", reason)
            thread = ""
        raise self._given_up(last) from last

    def _opening(self, prompt: Prompt, reason: str) -> str:
        begun = bool(reason or self.assignment.task.salvage)
        return prompts.FRESH + prompt.text if begun else prompt.text

    async def _converse(
        self,
        talk: _Talk,
        record: type[A],
        prompt: Prompt,
        fence: Fence,
        check: Callable[[A], None] | None,
    ) -> A:
        while True:
            try:
                result = await self._turn(talk, record, prompt, fence)
                answer = parse(record, result.text)
                if check is not None:
                    check(answer)
            except TurnError as error:
                await self._recover(talk, error, prompt)
            except OutcomeError as error:
                self._again(talk, error, result.thread)
            else:
                return answer

    async def _turn(self, talk: _Talk, record: type[Record], prompt: Prompt, fence: Fence) -> TurnResult:
        settings = self.assignment.settings
        left = self._deadline + self._hearing.waited - time.monotonic()
        if left <= 0:
            self._fail(
                FailureKind.TIMEOUT, f"The attempt took longer than {settings.timeout_minutes:g} minutes."
            )
        request = TurnRequest(
            prompt=talk.text,
            fence=fence,
            purpose=purpose_of(self.assignment),
            instructions=prompt.instructions,
            schema=schema_of(record),
            model=talk.model,
            effort=settings.effort,
            thread=talk.thread,
            approvals=settings.approvals,
            timeout=left,
        )
        listener = self._hearing.listener(talk.model, talk.reason, self.usage)
        try:
            result = await self.agents.turn(request, listener, self.sink.handle)
        except TurnError as error:
            self._spend(error.usage)
            raise
        self._spend(result.usage)
        talk.inherited = False
        return result

    async def _recover(self, talk: _Talk, error: TurnError, prompt: Prompt) -> None:
        """Prepare the next turn with the same model, or raise: TurnError for the next model."""
        kind, first = error.failure.kind, talk.inherited
        talk.inherited = False
        if first and not error.lost and kind in _UNRESUMABLE:
            self._start_anew(talk, prompt, "The earlier conversation cannot be resumed")
        elif kind is FailureKind.CONTEXT and not talk.fresh:
            self._start_anew(talk, prompt, "The conversation ran out of room")
        elif kind is FailureKind.TRANSIENT or error.lost:
            await self._pause(talk, error, prompt)
        elif kind in _ELSEWHERE:
            raise error
        else:
            raise self._given_up(error) from error

    def _start_anew(self, talk: _Talk, prompt: Prompt, why: str) -> None:
        talk.fresh = True
        talk.thread, talk.text, talk.reason = "", prompts.FRESH + prompt.text, why
        self.sink.log("sextet", f"{why}; a new one begins.")

    async def _pause(self, talk: _Talk, error: TurnError, prompt: Prompt) -> None:
        talk.tries += 1
        pause = max(error.retry_after, 0.0 if error.lost else 2.0 ** (talk.tries - 1))
        if talk.tries >= TRIES or pause > LONGEST_PAUSE:
            raise self._given_up(error) from error
        talk.thread = error.thread or talk.thread
        talk.text = prompts.resumed(prompt) if talk.thread else prompt.text
        talk.reason = error.failure.cause[:1_000]
        self.sink.log("sextet", f"{error.failure.cause} Trying again in {pause:g} s.")
        await self.sleep(pause)

    def _again(self, talk: _Talk, error: OutcomeError, thread: str) -> None:
        """Ask for the answer once more on its thread."""
        if talk.reasked:
            self._fail(FailureKind.ANSWER, error.what, "Retry the task, or give the role another model.")
        talk.reasked = True
        talk.thread, talk.text = thread, prompts.reask(error.what)
        self.sink.log("sextet", f"{error.what} Asking once more.")

    def _spend(self, usage: Usage) -> None:
        self.usage = self.usage.plus(usage)
        self.sink.spent(self.usage)

    def _given_up(self, error: TurnError) -> AttemptFailedError:
        return AttemptFailedError(error.failure, usage=self.usage, retry_after=error.retry_after)

    def _fail(self, kind: FailureKind, cause: str, next_step: str = "") -> NoReturn:
        failure = Failure(kind=kind, cause=cause, next_step=next_step)
        raise AttemptFailedError(failure, usage=self.usage)
