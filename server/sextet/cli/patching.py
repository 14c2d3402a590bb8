"""Commands that show patches, write them and take them back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from sextet.cli import options as o
from sextet.cli import picking
from sextet.cli.doors import find_run, place_of, reading, writing
from sextet.cli.drive import Wishes
from sextet.cli.exits import APPROVED, FAILED
from sextet.cli.opining import comment, mark, resolve, retest
from sextet.cli.seeing import apply as write
from sextet.cli.shows import out_json
from sextet.cli.words import files
from sextet.errors import UsageError
from sextet.model.patch import Applied, FileChange, PatchHunk
from sextet.roles.wording import clean, one_line
from sextet.service import patch_results as c
from sextet.service import results as r
from sextet.system.whoami import whoami

_chosen = click.option("--hunk", multiple=True, help="Only this hunk, or its id's beginning; repeatable.")


@click.group()
def patch() -> None:
    """List, show, judge, apply or revert patches. PATCH is `patch-1`; left out, it is the run's latest."""


for _command in (mark, comment, resolve, retest):
    patch.add_command(_command)


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
@picking.which
@picking.also
@click.option("--stat", is_flag=True, help="Only the files and their sizes.")
@click.option("--hunks", is_flag=True, help="The hunks: id, place, mark, and who wrote it.")
@o.as_json
@o.repo
def show(patch: str, run_: str, *, as_json: bool, repo: Path, **given: bool) -> int:
    """Show a patch as a unified diff: to read, never to apply."""
    return o.finish(_show(repo, (patch, run_), as_json=as_json, **given))


async def _show(folder: Path, which: tuple[str, str], *, stat: bool, hunks: bool, as_json: bool) -> int:
    place = await place_of(folder)
    run_id = find_run(place, which[1])
    async with reading(place) as door:
        name = which[0] or await picking.newest(door, run_id)
        found = await picking.detail(door, run_id, name)
    if as_json:
        out_json(found.model_dump(mode="json", by_alias=True))
        return APPROVED
    click.echo(f"{found.patch.id} of {run_id}: {found.patch.state.value}, {files(len(found.changes.files))}")
    for line in (*map(_file, found.changes.files), *found.changes.warnings):
        click.echo(f"  {line}")
    for row in map(_hunk, found.hunks if hunks else ()):
        click.echo(row)
    if not (stat or hunks):
        click.echo(clean(found.diff, 10_000_000))
    return APPROVED


def _file(change: FileChange) -> str:
    size = "binary" if change.binary else f"+{change.added} -{change.removed}"
    mark = "  (steers tools or CI)" if change.control else ""
    return f"{one_line(change.path, 400)}  {size}{mark}"


def _hunk(hunk: PatchHunk) -> str:
    """One line, the same columns in each: what is not there is a dash."""
    lines = f"-{hunk.old_start},{hunk.old_lines} +{hunk.new_start},{hunk.new_lines}"
    mark = f"{hunk.mark.mark.value} by {one_line(hunk.mark.by, 80)}" if hunk.mark else "-"
    workers = f" ({', '.join(hunk.workers)})" if hunk.workers else ""
    origin = f"{', '.join(hunk.tasks) or '-'}{workers}"
    wanted = one_line(", ".join(hunk.requirements), 200) or "-"
    applied = "applied" if hunk.applied else "-"
    return "  ".join((hunk.id, one_line(hunk.path, 400), lines, mark, origin, wanted, applied))


@patch.command()
@picking.which
@picking.also
@_chosen
@o.as_json
@o.repo
def check(patch: str, run_: str, hunk: tuple[str, ...], *, as_json: bool, repo: Path) -> int:
    """Say what applying a patch would do now, and what speaks against it; nothing is written."""
    return o.finish(_check(repo, (patch, run_), hunk, as_json=as_json))


