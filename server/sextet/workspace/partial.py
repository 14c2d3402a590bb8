"""Partial: a change set of the chosen files and hunks of another one, built from blobs and line numbers."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence

from sextet.errors import UsageError
from sextet.model.patch import ChangeSet, FileChange, Hunk
from sextet.workspace.changeset import diff, hunks
from sextet.workspace.git import text
from sextet.workspace.mirror import Mirror

Chosen = Mapping[str, Collection[int] | None]
"""Per path the numbers of its hunks from 0 (as `hunks` orders them), or None for the whole file."""


async def select(mirror: Mirror, changeset: ChangeSet, chosen: Chosen) -> ChangeSet:
    """The change set from the same old tree with nothing but what is chosen.

    A file that is new, deleted, binary or a link is taken whole with any of its hunks. A file's mode changes
    only when all of its hunks are chosen.

    Raises:
        UsageError: a path or hunk number that the change set does not have.
    """
    changes = {change.path: change for change in changeset.files}
    unknown = sorted(set(chosen) - set(changes))
    if unknown:
        raise UsageError(f"The patch does not change {unknown[0]!a}.", files=unknown)
    drawn: dict[str, list[Hunk]] = {}
    for hunk in await hunks(mirror, changeset, [path for path, numbers in chosen.items() if numbers]):
        drawn.setdefault(hunk.path, []).append(hunk)
    rows = []
    for path, numbers in chosen.items():
        if numbers is None or numbers:
            rows.append(await _row(mirror, changes[path], drawn.get(path, []), numbers))
    return await diff(mirror, changeset.old_tree, await _tree(mirror, changeset.old_tree, rows))


async def _row(
    mirror: Mirror, change: FileChange, drawn: Sequence[Hunk], numbers: Collection[int] | None
) -> str:
    """The file's entry for `update-index --index-info`."""
    picked = set(range(len(drawn)) if numbers is None else numbers)
    if picked - set(range(max(len(drawn), 1))):
        raise UsageError(f"{change.path!a} has {len(drawn)} hunks; there is none of number {max(picked)}.")
    old, new = change.old_blob, change.new_blob
    plain = old and new and {change.old_mode[:3], change.new_mode[:3]} == {"100"} and not change.binary
    if numbers is None or not old or not new or not plain or len(picked) == len(drawn):
        return f"{change.new_mode} {new or '0' * len(old or '')}\t{change.path}\0"
    blobs = await mirror.git.blobs([old, new])
    data = splice(blobs[old], blobs[new], [drawn[number] for number in sorted(picked)])
    return f"{change.old_mode} {await mirror.git.write_blob(data)}\t{change.path}\0"


def splice(old: bytes, new: bytes, picked: Iterable[Hunk]) -> bytes:
    """The old bytes with some hunks put in, whose lines come from the new bytes (never from what is shown).

    Args:
        old: the file before.
        new: the file after all hunks.
        picked: hunks in the order of their lines.
    """
    before, after = _lines(old), _lines(new)
    result: list[bytes] = []
    at = 0
    for hunk in picked:
        start = hunk.old_start - 1 if hunk.old_lines else hunk.old_start
        first = hunk.new_start - 1 if hunk.new_lines else hunk.new_start
        result += before[at:start]
        result += after[first : first + hunk.new_lines]
        at = start + hunk.old_lines
    return b"".join(result + before[at:])


def _lines(data: bytes) -> list[bytes]:
    """Lines with their newline, as git counts them: only LF ends one."""
    *whole, last = data.split(b"\n")
    return [line + b"\n" for line in whole] + ([last] if last else [])


async def _tree(mirror: Mirror, old_tree: str, rows: Sequence[str]) -> str:
    index = mirror.folder / f"select-{secrets.token_hex(8)}.index"
    try:
        await mirror.git("read-tree", old_tree, index=index)
        await mirror.git("update-index", "-z", "--index-info", index=index, stdin="".join(rows).encode())
        return text(await mirror.git("write-tree", index=index))
    finally:
        index.unlink(missing_ok=True)
