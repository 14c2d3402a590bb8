"""The root command: which commands there are, and what becomes of an error."""

from __future__ import annotations

import importlib
import io
import os
import signal
import sys
from typing import Any, NoReturn

import click

from sextet import __version__
from sextet.cli.exits import FAILED, INTERRUPTED, USAGE, code_of, told

_GROUPS: dict[str, dict[str, tuple[str, str]]] = {
    "Work": {
        "run": ("running:run", "Take a goal through the six roles."),
        "resume": ("running:resume", "Go on with a run."),
        "follow-up": ("running:follow_up", "Ask for more in the same run."),
        "stop": ("talking:stop", "End a run; what was written is kept."),
        "demo": ("demo:demo", "Watch a rehearsal on a small repository; no model is asked."),
    },
    "Look": {
        "list": ("reading:list_runs", "List the runs of this repository."),
        "show": ("reading:show", "Show a run: tasks, workers, questions, patches."),
        "logs": ("reading:logs", "Read what workers said."),
        "collisions": ("foreseeing:collisions", "Tell which changes will collide."),
    },
    "Talk": {
        "answer": ("talking:answer", "Answer an open question."),
        "approve": ("talking:approve", "Approve a consensus or a patch by name."),
        "request-changes": ("running:request_changes", "Send a task back with a remark."),
        "comment": ("talking:comment", "Leave a remark; the agent reads it at its next attempt."),
        "retry": ("talking:retry", "Try a task again that failed, is blocked or was stopped."),
        "steer": ("talking:steer", "Say something to an agent at work."),
        "interrupt": ("talking:interrupt", "Stop one task that is at work."),
    },
    "Result": {
        "patch": ("patching:patch", "Show, judge, apply or revert patches."),
    },
    "Editor": {
        "serve": ("serving:serve", "Serve an editor on stdin and stdout; the editor starts this."),
    },
    "Upkeep": {
        "doctor": ("upkeep:doctor", "Say what is missing on this machine."),
        "recover": ("upkeep:recover", "Finish or take back what a crash cut off."),
        "clean": ("upkeep:clean_up", "Remove what is no longer needed, after asking."),
        "adopt": ("upkeep:adopt", "Take over a run that came with a clone."),
        "schema": ("upkeep:schema", "Print the JSON Schema of verbs, events and settings."),
    },
}
_COMMANDS = {name: place for group in _GROUPS.values() for name, (place, _) in group.items()}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the help."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        found = getattr(importlib.import_module(f"sextet.cli.{module}"), name)
        assert isinstance(found, click.Command)  # noqa: S101 -- the table above is checked by a test
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, from the table alone: nothing is imported for it."""
        del ctx
        for title, commands in _GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name, help_) for name, (_, help_) in commands.items()])


_HELP = """Six Codex roles take a goal through consensus, code, evidence and review.

\b
sextet demo                        see it work, without a model
sextet run "add --json to export"  start in this repository

RUN is the id of a run, the beginning of one, or `latest`; it may be left out where only one is meant.
Exit codes: 0 approved (and applied with --apply), 1 not approved or failed, 2 usage, 3 waits for a
person, 130 interrupted and resumable.
"""


@click.group(cls=LazyGroup, help=_HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sextet")
def root() -> None:
    """All commands."""


def main() -> NoReturn:
    """Carry out the command line and exit."""
    for stream in (sys.stdout, sys.stderr):  # a path may hold bytes that are no text
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _called()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whoever read this has had enough
        code = 128 + signal.SIGPIPE
    sys.exit(code)


def _called() -> int:
    try:
        return _code(root.main(prog_name="sextet", standalone_mode=False))
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:
        if os.environ.get("SEXTET_DEBUG") == "1":
            raise
        click.echo(told(error), err=True)
        return code_of(error)


def _code(result: Any) -> int:
    return result if isinstance(result, int) else (FAILED if result else 0)
