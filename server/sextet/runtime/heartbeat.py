"""Say every two seconds that each worker is alive, with its agent's last activity."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sextet.model.live import Heartbeat
from sextet.runtime.bus import Bus

INTERVAL = 2.0
"""Seconds between heartbeats."""


async def beat(bus: Bus, heartbeats: Callable[[], tuple[Heartbeat, ...]]) -> None:
    """Publish heartbeats for ever."""
    while True:
        for heartbeat in heartbeats():
            bus.publish(heartbeat)
        await asyncio.sleep(INTERVAL)
