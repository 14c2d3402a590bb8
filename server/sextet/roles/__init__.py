"""The six executors and their rehearsal stand-in."""

from __future__ import annotations
