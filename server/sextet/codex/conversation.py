"""One turn on one app-server: loaded, begun, watched, cut short when it must be, and tidied up after."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from sextet.codex import approvals, failures, policy
from sextet.codex.connection import Connection
from sextet.codex.pool import Pool, shielded
from sextet.codex.running import RunningTurn
from sextet.codex.turn import Listener, TurnError, TurnHandle, TurnRequest, TurnResult
from sextet.codex.wire import GoneError, Json, RpcError
from sextet.errors import StaleError
from sextet.model.task import Failure, FailureKind, Usage

INTERRUPTED: Final = (
    "You were interrupted: the process that ran you ended and was started again. Commands that were running "
    "were ended. Look at the state of the files, go on with your task where you stopped, and answer as asked."
)


class LostError(Exception):
    """The app-server died under a turn; the next one can go on with its thread."""


@dataclass(slots=True)
class Attempt:
    """A turn as its caller sees it, carried from one app-server to the next."""

    request: TurnRequest
    listener: Listener
    handle: TurnHandle
    thread: str = ""
    """The conversation so far; empty before there is one."""
    begun: bool = False
    """Whether a turn was sent to an app-server that died."""
    spent: Usage = field(default_factory=Usage)
    """Tokens of turns that were lost."""

    def __post_init__(self) -> None:
        self.thread = self.thread or self.request.thread


async def once(pool: Pool, connection: Connection, attempt: Attempt) -> TurnResult:
    """Try a turn on one app-server.

    Raises:
        LostError: the app-server died.
        TurnError: there is no answer.
    """
    before = attempt.thread
    prompt = await _load(connection, attempt)
    if attempt.thread in connection.busy:
        raise TurnError(failures.internal("The conversation already has a turn."), thread=attempt.thread)
    turn = RunningTurn(attempt.thread, attempt.request, attempt.listener)
    connection.enter(turn.thread)
    connection.wire.listen(turn.thread, turn.notified, partial(_answer, turn, attempt.listener))
    try:
        if attempt.thread != before or not attempt.begun:
            await attempt.listener.started(turn.thread)
        attempt.begun = True
        await _run(pool, connection, turn, (attempt, prompt))
    except LostError:
        attempt.spent = attempt.spent.plus(turn.usage)
        raise
    finally:
        attempt.handle.steer = attempt.handle.interrupt = None
        connection.wire.unlisten(turn.thread, turn.notified)
        connection.leave(turn.thread)
    return _result(turn, attempt)


async def _load(connection: Connection, attempt: Attempt) -> str:
    """Load the thread; the prompt of the turn, which differs when the thread has heard it already."""
    try:
        attempt.thread, told = await connection.thread(attempt.request, attempt.thread)
    except GoneError as error:
        raise LostError(str(error)) from error
    except RpcError as error:
        if attempt.begun and not attempt.request.thread:  # our own, lost before it was written
            attempt.thread = ""
            raise LostError(str(error)) from error
        raise TurnError(_refused(error, attempt.thread), thread=attempt.thread) from error
    heard = attempt.begun and _holds(told, attempt.request.prompt)
    return INTERRUPTED if heard else attempt.request.prompt


async def _run(pool: Pool, connection: Connection, turn: RunningTurn, what: tuple[Attempt, str]) -> None:
    attempt, prompt = what
    params = _start_params(turn.thread, attempt.request, prompt)
    start = asyncio.create_task(connection.wire.call("turn/start", params))
    try:
        turn.begin(_turn_id(await asyncio.shield(start)))
        attempt.handle.steer = partial(_steer, connection, turn)
        attempt.handle.interrupt = partial(_interrupt, pool, connection, turn)
        verdict = await turn.wait(connection.wire.gone)
    except RpcError as error:
        raise TurnError(failures.of_error(error.error), thread=turn.thread) from error
    except GoneError as error:
        raise LostError(str(error)) from error
    except asyncio.CancelledError:
        await shielded(_cut_short(pool, connection, turn, start))
        raise
    if verdict == "gone":
        raise LostError(connection.wire.said)
    if verdict == "ended":
        await _tidy(pool, connection, turn)
        return
    await shielded(_cut_short(pool, connection, turn, start))
    silent = verdict == "silent"
    limit = attempt.request.silence if silent else attempt.request.timeout
    usage = attempt.spent.plus(turn.usage)
    raise TurnError(failures.timed_out(limit, silent=silent), thread=turn.thread, usage=usage)


async def _cut_short(pool: Pool, connection: Connection, turn: RunningTurn, start: asyncio.Task[Any]) -> None:
    """Interrupt a turn and end its commands; an app-server that does not obey is replaced."""
    await asyncio.wait({start}, timeout=pool.limits.settle)
    if start.done() and not start.cancelled() and start.exception() is None:
        turn.begin(_turn_id(start.result()))
    start.cancel()
    await _settle(pool, connection, turn, interrupt=True)


async def _settle(pool: Pool, connection: Connection, turn: RunningTurn, *, interrupt: bool) -> None:
    try:
        if interrupt:
            await _interrupt(pool, connection, turn)
        await connection.clean(turn.thread, timeout=pool.limits.settle)
        obeyed = await turn.settled(pool.limits.settle)
    except GoneError:
        obeyed = connection.wire.gone.is_set()
    if not obeyed:
        pool.retire(connection)


async def _tidy(pool: Pool, connection: Connection, turn: RunningTurn) -> None:
    """End what the turn left running; only when something is known to run, the caller waits for it."""
    if turn.commands:
        await shielded(_settle(pool, connection, turn, interrupt=False))
    pool.beside(_tidy_later(connection, turn))


async def _tidy_later(connection: Connection, turn: RunningTurn) -> None:
    try:
        if turn.ran_commands and turn.thread not in connection.busy:
            await connection.clean(turn.thread)
        await connection.trim()
    except GoneError:
        return


async def _interrupt(pool: Pool, connection: Connection, turn: RunningTurn) -> None:
    params = {"threadId": turn.thread, "turnId": turn.turn_id}
    try:
        await connection.wire.call("turn/interrupt", params, timeout=pool.limits.settle)
    except RpcError:  # it ended by itself just now
        return


async def _steer(connection: Connection, turn: RunningTurn, text: str) -> None:
    params = {"threadId": turn.thread, "expectedTurnId": turn.turn_id, "input": _input(text)}
    try:
        await connection.wire.call("turn/steer", params)
    except (RpcError, GoneError) as error:
        raise StaleError("The agent has just finished; it did not get the message.") from error


async def _answer(turn: RunningTurn, listener: Listener, method: str, params: Json) -> Json:
    return await approvals.answer(method, params, turn, listener)


def _result(turn: RunningTurn, attempt: Attempt) -> TurnResult:
    usage = attempt.spent.plus(turn.usage)
    told = turn.result or {}
    if told.get("status") == "completed":
        return TurnResult(turn.text, turn.thread, usage, turn.model)
    error = told.get("error")
    failure = failures.stopped() if told.get("status") == "interrupted" else failures.of_error(error)
    pause = failures.pause_of(error.get("message")) if isinstance(error, dict) else 0.0
    raise TurnError(failure, thread=turn.thread, retry_after=pause, usage=usage)


def _start_params(thread: str, request: TurnRequest, prompt: str) -> dict[str, Any]:
    params: dict[str, Any] = {
        "threadId": thread,
        "input": _input(prompt),
        "cwd": str(request.fence.cwd),
        "sandboxPolicy": policy.sandbox_policy(request.fence),
        "approvalPolicy": "on-request" if request.approvals == "onRequest" else "never",
    }
    if request.model:
        params["model"] = request.model
    if request.effort:
        params["effort"] = request.effort
    if request.schema is not None:
        params["outputSchema"] = dict(request.schema)
    return params


def _input(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text, "text_elements": []}]


def _turn_id(answer: Any) -> str:
    turn = answer.get("turn") if isinstance(answer, dict) else None
    return str(turn.get("id", "")) if isinstance(turn, dict) else ""


def _holds(told: Mapping[str, Any], prompt: str) -> bool:
    """Whether a resumed thread carries this prompt as a message of ours."""
    for turn in told.get("turns") or ():
        for item in turn.get("items") or ():
            if item.get("type") == "userMessage":
                texts = [part.get("text") for part in item.get("content") or ()]
                if prompt in texts:
                    return True
    return False


def _refused(error: RpcError, thread: str) -> Failure:
    if thread:
        return Failure(
            kind=FailureKind.CONTEXT,
            cause=f"The conversation cannot go on: {error}",
            next_step="It begins anew in another one.",
        )
    return failures.of_error(error.error)
