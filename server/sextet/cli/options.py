"""Options and arguments that several commands share."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

repo = click.option(
    "--repo",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="A folder in the repository; the current one when left out.",
)
run_id = click.argument("run", required=False, default="")
as_json = click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
name = click.option("--by", default="", help="Your name, shown beside what you did.")


def driving(command: Command) -> Command:
    """The options of every command that works on a run until its end."""
    for option in reversed(_DRIVING):
        command = option(command)
    return command


_DRIVING = (
    click.option("--apply", is_flag=True, help="Approve the proposed patch in your name, and write it."),
    click.option("--control-files", is_flag=True, help="With --apply: also files that steer tools or CI."),
    click.option("--merge", is_flag=True, help="With --apply: merge with what changed since (untested)."),
    click.option("--yes", is_flag=True, help="Accept approvals in your name; never answers other questions."),
    click.option("--wait", is_flag=True, help="Without a terminal: wait for answers from elsewhere."),
    click.option("-v", "--verbose", is_flag=True, help="Without a terminal: log lines too."),
    as_json,
    name,
    repo,
)


def finish(work: Coroutine[Any, Any, int]) -> int:
    """Run a command's work to its end; its exit code."""
    return asyncio.run(work)


def on_terminal() -> bool:
    """Whether a person sits at both ends."""
    return sys.stdin.isatty() and sys.stdout.isatty()
