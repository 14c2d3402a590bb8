"""The command that tells which changes of a run will collide."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from sextet.cli import options as o
from sextet.cli.doors import meant, place_of, reading
from sextet.cli.exits import APPROVED
from sextet.cli.shows import out_json
from sextet.roles.wording import one_line
from sextet.service import patch_results as c


@click.command()
@o.run_id
@o.as_json
@o.repo
def collisions(run: str, *, as_json: bool, repo: Path) -> int:
    """Tell which changes of a run will collide, before any of them is integrated."""
    return o.finish(_collisions(repo, run, as_json=as_json))


async def _collisions(folder: Path, run: str, *, as_json: bool) -> int:
    place = await place_of(folder)
    async with reading(place) as door:
        found = await door.call("run/collisions", {"runId": await meant(door, run)})
    assert isinstance(found, c.Collisions)  # noqa: S101 -- for mypy
    if as_json:
        out_json(found.model_dump(mode="json", by_alias=True))
    else:
        for line in _lines(found):
            click.echo(line)
    return APPROVED


def _lines(found: c.Collisions) -> Iterator[str]:
    if not (found.captured or found.working):
        yield "No change is waiting to be integrated, and none is being written."
    elif not found.collisions:
        yield f"Nothing collides: {', '.join((*found.captured, *found.working))}."
    for each in found.collisions:
        others = ", ".join(each.others) or "what is integrated"
        done = ", which is integrated" if each.integrated and each.others else ""
        yield f"{each.task} collides with {others}{done}:"
        for path in each.files:
            yield f"  {one_line(path, 400)}"
