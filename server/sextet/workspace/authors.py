"""Authors: which task's captured change wrote each line of a patch, told from its integrations one by one."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sextet.workspace.changeset import sections
from sextet.workspace.mirror import REFS, Mirror


class Authors(NamedTuple):
    """Who made a file what it is."""

    tasks: tuple[str, ...]
    """All whose changes to it were integrated, in this order."""
    lines: Mapping[int, str]
    """Line number from 1 → the task that wrote it; lines of nobody or of somebody unknown are missing."""


_OPTIONS = ("-r", "--no-renames", "--full-index", "--no-ext-diff", "--no-textconv", "--no-color", "--stdin")
_SECTION = re.compile(rb"^diff --git .*\n", re.MULTILINE)
_STEP = re.compile(rb"^[0-9a-f]{40,64} [0-9a-f]{40,64}\n", re.MULTILINE)
_RANGE = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)


class _Step(NamedTuple):
    """One integration: the trees before and after it, and the task whose change it is."""

    before: str
    after: str
    task: str | None


class _Range(NamedTuple):
    """Lines that were replaced, and by which; no lines come after the line that is named."""

    old: int
    old_lines: int
    new: int
    new_lines: int


async def captures(mirror: Mirror, run_id: str) -> dict[str, str]:
    """Captured commits of a run, salvaged ones too → the task whose attempt it was."""
    patterns = [f"{REFS}{run_id}/{sort}/" for sort in ("attempts", "salvage")]
    out = await mirror.git("for-each-ref", "--format=%(objectname) %(refname)", *patterns)
    found = {}
    for line in os.fsdecode(out).splitlines():
        commit, _, ref = line.partition(" ")
        found[commit] = ref.split("/")[-2]
    return found


async def authors(mirror: Mirror, history: tuple[str, str], known: Mapping[str, str]) -> dict[str, Authors]:
    """Who wrote each changed file and each of its lines, by a few processes for all of them.

    Args:
        mirror: where the commits are.
        history: the commit where the patch began, and the one whose versions of the files are meant.
        known: from `captures`.

    Raises:
        GitError: git failed.
    """
    steps = await _steps(mirror, history, known)
    if not steps:
        return {}
    asked = "".join(f"{step.before} {step.after}\n" for step in steps).encode()
    names, drawn = await asyncio.gather(
        mirror.git("diff-tree", *_OPTIONS, "-z", "--raw", stdin=asked),
        mirror.git("diff-tree", *_OPTIONS, "-p", "-U0", stdin=asked),
    )
    return await asyncio.to_thread(_told, steps, names, drawn)


def _told(steps: Sequence[_Step], names: bytes, drawn: bytes) -> dict[str, Authors]:
    tasks: dict[str, dict[str, None]] = {}
    lines: dict[str, dict[int, str]] = {}
    for step, changed, picture in zip(steps, _changed(names), _STEP.split(drawn)[1:], strict=True):
        for path, ranges in _ranges(changed, picture):
            tasks.setdefault(path, {}).update({step.task: None} if step.task else {})
            lines[path] = _moved(lines.get(path, {}), ranges, step.task)
    return {path: Authors(tuple(found), lines[path]) for path, found in tasks.items()}


async def _steps(mirror: Mirror, history: tuple[str, str], known: Mapping[str, str]) -> list[_Step]:
    """From the first to the last; an integration is a commit whose second parent is what was captured."""
    begin, end = history
    walk = ("rev-list", "--first-parent", "--reverse", "--no-commit-header", "--format=%T %P")
    tree, out = await asyncio.gather(mirror.tree_of(begin), mirror.git(*walk, f"{begin}..{end}"))
    steps = []
    for line in out.decode().splitlines():
        after, *parents = line.split(" ")
        steps.append(_Step(tree, after, known.get(parents[-1]) if parents else None))
        tree = after
    return steps


def _changed(names: bytes) -> Iterator[list[str]]:
    """Per step the paths in the order in which they are drawn, once for each time that they are."""
    step: list[str] | None = None
    parts = iter(os.fsdecode(names).split("\0"))
    for part in parts:
        heads, facts = _heads(part)
        for _ in range(heads):
            if step is not None:
                yield step
            step = []
        if facts and step is not None:
            step += [next(parts)] * sections(*facts[1:].split(" ")[:2])
    if step is not None:
        yield step


def _heads(part: str) -> tuple[int, str]:
    """How many steps begin with this part, and what of it is about a file."""
    *heads, facts = part.split("\n")
    return len(heads), facts


def _ranges(changed: Iterable[str], picture: bytes) -> Iterator[tuple[str, list[_Range]]]:
    """The files of a step with what was replaced in them."""
    for path, section in zip(changed, _SECTION.split(picture)[1:], strict=True):
        found = (match.groups() for match in _RANGE.finditer(section))
        yield path, [_Range(int(a), int(b or 1), int(c), int(d or 1)) for a, b, c, d in found]


def _moved(lines: Mapping[int, str], ranges: Iterable[_Range], task: str | None) -> dict[int, str]:
    """Whose lines they are after a step, by their new numbers."""
    moved: dict[int, str] = {}
    rest = iter(sorted(lines.items()))
    line, owner = next(rest, (0, ""))
    shift = 0
    for each in ranges:
        first = each.old if each.old_lines else each.old + 1
        while line and line < first:
            moved[line + shift] = owner
            line, owner = next(rest, (0, ""))
        while line and line < first + each.old_lines:
            line, owner = next(rest, (0, ""))
        if task is not None:
            moved |= dict.fromkeys(range(each.new, each.new + each.new_lines), task)
        shift += each.new_lines - each.old_lines
    if line:
        moved |= {line + shift: owner, **{number + shift: name for number, name in rest}}
    return moved
