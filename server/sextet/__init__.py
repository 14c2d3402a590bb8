"""Sextet: six Codex roles that take a goal through consensus, code, evidence and review."""

from __future__ import annotations

__version__ = "0.1.0"
