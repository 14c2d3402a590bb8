"""RunningTurn: what the app-server tells about one turn, until it ends, goes silent or runs out of time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any, Final, Literal

from sextet.codex import activity
from sextet.codex.turn import Activity, Listener, TurnRequest
from sextet.codex.wire import Json
from sextet.model.task import Usage

Verdict = Literal["ended", "gone", "silent", "late"]

_TICK: Final = 5.0
"""Seconds between looks at the clocks, at most."""


class RunningTurn:
    """The state of one turn, fed by `notified`.

    Args:
        thread: the conversation it belongs to.
        request: its time limits.
        listener: hears what the agent does.
    """

    def __init__(self, thread: str, request: TurnRequest, listener: Listener) -> None:
        self.thread = thread
        self.turn_id = ""
        self.text = ""
        """The last message that is not a commentary."""
        self.usage = Usage()
        """This turn's own tokens so far."""
        self.model = request.model
        self.commands: set[str] = set()
        """Items of commands that run."""
        self.ran_commands = False
        self.items: dict[str, Json] = {}
        """File changes by item, for approvals."""
        self.result: Json | None = None
        """The turn as it ended."""
        self._streamed: set[str] = set()
        self._before: Usage | None = None
        self._request = request
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._sign = self._loop.time()
        self._deadline = self._sign + request.timeout
        self._humans = 0
        self._ended = asyncio.Event()
        self._quiet = asyncio.Event()
        self._quiet.set()

    def begin(self, turn_id: str) -> None:
        """Note the turn's id; what carries another id is not about this turn."""
        self.turn_id = self.turn_id or turn_id

    def notified(self, method: str, params: Json) -> None:
        """Take in one notification of the thread."""
        turn = params.get("turn")
        named = turn.get("id") if isinstance(turn, dict) else params.get("turnId")
        if method == "turn/started" and isinstance(named, str):
            self.begin(named)
        if isinstance(named, str) and named != self.turn_id:
            return
        self.sign_of_life()
        self._note(method, params)
        for each in self._told(method, params):
            self._listener.activity(each)

    def sign_of_life(self) -> None:
        """Something was heard of the turn."""
        self._sign = self._loop.time()

    @contextlib.contextmanager
    def human(self) -> Iterator[None]:
        """While a human is asked, no clock of the turn runs."""
        since = self._loop.time()
        self._humans += 1
        try:
            yield
        finally:
            self._humans -= 1
            now = self._loop.time()
            self._sign = now
            self._deadline += now - since

    async def wait(self, gone: asyncio.Event) -> Verdict:
        """Wait until the turn ended, the app-server is gone, or a clock ran out."""
        ended = asyncio.ensure_future(self._ended.wait())
        death = asyncio.ensure_future(gone.wait())
        try:
            while True:
                await asyncio.wait(
                    {ended, death}, timeout=self._next_look(), return_when=asyncio.FIRST_COMPLETED
                )
                if verdict := self._verdict(gone):
                    return verdict
        finally:
            ended.cancel()
            death.cancel()

    async def settled(self, seconds: float) -> bool:
        """Wait for the end of the turn and of its commands; False when `seconds` were not enough."""
        try:
            async with asyncio.timeout(seconds):
                await self._ended.wait()
                await self._quiet.wait()
        except TimeoutError:
            return False
        return True

    def _verdict(self, gone: asyncio.Event) -> Verdict | None:
        if self._ended.is_set():
            return "ended"
        if gone.is_set():
            return "gone"
        if self._humans:
            return None
        now = self._loop.time()
        if now >= self._deadline:
            return "late"
        if not self.commands and now - self._sign >= self._request.silence:
            return "silent"
        return None

    def _next_look(self) -> float:
        if self._humans:
            return _TICK
        clocks = [self._deadline]
        if not self.commands:
            clocks.append(self._sign + self._request.silence)
        return max(0.01, min(min(clocks) - self._loop.time(), _TICK))

    def _told(self, method: str, params: Json) -> tuple[Activity, ...]:
        item = params.get("item")
        if method == "item/commandExecution/outputDelta":
            self._streamed.add(str(params.get("itemId")))
        elif method == "item/completed" and isinstance(item, dict):
            outputs = str(item.get("id")) not in self._streamed  # a quick command is told in one piece
            return activity.of_item(item, done=True, outputs=outputs)
        return activity.of_notification(method, params)

    def _note(self, method: str, params: Json) -> None:
        if method in {"item/started", "item/completed"}:
            item = params.get("item")
            if isinstance(item, dict):
                self._note_item(item, done=method == "item/completed")
        elif method == "thread/tokenUsage/updated":
            self._note_usage(params.get("tokenUsage"))
        elif method == "turn/completed":
            turn = params.get("turn")
            self.result = turn if isinstance(turn, dict) else {}
            self._ended.set()

    def _note_item(self, item: dict[str, Any], *, done: bool) -> None:
        kind, name = item.get("type"), str(item.get("id"))
        if kind == "commandExecution":
            self.ran_commands = True
            (self.commands.discard if done else self.commands.add)(name)
            (self._quiet.clear if self.commands else self._quiet.set)()
        elif kind == "fileChange":
            self.items[name] = item
        elif kind == "agentMessage" and done and item.get("phase") != "commentary":
            text = item.get("text")
            self.text = text if isinstance(text, str) else ""

    def _note_usage(self, told: object) -> None:
        if not isinstance(told, dict):
            return
        total = activity.usage_of(told.get("total"))
        if self._before is None:  # what the thread had cost before the first answer of this turn
            self._before = activity.minus(total, activity.usage_of(told.get("last")))
        self.usage = activity.minus(total, self._before)
        self._listener.activity(Activity(kind="usage", text=f"{self.usage.total} tokens", usage=self.usage))
