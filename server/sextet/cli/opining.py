"""Commands by which a person says what they think of a patch: marks, remarks, collisions, tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sextet.cli import options as o
from sextet.cli import picking
from sextet.cli.doors import Here, There, find_run, place_of, reread, writing
from sextet.cli.drive import Wishes
from sextet.cli.exits import APPROVED, FAILED
from sextet.cli.seeing import see
from sextet.errors import UsageError
from sextet.model.names import RunState
from sextet.roles.wording import clean, one_line
from sextet.service import results as r
from sextet.system.whoami import whoami

_patch = click.option("--patch", default="", help="`patch-1`; left out, it is the latest of the run.")
_run = click.option("--run", "run_", default="", help="The run; left out, it is the newest.")


@click.command()
@click.argument("as_", metavar="MARK", type=click.Choice(["accepted", "rejected", "reviewed", "unseen"]))
@click.argument("hunk", nargs=-1, required=True)
@click.option("--comment", default="", help="With `rejected`: what is wrong; who wrote it does it again.")
@_patch
@_run
@o.name
@o.repo
def mark(as_: str, hunk: tuple[str, ...], by: str, repo: Path, **given: str) -> int:
    """Say what you think of hunks; `sextet patch show --hunks` shows their ids."""
    said = {"as": as_, "comment": given["comment"]}
    return o.finish(_mark(repo, (given["patch"], given["run_"]), hunk, {**said, "by": whoami(by)}))


async def _mark(folder: Path, which: tuple[str, str], words: tuple[str, ...], said: dict[str, str]) -> int:
    place = await place_of(folder)
    run_id = find_run(place, which[1])

    async def tell(door: Here | There) -> str:
        name = which[0] or await picking.newest(door, run_id)
        ids = picking.hunks((await picking.detail(door, run_id, name)).hunks, words)
        await door.call("patch/mark", {"runId": run_id, "patchId": name, "hunks": ids, **said})
        click.echo(f"{len(ids)} of {name} marked as {said['as']}.")
        return run_id

    if said["as"] == "rejected" and said["comment"].strip():
        return await see(place, _going_on(tell, said["by"]), Wishes(by=said["by"]))
    async with writing(place) as door:
        await tell(door)
    return APPROVED


def _going_on(tell: Any, by: str) -> Any:
    """Say something that sets a run going, and let somebody work on it."""

    async def begin(door: Here | There) -> str:
        run_id: str = await tell(door)
        if door.here and reread(door.place, run_id).state is RunState.INTERRUPTED:
            await door.call("run/resume", {"runId": run_id, "by": by})
        return run_id

    return begin


@click.command()
@click.argument("file")
@click.argument("take", type=click.Choice(["mine", "theirs", "merge", "sendBack"]))
@picking.which
@picking.also
@o.name
@o.repo
def resolve(file: str, take: str, patch: str, run_: str, **given: Any) -> int:
    """Say what becomes of FILE, in which a patch collides with what you have."""
    said = {"file": file, "take": take, "by": whoami(given["by"])}
    return o.finish(_resolve(given["repo"], (patch, run_), said))


async def _resolve(folder: Path, which: tuple[str, str], said: dict[str, str]) -> int:
    place = await place_of(folder)
    run_id = find_run(place, which[1])

    async def tell(door: Here | There) -> str:
        name = which[0] or await picking.newest(door, run_id)
        await door.call("patch/resolve", {"runId": run_id, "patchId": name, **said})
        click.echo(f"{one_line(said['file'], 400)}: {_TAKEN[said['take']]}")
        return run_id

    if said["take"] == "sendBack":
        return await see(place, _going_on(tell, said["by"]), Wishes(by=said["by"]))
    async with writing(place) as door:
        await tell(door)
    click.echo("Write it: sextet patch apply")
    return APPROVED


_TAKEN = {
    "mine": "yours stays as it is.",
    "theirs": "the patch's takes the place of yours.",
    "merge": "both go in, with conflict markers.",
    "sendBack": "its implementers do it again on what is there now.",
}


@click.command()
@click.argument("text")
@picking.which
@picking.also
@click.option("--hunk", default="", help="The hunk that it is about.")
@click.option("--file", default="", help="The file that it is about.")
@click.option("--line", type=click.IntRange(min=1), help="With --file: the line, as the patch has it.")
@o.name
@o.repo
def comment(text: str, patch: str, run_: str, **given: Any) -> int:
    """Remark on a hunk, a line or a file of a patch; those who wrote it read it next time."""
    if given["hunk"] and given["file"]:
        raise UsageError("A remark is about a hunk or about a file.", next_step="Leave one of them out.")
    return o.finish(_comment((patch, run_), text, given))


async def _comment(which: tuple[str, str], text: str, given: dict[str, Any]) -> int:
    place = await place_of(given["repo"])
    run_id = find_run(place, which[1])
    about: dict[str, Any] = {"text": text, "by": whoami(given["by"]), "line": given["line"] or 0}
    async with writing(place) as door:
        name = which[0] or await picking.newest(door, run_id)
        if given["hunk"]:
            there = (await picking.detail(door, run_id, name)).hunks
            [about["hunk"]] = picking.hunks(there, [given["hunk"]])
        if given["file"]:
            about["path"] = given["file"]
        await door.call("patch/comment", {"runId": run_id, "patchId": name, **about})
    click.echo("Your remark is kept; those who wrote it read it at their next attempt.")
    return APPROVED


@click.command()
@picking.which
@picking.also
@o.name
@o.repo
def retest(patch: str, run_: str, by: str, repo: Path) -> int:
    """Run the test commands on what you have now, with all or a part of the patch in it."""
    return o.finish(_retest(repo, (patch, run_), whoami(by)))


async def _retest(folder: Path, which: tuple[str, str], by: str) -> int:
    place = await place_of(folder)
    run_id = find_run(place, which[1])
    async with writing(place) as door:
        name = which[0] or await picking.newest(door, run_id)
        done = await door.call("patch/retest", {"runId": run_id, "patchId": name, "by": by})
    assert isinstance(done, r.Retested)  # noqa: S101 -- for mypy
    outcome = done.outcome
    for each in outcome.commands:
        click.echo(
            f"  {each.exit_code if each.exit_code is not None else 'killed'}  {one_line(each.command, 400)}"
        )
    for finding in outcome.findings:
        click.echo(clean(f"  {finding.message}", 4_000))
    if outcome.untested:
        click.echo("No test command is known, so this says nothing.")
    else:
        click.echo(
            "The tests pass on what you have." if outcome.passed else "The tests fail on what you have."
        )
    return APPROVED if outcome.passed else FAILED
