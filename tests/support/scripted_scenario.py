"""Scenarios of the scripted model: which rule answers a request, and with which step."""

from __future__ import annotations

import fnmatch
import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

Action = dict[str, Any]
Step = list[Action]


class Pick(NamedTuple):
    """The step that answers a request."""

    rule: str
    number: int
    step: Step


class Request:
    """One `POST /v1/responses`, read as far as rules ask for it."""

    def __init__(self, body: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        self.body, self.headers = body, headers
        self.model = str(body.get("model", ""))
        self.effort = str((body.get("reasoning") or {}).get("effort") or "")
        self.items = _items(body.get("input"))
        self.users = [text_of(item) for item in self.items if _is_user(item)]
        told = [text_of(item) for item in self.items if item.get("role") in {"developer", "system"}]
        self.system = "\n".join([str(body.get("instructions") or ""), *told])
        self.meta = _json(headers.get("x-codex-turn-metadata", ""))
        self.kind = str(self.meta.get("request_kind") or "turn")
        self.turn = str(self.meta.get("turn_id") or "")
        tools = list(body.get("tools") or [])
        for item in self.items:  # some models get their tools inside the input
            if item.get("type") in {"additional_tools", "tools"}:
                tools += item.get("tools") or []
        self.tools = dict(_tools(tools))

    @property
    def conversation(self) -> str:
        for name in ("thread-id", "conversation_id", "session_id", "session-id"):
            if self.headers.get(name):
                return self.headers[name]
        return str(self.body.get("prompt_cache_key") or "-")


class Scenario:
    """Rules with steps; a request takes the next step of the rule that matches its newest user message.

    Steps are counted per (conversation, rule, turn): agents can share one server, a retried request takes
    the next step, and the next turn of a thread starts its rule afresh.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.models: Sequence[str] = data.get("models", ())
        self.usage: Mapping[str, int] = data.get("usage", {})
        self._side = _steps([data.get("side", {"text": "Summary of the work so far (scripted)."})])[0]
        self._rules = [_rule(number, rule) for number, rule in enumerate(data.get("rules", ()))]
        if default := data.get("default"):
            self._rules.append(
                {
                    "name": "default",
                    "match": {},
                    "steps": _steps(default),
                    "after": "repeat-last",
                    "last": True,
                }
            )
        self._progress: dict[tuple[str, str, str], int] = {}
        self._attempts: dict[str, list[tuple[str, str]]] = {}
        self._lock = threading.Lock()

    def pick(self, request: Request) -> Pick:
        with self._lock:
            return self._pick(request)

    def _pick(self, request: Request) -> Pick:
        found = [(at, rule) for rule in self._rules if (at := _match(rule["match"], request)) is not None]
        found.sort(key=lambda each: (bool(each[1].get("last")), -each[0]))
        best = next((each for each in found if self._is_attempt(each[1]["match"], request, each[0])), None)
        if best is None:
            refusal: Step = [{"http": 400, "body": {"error": {"message": "scripted model: no rule matches"}}}]
            return Pick("-", 0, refusal) if request.kind == "turn" else Pick(request.kind, 0, self._side)
        at, rule = best
        key = (request.conversation, rule["name"], request.turn or str(at))
        number = self._progress.get(key, 0)
        self._progress[key] = number + 1
        return Pick(rule["name"], number, _step(rule, number))

    def _is_attempt(self, match: Mapping[str, Any], request: Request, at: int) -> bool:
        if "attempt" not in match:
            return True
        rest = json.dumps({key: value for key, value in match.items() if key != "attempt"}, sort_keys=True)
        seen = self._attempts.setdefault(rest, [])
        turn = (request.conversation, request.turn or str(at))
        if turn not in seen:
            seen.append(turn)
        return bool(seen.index(turn) + 1 == match["attempt"])


def text_of(item: Mapping[str, Any]) -> str:
    content = item.get("content")
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text") or "") for part in content or () if isinstance(part, dict))


def _rule(number: int, rule: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": rule.get("name", f"rule{number}"),
        "match": rule.get("match", {}),
        "steps": _steps(rule["steps"]),
        "after": rule.get("after", "error"),
    }


def _steps(raw: Sequence[Any]) -> list[Step]:
    steps: list[Step] = []
    for each in raw:
        actions = each if isinstance(each, list) else [each]
        steps += [actions] * max(action.get("times", 1) for action in actions)
    return steps


def _step(rule: Mapping[str, Any], number: int) -> Step:
    steps: list[Step] = rule["steps"]
    if number < len(steps):
        return steps[number]
    if rule["after"] == "repeat-last":
        return steps[-1]
    message = f"scripted model: rule {rule['name']!r} has no step {number}"
    return [{"http": 400, "body": {"error": {"message": message}}}]


def _match(match: Mapping[str, Any], request: Request) -> int | None:
    """Index of the user message that matched, or None."""
    fits = (
        match.get("kind", "turn") == request.kind
        and fnmatch.fnmatchcase(request.model, match.get("model", "*"))
        and match.get("effort", request.effort) == request.effort
        and match.get("instructions", "") in request.system
    )
    if not fits:
        return None
    newest_first = range(len(request.users) - 1, -1, -1)
    if "contains" not in match and "regex" not in match:
        return len(request.users) - 1
    needle, pattern = match.get("contains", ""), re.compile(match.get("regex", ""))
    return next(
        (at for at in newest_first if needle in request.users[at] and pattern.search(request.users[at])), None
    )


def _items(given: object) -> list[dict[str, Any]]:
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": given}]
    return given if isinstance(given, list) else []


def _is_user(item: Mapping[str, Any]) -> bool:
    return item.get("type", "message") == "message" and item.get("role") == "user"


def _tools(tools: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for tool in tools:
        if tool.get("type") == "namespace":
            yield from _tools(tool.get("tools") or ())
        else:
            yield str(tool.get("name") or tool.get("type", "?")), tool


def _json(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
