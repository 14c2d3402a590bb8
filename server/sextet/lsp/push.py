"""What happens, told to the client: events in order, log lines in batches as fast as it reads them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pydantic_core import to_json

from sextet.lsp import frames
from sextet.lsp.wire import Writer
from sextet.model.live import Heartbeat, LogBatch
from sextet.runtime.bus import Message, StateChanged
from sextet.service import control_wire

WINDOW: Final = 0.03
"""Seconds between two notifications with log lines; the first line of a burst goes at once."""
SOON: Final = 0.01
"""Seconds until another look at a client that has not read enough yet."""
NOTIFICATION_LIMIT: Final = 64 << 10
"""Bytes of log lines in one notification; a longer line goes alone."""
CALM: Final = 256 << 10
"""Bytes that may wait for the client while log lines are sent; else they gather here."""
RINGS: Final = 2 << 20
"""Bytes of log lines that gather, of all workers together; then who said most loses its oldest ones."""
_HEAD: Final = 256
"""Bytes that a piece has beside its lines."""

_LOG: Final = b'{"jsonrpc":"2.0","method":"sextet/log","params":{"runId":%b,"batches":[%b]}}'


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines of one worker as they will be sent; encoded they take a fraction of what they took before."""

    batch: LogBatch
    """Whose they are; without the lines."""
    count: int
    data: bytes
    """A JSON array of strings."""

    @property
    def size(self) -> int:
        """Bytes of the piece."""
        return len(self.data) + _HEAD

    def encoded(self, dropped: int) -> bytes:
        """The piece as an element of `batches`."""
        batch = self.batch
        head = {
            "workerId": batch.worker_id,
            "taskId": batch.task_id,
            "stream": batch.stream,
            "firstSeq": batch.first_seq,
            "dropped": dropped,
        }
        return b'%b,"lines":%b}' % (to_json(head)[:-1], self.data)


def pieces(batch: LogBatch) -> Iterator[Piece]:
    """A batch in pieces of which each fits into a notification, if it has more than one line."""
    data = to_json(batch.lines, ensure_ascii=True)
    count = len(batch.lines)
    if len(data) <= NOTIFICATION_LIMIT - 1_024 or count == 1:
        yield Piece(batch.evolved({"lines": ()}), count, data)
        return
    half = count // 2
    yield from pieces(batch.evolved({"lines": batch.lines[:half]}))
    yield from pieces(batch.evolved({"lines": batch.lines[half:], "first_seq": batch.first_seq + half}))


class Ring:
    """Lines of one worker that were not sent yet, in the pieces in which they will be."""

    def __init__(self) -> None:
        self.size = 0
        """Bytes of the pieces."""
        self._pieces: deque[Piece] = deque()
        self._lost = 0

    def add(self, batch: LogBatch) -> None:
        """Take lines in."""
        self._lost += batch.dropped
        for piece in pieces(batch):
            self._pieces.append(piece)
            self.size += piece.size

    def leave_out(self) -> bool:
        """Leave the oldest piece out, except the last one, which will say how many lines were; False then."""
        if len(self._pieces) < 2:
            return False
        oldest = self._pieces.popleft()
        self.size -= oldest.size
        self._lost += oldest.count
        return True

    def take(self, most: int) -> bytes | None:
        """The next piece, encoded, when there is one of at most `most` bytes."""
        if not self._pieces or self._pieces[0].size > most:
            return None
        piece = self._pieces.popleft()
        self.size -= piece.size
        dropped, self._lost = self._lost, 0
        return piece.encoded(dropped)

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
            said = frames.notification(*control_wire.notification(message))
            self._writer.state(message.run_id, message.entry.seq, said)
        elif isinstance(message, LogBatch):
            self._rings.setdefault((message.run_id, message.worker_id), Ring()).add(message)
            self._soon()
            self._keep_in_bounds()
        elif isinstance(message, Heartbeat):
            self._beats[message.run_id] = message
            self._soon()
        else:
            self._writer.send(frames.notification(*control_wire.notification(message)))

    def close(self) -> None:
        """Send no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _keep_in_bounds(self) -> None:
        while sum(ring.size for ring in self._rings.values()) > RINGS:
            if not max(self._rings.values(), key=lambda ring: ring.size).leave_out():
                return

    def _soon(self) -> None:
        if self._timer is None:
            self._flush()

    def _flush(self) -> None:
        """Send while the client keeps up; look again after a moment when something was sent or is left."""
        self._timer = None
        busy = self._writer.backlog >= CALM
        while not busy and (self._beats or self._rings):
            for heartbeat in self._beats.values():
                self._writer.send(frames.notification(*control_wire.notification(heartbeat)))
            self._beats.clear()
            self._send_lines()
            busy = self._writer.backlog >= CALM
        self._timer = asyncio.get_running_loop().call_later(SOON if busy else WINDOW, self._again)

    def _again(self) -> None:
        self._timer = None
        if self._beats or self._rings:
            self._flush()

    def _send_lines(self) -> None:
        """One notification with the lines of one run."""
        if not self._rings:
            return
        run_id = next(iter(self._rings))[0]
        batches: list[bytes] = []
        room = NOTIFICATION_LIMIT
        for key in [key for key in self._rings if key[0] == run_id]:
            ring = self._rings[key]
            while found := ring.take(room if batches else 1 << 30):
                room -= len(found)
                batches.append(found)
            if not ring:
                del self._rings[key]
        self._writer.send(frames.frame(_LOG % (to_json(run_id), b",".join(batches))))
