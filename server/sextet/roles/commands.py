"""Commands: the user's set-up and test commands, run in their fence, with log, time limit and failures."""

from __future__ import annotations

import codecs
from collections import deque
from dataclasses import dataclass, field
from typing import Final, Protocol

from sextet.codex.turn import Agents, Fence, TurnError
from sextet.model.outcome import CommandRun
from sextet.model.settings import Settings
from sextet.roles.executor import AttemptFailedError
from sextet.roles.testlog import Failing, failures
from sextet.roles.wording import clean

LOG_LIMIT: Final = 16_000_000
"""Bytes of one command's log that are kept as an artifact."""

TAIL_LIMIT: Final = 200_000
"""Bytes of the end of the output in which failures are looked for."""

_PIECE: Final = 4_096
"""Bytes that a piece of it has at least, however little the command writes at a time."""

SHOWN: Final = 8_000
"""Characters of the end of the output that go into the outcome."""


class Teller(Protocol):
    """The part of a sink that commands need."""

    def log(self, stream: str, text: str) -> None:
        """Text for the worker's log."""
        ...

    def artifact(self, name: str, data: bytes) -> None:
        """Add to a file of the attempt."""
        ...


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that ended, and the failing tests that its output names."""

    run: CommandRun
    failing: tuple[Failing, ...]


@dataclass(slots=True)
class Bench:
    """Runs commands one after the other in one worktree.

    Args:
        agents: whose sandbox is used.
        fence: what the commands may touch.
        settings: the run's; time limit and set-up command are taken from there.
        teller: whom to tell.
    """

    agents: Agents
    fence: Fence
    settings: Settings
    teller: Teller

    async def set_up(self) -> Ran | None:
        """Run the set-up command; None when none is configured.

        Raises:
            AttemptFailedError: the sandbox does not work.
        """
        command = self.settings.worktree.setup_command
        return await self.run(command, "setup.log") if command else None

    async def run(self, command: str, log: str) -> Ran:
        """Run one command to its end or its time limit.

        Raises:
            AttemptFailedError: the sandbox does not work.
        """
        recorder = _Recorder(self.teller, log)
        self.teller.log("test", f"$ {command}")
        try:
            ended = await self.agents.command(
                command,
                self.fence,
                env={"TMPDIR": str(self.fence.tmpdir), "CI": "true"},
                timeout=self.settings.tester.timeout_minutes * 60,
                output=recorder.feed,
            )
        except TurnError as error:
            raise AttemptFailedError(error.failure) from error
        finally:
            recorder.end()
        said = "killed at its time limit" if ended.exit_code is None else f"exit code {ended.exit_code}"
        self.teller.log("test", f"({said}, {ended.seconds:.1f} s)")
        text = clean(recorder.tail.decode(errors="replace"), TAIL_LIMIT)
        run = CommandRun(
            command=command,
            exit_code=ended.exit_code,
            seconds=max(ended.seconds, 0.0),
            log=log,
            tail=text[-SHOWN:],
        )
        failing = failures(text, root=str(self.fence.cwd)) if ended.exit_code != 0 else ()
        return Ran(run, failing)


@dataclass(slots=True)
class _Recorder:
    """Output as it comes: whole lines to the log, bytes to the artifact, the end kept for reading."""

    teller: Teller
    name: str
    _tail: deque[bytes] = field(default_factory=deque)
    """The end, in pieces: sixteen commands at once would move it about too much as one."""
    _held: int = 0
    """Bytes of them."""
    _kept: int = 0
    _rest: str = ""
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")(errors="replace")
    )

    def feed(self, data: bytes) -> None:
        """The next piece."""
        self._keep(data)
        self._hold(data)
        text = self._rest + self._decoder.decode(data)
        whole, newline, self._rest = text.rpartition("\n")
        if newline:
            self.teller.log("test", clean(whole, len(whole)))
        if len(self._rest) > SHOWN:
            self.end()

    def end(self) -> None:
        """The last line may have had no end."""
        if self._rest:
            self.teller.log("test", clean(self._rest, len(self._rest)))
            self._rest = ""

    @property
    def tail(self) -> bytes:
        """The end of the output, at most `TAIL_LIMIT` bytes."""
        return b"".join(self._tail)[-TAIL_LIMIT:]

    def _hold(self, data: bytes) -> None:
        self._held += len(data)
        if self._tail and len(self._tail[-1]) < _PIECE:
            data = self._tail.pop() + data
        self._tail.append(data)
        while self._held - len(self._tail[0]) >= TAIL_LIMIT:
            self._held -= len(self._tail.popleft())

    def _keep(self, data: bytes) -> None:
        room = LOG_LIMIT - self._kept
        if room <= 0:
            return
        self._kept += len(data)
        self.teller.artifact(self.name, data[:room])
        if self._kept >= LOG_LIMIT:
            self.teller.artifact(self.name, b"\n[the rest of the log was not kept]\n")
