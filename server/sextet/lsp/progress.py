"""Progress: one line of work-done progress per run that somebody works on."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from sextet.lsp.client import Client, RefusedError
from sextet.model.events import Entry
from sextet.model.live import Heartbeat
from sextet.model.names import ENDED, Kind, RunState, TaskState
from sextet.pipeline.view import RunView
from sextet.roles.wording import one_line

SILENCE: Final = 10.0
"""Seconds without a heartbeat or an event after which nobody works on a run any more."""

_OVER: Final = ENDED | {RunState.INTERRUPTED}
_DONE: Final = (TaskState.DONE, TaskState.INTEGRATED, TaskState.SUPERSEDED, TaskState.STOPPED)


def sentence(view: RunView) -> str:
    """How far a run is, in one line (pure)."""
    if view.state is RunState.WAITING_FOR_HUMAN or view.questions:
        number = len(view.questions)
        return "waits for you" + (f": {number} open question{'s' * (number > 1)}" if number else "")
    if view.state is not RunState.RUNNING:
        return view.state.value.replace("_", " ") + (f": {one_line(view.reason, 120)}" if view.reason else "")
    parts = []
    for kind in Kind:
        total = view.total(kind, view.patch)
        done = view.number(kind, view.patch, *_DONE)
        if total and (kind is Kind.IMPLEMENT or done < total):
            parts.append(f"{kind.value} {done}/{total}" if total > 1 else kind.value)
        if total and done < total and kind is not Kind.IMPLEMENT:
            break
    rounds = view.rounds[view.patch]
    return ", ".join(parts[-2:] or ["at work"]) + (f", rework {rounds}" if rounds else "")


class Progress:
    """Shows runs as progress of the client.

    Args:
        client: where it is shown; must be able to.
        stop: called with the run that a person cancels.
    """

    def __init__(self, client: Client, stop: Callable[[str], None]) -> None:
        self._client = client
        self._stop = stop
        self._shown: dict[str, _Shown] = {}

    def changed(self, view: RunView, entries: Sequence[Entry]) -> None:
        """Say how far the run is; it is shown from its first sign of life on."""
        run_id = view.the_run.id
        shown = self._shown.get(run_id)
        if view.state in _OVER:
            if shown is not None:
                shown.end(sentence(view))
        elif shown is not None:
            shown.say(sentence(view))
        elif entries:
            title = f"Sextet: {one_line(view.the_run.briefing.goal, 80)}"
            made = self._shown[run_id] = _Shown(self._client, title, sentence(view))
            made.task.add_done_callback(lambda _: self._forget(run_id, made))

    def beat(self, heartbeat: Heartbeat) -> None:
        """Somebody is still at work."""
        shown = self._shown.get(heartbeat.run_id)
        if shown is not None:
            shown.changed.set()

    def cancelled(self, params: Any) -> None:
        """`window/workDoneProgress/cancel`: a person wants the run to stop."""
        token = params.get("token") if isinstance(params, dict) else None
        for run_id, shown in self._shown.items():
            if shown.token == token:
                self._stop(run_id)

    async def close(self) -> None:
        """Show nothing more."""
        tasks = [shown.task for shown in self._shown.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, run_id: str, shown: _Shown) -> None:
        if self._shown.get(run_id) is shown:
            del self._shown[run_id]


class _Shown:
    """One run's progress, from its creation at the client to its end."""

    def __init__(self, client: Client, title: str, said: str) -> None:
        self.token = f"sextet-{secrets.token_hex(8)}"
        self.changed = asyncio.Event()
        self._client = client
        self._title = title
        self._said = said
        self._over = False
        self.task = asyncio.create_task(self._run())

    def say(self, words: str) -> None:
        """How far it is now."""
        self._said = words
        self.changed.set()

    def end(self, words: str) -> None:
        """How it ended."""
        self._over = True
        self.say(words)

    async def _run(self) -> None:
        try:
            await self._client.ask("window/workDoneProgress/create", {"token": self.token})
        except RefusedError:
            return
        last = self._said
        self._tell({"kind": "begin", "title": self._title, "message": last, "cancellable": True})
        try:
            while not self._over:
                self.changed.clear()
                if self._said != last:
                    last = self._said
                    self._tell({"kind": "report", "message": last, "cancellable": True})
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.changed.wait(), SILENCE)
                    continue
                self._said = "nobody works on it any more"
                break
        finally:
            self._tell({"kind": "end", "message": self._said})

    def _tell(self, value: dict[str, Any]) -> None:
        self._client.tell("$/progress", {"token": self.token, "value": value})
