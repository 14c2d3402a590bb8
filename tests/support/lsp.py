"""An editor for tests: a raw client of the real server process, which can also misbehave."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

Message = Mapping[str, Any]

SERVE = [sys.executable, "-m", "sextet", "serve"]


SILENCE: Any = object()
"""What a handler returns to give no answer."""


def frame(body: bytes) -> bytes:
    """A body with its header."""
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def packed(**message: Any) -> bytes:
    """A message as bytes."""
    return frame(json.dumps({"jsonrpc": "2.0", **message}).encode())


@dataclass
class Editor:
    """A server process and everything it says; use it in `with`, leaving kills the process."""

    process: subprocess.Popen[bytes]
    messages: list[Message] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """What came on stdout and is no message."""
    errors: bytes = b""
    reading: threading.Event = field(default_factory=threading.Event)
    """While it is not set, nothing is read of what the server says."""
    changed: threading.Condition = field(default_factory=threading.Condition)
    over: bool = False
    deaf: bool = False
    """When set, the next message is the last one that is heard: the pipe is closed behind it."""
    threads: list[threading.Thread] = field(default_factory=list)
    last_id: int = 0
    handlers: dict[str, Callable[[Any], Any]] = field(default_factory=dict)
    """Answers to what the server asks: from params to result, by method; called in the reader's thread."""
    writing: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def start(cls, cwd: Path, argv: list[str] | None = None) -> Editor:
        process = subprocess.Popen(
            argv or SERVE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd
        )
        made = cls(process)
        made.reading.set()
        for read in (made._read, made._read_errors):
            made.threads.append(threading.Thread(target=read, daemon=True))
            made.threads[-1].start()
        return made

    @classmethod
    def ready(
        cls, top: Path, *, handlers: Mapping[str, Callable[[Any], Any]] | None = None, **options: Any
    ) -> Editor:
        """One that has said hello."""
        made = cls.start(top)
        made.handlers |= handlers or {}
        made.hello(top, **options)
        return made

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.reading.set()
        self.process.kill()
        self.wait()

    # Saying ---------------------------------------------------------------------------------------
    def write(self, data: bytes) -> None:
        with self.writing:
            self.process.stdin.write(data)
            self.process.stdin.flush()

    def tell(self, method: str, **params: Any) -> None:
        self.write(packed(method=method, params=params))

    def ask(self, method: str, /, **params: Any) -> int:
        """Send a request; returns its id."""
        self.last_id += 1
        self.write(packed(id=self.last_id, method=method, params=params))
        return self.last_id

    def call(self, method: str, /, **params: Any) -> Any:
        """The result of a request."""
        answer = self.answer(self.ask(method, **params))
        assert "result" in answer, answer
        return answer["result"]

    def refused(self, method: str, /, **params: Any) -> Any:
        """The error of a request."""
        answer = self.answer(self.ask(method, **params))
        assert "error" in answer, answer
        return answer["error"]

    def hello(
        self,
        top: Path,
        *,
        client: str = "test",
        capabilities: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        result = self.call(
            "initialize",
            processId=None,
            rootUri=top.as_uri(),
            capabilities=capabilities or {},
            clientInfo={"name": client},
            initializationOptions=options,
        )
        self.tell("initialized")
        return result

    # Hearing --------------------------------------------------------------------------------------
    def until(self, wanted: Callable[[Message], bool], seconds: float = 18.0) -> Message:
        """The first message that fits, of all there were."""
        deadline, seen = time.monotonic() + seconds, 0
        with self.changed:
            while True:
                while seen < len(self.messages):
                    seen += 1
                    if wanted(self.messages[seen - 1]):
                        return self.messages[seen - 1]
                left = deadline - time.monotonic()
                heard = [str(message)[:200] for message in self.messages[-5:]]
                assert not self.over, ("the server ended", self.errors, self.problems, heard)
                assert left > 0, ("it never came", heard)
                self.changed.wait(left)

    def answer(self, request_id: object, seconds: float = 18.0) -> Message:
        return self.until(
            lambda message: "method" not in message and message.get("id") == request_id, seconds
        )

    def event(self, run_id: str, wanted: Callable[[Message], bool], seconds: float = 18.0) -> Message:
        """The first event of a run that fits."""
        return self.until(
            lambda message: (
                message.get("method") == "sextet/event"
                and message["params"]["runId"] == run_id
                and wanted(message["params"]["event"]["event"])
            ),
            seconds,
        )["params"]

    def heard(
        self, method: str, wanted: Callable[[Any], bool] = lambda _: True, seconds: float = 18.0
    ) -> Any:
        """The params of the first request or notification of a method that fit."""
        fitting = self.until(lambda said: said.get("method") == method and wanted(said["params"]), seconds)
        return fitting["params"]

    def told(self, method: str) -> list[Any]:
        """Params of all notifications of a method until now."""
        with self.changed:
            return [message["params"] for message in self.messages if message.get("method") == method]

    # Ending ---------------------------------------------------------------------------------------
    def goodbye(self) -> int:
        """As an editor should; the exit code."""
        self.call("shutdown")
        self.tell("exit")
        return self.wait()

    def hang_up(self) -> int:
        """End of file on stdin."""
        self.process.stdin.close()
        return self.wait()

    def signal(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        code = self.process.wait(18)
        for thread in self.threads:
            thread.join()
        self.process.stderr.close()
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        return code

    # Threads --------------------------------------------------------------------------------------
    def _read(self) -> None:
        stream, header = self.process.stdout, b""
        while not self.deaf:
            self.reading.wait()
            header = b""
            while not header.endswith(b"\r\n\r\n"):
                byte = stream.read(1)
                if not byte:
                    break
                header += byte
            if not header.endswith(b"\r\n\r\n"):
                break
            self._hear(header, stream)
        stream.close()
        with self.changed:
            if header and not self.deaf:
                self.problems.append(repr(header))
            self.over = True
            self.changed.notify_all()

    def _hear(self, header: bytes, stream: Any) -> None:
        name, _, length = header.partition(b":")
        with self.changed:
            if name != b"Content-Length":
                self.problems.append(repr(header))
                return
        body = stream.read(int(length.partition(b"\r\n")[0]))
        with self.changed:
            if not body.isascii():
                self.problems.append(repr(body[:200]))
            message = json.loads(body, parse_constant=self.problems.append)
            self.messages.append(message)
            self.changed.notify_all()
        if "method" in message and "id" in message:
            self._reply(message)

    def _reply(self, message: Message) -> None:
        """Answer what the server asks; a handler that returns `SILENCE` leaves it without an answer."""
        handler = self.handlers.get(message["method"])
        if handler is None:
            said = {"error": {"code": -32601, "message": "unknown"}}
        else:
            said = {"result": handler(message["params"])}
        if said.get("result") is not SILENCE:
            with contextlib.suppress(BrokenPipeError, ValueError):  # the server is about to end
                self.write(packed(id=message["id"], **said))

    def _read_errors(self) -> None:
        self.errors = self.process.stderr.read()
