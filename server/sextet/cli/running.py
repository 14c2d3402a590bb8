"""Commands that work on a run until its end: run, resume, follow-up, request-changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from sextet.cli import options as o
from sextet.cli.doors import Here, There, find_run, meant, place_of
from sextet.cli.drive import Wishes
from sextet.cli.seeing import see
from sextet.errors import UsageError
from sextet.model.names import Mode, RunState
from sextet.service import results as r
from sextet.system.whoami import whoami


@click.command()
@click.argument("goal")
@click.option(
    "--mode",
    type=click.Choice(["feature", *(mode.value for mode in Mode)]),
    default="feature",
    help="What is asked for.",
)
@click.option("--guidance", default="", help="What the goal leaves open: constraints, hints.")
@click.option("--hunters", type=click.IntRange(1, 16), default=2, help="How many draft independently.")
@click.option(
    "--executor", type=click.Choice(["codex", "rehearsal"]), default="codex", help="Who plays the roles."
)
@click.option("--scenario", default="", help="The rehearsal's scenario: a name or a file.")
@click.option("--trust", is_flag=True, help="Trust what this repository's settings would execute.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="A setting for this run alone.")
@o.driving
def run(goal: str, **given: Any) -> int:
    """Take a goal through the six roles."""
    if not goal.strip():
        raise UsageError("A run needs a goal.", next_step='Say what you want: `sextet run "…"`.')
    if given["scenario"] and given["executor"] != "rehearsal":
        raise UsageError(
            "A scenario is played by a rehearsal, and this run would ask Codex.",
            next_step="Add `--executor rehearsal`, or leave --scenario out.",
        )
    return o.finish(_run(goal, given))


async def _run(goal: str, given: dict[str, Any]) -> int:
    place = await place_of(given["repo"])
    wishes = wishes_of(given)
    asked = {
        "goal": goal,
        "mode": Mode.IMPLEMENT_FEATURE.value if given["mode"] == "feature" else str(given["mode"]),
        "guidance": given["guidance"],
        "hunters": given["hunters"],
        "executor": given["executor"],
        "scenario": _absolute(given["scenario"]),
        "overrides": _overrides(given["overrides"]),
        "trust": given["trust"],
        "by": wishes.by,
    }

    async def begin(door: Here | There) -> str:
        started = await door.call("run/start", asked)
        assert isinstance(started, r.RunRef)  # noqa: S101 -- for mypy
        return started.run_id

    return await see(place, begin, wishes)


def _absolute(scenario: str) -> str:
    """A file's path as the process that carries the run out finds it; a name stays a name."""
    return str(Path(scenario).resolve()) if scenario and Path(scenario).exists() else scenario


def _overrides(given: tuple[str, ...]) -> dict[str, Any]:
    """`key=value` pairs; a value is JSON, or the text as it stands."""
    found: dict[str, Any] = {}
    for pair in given:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError(f"--set {pair!r} is not KEY=VALUE.", next_step="For instance: --set maxAgents=2")
        try:
            found[key.removeprefix("sextet.")] = json.loads(value)
        except ValueError:
            found[key.removeprefix("sextet.")] = value
    return found


def wishes_of(given: dict[str, Any]) -> Wishes:
    """What the options of `options.driving` say."""
    names = ("apply", "control_files", "merge", "yes", "wait", "as_json", "verbose")
    return Wishes(by=whoami(given["by"]), **{name: given[name] for name in names})


@click.command()
@o.run_id
@o.driving
def resume(run: str, **given: Any) -> int:
    """Go on with a run that was interrupted, stopped or failed; watch it when it is at work elsewhere."""
    return o.finish(_resume(run, given))


async def _resume(run: str, given: dict[str, Any]) -> int:
    place, wishes = await place_of(given["repo"]), wishes_of(given)
    if run:
        run = find_run(place, run)

    async def begin(door: Here | There) -> str:
        run_id = await meant(door, run, going=True)
        if not (await _snapshot(door, run_id)).live:
            await door.call("run/resume", {"runId": run_id, "by": wishes.by})
        return run_id

    return await see(place, begin, wishes)


async def _snapshot(door: Here | There, run_id: str) -> r.Snapshot:
    found = await door.call("run/snapshot", {"runId": run_id})
    assert isinstance(found, r.Snapshot)  # noqa: S101 -- for mypy
    return found


@click.command("follow-up")
@click.argument("text")
@o.run_id
@o.driving
def follow_up(text: str, run: str, **given: Any) -> int:
    """Ask for more in the same run; it starts from what you have now."""
    return o.finish(_say("run/followUp", {"text": text}, run, given))


@click.command("request-changes")
@click.argument("task")
@click.argument("text")
@o.run_id
@o.driving
def request_changes(task: str, text: str, run: str, **given: Any) -> int:
    """Send TASK back with a remark: an item (`implement-1-2`), or the whole patch (`review-1`)."""
    return o.finish(_say("task/requestChanges", {"taskId": task, "text": text}, run, given))


async def _say(method: str, params: dict[str, Any], run: str, given: dict[str, Any]) -> int:
    place, wishes = await place_of(given["repo"]), wishes_of(given)
    run_id = find_run(place, run)

    async def begin(door: Here | There) -> str:
        await door.call(method, {"runId": run_id, "by": wishes.by, **params})
        if door.here and (await _snapshot(door, run_id)).state is RunState.INTERRUPTED:
            await door.call("run/resume", {"runId": run_id, "by": wishes.by})
        return run_id

    return await see(place, begin, wishes)
