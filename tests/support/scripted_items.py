"""Items and events of a streamed response: what the scripted model says and which tools it calls."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from support.scripted_scenario import Action, Request

Item = dict[str, Any]

_SHELL_OPTIONS = (
    "workdir",
    "yield_time_ms",
    "tty",
    "max_output_tokens",
    "sandbox_permissions",
    "justification",
    "login",
)


class SpeechEndedError(Exception):
    """The response ends here, without `response.completed`."""


class Speaker:
    """Turns actions into the server-sent events of one response.

    Args:
        write: sends bytes to the client.
        request: which tools it offers decides how a command or a patch is put.
        usage: tokens that the response reports.
        pause: waits some seconds, less when the server closes.
    """

    def __init__(
        self,
        write: Callable[[bytes], None],
        request: Request,
        usage: Mapping[str, int],
        pause: Callable[[float], None],
    ) -> None:
        self._write, self._request, self._pause = write, request, pause
        self._usage = dict(usage)
        self._id = _new("resp")
        self._number = 0
        self._chunk = 64
        self._output: list[Item] = []

    def start(self) -> None:
        self._event("response.created", response=self._response("in_progress"))

    def finish(self) -> None:
        usage = {"usage": self._tokens()}
        self._event("response.completed", response=self._response("completed", output=self._output, **usage))

    def act(self, action: Action) -> None:
        """Carry out one action; several keys of it in the order of `_EARLY`, items, `_ENDS`."""
        if "delay" in action:
            self._pause(action["delay"])
        self._usage.update(action.get("usage", {}))
        self._chunk = int(action.get("chunk", self._chunk))
        for key, make in _ITEMS.items():
            if key in action:
                self._item(make(self._request, action))
        if "garbage" in action:
            self._write(action["garbage"].encode())
        self._end(action)

    def _end(self, action: Action) -> None:
        if "failed" in action:
            self._event("response.failed", response=self._response("failed", error=action["failed"]))
        elif "incomplete" in action:
            details = {"reason": action["incomplete"]}
            self._event(
                "response.incomplete", response=self._response("incomplete", incomplete_details=details)
            )
        elif "hang" in action:
            self._pause(action["hang"])
        elif action.get("reset"):
            raise ConnectionResetError("scripted reset")
        elif not action.get("cut"):
            return
        raise SpeechEndedError

    def _event(self, kind: str, **fields: Any) -> None:
        data = {"type": kind, "sequence_number": self._number, **fields}
        self._number += 1
        self._write(f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode())

    def _response(self, status: str, **more: Any) -> dict[str, Any]:
        made = {"id": self._id, "object": "response", "created_at": int(time.time()), "output": []}
        return {**made, "status": status, "model": self._request.model, **more}

    def _item(self, item: Item) -> None:
        at = len(self._output)
        self._event("response.output_item.added", output_index=at, item=_empty(item))
        place = {"item_id": item["id"], "output_index": at}
        match item["type"]:
            case "message":
                self._message(item["content"][0]["text"], place)
            case "reasoning":
                text = item["summary"][0]["text"]
                self._event("response.reasoning_summary_text.delta", summary_index=0, delta=text, **place)
                self._event("response.reasoning_summary_text.done", summary_index=0, text=text, **place)
            case "function_call":
                self._event("response.function_call_arguments.done", arguments=item["arguments"], **place)
            case "custom_tool_call":
                self._event("response.custom_tool_call_input.done", input=item["input"], **place)
        self._event("response.output_item.done", output_index=at, item=item)
        self._output.append(item)

    def _message(self, text: str, place: Mapping[str, Any]) -> None:
        part = {"type": "output_text", "text": "", "annotations": []}
        self._event("response.content_part.added", content_index=0, part=part, **place)
        for start in range(0, len(text), self._chunk):
            delta = text[start : start + self._chunk]
            self._event("response.output_text.delta", content_index=0, delta=delta, **place)
        self._event("response.output_text.done", content_index=0, text=text, **place)

    def _tokens(self) -> dict[str, Any]:
        into, out = int(self._usage.get("input", 100)), int(self._usage.get("output", 10))
        return {
            "input_tokens": into,
            "input_tokens_details": {"cached_tokens": int(self._usage.get("cached", 0))},
            "output_tokens": out,
            "output_tokens_details": {"reasoning_tokens": int(self._usage.get("reasoning", 0))},
            "total_tokens": into + out,
        }


def _shell(request: Request, action: Action) -> Item:
    line = action["shell"]
    options = {key: action[key] for key in _SHELL_OPTIONS if key in action}
    if "exec_command" in request.tools:
        return _function("exec_command", {"cmd": line, **options})
    if "exec" in request.tools:  # one JavaScript tool that has the others inside
        call = json.dumps({"cmd": line, **options})
        return _custom("exec", f"const r = await tools.exec_command({call});\ntext(r.output ?? r);")
    return _function("shell_command", {"command": line, **options})


def _patch(request: Request, action: Action) -> Item:
    patch = action["apply_patch"]
    tools = request.tools
    if "apply_patch" in tools:
        if tools["apply_patch"].get("type") == "custom":
            return _custom("apply_patch", patch)
        return _function("apply_patch", {"input": patch})
    if tools.get("exec", {}).get("type") == "custom":
        return _custom("exec", f"text(await tools.apply_patch({json.dumps(patch)}));")
    return _shell(request, {"shell": f"apply_patch <<'PATCH_EOF'\n{patch}\nPATCH_EOF"})


def _plan(_request: Request, action: Action) -> Item:
    steps = [{"step": step, "status": status} for step, status in action["plan"]]
    return _function("update_plan", {"plan": steps})


def _call(_request: Request, action: Action) -> Item:
    item = _function(action["function"], action.get("arguments", {}))
    return {**item, "namespace": action["namespace"]} if "namespace" in action else item


def _reasoning(_request: Request, action: Action) -> Item:
    summary = [{"type": "summary_text", "text": action["reasoning"]}]
    return {"type": "reasoning", "id": _new("rs"), "encrypted_content": None, "summary": summary}


def _search(_request: Request, action: Action) -> Item:
    search = {"type": "search", "query": action["web_search"]}
    return {"type": "web_search_call", "id": _new("ws"), "status": "completed", "action": search}


_ITEMS: dict[str, Callable[[Request, Action], Item]] = {
    "text": lambda _, action: _say(action["text"], action.get("phase")),
    "json": lambda _, action: _say(json.dumps(action["json"]), "final_answer"),
    "commentary": lambda _, action: _say(action["commentary"], "commentary"),
    "reasoning": _reasoning,
    "shell": _shell,
    "apply_patch": _patch,
    "plan": _plan,
    "function": _call,
    "custom": lambda _, action: _custom(action["custom"], action.get("input", "")),
    "web_search": _search,
}


def _say(text: str, phase: str | None) -> Item:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    item = {
        "type": "message",
        "id": _new("msg"),
        "role": "assistant",
        "status": "completed",
        "content": content,
    }
    return {**item, "phase": phase} if phase else item


def _function(name: str, arguments: Mapping[str, Any]) -> Item:
    call = {"type": "function_call", "id": _new("fc"), "call_id": _new("call")}
    return {**call, "name": name, "arguments": json.dumps(arguments)}


def _custom(name: str, text: str) -> Item:
    call = {"type": "custom_tool_call", "id": _new("ctc"), "call_id": _new("call")}
    return {**call, "name": name, "input": text, "status": "completed"}


def _empty(item: Item) -> Item:
    """The item as it is announced, before its content comes."""
    blanks = {"content": [], "arguments": "", "input": "", "summary": []}
    return {**item, **{key: value for key, value in blanks.items() if key in item}}


def _new(prefix: str) -> str:
    return f"{prefix}_{uuid.uuid4().hex[:24]}"
