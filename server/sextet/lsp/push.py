"""What happens, told to the client: events in order, log lines in batches as fast as it reads them."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Final

from pydantic_core import to_json

from sextet.lsp import frames
from sextet.lsp.wire import Writer
from sextet.model.live import Heartbeat, LogBatch
from sextet.runtime.bus import Message, StateChanged
from sextet.service import control_wire

WINDOW: Final = 0.05
"""Seconds between two notifications with log lines; the first line of a burst goes at once."""
NOTIFICATION_LIMIT: Final = 64 << 10
"""Bytes of log lines in one notification; a longer line goes alone."""
CALM: Final = 256 << 10
"""Bytes that may wait for the client while log lines are sent; else they gather here."""
RING: Final = 1 << 20
"""Bytes of log lines that gather per worker; then the oldest ones are left out and counted."""


class Ring:
    """Lines of one worker that were not sent yet, in the pieces in which they will be."""

    def __init__(self) -> None:
        self._pieces: deque[tuple[int, dict[str, Any]]] = deque()
        self._size = 0
        self._lost = 0

    def add(self, batch: LogBatch) -> None:
        """Take lines in."""
        self._lost += batch.dropped
        lines: list[str] = []
        first, size = batch.first_seq, 0
        for number, line in enumerate(batch.lines, batch.first_seq):
            weight = len(to_json(line, ensure_ascii=True)) + 1
            if lines and size + weight > NOTIFICATION_LIMIT - 1_024:
                self._append(batch, first, lines, size)
                first, lines, size = number, [], 0
            lines.append(line)
            size += weight
        self._append(batch, first, lines, size)

    def _append(self, batch: LogBatch, first: int, lines: list[str], size: int) -> None:
        piece = {
            "workerId": batch.worker_id,
            "taskId": batch.task_id,
            "stream": batch.stream,
            "firstSeq": first,
            "lines": lines,
            "dropped": 0,
        }
        self._pieces.append((size, piece))
        self._size += size
        while self._size > RING:
            gone, oldest = self._pieces.popleft()
            self._size -= gone
            self._lost += len(oldest["lines"])

    def take(self, most: int) -> tuple[int, dict[str, Any]] | None:
        """The next piece and its bytes, when there is one of at most `most` bytes."""
        if not self._pieces or self._pieces[0][0] > most:
            return None
        size, piece = self._pieces.popleft()
        self._size -= size
        piece["dropped"], self._lost = self._lost, 0
        return size, piece

    def __bool__(self) -> bool:
        return bool(self._pieces)


class Push:
    """Sends what the bus says; lives on the event loop and never waits for the client.

    Args:
        writer: where it goes.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._rings: dict[tuple[str, str], Ring] = {}
        self._beats: dict[str, Heartbeat] = {}
        self._timer: asyncio.TimerHandle | None = None

    def take(self, message: Message) -> None:
        """Tell the client, now or as soon as it keeps up."""
        if isinstance(message, StateChanged):
            said = frames.encode(control_wire.notification(message))
            self._writer.state(message.run_id, message.entry.seq, said)
        elif isinstance(message, LogBatch):
            self._rings.setdefault((message.run_id, message.worker_id), Ring()).add(message)
            self._soon()
        elif isinstance(message, Heartbeat):
            self._beats[message.run_id] = message
            self._soon()
        else:
            self._writer.send(frames.encode(control_wire.notification(message)))

    def close(self) -> None:
        """Send no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _soon(self) -> None:
        if self._timer is None:
            self._flush()

    def _flush(self) -> None:
        """Send while the client keeps up; look again after a moment when something was sent or is left."""
        self._timer = None
        busy = self._writer.backlog >= CALM
        while not busy and (self._beats or self._rings):
            for heartbeat in self._beats.values():
                self._writer.send(frames.encode(control_wire.notification(heartbeat)))
            self._beats.clear()
            self._send_lines()
            busy = self._writer.backlog >= CALM
        self._timer = asyncio.get_running_loop().call_later(WINDOW, self._again)

    def _again(self) -> None:
        self._timer = None
        if self._beats or self._rings:
            self._flush()

    def _send_lines(self) -> None:
        """One notification with the lines of one run."""
        if not self._rings:
            return
        run_id = next(iter(self._rings))[0]
        batches: list[dict[str, Any]] = []
        room = NOTIFICATION_LIMIT
        for key in [key for key in self._rings if key[0] == run_id]:
            ring = self._rings[key]
            while found := ring.take(room if batches else 1 << 30):
                room -= found[0] + 256
                batches.append(found[1])
            if not ring:
                del self._rings[key]
        params = {"runId": run_id, "batches": batches}
        self._writer.send(frames.notification(f"{control_wire.PREFIX}log", params))
