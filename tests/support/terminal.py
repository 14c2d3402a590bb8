"""The `sextet` command as its users start it: to its end, in the background, or on a terminal of its own."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-m", "sextet")
PATIENCE = 40.0
"""Seconds for anything to appear; a busy machine takes its time."""

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[@-_])")


def sextet(*args: str | Path, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    """The command without a terminal, to its end."""
    return subprocess.run(
        [*COMMAND, *map(str, args)],
        cwd=cwd,
        env=os.environ | more,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


class Program:
    """The command while it runs; `text` is all that it has shown so far, without colours."""

    def __init__(self, pid: int, fd: int) -> None:
        self.pid = pid
        self.raw = b""
        self._fd = fd
        self._code: int | None = None

    @property
    def text(self) -> str:
        return _ESCAPES.sub("", self.raw.decode("utf-8", "replace"))

    def until(self, words: str, count: int = 1) -> None:
        """Wait until it has shown these words so often."""
        end = time.monotonic() + PATIENCE
        while self.text.count(words) < count:
            assert self._read(end - time.monotonic()), f"{words!r} did not appear in:\n{self.text}"

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._fd], [], [], max(0.0, seconds))
        if not ready:
            return False
        try:
            data = os.read(self._fd, 65_536)
        except OSError:  # the other end of a terminal was closed
            return False
        self.raw += data
        return bool(data)

    def type(self, text: str) -> None:
        """Press keys, and Return."""
        os.write(self._fd, text.encode() + b"\r")

    def interrupt(self) -> None:
        """Ctrl-C."""
        os.kill(self.pid, signal.SIGINT)

    def kill(self) -> None:
        """As the system kills: no last words."""
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        end = time.monotonic() + PATIENCE
        while self._read(end - time.monotonic()):
            pass
        if self._code is None:
            self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self._code


@contextmanager
def background(*args: str | Path) -> Iterator[Program]:
    """The command without a terminal, in the background."""
    child = subprocess.Popen(
        [*COMMAND, *map(str, args)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert child.stdout is not None
    program = Program(child.pid, child.stdout.fileno())
    try:
        yield program
    finally:
        child.kill()
        if program._code is None:
            child.wait()
        else:
            child.returncode = program._code
        child.stdout.close()


@contextmanager
def terminal(*args: str | Path, columns: int = 80, rows: int = 24, **more: str) -> Iterator[Program]:
    """The command on a terminal of this size."""
    argv = [*COMMAND, *map(str, args)]
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(argv[0], argv, os.environ | {"TERM": "xterm-256color"} | more)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    program = Program(pid, fd)
    try:
        yield program
    finally:
        if program._code is None:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os.close(fd)


def json_lines(text: str) -> list[dict[str, Any]]:
    """Every line of a text as JSON."""
    return [json.loads(line) for line in text.splitlines()]


# Scenarios ----------------------------------------------------------------------------------------
REQUIREMENT = {"title": "A note", "detail": "NOTE.md says so", "evidence": [], "acceptance": []}
AGREED = {"id": "R1", "title": "A note", "detail": "NOTE.md says so", "acceptance": [], "support": [1, 2]}
ITEM = {
    "id": "note",
    "title": "Write the note",
    "instructions": "Write NOTE.md",
    "files": ["NOTE.md"],
    "dependsOn": [],
    "requirements": ["R1"],
}


def play(
    folder: Path,
    *,
    work: list[dict[str, Any]] | None = None,
    verdict: str = "approve",
    path: str = "NOTE.md",
    items: list[dict[str, Any]] | None = None,
    settings: dict[str, Any] | None = None,
) -> Path:
    """A scenario file without delays: one item that writes a note; `work` comes before the writing."""
    actions = [*(work or []), {"do": "append", "path": path, "text": "noted\n"}]
    drafts = {"summary": "s", "requirements": [REQUIREMENT], "risks": [], "testCommands": []}
    ledger = {"summary": "s", "requirements": [AGREED], "dissent": [], "openQuestions": []}
    review = {"verdict": verdict, "summary": "as seen", "findings": []}
    cues = [
        {"role": "analyst", "answer": drafts},
        {"role": "consensus", "answer": ledger},
        {"role": "splitter", "answer": {"summary": "s", "items": [ITEM] if items is None else items}},
        {"role": "implementer", "actions": actions, "answer": {"status": "done", "summary": "noted"}},
        {"role": "tester", "answer": {"summary": "none", "commands": []}},
        {"role": "reviewer", "answer": review},
    ]
    file = folder / "scenario.json"
    file.write_text(json.dumps({"name": "note", "settings": settings or {}, "cues": cues}))
    return file
