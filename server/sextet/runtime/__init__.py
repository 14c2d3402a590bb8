"""Workers, alive: bus, sessions, workers and the supervisor that holds them."""

from __future__ import annotations
