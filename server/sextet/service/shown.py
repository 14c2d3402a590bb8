"""Paths as text that every screen and every wire can take."""

from __future__ import annotations

import os
from pathlib import Path


def shown(path: Path) -> str:
    """A path as text; bytes that are none are escaped."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
