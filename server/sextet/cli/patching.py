"""Commands about patches: list, show, apply, revert."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sextet.cli import options as o
from sextet.cli.doors import find_run, place_of, reading, writing
from sextet.cli.drive import Wishes
from sextet.cli.exits import APPROVED
from sextet.cli.seeing import apply as write
from sextet.cli.shows import out_json
from sextet.cli.words import files
from sextet.errors import NotFoundError
from sextet.model.patch import Applied, FileChange
from sextet.roles.wording import clean, one_line
from sextet.service import results as r
from sextet.system.whoami import whoami

_which = click.argument("patch", required=False, default="")
_also = click.argument("run_", metavar="[RUN]", required=False, default="")


@click.group()
def patch() -> None:
    """List, show, apply or revert patches. PATCH is `patch-1`; left out, it is the latest of the run."""


@patch.command("list")
@o.run_id
@o.as_json
@o.repo
def list_patches(run: str, *, as_json: bool, repo: Path) -> int:
    """List the patches of a run."""
    return o.finish(_list(repo, run, as_json=as_json))


async def _list(folder: Path, run: str, *, as_json: bool) -> int:
    place = await place_of(folder)
    async with reading(place) as door:
        found = await door.call("patch/list", {"runId": find_run(place, run)})
    assert isinstance(found, r.PatchList)  # noqa: S101 -- for mypy
    if as_json:
        out_json(found.model_dump(mode="json", by_alias=True))
        return APPROVED
    for each in found.patches:
        click.echo(f"{each.id}  {each.state.value:<9} tree {each.tree[:12]}  from {', '.join(each.tasks)}")
    if not found.patches:
        click.echo("There is no patch yet.")
    return APPROVED


@patch.command()
@_which
@_also
@click.option("--stat", is_flag=True, help="Only the files and their sizes.")
@o.as_json
@o.repo
def show(patch: str, run_: str, *, stat: bool, as_json: bool, repo: Path) -> int:
    """Show a patch as a unified diff: to read, never to apply."""
    return o.finish(_show(repo, (patch, run_), stat=stat, as_json=as_json))


async def _show(folder: Path, which: tuple[str, str], *, stat: bool, as_json: bool) -> int:
    place = await place_of(folder)
    run_id = find_run(place, which[1])
    async with reading(place) as door:
        name = which[0] or await _newest(door, run_id)
        found = await door.call("patch/get", {"runId": run_id, "patchId": name})
    assert isinstance(found, r.PatchDetail)  # noqa: S101 -- for mypy
    if as_json:
        out_json(found.model_dump(mode="json", by_alias=True))
        return APPROVED
    click.echo(f"{found.patch.id} of {run_id}: {found.patch.state.value}, {files(len(found.changes.files))}")
    for line in (*map(_file, found.changes.files), *found.changes.warnings):
        click.echo(f"  {line}")
    if not stat:
        click.echo(clean(found.diff, 10_000_000))
    return APPROVED


def _file(change: FileChange) -> str:
    size = "binary" if change.binary else f"+{change.added} -{change.removed}"
    mark = "  (steers tools or CI)" if change.control else ""
    return f"{one_line(change.path, 400)}  {size}{mark}"


async def _newest(door: Any, run_id: str) -> str:
    found = await door.call("patch/list", {"runId": run_id})
    if not found.patches:
        raise NotFoundError("There is no patch yet.", next_step=f"See how far it is: sextet show {run_id}")
    return str(found.patches[-1].id)


@patch.command()
@_which
@_also
@click.option("--control-files", is_flag=True, help="Also files that steer tools, editors or CI.")
@click.option("--merge", is_flag=True, help="Merge with what changed since the run began (untested).")
@click.option("--draft", is_flag=True, help="Also a patch that the reviewer has not approved.")
@o.name
@o.repo
def apply(patch: str, run_: str, by: str, repo: Path, **given: bool) -> int:
    """Approve a patch in your name and write it into the work tree, all or nothing."""
    wishes = Wishes(by=whoami(by), apply=True, **given)
    return o.finish(_apply(repo, (patch, run_), wishes))


async def _apply(folder: Path, which: tuple[str, str], wishes: Wishes) -> int:
    place = await place_of(folder)
    run_id = find_run(place, which[1])
    async with writing(place) as door:
        name = which[0] or await _newest(door, run_id)
        done = (await write(door, run_id, name, wishes)).applied
    click.echo(f"{name} is applied ({done.kind.value}), {files(len(done.files))}:")
    for path in done.files:
        click.echo(f"  {one_line(path, 400)}")
    _of_the_editor(done)
    click.echo(f"Take it back: sextet patch revert {name} {run_id}")
    return APPROVED


def _of_the_editor(done: Applied | r.RevertResult) -> None:
    """What an editor that has the files open made of its part."""
    for path in done.unsaved:
        click.echo(f"  {one_line(path, 400)} waits in the editor for being saved")
    for path in done.altered:
        click.echo(f"  {one_line(path, 400)} was altered when the editor saved it")


@patch.command()
@_which
@_also
@o.name
@o.repo
def revert(patch: str, run_: str, by: str, repo: Path) -> int:
    """Take back an applied patch; what you changed since stays."""
    return o.finish(_revert(repo, (patch, run_), whoami(by)))


async def _revert(folder: Path, which: tuple[str, str], by: str) -> int:
    place = await place_of(folder)
    run_id = find_run(place, which[1])
    async with writing(place) as door:
        name = which[0] or await _newest(door, run_id)
        done = await door.call("patch/revert", {"runId": run_id, "patchId": name, "by": by})
    assert isinstance(done, r.RevertResult)  # noqa: S101 -- for mypy
    click.echo(f"{name} is taken back, {files(len(done.files))}.")
    for path in done.merged:
        click.echo(f"  your later edits stay in {one_line(path, 400)}")
    _of_the_editor(done)
    return APPROVED
