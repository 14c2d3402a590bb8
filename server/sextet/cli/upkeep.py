"""Commands for the machine and what is kept on it: doctor, recover, clean, adopt, schema."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import click

from sextet.cli import options as o
from sextet.cli import sweeping
from sextet.cli.doors import Here, find_run, place_of, writing
from sextet.cli.exits import APPROVED, FAILED
from sextet.cli.paper import folded
from sextet.cli.shows import out_json
from sextet.errors import SextetError
from sextet.model.names import ENDED, RunState
from sextet.roles.wording import clean
from sextet.service import doctor as examiner
from sextet.service import settings_files
from sextet.service.salvaged import mirror_of, salvaged
from sextet.store import runs
from sextet.workspace.repository import inspect

_MARKS = {True: "ok", False: "NO", None: "?"}


@click.command()
@o.as_json
@o.repo
def doctor(*, as_json: bool, repo: Path) -> int:
    """Say what is missing on this machine and in this repository; exit code 1 when something is."""
    return o.finish(_doctor(repo, as_json=as_json))


async def _doctor(folder: Path, *, as_json: bool) -> int:
    resolved = settings_files.load(await _top(folder))
    checks = await examiner.examine(folder, resolved.settings)
    if as_json:
        found = [check.model_dump(mode="json", by_alias=True) for check in checks]
        out_json({"checks": found, "problems": [each.sentence for each in resolved.problems]})
    else:
        for check in checks:
            click.echo(folded(f"{_MARKS[check.ok]:<4}{check.name:<12}{clean(check.what)}", 16))
            if check.next_step:
                click.echo(folded(f"{'':<16}{clean(check.next_step)}", 16))
        for problem in resolved.problems:
            click.echo(f"{problem.level}: {clean(problem.sentence)}")
    return FAILED if any(check.ok is False for check in checks) else APPROVED


async def _top(folder: Path) -> Path:
    """The top level of the work tree that `folder` is in; the folder itself where there is none."""
    try:
        return (await inspect(folder)).top
    except SextetError:  # the examination itself tells what is wrong
        return folder


@click.command()
@o.repo
def recover(repo: Path) -> int:
    """Finish or take back an apply that a crash cut off; list runs that can go on, and work that was kept."""
    return o.finish(_recover(repo))


async def _recover(folder: Path) -> int:
    place = await place_of(folder)
    async with writing(place) as door:
        said = list(door.recovered) if isinstance(door, Here) else []
        busy = not door.here
    for sentence in said:
        click.echo(sentence)
    if busy:
        click.echo("A Sextet is at work on this folder; it has recovered what there was when it began.")
        return APPROVED
    open_ = [run for run in runs.list_runs(place.top, place.state) if run.ours and run.state not in ENDED]
    for run in open_:
        word = "interrupted" if run.state is RunState.INTERRUPTED else "not finished, and nobody works on it"
        click.echo(f"{run.id} is {word}; go on with it: sextet resume {run.id}")
    left = await salvaged(place)
    for each in left:
        click.echo(f"{each.run_id}: {each.task_id}, attempt {each.epoch}, left work in {each.commit[:12]}")
    if left:
        mirror = shlex.quote(str(mirror_of(place)))
        click.echo(f"Look at it: git --git-dir={mirror} show {left[-1].commit[:12]}")
    if not said and not open_ and not left:
        click.echo("There is nothing to recover.")
    return APPROVED


@click.command()
@click.option("--yes", is_flag=True, help="Remove it without asking.")
@o.as_json
@o.repo
def clean_up(*, yes: bool, as_json: bool, repo: Path) -> int:
    """Show what is no longer needed, with its size, and remove it after asking."""
    return o.finish(sweeping.sweep(repo, yes=yes, as_json=as_json))


clean_up.name = "clean"


@click.command()
@click.argument("run")
@o.repo
def adopt(run: str, repo: Path) -> int:
    """Take over a run that was not made here, so that it can be continued. Read it first."""
    return o.finish(_adopt(repo, run))


async def _adopt(folder: Path, run: str) -> int:
    place = await place_of(folder)
    run_id = find_run(place, run)
    runs.adopt(place.top, place.state, run_id)
    click.echo(f"Run {run_id} is yours now. Go on with it: sextet resume {run_id}")
    return APPROVED


@click.command()
def schema() -> int:
    """Print the JSON Schema of verbs, events and settings."""
    print(json.dumps(_schema(), indent=1))  # noqa: T201 -- this is what the command does
    return APPROVED


def _schema() -> dict[str, Any]:
    from sextet.model.events import ENTRY  # noqa: PLC0415 -- only this command needs schemas
    from sextet.service.methods import METHODS  # noqa: PLC0415
    from sextet.service.settings_reference import describe  # noqa: PLC0415

    methods = {
        f"sextet/{name}": {
            "params": method.params.model_json_schema(by_alias=True),
            "result": method.result.model_json_schema(by_alias=True, mode="serialization"),
        }
        for name, method in METHODS.items()
    }
    settings = {each.key: each.model_dump(mode="json", by_alias=True) for each in describe()}
    events = ENTRY.json_schema(by_alias=True, mode="serialization")
    return {"methods": methods, "events": events, "settings": settings}