async def _check(folder: Path, which: tuple[str, str], words: tuple[str, ...], *, as_json: bool) -> int:
    place = await place_of(folder)
    run_id = find_run(place, which[1])
    async with reading(place) as door:
        name = which[0] or await picking.newest(door, run_id)
        ids = picking.hunks((await picking.detail(door, run_id, name)).hunks, words) if words else ()
        asked = {"runId": run_id, "patchId": name, "hunks": ids, "by": whoami()}
        found = await door.call("patch/check", asked)
    assert isinstance(found, c.PatchCheck)  # noqa: S101 -- for mypy
    if as_json:
        out_json(found.model_dump(mode="json", by_alias=True))
    else:
        for line in _checked(found):
            click.echo(line)
    return FAILED if found.objections else APPROVED


def _checked(found: c.PatchCheck) -> Iterator[str]:
    yield f"{found.patch_id} would be applied ({found.kind.value}), {files(len(found.files))}:"
    for each in found.files:
        reason = f"  ({one_line(each.reason, 400)})" if each.reason else ""
        steers = "  (steers tools or CI)" if each.control else ""
        yield f"  {each.fit.value:<8}  {one_line(each.path, 400)}{reason}{steers}"
    if found.moved:
        yield one_line(found.moved, 1_000)
    yield f"Approvals: {len(found.approvals)} of {found.approvals_wanted} ({', '.join(found.approvals)})."
    for against in found.objections:
        yield f"Against it: {clean(against.text, 4_000)}"
        yield f"  Next: {clean(against.next_step, 1_000)}"
    if not found.objections:
        yield "Nothing speaks against it."


@patch.command()
@picking.which
@picking.also
@_chosen
@click.option("--accepted", is_flag=True, help="Only the hunks that are marked as accepted.")
@click.option("--control-files", is_flag=True, help="Also files that steer tools, editors or CI.")
@click.option("--merge", is_flag=True, help="Merge with what changed since the run began (untested).")
@click.option("--draft", is_flag=True, help="Also a patch that the reviewer has not approved.")
@o.name
@o.repo
def apply(patch: str, run_: str, by: str, repo: Path, **given: Any) -> int:
    """Approve a patch in your name and write it into the work tree, all or nothing."""
    if given["accepted"] and given["hunk"]:
        raise UsageError("--hunk and --accepted both choose hunks.", next_step="Leave one of them out.")
    wishes = Wishes(by=whoami(by), apply=True, hunks=given.pop("hunk"), **given)
    return o.finish(_apply(repo, (patch, run_), wishes))


async def _apply(folder: Path, which: tuple[str, str], wishes: Wishes) -> int:
    place = await place_of(folder)
    run_id = find_run(place, which[1])
    async with writing(place) as door:
        name = which[0] or await picking.newest(door, run_id)
        done = (await write(door, run_id, name, wishes)).applied
    click.echo(f"{name} is applied ({done.kind.value}), {files(len(done.files))}:")
    for path in done.files:
        click.echo(f"  {one_line(path, 400)}")
    _of_the_editor(done)
    if not done.whole:
        click.echo(f"The rest of it: sextet patch apply {name} {run_id}")
    click.echo(f"Take it back: sextet patch revert {name} {run_id}")
    return APPROVED


def _of_the_editor(done: Applied | r.RevertResult) -> None:
    """What an editor that has the files open made of its part."""
    for path in done.unsaved:
        click.echo(f"  {one_line(path, 400)} waits in the editor for being saved")
    for path in done.altered:
        click.echo(f"  {one_line(path, 400)} was altered when the editor saved it")


@patch.command()
@picking.which
@picking.also
@o.name
@o.repo
def revert(patch: str, run_: str, by: str, repo: Path) -> int:
    """Take back an applied patch; what you changed since stays."""
    return o.finish(_revert(repo, (patch, run_), whoami(by)))


async def _revert(folder: Path, which: tuple[str, str], by: str) -> int:
    place = await place_of(folder)
    run_id = find_run(place, which[1])
    async with writing(place) as door:
        name = which[0] or await picking.newest(door, run_id)
        done = await door.call("patch/revert", {"runId": run_id, "patchId": name, "by": by})
    assert isinstance(done, r.RevertResult)  # noqa: S101 -- for mypy
    click.echo(f"{name} is taken back, {files(len(done.files))}.")
    for path in done.merged:
        click.echo(f"  your later edits stay in {one_line(path, 400)}")
    _of_the_editor(done)
    return APPROVED
