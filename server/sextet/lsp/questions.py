"""Questions of runs as messages with buttons, and word of a patch that is ready, for editors with no pane."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from sextet.errors import SextetError
from sextet.lsp.client import Client, RefusedError
from sextet.model import events as ev
from sextet.model.live import Heartbeat
from sextet.model.notes import Question
from sextet.model.patch import Patch, PatchState
from sextet.pipeline.view import RunView
from sextet.roles.wording import clean, one_line

Command = Callable[[str, Mapping[str, Any]], Awaitable[Any]]
"""Carries out a verb as if the person had typed the command."""

SHOW, APPLY = "Show the patch", "Apply it"
_WARNING = 2
_INFO = 3


class Questions:
    """Puts open questions of runs that are worked on to the person, each once.

    Args:
        client: must be able to show messages with buttons.
        command: carries out what the person chose.
    """

    def __init__(self, client: Client, command: Command) -> None:
        self._client = client
        self._command = command
        self._asked: dict[tuple[str, str, float], asyncio.Task[None]] = {}
        self._told: set[asyncio.Task[None]] = set()

    def changed(self, view: RunView, entries: Sequence[ev.Entry]) -> None:
        """Ask what is new, withdraw what somebody else has answered, tell of a patch that is ready."""
        run_id = view.the_run.id
        open_now = {(run_id, each.id, each.asked_at): each for each in view.questions.values()}
        for key in [key for key in self._asked if key[0] == run_id and key not in open_now]:
            self._asked.pop(key).cancel()
        if not entries:  # read from the disk: perhaps nobody is at work on it
            return
        for key, question in open_now.items():
            if key not in self._asked:
                self._asked[key] = asyncio.create_task(self._ask(run_id, question))
        for entry in entries:
            if isinstance(entry.event, ev.PatchProposed):
                patch = view.patches[int(entry.event.patch_id.removeprefix("patch-"))]
                if patch.state is PatchState.PROPOSED:
                    task = asyncio.create_task(self._offer(run_id, patch))
                    self._told.add(task)
                    task.add_done_callback(self._told.discard)

    def beat(self, heartbeat: Heartbeat) -> None:
        """Nothing: questions come with events."""

    async def close(self) -> None:
        """Withdraw everything."""
        tasks = [*self._asked.values(), *self._told]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, run_id: str, question: Question) -> None:
        text = clean(question.text, 2_000)
        if not question.choices:
            asked = {"runId": run_id, "questionId": question.id, "answer": "…"}
            words = f"{text} Answer with the command sextet.question.answer {json.dumps(asked)}"
            self._client.tell("window/showMessage", {"type": _WARNING, "message": words})
            return
        if question.detail:
            text += f"\n{clean(question.detail, 2_000)}"
        # The harmless one first: some editors take whatever is typed for an answer.
        choices = sorted(question.choices, key=lambda each: each.value != question.default)
        labels = {one_line(each.label, 100): each.value for each in choices}
        chosen = labels.get(await self._choice(text, tuple(labels), _WARNING))
        if chosen is not None:
            asked = {"runId": run_id, "questionId": question.id, "answer": chosen}
            await self._do("question/answer", asked)

    async def _offer(self, run_id: str, patch: Patch) -> None:
        state = "approved, but nothing tested it" if patch.untested else "tested and approved"
        chosen = await self._choice(f"{patch.id} is {state}.", (SHOW, APPLY), _INFO)
        named = {"runId": run_id, "patchId": patch.id}
        if chosen == SHOW:
            await self._do("patch/open", named)
        elif chosen == APPLY:
            await self._do("patch/apply", {**named, "seen": patch.tree})

    async def _choice(self, text: str, labels: Sequence[str], kind: int) -> str:
        """The button that was pressed; empty when none was."""
        params = {"type": kind, "message": text, "actions": [{"title": each} for each in labels]}
        with suppress(RefusedError):
            answer = await self._client.ask("window/showMessageRequest", params)
            title = answer.get("title") if isinstance(answer, dict) else None
            return title if isinstance(title, str) else ""
        return ""

    async def _do(self, method: str, params: Mapping[str, Any]) -> None:
        try:
            await self._command(method, params)
        except SextetError as error:
            self._client.tell("window/showMessage", {"type": _WARNING, "message": str(error)})
