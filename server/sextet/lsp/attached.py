"""Another process as the supervisor: its verbs and events, through its socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from sextet.model.base import Record
from sextet.model.live import Heartbeat
from sextet.runtime.bus import Message, Resync, StateChanged
from sextet.service import control_client


class Attached:
    """A connection to the supervisor that holds the lock.

    Args:
        client: the connection.
        tell: gets everything that happens there; when it has gone, a `Resync` for each run that was at work.
    """

    def __init__(self, client: control_client.Client, tell: Callable[[Message], None]) -> None:
        self._client = client
        self._tell = tell
        self._seen: dict[str, int] = {}
        self._pump = asyncio.create_task(self._listen())

    @classmethod
    async def begin(cls, socket: Path, tell: Callable[[Message], None]) -> Self:
        """Connect.

        Raises:
            BusyError: nobody listens there.
        """
        client = await control_client.connect(socket)
        try:
            await client.subscribe()
        except BaseException:
            await client.close()
            raise
        return cls(client, tell)

    @property
    def lost(self) -> bool:
        """True when the other process has gone."""
        return self._client.lost

    async def call(self, method: str, params: Mapping[str, Any]) -> Record:
        """Let it carry out a verb."""
        return await self._client.call(method, params)

    async def close(self) -> None:
        """Let go; the work there goes on."""
        self._pump.cancel()
        await asyncio.gather(self._pump, return_exceptions=True)
        await self._client.close()

    async def _listen(self) -> None:
        async for message in self._client.listen():
            if isinstance(message, StateChanged):
                self._seen[message.run_id] = message.entry.seq
            elif isinstance(message, Heartbeat):
                self._seen[message.run_id] = max(message.seq, self._seen.get(message.run_id, 0))
            self._tell(message)
        for run_id, seq in self._seen.items():
            self._tell(Resync(run_id, seq))
