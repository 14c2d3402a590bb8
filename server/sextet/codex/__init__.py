"""The Codex CLI: one protocol over app-server and exec."""

from __future__ import annotations
