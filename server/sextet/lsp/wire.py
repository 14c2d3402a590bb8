"""The two ends of the wire, each with a thread of its own, so that no reader ever stops the event loop."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from sextet.lsp.frames import Broken, Parser, Said, notification, read

CHUNK: Final = 64 << 10
STATE_LIMIT: Final = 4 << 20
"""Bytes of events that wait for a client that does not read; with more it must ask for a snapshot."""
ANSWERS_LIMIT: Final = 32 << 20
"""With so many bytes waiting for the client, nothing more is read from it."""
INBOX_LIMIT: Final = 32 << 20
"""Bytes of messages that were read and not yet looked at."""


@dataclass(frozen=True, slots=True)
class Streams:
    """The client's ends: what it writes, and what it reads."""

    incoming: int
    outgoing: int


def guard() -> Streams:
    """Take stdin and stdout away from everybody else: prints go to stderr, whoever reads finds nothing."""
    streams = Streams(os.dup(0), os.dup(1))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    for fd in (streams.incoming, streams.outgoing):
        os.set_blocking(fd, True)
    return streams


@dataclass(frozen=True, slots=True)
class _Waiting:
    data: bytes
    run_id: str = ""
    seq: int = 0


class Writer:
    """Everything that goes to the client, in order; putting something in never waits.

    Args:
        fd: where it goes.
        broken: called once, in the writer's thread, when nobody can read any more.
    """

    def __init__(self, fd: int, broken: Callable[[], None]) -> None:
        self._fd = fd
        self._broken = broken
        self._changed = threading.Condition()
        self._queue: deque[_Waiting] = deque()
        self._backlog = 0
        self._states = 0
        self._stale: dict[str, int] = {}
        self._over = False
        threading.Thread(target=self._run, name="wire-writer", daemon=True).start()

    @property
    def backlog(self) -> int:
        """Bytes that the client has not taken yet, what the system holds not counted."""
        return self._backlog

    def send(self, data: bytes) -> None:
        """Say something that is never left out.

        Args:
            data: one message with its header.
        """
        self._put(_Waiting(data))

    def state(self, run_id: str, seq: int, data: bytes) -> None:
        """Tell an event of a run; when too many wait, all are left out for one `sextet/resync`.

        Args:
            run_id: the run.
            seq: the event's number.
            data: one message with its header.
        """
        with self._changed:
            if run_id not in self._stale and self._states + len(data) > STATE_LIMIT:
                self._give_up()
                self._stale[run_id] = seq
            if run_id in self._stale:
                self._stale[run_id] = max(seq, self._stale[run_id])
                return
        self._put(_Waiting(data, run_id, seq))

    def drain(self, seconds: float) -> bool:
        """Wait until the client has taken everything; False when it has not in that time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._over or not self._backlog, seconds)

    def wait_for_room(self) -> None:
        """Wait as long as the client owes us too much reading."""
        with self._changed:
            self._changed.wait_for(lambda: self._over or self._backlog < ANSWERS_LIMIT)

    def _put(self, waiting: _Waiting) -> None:
        with self._changed:
            if self._over:
                return
            self._queue.append(waiting)
            self._backlog += len(waiting.data)
            if waiting.run_id:
                self._states += len(waiting.data)
            self._changed.notify_all()

    def _give_up(self) -> None:
        """Leave out all events that wait; each run has its last number kept."""
        kept: deque[_Waiting] = deque()
        for each in self._queue:
            if each.run_id:
                self._backlog -= len(each.data)
                self._stale[each.run_id] = max(each.seq, self._stale.get(each.run_id, 0))
            else:
                kept.append(each)
        self._queue, self._states = kept, 0

    # In the thread --------------------------------------------------------------------------------
    def _run(self) -> None:
        try:
            while True:
                data = self._take()
                view = memoryview(data)
                while view:
                    view = view[os.write(self._fd, view) :]
                with self._changed:
                    self._backlog -= len(data)
                    self._changed.notify_all()
        except OSError:
            with self._changed:
                self._over = True
                self._queue.clear()
                self._changed.notify_all()
            self._broken()

    def _take(self) -> bytes:
        """The next messages, several small ones at once; runs that were left behind come last."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._stale)
            if not self._queue:
                return self._resync()
            taken, size = [], 0
            while self._queue and size < CHUNK:
                waiting = self._queue.popleft()
                taken.append(waiting.data)
                size += len(waiting.data)
                if waiting.run_id:
                    self._states -= len(waiting.data)
        return b"".join(taken)

    def _resync(self) -> bytes:
        stale, self._stale = self._stale, {}
        data = b"".join(
            notification("sextet/resync", {"runId": run_id, "seq": seq}) for run_id, seq in stale.items()
        )
        self._backlog += len(data)
        return data


class Reader:
    """Reads messages in a thread of its own, no faster than they are looked at.

    Args:
        fd: where they come from.
        deliver: called in the thread with each message; `done` is to be called when it was looked at.
        ended: called in the thread when nothing more will come.
        room: called in the thread before each read; waits while the client must read first.
    """

    def __init__(
        self,
        fd: int,
        deliver: Callable[[Said | Broken], None],
        ended: Callable[[], None],
        room: Callable[[], None],
    ) -> None:
        self._fd = fd
        self._deliver = deliver
        self._ended = ended
        self._room = room
        self._inbox = 0
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="wire-reader", daemon=True).start()

    def done(self, said: Said | Broken) -> None:
        """A message was looked at; from any thread."""
        if isinstance(said, Said):
            with self._changed:
                self._inbox -= len(said.body)
                self._changed.notify_all()

    def _run(self) -> None:
        parser = Parser()
        with suppress(OSError, RuntimeError):  # RuntimeError: the event loop has ended
            while data := os.read(self._fd, CHUNK):
                for found in parser.feed(data):
                    self._hand_over(found if isinstance(found, Broken) else read(found))
                self._room()
        with suppress(RuntimeError):
            self._ended()

    def _hand_over(self, said: Said | Broken) -> None:
        if isinstance(said, Said):
            with self._changed:
                self._changed.wait_for(lambda: self._inbox < INBOX_LIMIT)
                self._inbox += len(said.body)
        self._deliver(said)
