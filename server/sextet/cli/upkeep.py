"""Commands for the machine and what is kept on it: doctor, recover, clean, adopt, schema."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import click

from sextet.cli import options as o
from sextet.cli import sweeping
from sextet.cli.doors import Here, There, find_run, place_of, writing
from sextet.cli.exits import APPROVED, FAILED
from sextet.cli.paper import folded
from sextet.cli.shows import out_json
from sextet.model.names import RunState
from sextet.roles.wording import clean
from sextet.service import doctor as examiner
from sextet.service.results import RunLine
from sextet.service.upkeep_results import RecoverList
from sextet.store import runs

_MARKS = {True: "ok", False: "NO", None: "?"}


@click.command()
@o.as_json
@o.repo
def doctor(*, as_json: bool, repo: Path) -> int:
    """Say what is missing on this machine and in this repository; exit code 1 when something is."""
    return o.finish(_doctor(repo, as_json=as_json))


async def _doctor(folder: Path, *, as_json: bool) -> int:
    found = await examiner.report(folder)
    if as_json:
        checks = [check.model_dump(mode="json", by_alias=True) for check in found.checks]
        out_json({"checks": checks, "problems": [each.sentence for each in found.problems]})
    else:
        for check in found.checks:
            click.echo(folded(f"{_MARKS[check.ok]:<4}{check.name:<12}{clean(check.what)}", 16))
            if check.next_step:
                click.echo(folded(f"{'':<16}{clean(check.next_step)}", 16))
        for problem in found.problems:
            click.echo(f"{problem.level}: {clean(problem.sentence)}")
    return FAILED if any(check.ok is False for check in found.checks) else APPROVED


@click.command()
@o.repo
def recover(repo: Path) -> int:
    """Finish or take back an apply that a crash cut off; list runs that can go on, and work that was kept."""
    return o.finish(_recover(repo))


async def _recover(folder: Path) -> int:
    async with writing(await place_of(folder)) as door:
        if isinstance(door, There):
            click.echo("A Sextet is at work on this folder; it has recovered what there was when it began.")
        said = door.recovered if isinstance(door, Here) else ()
        found = await door.call("recover/list", {})
    assert isinstance(found, RecoverList)  # noqa: S101 -- for mypy
    lines = [*dict.fromkeys((*said, *found.applies)), *map(_open, found.runs), *_kept(found)]
    for each in lines or ["There is nothing to recover."]:
        click.echo(clean(each))
    return APPROVED


def _open(run: RunLine) -> str:
    word = "interrupted" if run.state is RunState.INTERRUPTED else "not finished, and nobody works on it"
    return f"{run.id} is {word}; go on with it: sextet resume {run.id}"


def _kept(found: RecoverList) -> list[str]:
    lines = [
        f"{each.run_id}: {each.task_id}, attempt {each.epoch}, left work in {each.commit[:12]}"
        for each in found.salvaged
    ]
    if lines:
        mirror, last = shlex.quote(found.mirror), found.salvaged[-1].commit[:12]
        lines.append(f"Look at it: git --git-dir={mirror} show {last}")
    return lines


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
    """Print the contract: verbs, notifications, events, settings and errors as JSON Schema."""
    from sextet.service.schema import document  # noqa: PLC0415 -- only this command needs schemas

    print(json.dumps(document(), indent=1))  # noqa: T201 -- this is what the command does
    return APPROVED
