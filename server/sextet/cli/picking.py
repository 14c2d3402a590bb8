"""Which patch and which of its hunks the caller means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click

from sextet.cli.doors import Here, There
from sextet.errors import NotFoundError, UsageError
from sextet.model.patch import Mark, PatchHunk
from sextet.service import results as r

which = click.argument("patch", required=False, default="")
also = click.argument("run_", metavar="[RUN]", required=False, default="")
SHORTEST = 4
"""Characters of a hunk's id that are enough, when no other begins with them."""


async def newest(door: Here | There, run_id: str) -> str:
    """The id of the run's latest patch.

    Raises:
        NotFoundError: there is none.
    """
    found = await door.call("patch/list", {"runId": run_id})
    assert isinstance(found, r.PatchList)  # noqa: S101 -- for mypy
    if not found.patches:
        raise NotFoundError("There is no patch yet.", next_step=f"See how far it is: sextet show {run_id}")
    return found.patches[-1].id


async def detail(door: Here | There, run_id: str, patch_id: str) -> r.PatchDetail:
    """A patch with its hunks."""
    found = await door.call("patch/get", {"runId": run_id, "patchId": patch_id})
    assert isinstance(found, r.PatchDetail)  # noqa: S101 -- for mypy
    return found


def hunks(there: Sequence[PatchHunk], given: Iterable[str]) -> tuple[str, ...]:
    """The ids that the caller means by ids or the beginnings of some (pure).

    Raises:
        UsageError: one fits no hunk or several.
    """
    known = list(dict.fromkeys(hunk.id for hunk in there))
    return tuple(dict.fromkeys(_one(known, word) for word in given))


def _one(known: Sequence[str], word: str) -> str:
    found = [each for each in known if each.startswith(word.lower())]
    if len(found) == 1 and len(word) >= SHORTEST:
        return found[0]
    what = "is the beginning of several hunks" if len(found) > 1 else "is no hunk of this patch"
    raise UsageError(f"{word[:80]!a} {what}.", next_step="See their ids: sextet patch show --hunks")


def accepted(there: Iterable[PatchHunk]) -> tuple[str, ...]:
    """The hunks that somebody marked as accepted (pure).

    Raises:
        UsageError: there are none.
    """
    found = dict.fromkeys(hunk.id for hunk in there if hunk.mark and hunk.mark.mark is Mark.ACCEPTED)
    if not found:
        raise UsageError(
            "No hunk of this patch is accepted.", next_step="Accept some: sextet patch mark accepted HUNK ..."
        )
    return tuple(found)
