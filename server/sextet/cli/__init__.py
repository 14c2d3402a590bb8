"""The command line; modules are imported when their command is called, so that `--help` is quick."""

from __future__ import annotations
