"""Approvals: requests of the app-server that a human decides, and the answers it expects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sextet.codex.activity import files_of
from sextet.codex.running import RunningTurn
from sextet.codex.turn import ApprovalRequest, Listener
from sextet.codex.wire import Json, UnknownRequestError
from sextet.system.lines import plain

LONGEST: Final = 20_000
"""Characters of a request that a human is shown."""


async def answer(method: str, params: Json, turn: RunningTurn, listener: Listener) -> Json:
    """Answer one request that belongs to a running turn; its clocks stand still meanwhile.

    Raises:
        UnknownRequestError: nobody here can answer it; the turn then goes on without.
    """
    if method == "item/tool/requestUserInput":
        with turn.human():
            return await _questions(params, listener)
    if method == "mcpServer/elicitation/request":
        return {"action": "decline", "content": None}
    request = _request(method, params, turn)
    with turn.human():
        decision = await listener.approve(request)
    if request.kind != "permissions":
        return {"decision": decision}
    granted = params.get("permissions") if decision == "accept" else {}
    return {"permissions": granted, "scope": "turn"}


def _request(method: str, params: Json, turn: RunningTurn) -> ApprovalRequest:
    reason = _text(params.get("reason"))
    if method == "item/commandExecution/requestApproval":
        folder = _text(params.get("cwd"))
        where = f"in {folder}" if folder else ""
        return ApprovalRequest("command", _text(params.get("command")), reason, where)
    if method == "item/fileChange/requestApproval":
        item = turn.items.get(str(params.get("itemId")), {})
        return ApprovalRequest("files", plain(files_of(item)) or "files", reason, _diffs(item))
    if method == "item/permissions/requestApproval":
        return ApprovalRequest("permissions", _wanted(params.get("permissions")), reason)
    raise UnknownRequestError(f"Sextet does not answer {method[:100]}.")


async def _questions(params: Json, listener: Listener) -> Json:
    questions = params.get("questions")
    answers: dict[str, Any] = {}
    for question in questions if isinstance(questions, list) else []:
        if isinstance(question, dict):
            said = await listener.ask(_question(question))
            answers[str(question.get("id"))] = {"answers": [said]}
    return {"answers": answers}


def _question(question: Mapping[str, Any]) -> str:
    options = question.get("options")
    rows = [
        f"- {_text(option.get('label'))}: {_text(option.get('description'))}"
        for option in (options if isinstance(options, list) else [])
        if isinstance(option, dict)
    ]
    return "\n".join([_text(question.get("question")), *rows])


def _diffs(item: Json) -> str:
    changes = item.get("changes")
    rows = [change for change in changes if isinstance(change, dict)] if isinstance(changes, list) else []
    return _text("\n".join(str(change.get("diff", "")) for change in rows))


def _wanted(permissions: object) -> str:
    fields = permissions if isinstance(permissions, dict) else {}
    return _text(", ".join(f"{name}: {value}" for name, value in fields.items() if value)) or "permissions"


def _text(value: object) -> str:
    return plain(value[:LONGEST]) if isinstance(value, str) else ""
