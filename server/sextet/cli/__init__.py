"""The command line: one small file per group of commands."""

from __future__ import annotations
