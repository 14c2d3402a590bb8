"""See a run through with one show, apply what the caller approved, and tell how it ended."""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from sextet.cli import picking, summary
from sextet.cli.doors import Here, There, writing
from sextet.cli.drive import Drive, Wishes
from sextet.cli.exits import INTERRUPTED, code_of
from sextet.cli.options import on_terminal
from sextet.cli.paper import folded
from sextet.cli.shows import Lines, Plain, Show, out_json
from sextet.errors import BusyError, SextetError
from sextet.model.patch import ChangeSet, PatchState
from sextet.roles.wording import clean
from sextet.service import results as r
from sextet.service.place import Place
from sextet.store.layout import RUNS

Begin = Callable[[Here | There], Awaitable[str]]
"""Starts or names the run through a door, and sees to it that somebody works on it; its id."""


def show_for(wishes: Wishes) -> Show:
    """JSON lines when asked for, the live view on a terminal, else plain lines."""
    if wishes.as_json:
        return Lines()
    if on_terminal() and not wishes.plain:
        from sextet.cli.view import Live  # noqa: PLC0415 -- rich is only needed on a terminal

        return Live()
    return Plain(verbose=wishes.verbose)


async def see(place: Place, begin: Begin, wishes: Wishes) -> int:
    """Begin a run and stay with it until its end.

    Args:
        place: the work tree.
        begin: called once with the door; when the process behind a socket goes away, this one takes over.
        wishes: what the caller allowed.

    Returns:
        The exit code.
    """
    show = show_for(wishes)
    run_id = ""
    while True:
        async with writing(place) as door:
            if not run_id:
                run_id = await begin(door)
            elif not await _take_over(door, run_id, wishes):
                continue
            _tell_problems(door, show)
            drive = Drive(door, run_id, wishes, show)
            await drive.see_through()
            if drive.taken_away:
                show.say("The process that worked on this run has ended; this one goes on with it.")
                continue
            return await _end(door, drive, wishes)


async def _take_over(door: Here | There, run_id: str, wishes: Wishes) -> bool:
    """Go on with the run; False when the other side has just gone as well, so that the door is another now.

    That cannot go on for ever: a process that is gone frees the lock.
    """
    try:
        await door.call("run/resume", {"runId": run_id, "by": wishes.by})
    except BusyError:
        if door.here:
            raise
        return False
    return True


def _tell_problems(door: Here | There, show: Show) -> None:
    if isinstance(door, Here):
        for sentence in (*door.recovered, *door.orchestrator.problems):
            show.say(clean(f"Note: {sentence}", 2_000))


async def _end(door: Here | There, drive: Drive, wishes: Wishes) -> int:
    screen = drive.screen
    left = await _left(door, drive, wishes)
    end = summary.ending(screen, left)
    if wishes.as_json:
        out_json(summary.result(end))
    else:
        with suppress(OSError):
            print("", *map(_folded, summary.lines(end)), sep="\n", flush=True)  # noqa: T201 -- its last words
    return left.code


def _folded(line: str) -> str:
    copied = line.startswith(("Next:", "Records:"))  # a command or a path, taken as it stands
    return line if copied else folded(line, 10)


async def _left(door: Here | There, drive: Drive, wishes: Wishes) -> summary.Left:
    """Apply what was asked for, and say how the command ends."""
    screen, folder = drive.screen, str(door.place.top / RUNS / drive.screen.run_id)
    if drive.failed is not None:
        code = max(1, code_of(drive.failed))
        where = elsewhere(door.place)
        return summary.Left(code, folder, problem=str(drive.failed), asked=drive.asked, where=where)
    changes, problem = await _result(door, drive, wishes)
    patch = summary.patch_of(screen)
    applied = patch is not None and patch.state is PatchState.APPLIED
    code = summary.code_for(screen, waits=drive.waits, applied=applied, wanted=wishes.apply)
    if drive.signalled and not screen.view.ended:
        code = INTERRUPTED
    return summary.Left(code, folder, changes, problem, drive.asked, elsewhere(door.place))


def elsewhere(place: Place) -> str:
    """` --repo FOLDER` for commands that are to be called from here; empty inside of the work tree."""
    inside = Path.cwd().is_relative_to(place.top)
    return "" if inside else f" --repo {shlex.quote(str(place.top))}"


async def _result(door: Here | There, drive: Drive, wishes: Wishes) -> tuple[ChangeSet | None, str]:
    """The change set, applied when that was asked for, and what went wrong."""
    screen, changes = drive.screen, None
    patch = summary.patch_of(screen)
    if patch is None:
        return None, ""
    try:
        changes = await _changes(door, screen.run_id, patch.id)
        if wishes.apply and patch.state is PatchState.PROPOSED:
            await apply(door, screen.run_id, patch.id, wishes)
        screen.view = screen.reread()
    except SextetError as error:
        return changes, f"{patch.id} was not applied. {error}" if wishes.apply else str(error)
    return changes, ""


async def _changes(door: Here | There, run_id: str, patch_id: str) -> ChangeSet:
    detail = await through(door, "patch/get", {"runId": run_id, "patchId": patch_id})
    assert isinstance(detail, r.PatchDetail)  # noqa: S101 -- for mypy
    return detail.changes


async def apply(door: Here | There, run_id: str, patch_id: str, wishes: Wishes) -> r.ApplyResult:
    """Approve a patch in the caller's name, when that is asked for, and write it.

    Raises:
        SextetError: it was not written, and why.
    """
    number = patch_id.removeprefix("patch-")
    facts = {"runId": run_id, "by": wishes.by}
    detail = await through(door, "patch/get", {**facts, "patchId": patch_id})
    assert isinstance(detail, r.PatchDetail)  # noqa: S101 -- for mypy
    seen = detail.patch.tree
    hunks = picking.accepted(detail.hunks) if wishes.accepted else picking.hunks(detail.hunks, wishes.hunks)
    if not (wishes.draft or hunks):  # who takes a part has not said that all of it is good
        await through(door, "task/approve", {**facts, "taskId": f"review-{number}", "seen": seen})
    allowed = {"controlFiles": wishes.control_files, "merge": wishes.merge, "draft": wishes.draft}
    asked = {**facts, **allowed, "patchId": patch_id, "seen": seen, "hunks": hunks}
    done = await through(door, "patch/apply", asked)
    assert isinstance(done, r.ApplyResult)  # noqa: S101 -- for mypy
    return done


async def through(door: Here | There, method: str, params: Mapping[str, Any]) -> object:
    """A verb through a door; when the other process has just ended, here."""
    try:
        return await door.call(method, params)
    except BusyError:
        if door.here:
            raise
    async with writing(door.place) as other:
        return await other.call(method, params)
