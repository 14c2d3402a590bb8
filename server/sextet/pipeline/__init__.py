"""What follows what: pure functions from what happened to what happens next."""

from __future__ import annotations
