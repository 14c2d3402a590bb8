"""A model server that says what a scenario tells it, on loopback: the real Codex runs against it.

A scenario is a mapping (JSON)::

    {"models": ["a-model"],                     # answer of GET /v1/models
     "usage": {"input": 100, "output": 10},     # tokens per response, where an action says nothing else
     "rules": [{"name": "implementer",
                "match": {"contains": "ROLE: implementer", "model": "gpt-*"},
                "steps": [<step>, <step>],
                "after": "repeat-last"}],       # or "error" (default): for requests past the last step
     "default": [<step>]}                       # when no rule matches; else HTTP 400

`match`: every key must hold. `contains` and `regex` look at the user messages, newest first; `instructions`
at the system text; `model` is a glob; `effort`; `kind` of the request (default "turn"); `attempt` (from 1)
counts the turns that got as far as this rule. The rule with the newest matching message wins, then the first.

A step answers one HTTP request; it is an action or a list of actions:

    {"text": ...} {"json": {...}} {"commentary": ...} {"reasoning": ...}
    {"shell": "cmd"} {"apply_patch": "*** Begin Patch..."} {"plan": [["step", "completed"]]}
    {"function": "name", "arguments": {...}} {"custom": "name", "input": ...} {"web_search": "query"}
    {"delay": s} {"usage": {...}} {"chunk": n} {"headers": {...}} {"times": n}
    ends: {"http": 429, "body": ..., "headers": ...} {"failed": {"code": ..., "message": ...}}
          {"incomplete": reason} {"cut": true} {"reset": true} {"hang": s} {"garbage": ...}
    {"stall": s}: seconds without even a header
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from support.scripted_items import Speaker, SpeechEndedError
from support.scripted_scenario import Request, Scenario, Step

__all__ = ["Server", "start"]


class Server(ThreadingHTTPServer):
    """The running model server; use it as a context manager, or `close` it."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def __init__(self, scenario: Mapping[str, Any]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scenario = Scenario(scenario)
        self.requests: list[dict[str, Any]] = []
        """Every request for a response: body, headers, kind, rule, step."""
        self.arrived = threading.Event()
        """Set with each request; clear it to wait for the next."""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), name="scripted model")
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def pause(self, seconds: float) -> None:
        """Wait; the end of the server ends every wait."""
        if self._closing.wait(seconds):
            raise SpeechEndedError

    def close(self) -> None:
        self._closing.set()
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def start(scenario: Mapping[str, Any]) -> Server:
    """Start a server for this scenario, on a free port of loopback."""
    return Server(scenario)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the name is inherited
        """Say nothing."""

    def do_GET(self) -> None:
        names = self.server.scenario.models
        if self.path.split("?")[0].rstrip("/").endswith("/models"):
            self._send(200, {"object": "list", "data": [{"id": name, "object": "model"} for name in names]})
        else:
            self._send(404, {"error": {"message": "not found"}})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        if not self.path.split("?")[0].rstrip("/").endswith("/responses"):
            self._send(404, {"error": {"message": "not found"}})
            return
        request = Request(json.loads(raw), {name.lower(): value for name, value in self.headers.items()})
        rule, number, step = self.server.scenario.pick(request)
        record = {"body": request.body, "headers": dict(self.headers), "kind": request.kind}
        self.server.requests.append({**record, "model": request.model, "rule": rule, "step": number})
        self.server.arrived.set()
        with contextlib.suppress(SpeechEndedError, BrokenPipeError):
            if not self._refused(step):
                self._speak(request, step)

    def _refused(self, step: Step) -> bool:
        """Whether the step ends before there is a stream."""
        for action in step:
            if "stall" in action:
                self.close_connection = True
                self.server.pause(action["stall"])
            if "http" in action:
                self.server.pause(action.get("delay", 0))
                body = action.get("body", {"error": {"message": f"scripted {action['http']}"}})
                self._send(action["http"], body, action.get("headers", {}))
                return True
        return False

    def _speak(self, request: Request, step: Step) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        for action in step:
            for name, value in action.get("headers", {}).items():
                self.send_header(name, str(value))
        self.end_headers()
        self.close_connection = True
        speaker = Speaker(self._write, request, self.server.scenario.usage, self.server.pause)
        try:
            speaker.start()
            for action in step:
                speaker.act(action)
            speaker.finish()
        except ConnectionResetError:  # a reset instead of an orderly end
            with contextlib.suppress(OSError):
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()

    def _write(self, data: bytes) -> None:
        self.wfile.write(data)
        self.wfile.flush()

    def _send(self, status: int, body: Any, headers: Mapping[str, Any] | None = None) -> None:
        raw = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("content-type", "text/plain" if isinstance(body, str) else "application/json")
        self.send_header("content-length", str(len(raw)))
        self.send_header("connection", "close")
        for name, value in (headers or {}).items():
            self.send_header(name, str(value))
        self.end_headers()
        self.close_connection = True  # no thread waits for a next request when the server closes
        self.wfile.write(raw)
