"""`sextet demo`: a rehearsal on a small repository, from the goal to the applied patch and its tests."""

from __future__ import annotations

import asyncio
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

import click

from sextet.cli import options as o
from sextet.cli.doors import Here, There, place_of, reread
from sextet.cli.drive import Wishes
from sextet.cli.exits import APPROVED, FAILED
from sextet.cli.paper import folded
from sextet.cli.seeing import see
from sextet.cli.words import outcome
from sextet.errors import ProcessError, UsageError
from sextet.pipeline.view import RunView
from sextet.roles import scenario
from sextet.roles.wording import clean
from sextet.service import results as r
from sextet.service.place import Place
from sextet.store.layout import RUNS
from sextet.system import processes
from sextet.system.whoami import whoami
from sextet.workspace import changeset
from sextet.workspace.mirror import Mirror

_IDENTITY = (
    "-c",
    "user.name=Sextet",
    "-c",
    "user.email=sextet@example.invalid",
    "-c",
    "commit.gpgSign=false",
)
_SECONDS = 60.0


@click.command()
@click.option("--fast", is_flag=True, help="Play without pauses.")
@click.option("--keep", type=click.Path(path_type=Path), default=None, help="Make the repository in DIR.")
@click.option("--plain", is_flag=True, help="Plain lines also on a terminal.")
@o.as_json
def demo(*, fast: bool, keep: Path | None, plain: bool, as_json: bool) -> int:
    """Watch a rehearsal: six roles, real worktrees, merges and tests; no model is asked."""
    return o.finish(_demo(fast=fast, keep=keep, plain=plain, as_json=as_json))


async def _demo(*, fast: bool, keep: Path | None, plain: bool, as_json: bool) -> int:
    chosen = scenario.load("demo")
    top = await asyncio.to_thread(_folder, keep)
    await _repository(top, chosen)
    if not as_json:
        click.echo("This is a rehearsal: no model is asked. The words come from a script;")
        click.echo(f"worktrees, commits, merges and tests are real. Repository: {top}\n")
    place = await place_of(top)
    played = chosen.model_copy(update={"scale": 0.0}) if fast else chosen
    script = place.state.path / "demo.json"
    await asyncio.to_thread(script.write_text, scenario.dump(played))
    wishes = Wishes(by=whoami(), apply=True, as_json=as_json, plain=plain)
    started: list[str] = []

    async def begin(door: Here | There) -> str:
        asked = {
            "goal": chosen.goal,
            "guidance": chosen.guidance,
            "executor": "rehearsal",
            "scenario": str(script),
            "by": wishes.by,
        }
        run = await door.call("run/start", asked)
        assert isinstance(run, r.RunRef)  # noqa: S101 -- for mypy
        started.append(run.run_id)
        return run.run_id

    code = await see(place, begin, wishes)
    if as_json or code != APPROVED:
        return code
    return await _epilogue(place, started[0], chosen)


def _folder(keep: Path | None) -> Path:
    if keep is None:
        return Path(tempfile.mkdtemp(prefix="sextet-demo-"))
    top = keep.resolve()
    if top.exists() and any(top.iterdir()):
        raise UsageError(f"{top} is not empty.", next_step="Name a folder that does not exist yet.")
    top.mkdir(parents=True, exist_ok=True)
    return top


async def _repository(top: Path, chosen: scenario.Scenario) -> None:
    """A repository with one commit; no template and no hook of the user is used."""
    for name, text in chosen.repository.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    await _git(top, "init", "-q", "-b", "main", "--template=")
    await _git(top, "add", "-A")
    await _git(top, *_IDENTITY, "commit", "-q", "-m", "A small project")


async def _git(top: Path, *args: str) -> None:
    done = await processes.run(["git", *args], cwd=top)
    if done.exit_code != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise ProcessError(f"git {args[0]} failed: {said[-400:]}", next_step="See `sextet doctor`.")


# Afterwards ---------------------------------------------------------------------------------------
async def _epilogue(place: Place, run_id: str, chosen: scenario.Scenario) -> int:
    """What each role did, the patch, and the tests on what is now in the work tree."""
    view = reread(place, run_id)
    click.echo("\nWhat each role did:")
    for line in _work(view):
        click.echo(folded(f"  {line}", 30))
    patch = view.patches[view.patch]
    mirror = await Mirror.open(place.repository, place.state.path)
    changes = await changeset.diff(mirror, patch.base, patch.tree)
    click.echo("\nThe patch, which is now in the work tree:\n")
    click.echo(clean(await changeset.picture(mirror, changes), 1_000_000))
    passed = await _tests(place, chosen.settings.tester.commands)
    click.echo("\nWhere everything lies:")
    for line in _places(place, run_id):
        click.echo(f"  {line}")
    return APPROVED if passed else FAILED


def _work(view: RunView) -> list[str]:
    return [
        f"{task.role.value:<12} {task.id:<14} {outcome(task.outcome)}"
        for task in view.tasks.values()
        if task.outcome is not None
    ]


async def _tests(place: Place, commands: tuple[str, ...]) -> bool:
    """The repository's own tests, run on the user's files as they are now."""
    passed = True
    for command in commands:
        click.echo(f"$ {command}")
        done = await processes.run(["bash", "-c", command], cwd=place.top, timeout=_SECONDS)
        click.echo(clean((done.stdout + done.stderr).decode(errors="replace")).rstrip())
        click.echo(f"(exit code {done.exit_code})")
        passed = passed and done.exit_code == 0
    return passed


def _places(place: Place, run_id: str) -> list[str]:
    called = "sextet" if shutil.which("sextet") else shlex.quote(sys.argv[0])
    return [
        f"the repository      {place.top}",
        f"the run             {place.top / RUNS / run_id}   (events.jsonl is its journal)",
        f"worktrees, mirror   {place.state.path}",
        f"look at it          {called} show latest --repo {shlex.quote(str(place.top))}",
        f"take it back        {called} patch revert --repo {shlex.quote(str(place.top))}",
    ]
