"""The protocol that both transports speak: what one turn is asked, what it answers, how it fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from sextet.model.task import Failure, Usage

Decision = Literal["accept", "decline", "cancel"]


@dataclass(frozen=True, slots=True)
class Fence:
    """What a turn or a command may touch.

    `mode` `read-only` writes nothing, `workspace-write` writes `cwd`, `tmpdir` and `extra_roots`,
    `off` has no sandbox at all (only after the user agreed).
    """

    mode: Literal["read-only", "workspace-write", "off"]
    cwd: Path
    tmpdir: Path
    network: bool = False
    extra_roots: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Purpose:
    """What the turn is for: shown in logs, and what a rehearsal finds its lines by."""

    role: str
    task_id: str
    epoch: int
    slot: int = 1
    item: str = ""
    """The item's id for implementers."""
    rework: int = 0
    """How often the task was reopened with findings (reviewer: judged before)."""


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """One question to one model. `thread` empty starts a new conversation, else that one goes on."""

    prompt: str
    fence: Fence
    purpose: Purpose
    instructions: str = ""
    """Developer instructions of the role; used when the thread is started."""
    schema: Mapping[str, Any] | None = None
    """Strict JSON Schema of the answer; None lets the model answer in prose."""
    model: str = ""
    """Empty: Codex's own default."""
    effort: str = ""
    thread: str = ""
    approvals: Literal["never", "onRequest"] = "never"
    timeout: float = 1800.0
    """Seconds of wall clock for the whole turn."""
    silence: float = 300.0
    """Seconds without any sign of life (and no command running) after which the turn counts as stuck."""


@dataclass(frozen=True, slots=True)
class TurnResult:
    """A completed turn: the final answer's text (unchecked) and this turn's own tokens."""

    text: str
    thread: str
    usage: Usage
    model: str = ""


@dataclass(frozen=True, slots=True)
class Activity:
    """One thing that an agent did, for the log and the heartbeat; never parsed for decisions."""

    kind: Literal[
        "message", "reasoning", "command", "output", "file", "tool", "plan", "error", "usage", "other"
    ]
    text: str
    """Plain text, control characters removed, possibly several lines."""
    done: bool = True
    exit_code: int | None = None
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """An agent asks for more than its sandbox allows."""

    kind: Literal["command", "files", "permissions"]
    text: str
    """What it wants, for the person: the command line, or the files."""
    reason: str = ""
    detail: str = ""


@dataclass(slots=True)
class Listener:
    """What the caller wants to hear during a turn."""

    started: Callable[[str], Awaitable[None]]
    """Awaited with the thread id before the first model request."""
    activity: Callable[[Activity], None]
    approve: Callable[[ApprovalRequest], Awaitable[Decision]]
    ask: Callable[[str], Awaitable[str]]
    """An agent's own question to the user; answers with free text."""


class TurnError(Exception):
    """A turn that ended without an answer; `failure.kind` decides what happens next.

    `thread` (when known) can be resumed; `retry_after` is the pause in seconds that the provider asked
    for; `lost` is True when the transport died and the same thread can go on in a new turn.
    """

    def __init__(
        self,
        failure: Failure,
        *,
        thread: str = "",
        retry_after: float = 0.0,
        lost: bool = False,
        usage: Usage | None = None,
    ) -> None:
        super().__init__(failure.cause)
        self.failure = failure
        self.thread = thread
        self.retry_after = retry_after
        self.lost = lost
        self.usage = usage or Usage()


@dataclass(frozen=True, slots=True)
class CommandResult:
    """A shell command that ended; `exit_code` is None when it was killed at its time limit."""

    exit_code: int | None
    seconds: float


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model that the installed Codex offers."""

    name: str
    efforts: tuple[str, ...] = ()
    default: bool = False


@dataclass(slots=True)
class TurnHandle:
    """What a human can do to a running turn; filled by the transport once the turn runs."""

    steer: Callable[[str], Awaitable[None]] | None = None
    interrupt: Callable[[], Awaitable[None]] | None = None
    extra: dict[str, Any] = field(default_factory=dict)


class Agents(Protocol):
    """Whatever answers turns: the app-server (default) or `codex exec`."""

    async def turn(
        self, request: TurnRequest, listener: Listener, handle: TurnHandle | None = None
    ) -> TurnResult:
        """Ask and wait for the answer.

        Cancelling the task interrupts the turn, ends its commands and leaves nothing behind.

        Raises:
            TurnError: there is no answer.
        """
        ...

    async def command(
        self,
        script: str,
        fence: Fence,
        *,
        env: Mapping[str, str],
        timeout: float,
        output: Callable[[bytes], None],
    ) -> CommandResult:
        """Run a shell script in the sandbox of `fence`, streaming stdout and stderr merged to `output`.

        Ends 1 s after the process itself ended; whatever it left running is killed.

        Raises:
            TurnError: the sandbox or Codex does not work here.
        """
        ...

    async def models(self) -> tuple[ModelInfo, ...]:
        """The models that the installed Codex knows; empty when it cannot tell."""
        ...

    async def close(self) -> None:
        """End every process of it."""
        ...
