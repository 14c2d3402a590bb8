"""The hunk inbox: every hunk of a patch, who wrote it, what people think of it, whether it is applied."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sextet.errors import StaleError
from sextet.model.names import Kind
from sextet.model.patch import ChangeSet, FileChange, Hunk, Patch, PatchHunk
from sextet.pipeline.view import RunView
from sextet.roles.wording import one_line
from sextet.workspace import changeset
from sextet.workspace.authors import Authors, authors, captures
from sextet.workspace.mirror import Mirror

_KEPT = 8
"""Pictures of patches that are remembered: a patch is looked at many times while its tree is the same."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A change set with its hunks as git draws them, and the tasks that wrote each hunk."""

    changes: ChangeSet
    hunks: tuple[Hunk, ...]
    wrote: Mapping[str, tuple[str, ...]]
    """Hunk id → tasks, in the order in which they were integrated."""


class Inbox:
    """Draws patches and remembers the latest ones."""

    def __init__(self) -> None:
        self._drawn: dict[tuple[str, ...], Drawn] = {}

    async def draw(self, mirror: Mirror, view: RunView, patch: Patch) -> Drawn:
        """The patch as it is now.

        Raises:
            UnsafePathError: it holds what is never written.
            GitError: git failed.
        """
        key = (view.the_run.id, patch.base, patch.tree, *patch.tasks)
        if key not in self._drawn:
            while len(self._drawn) >= _KEPT:
                del self._drawn[next(iter(self._drawn))]
            self._drawn[key] = await _draw(mirror, view, patch)
        return self._drawn[key]


async def _draw(mirror: Mirror, view: RunView, patch: Patch) -> Drawn:
    changes = await changeset.diff(mirror, patch.base, patch.tree)
    hunks, told = await asyncio.gather(changeset.hunks(mirror, changes), _authors(mirror, view, patch))
    shown = {hunk.path for hunk in hunks}
    hunks += tuple(_whole(change) for change in changes.files if change.path not in shown)
    wrote = {hunk.id: _writers(hunk, told.get(hunk.path, Authors((), {}))) for hunk in hunks}
    return Drawn(changes, hunks, wrote)


async def _authors(mirror: Mirror, view: RunView, patch: Patch) -> dict[str, Authors]:
    known = await captures(mirror, view.the_run.id)
    return await authors(mirror, (view.bases[patch.number].commit, patch.commit), known)


def _whole(change: FileChange) -> Hunk:
    """A file without lines to show, as one hunk."""
    return Hunk(
        id=changeset.whole_file(change),
        path=change.path,
        old_start=0,
        old_lines=0,
        new_start=0,
        new_lines=0,
        lines=(),
    )


def _writers(hunk: Hunk, told: Authors) -> tuple[str, ...]:
    """The tasks that wrote the hunk's new lines; who only removed lines cannot be told from the others."""
    names = {told.lines[number] for number in _new_lines(hunk) if number in told.lines}
    return tuple(name for name in told.tasks if name in names) or told.tasks


def _new_lines(hunk: Hunk) -> Iterable[int]:
    number = hunk.new_start
    for line in hunk.lines:
        if line.startswith("+"):
            yield number
        number += line[:1] in {"+", " "}


def inbox(drawn: Drawn, view: RunView, patch: Patch) -> tuple[PatchHunk, ...]:
    """Every hunk with its story, in the order of the change set: control files first (pure)."""
    marks = view.marks.get(patch.number, {})
    order = {change.path: (number, change) for number, change in enumerate(drawn.changes.files)}
    applied = _applied(drawn, patch)
    found = []
    for hunk in sorted(drawn.hunks, key=lambda each: order[each.path][0]):
        tasks = [view.tasks[name] for name in drawn.wrote.get(hunk.id, ()) if name in view.tasks]
        found.append(
            PatchHunk(
                id=hunk.id,
                path=hunk.path,
                old_start=hunk.old_start,
                old_lines=hunk.old_lines,
                new_start=hunk.new_start,
                new_lines=hunk.new_lines,
                control=order[hunk.path][1].control,
                tasks=tuple(task.id for task in tasks),
                workers=tuple(dict.fromkeys(task.worker for task in tasks if task.worker)),
                models=tuple(dict.fromkeys(task.model for task in tasks)),
                requirements=tuple(
                    dict.fromkeys(name for task in tasks if task.item for name in task.item.requirements)
                ),
                mark=marks.get(hunk.id),
                applied=applied.get(hunk.id),
            )
        )
    return tuple(found)


def _applied(drawn: Drawn, patch: Patch) -> dict[str, str]:
    """Hunk id → the latest standing apply that wrote it."""
    found: dict[str, str] = {}
    for each in patch.standing:
        whole = [hunk.id for hunk in drawn.hunks] if each.tree == patch.tree else []
        found |= dict.fromkeys(each.hunks or whole, each.id)
    return found


def tasks_of(view: RunView, drawn: Drawn, patch: Patch, hunks: Iterable[str]) -> tuple[str, ...]:
    """The tasks to speak to about some hunks: who wrote them, else who reviewed the patch."""
    names = dict.fromkeys(name for each in hunks for name in drawn.wrote.get(each, ()))
    review = f"{Kind.REVIEW}-{patch.number}"
    return tuple(names) or ((review,) if review in view.tasks else ())


def chosen(drawn: Drawn, patch: Patch, wanted: Iterable[str]) -> frozenset[str]:
    """The hunks to apply, with those that are applied already.

    Raises:
        StaleError: the patch has no such hunk (any more).
    """
    there = {hunk.id for hunk in drawn.hunks}
    unknown = sorted(set(wanted) - there)
    if unknown:
        raise StaleError(
            f"{patch.id} has no hunk {unknown[0]} any more.",
            next_step="Look at the patch again, and choose anew.",
            hunks=unknown,
        )
    return frozenset(wanted) | (_applied(drawn, patch).keys() & there)


def labels(drawn: Drawn, view: RunView) -> dict[str, str]:
    """What the change of each path is called: the titles of the items that wrote it."""
    found: dict[str, dict[str, None]] = {}
    for hunk in drawn.hunks:
        for name in drawn.wrote.get(hunk.id, ()):
            item = view.tasks[name].item if name in view.tasks else None
            found.setdefault(hunk.path, {})[item.title if item else name] = None
    return {path: one_line(", ".join(titles), 200) for path, titles in found.items()}


def numbers(drawn: Drawn, picked: Collection[str]) -> dict[str, set[int] | None]:
    """Hunks by path and by number in their file; None is a file without lines to show, as a whole."""
    found: dict[str, set[int] | None] = {}
    counts: Counter[str] = Counter()
    for hunk in drawn.hunks:
        number = counts[hunk.path]
        counts[hunk.path] += 1
        if hunk.id not in picked:
            continue
        if not hunk.lines:
            found[hunk.path] = None
            continue
        there = found.setdefault(hunk.path, set())
        if there is not None:
            there.add(number)
    return found
