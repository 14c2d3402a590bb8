"""Shows: a run told line by line, as plain text or as JSON; the live view is another one."""

from __future__ import annotations

import json
import sys
from typing import Any, Protocol

from sextet.cli.screen import Screen
from sextet.cli.words import REHEARSAL, clock, state_of, told
from sextet.model.base import Record
from sextet.model.events import Entry
from sextet.model.live import Heartbeat, LogBatch
from sextet.model.notes import Question
from sextet.roles.wording import one_line
from sextet.runtime.bus import Message, Resync, StateChanged


class Show(Protocol):
    """One way to show a run while it is worked on."""

    interactive: bool
    """Whether a person can be asked here."""

    def begin(self, screen: Screen) -> None:
        """The run is about to go on."""
        ...

    def news(self, message: Message, entry: Entry | None) -> None:
        """Something happened; `entry` is set when it is a journal entry that is new."""
        ...

    async def ask(self, question: Question) -> str:
        """Let the person answer (only when `interactive`)."""
        ...

    def say(self, text: str) -> None:
        """A remark of the command itself."""
        ...

    def end(self) -> None:
        """Nothing more will happen."""
        ...


class Plain:
    """One line per change: time, what it is about, what happened."""

    interactive = False

    def __init__(self, *, verbose: bool = False) -> None:
        self._verbose = verbose
        self._screen: Screen | None = None

    def begin(self, screen: Screen) -> None:
        """Name the run."""
        self._screen = screen
        run = screen.view.the_run
        _out(f"Run {run.id}: {one_line(run.briefing.goal, 200)}")
        if screen.rehearsal:
            _out(f"This is a {REHEARSAL}.")
        if screen.view.seq > 1:  # it did not begin here
            _out(f"{clock(screen.view.time)}  {'run':<15}  {state_of(screen.view)}")

    def news(self, message: Message, entry: Entry | None) -> None:
        """A line for an entry, and for log lines when they are wanted."""
        if self._screen is None:
            return
        if entry is not None and (found := told(entry.event, self._screen.view)):
            _out(f"{clock(entry.time)}  {found[0]:<15}  {found[1]}")
        elif isinstance(message, LogBatch) and self._verbose:
            for line in message.lines:
                _out(f"{clock(self._screen.clock())}  {message.worker_id:<15}  | {one_line(line, 4_000)}")

    async def ask(self, question: Question) -> str:
        """Nobody is there: the default."""
        return question.default

    def say(self, text: str) -> None:
        """To stderr, so that stdout stays the run's story."""
        print(text, file=sys.stderr, flush=True)  # noqa: T201 -- this is what a command line does

    def end(self) -> None:
        """Nothing is open."""


class Lines:
    """One JSON object per message, and nothing else on stdout."""

    interactive = False

    def begin(self, screen: Screen) -> None:
        """Say which run the lines are about."""
        run = screen.view.the_run
        out_json({"type": "run", "runId": run.id, "executor": run.executor, "seq": screen.view.seq})

    def news(self, message: Message, entry: Entry | None) -> None:
        """The message as it is."""
        if isinstance(message, StateChanged):
            if entry is not None:
                out_json({"type": "event", "runId": message.run_id, **_plain(message.entry)})
        elif isinstance(message, Resync):
            out_json({"type": "resync", "runId": message.run_id, "seq": message.seq})
        else:
            kind = "heartbeat" if isinstance(message, Heartbeat) else "log"
            out_json({"type": kind, **_plain(message)})

    async def ask(self, question: Question) -> str:
        """Nobody is there: the default."""
        return question.default

    def say(self, text: str) -> None:
        """To stderr."""
        print(text, file=sys.stderr, flush=True)  # noqa: T201 -- this is what a command line does

    def end(self) -> None:
        """Nothing is open."""


def out_json(value: dict[str, Any]) -> None:
    """One line of JSON on stdout."""
    _out(json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False))


def _plain(record: Record) -> dict[str, Any]:
    return record.model_dump(mode="json", by_alias=True)


def _out(line: str) -> None:
    print(line, flush=True)  # noqa: T201 -- this is what a command line does
