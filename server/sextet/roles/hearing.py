"""Hearing: what an agent does during its turns, told to the sink; what it asks, put to people."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Final

from sextet.codex.turn import Activity, ApprovalRequest, Decision, Listener
from sextet.model.notes import QuestionKind
from sextet.model.task import Usage
from sextet.roles.executor import Sink
from sextet.roles.wording import clean

SHOWN: Final = 20_000
"""Characters of one activity that are kept."""

NO_ANSWER: Final = (
    "Nobody answered in time. Decide for yourself, choose the cautious reading, "
    "and say in your answer what you assumed."
)
_APPROVAL: Final = (("accept", "Allow this once"), ("decline", "Decline"))


@dataclass(slots=True)
class Hearing:
    """Makes the listeners of one attempt's turns."""

    sink: Sink
    root: str = ""
    """The folder that the agent works in, with a slash at its end; the log names files from there."""
    waited: float = 0.0
    """Seconds spent waiting for people, which are not the agent's."""
    _told: set[tuple[str, str]] = field(default_factory=set)
    _running: set[str] = field(default_factory=set)

    def listener(self, model: str, reason: str, spent: Usage) -> Listener:
        """A listener for the next turn.

        Args:
            model: the model that is asked.
            reason: why this one, when it is not the first choice.
            spent: tokens of the turns before.
        """

        async def started(thread: str) -> None:
            if (model, thread) not in self._told:
                self._told.add((model, thread))
                await self.sink.turn_started(model=model, thread=thread, reason=reason)

        def activity(event: Activity) -> None:
            self._activity(event, spent)

        return Listener(started=started, activity=activity, approve=self._approve, ask=self._ask)

    def _activity(self, event: Activity, spent: Usage) -> None:
        if event.usage is not None:
            self.sink.spent(spent.plus(event.usage))
        text = clean(event.text, SHOWN)
        if event.kind == "usage":
            return
        stream, line = self._line(event, text)
        if line:
            self.sink.log(stream, line)
        kept = {"time": round(time.time(), 3), "kind": event.kind, "text": text, "done": event.done}
        if event.exit_code is not None:
            kept["exitCode"] = event.exit_code
        self.sink.artifact("activity.jsonl", json.dumps(kept, ensure_ascii=False).encode() + b"\n")

    def _line(self, event: Activity, text: str) -> tuple[str, str]:
        """Stream and text of the log for one activity; its text may be empty."""
        if event.kind == "output":
            return "command", text
        if event.kind != "command":
            return "agent", self._spoken(event.kind, text)
        if not event.done:
            self._running.add(event.text)
            return "command", f"$ {text}"
        ended = "was stopped" if event.exit_code is None else f"exit code {event.exit_code}"
        if event.text in self._running:
            self._running.discard(event.text)
            return "command", f"({ended})"
        return "command", f"$ {text}\n({ended})"

    def _spoken(self, kind: str, text: str) -> str:
        if kind == "message":
            return _summary(text)
        if kind == "file" and self.root:
            text = text.replace(self.root, "")
        return text if kind == "other" else f"{kind}: {text}"

    async def _approve(self, wish: ApprovalRequest) -> Decision:
        what = {"command": "run a command", "files": "change files", "permissions": "get more permissions"}
        text = f"The agent wants to {what[wish.kind]} outside its sandbox: {clean(wish.text, 4_000)}"
        where = wish.detail
        if wish.kind == "command" and self.root:
            where = where.replace(self.root.rstrip("/"), "its worktree")
        detail = clean("\n\n".join(part for part in (wish.reason, where) if part), 20_000)
        answer = await self._put(QuestionKind.APPROVAL, text, _APPROVAL, detail)
        return "accept" if answer == "accept" else "decline"

    async def _ask(self, text: str) -> str:
        answer = await self._put(QuestionKind.AGENT, clean(text, 20_000), (), "")
        return answer.strip() or NO_ANSWER

    async def _put(
        self, kind: QuestionKind, text: str, choices: tuple[tuple[str, str], ...], detail: str
    ) -> str:
        began = time.monotonic()
        default = "decline" if choices else ""
        try:
            return await self.sink.ask(kind, text, choices=choices, default=default, detail=detail)
        finally:
            self.waited += time.monotonic() - began


def _summary(message: str) -> str:
    """A message for the log; of an answer that fits a schema its summary, as the whole is kept elsewhere."""
    if not message.startswith("{"):
        return message
    try:
        answer = json.loads(message)
    except (ValueError, RecursionError):
        return message
    said = answer.get("summary") if isinstance(answer, dict) else None
    return f"answer: {said}" if isinstance(said, str) else message
