"""Requests, answers and notifications of the control socket: JSON-RPC 2.0, one object per line."""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic.alias_generators import to_camel

from sextet.errors import SextetError
from sextet.model.base import Record
from sextet.model.live import LogBatch
from sextet.runtime.bus import Message, Resync, StateChanged
from sextet.service.codes import INVALID, PARAMS, PARSE, code_of, kind_of
from sextet.service.notifications import EventTold, LogTold, ResyncTold

PREFIX: Final = "sextet/"


class RequestError(Exception):
    """A line that is not a request; carries the JSON-RPC error for it."""

    def __init__(self, code: int, words: str, request_id: object = None) -> None:
        super().__init__(words)
        self.code = code
        self.request_id = request_id


# Requests -----------------------------------------------------------------------------------------
def parse(line: bytes) -> tuple[int | str | None, str, dict[str, Any]]:
    """Id, method and params of a request.

    Raises:
        RequestError: it is none.
    """
    try:
        said = json.loads(line, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RequestError(PARSE, f"This is not JSON: {str(error)[:200]}.") from error
    if not isinstance(said, dict):
        raise RequestError(INVALID, "A request is an object.")
    request_id = said.get("id")
    if isinstance(request_id, bool) or not isinstance(request_id, (int, str, type(None))):
        raise RequestError(INVALID, "An id is a number or a text.")
    method, params = said.get("method"), said.get("params", {})
    if not isinstance(method, str) or said.get("jsonrpc") != "2.0":
        raise RequestError(INVALID, "A request has `jsonrpc: 2.0` and a method.", request_id)
    if not isinstance(params, dict):
        raise RequestError(PARAMS, "Params are an object.", request_id)
    return request_id, method, params


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def refusal(request_id: object, error: SextetError) -> dict[str, Any]:
    """The answer for an error that Sextet can explain."""
    facts = {to_camel(key): value for key, value in json.loads(json.dumps(error.facts, default=str)).items()}
    data = {"kind": error.kind, "nextStep": error.next_step, "facts": facts}
    return failure(request_id, code_of(error), error.what, data)


def failure(request_id: object, code: int, words: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
    """The answer for an error with this JSON-RPC code."""
    said = {
        "code": code,
        "message": words,
        "data": data or {"kind": kind_of(code), "nextStep": "", "facts": {}},
    }
    return {"jsonrpc": "2.0", "id": request_id, "error": said}


def notification(message: Message) -> tuple[str, Record]:
    """Method and params with which it goes over the wire that something happened."""
    if isinstance(message, StateChanged):
        return f"{PREFIX}event", EventTold(run_id=message.run_id, seq=message.entry.seq, event=message.entry)
    if isinstance(message, LogBatch):  # as lines of the run: written out, they do not name it again
        return f"{PREFIX}log", LogTold(run_id=message.run_id, batches=(message,))
    if isinstance(message, Resync):
        return f"{PREFIX}resync", ResyncTold(run_id=message.run_id, seq=message.seq)
    return f"{PREFIX}heartbeat", message
