"""`sextet clean`: show what could go, ask, let it be removed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from sextet.cli.doors import Here, There, place_of, writing
from sextet.cli.exits import APPROVED, WAITS
from sextet.cli.shows import out_json
from sextet.service.upkeep_results import CleanResult
from sextet.system.whoami import whoami


async def sweep(folder: Path, *, yes: bool, as_json: bool) -> int:
    """Show what could go, ask, remove it.

    Raises:
        BusyError: a run is at work here.
    """
    async with writing(await place_of(folder)) as door:
        if as_json:
            return _told(await _clean(door, dry_run=not yes))
        found = await _clean(door, dry_run=True)
        _tell(found)
        if not found.found or not (yes or await _agreed()):
            return APPROVED
        gone = await _clean(door, dry_run=False)
    for sentence in gone.kept:
        if sentence not in found.kept:
            click.echo(sentence)
    click.echo(f"Removed: {_size(sum(waste.bytes for waste in gone.found))}.")
    return APPROVED


async def _clean(door: Here | There, *, dry_run: bool) -> CleanResult:
    found = await door.call("clean", {"dryRun": dry_run, "by": whoami()})
    assert isinstance(found, CleanResult)  # noqa: S101 -- for mypy
    return found


async def _agreed() -> bool:
    def ask() -> bool:
        return click.confirm("Remove it?", default=False)

    return await asyncio.to_thread(ask)


def _told(result: CleanResult) -> int:
    """As JSON; the exit code."""
    out_json({"type": "clean", **result.model_dump(mode="json", by_alias=True)})
    return APPROVED if result.removed or not result.found else WAITS


def _tell(result: CleanResult) -> None:
    for each in result.found:
        click.echo(f"{_size(each.bytes):>10}  {each.what}  {each.path}")
    for sentence in result.kept:
        click.echo(sentence)
    if not result.found:
        click.echo("There is nothing to remove.")


def _size(number: int) -> str:
    return f"{number / 1024:.0f} KiB" if number < 1 << 20 else f"{number / (1 << 20):.1f} MiB"
