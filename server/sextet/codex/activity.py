"""Activity: what Codex tells during a turn, in both of its forms, as lines for the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sextet.codex.turn import Activity
from sextet.model.task import Usage
from sextet.system.lines import plain

LONGEST: Final = 64 * 1024
"""Characters of one activity; what is longer keeps its end (commands) or its beginning (all else)."""

_KEYS: Final = {
    "agent_message": "agentMessage",
    "command_execution": "commandExecution",
    "file_change": "fileChange",
    "mcp_tool_call": "mcpToolCall",
    "web_search": "webSearch",
    "todo_list": "todoList",
    "collab_tool_call": "collabAgentToolCall",
}
"""Item types of `codex exec --json` by their app-server name."""

_SILENT: Final = frozenset({"userMessage", "hookPrompt"})
"""Items that only repeat what was sent."""

Json = Mapping[str, Any]


def of_notification(method: str, params: Json) -> tuple[Activity, ...]:
    """Read an app-server notification; empty for what is not worth a line. Never raises."""
    reader = _NOTIFICATIONS.get(method)
    return reader(params) if reader else ()


def of_event(event: Json) -> tuple[Activity, ...]:
    """Read one line of `codex exec --json`; empty for what is not worth a line. Never raises."""
    kind = _text(event.get("type"))
    if kind in {"item.started", "item.updated", "item.completed"}:
        return of_item(_mapping(event.get("item")), done=kind == "item.completed", outputs=True)
    if kind == "error":
        return _one("error", _text(event.get("message")), done=False)
    return ()


def of_item(item: Json, *, done: bool, outputs: bool = False) -> tuple[Activity, ...]:
    """Read an item of either form.

    Args:
        item: as it was sent; unknown types become `other`.
        done: whether it is complete.
        outputs: whether a command's output stands only in the item (exec) and was not streamed before.
    """
    kind = _text(item.get("type"))
    kind = _KEYS.get(kind, kind)
    if kind in _SILENT:
        return ()
    if kind == "commandExecution":
        return _command(item, done=done, outputs=outputs)
    reader = _READERS.get(kind)
    if reader is None:
        return _one("other", kind or "something unnamed") if done else ()
    name, text, early = reader(item)
    return _one(name, text, done=done) if done or early else ()


def usage_of(counts: object) -> Usage:
    """Token counts of either form; what is missing, negative or not a number counts as 0."""
    fields = _mapping(counts)
    return Usage(
        input=_count(fields, "inputTokens", "input_tokens"),
        cached=_count(fields, "cachedInputTokens", "cached_input_tokens"),
        output=_count(fields, "outputTokens", "output_tokens"),
        reasoning=_count(fields, "reasoningOutputTokens", "reasoning_output_tokens"),
    )


def minus(total: Usage, before: Usage) -> Usage:
    """The tokens of one turn, from the thread's sums after and before it."""
    return Usage(
        input=max(0, total.input - before.input),
        cached=max(0, total.cached - before.cached),
        output=max(0, total.output - before.output),
        reasoning=max(0, total.reasoning - before.reasoning),
    )


def files_of(item: Json) -> str:
    """The files of a file change, one per line, for display only."""
    changes = item.get("changes")
    if not isinstance(changes, list):
        return ""
    return "\n".join(_change(_mapping(change)) for change in changes[:200])


def _change(change: Json) -> str:
    kind = change.get("kind")
    name = _text(_mapping(kind).get("type")) if isinstance(kind, dict) else _text(kind)
    return f"{name or 'change'} {_text(change.get('path'))}"


def _command(item: Json, *, done: bool, outputs: bool) -> tuple[Activity, ...]:
    line = _clip(_text(item.get("command")))
    if not done:
        return (Activity(kind="command", text=line, done=False),)
    code = item.get("exitCode", item.get("exit_code"))
    said = _text(item.get("aggregatedOutput", item.get("aggregated_output"))) if outputs else ""
    ended = Activity(kind="command", text=line, exit_code=code if isinstance(code, int) else None)
    return (*_one("output", said[-LONGEST:]), ended)


def _tool(item: Json) -> tuple[Any, str, bool]:
    failed = _text(_mapping(item.get("error")).get("message"))
    name = ".".join(part for part in (_text(item.get("server")), _text(item.get("tool"))) if part)
    return "tool", f"{name}: {failed}" if failed else name, True


def _reasoning(item: Json) -> tuple[Any, str, bool]:
    summary = item.get("summary")
    parts = [part for part in summary if isinstance(part, str)] if isinstance(summary, list) else []
    return "reasoning", "\n".join(parts) or _text(item.get("text")), False


_READERS: Final[Mapping[str, Callable[[Json], tuple[Any, str, bool]]]] = {
    "agentMessage": lambda item: ("message", _text(item.get("text")), False),
    "reasoning": _reasoning,
    "fileChange": lambda item: ("file", files_of(item), False),
    "mcpToolCall": _tool,
    "dynamicToolCall": _tool,
    "collabAgentToolCall": _tool,
    "webSearch": lambda item: ("tool", f"web search: {_text(item.get('query'))}", False),
    "todoList": lambda item: ("plan", _plan(item.get("items"), "text"), True),
    "plan": lambda item: ("plan", _text(item.get("text")), False),
    "error": lambda item: ("error", _text(item.get("message")), False),
    "contextCompaction": lambda _item: ("other", "The conversation was summarised to make room.", False),
}


_NOTIFICATIONS: Final[Mapping[str, Callable[[Json], tuple[Activity, ...]]]] = {
    "item/started": lambda params: of_item(_mapping(params.get("item")), done=False),
    "item/completed": lambda params: of_item(_mapping(params.get("item")), done=True),
    "item/commandExecution/outputDelta": lambda params: _one(
        "output", _text(params.get("delta")), done=False
    ),
    "error": lambda params: _one(
        "error", _text(_mapping(params.get("error")).get("message")), done=not params.get("willRetry")
    ),
    "turn/plan/updated": lambda params: _one("plan", _plan(params.get("plan"), "step")),
    "warning": lambda params: _one("other", _text(params.get("message"))),
    "model/rerouted": lambda params: _one("other", f"The model is now {_text(params.get('toModel'))}."),
}


def _plan(steps: object, key: str) -> str:
    rows = [_mapping(step) for step in steps] if isinstance(steps, list) else []
    return "\n".join(f"[{'x' if _is_done(row) else ' '}] {_text(row.get(key))}" for row in rows[:100])


def _is_done(row: Json) -> bool:
    return row.get("completed") is True or row.get("status") == "completed"


def _one(kind: Any, text: str, *, done: bool = True) -> tuple[Activity, ...]:
    said = _clip(text)
    return (Activity(kind=kind, text=said, done=done),) if said else ()


def _clip(text: str) -> str:
    return plain(text[:LONGEST])


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _count(fields: Json, *names: str) -> int:
    for name in names:
        value = fields.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return max(0, value)
    return 0
