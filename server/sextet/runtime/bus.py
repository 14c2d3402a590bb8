"""The bus: everything that happens, to every subscriber; a slow one loses log lines, never state."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

from sextet.model.events import Entry
from sextet.model.live import Heartbeat, LogBatch

LOGS_KEPT = 512
STATES_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class StateChanged:
    """A journal entry that is on the disk."""

    run_id: str
    entry: Entry


@dataclass(frozen=True, slots=True)
class Resync:
    """This subscriber was too slow for the state itself: it must ask for a snapshot."""

    run_id: str
    seq: int


Message = StateChanged | Resync | LogBatch | Heartbeat


class Subscription:
    """One listener's queue: iterate over it. Log batches beyond the limit push out the oldest ones."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._queue: deque[Message] = deque()
        self._logs = 0
        self._states = 0
        self._lost: dict[str, int] = {}
        self._wake = asyncio.Event()
        self._closed = False
        self._stale: dict[str, int] = {}

    def put(self, message: Message) -> None:
        """Take a message without waiting."""
        if isinstance(message, LogBatch):
            self._put_log(message)
        elif isinstance(message, StateChanged):
            self._put_state(message)
        else:
            self._queue.append(message)
        self._wake.set()

    def _put_log(self, batch: LogBatch) -> None:
        if self._logs >= LOGS_KEPT:
            oldest = next(m for m in self._queue if isinstance(m, LogBatch))
            self._queue.remove(oldest)
            self._logs -= 1
            lost = len(oldest.lines) + oldest.dropped
            self._lost[oldest.worker_id] = self._lost.get(oldest.worker_id, 0) + lost
        self._queue.append(batch)
        self._logs += 1

    def _put_state(self, message: StateChanged) -> None:
        if self._states >= STATES_KEPT:
            self._stale[message.run_id] = message.entry.seq
            return
        self._states += 1
        self._queue.append(message)

    def take(self) -> Message | None:
        """The next message without waiting; None when there is none."""
        if not self._queue:
            return self._take_stale()
        message = self._queue.popleft()
        if isinstance(message, LogBatch):
            self._logs -= 1
            lost = self._lost.pop(message.worker_id, 0)  # all of them before this one
            return message.evolved({"dropped": message.dropped + lost}) if lost else message
        if isinstance(message, StateChanged):
            self._states -= 1
        return message

    def _take_stale(self) -> Message | None:
        if not self._stale:
            return None
        run_id, seq = self._stale.popitem()
        return Resync(run_id, seq)

    async def __aiter__(self) -> AsyncIterator[Message]:
        """All messages until the subscription is closed."""
        while True:
            message = self.take()
            if message is not None:
                yield message
            elif self._closed:
                return
            else:
                self._wake.clear()
                await self._wake.wait()

    def close(self) -> None:
        """Get no more messages; what is queued can still be read."""
        self._closed = True
        self._bus.drop(self)
        self._wake.set()


class Bus:
    """Publishes messages to all subscriptions; never waits for any of them."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []

    def subscribe(self) -> Subscription:
        """A new listener; close it when done."""
        subscription = Subscription(self)
        self._subscriptions.append(subscription)
        return subscription

    def drop(self, subscription: Subscription) -> None:
        """Forget a listener."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)

    def publish(self, message: Message) -> None:
        """Tell everybody."""
        for subscription in self._subscriptions:
            subscription.put(message)
