"""Findings of tester and reviewer as diagnostics; they go when their cause is gone."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final

from lsprotocol.types import Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location, Range

from sextet.errors import SextetError
from sextet.lsp.client import Client
from sextet.lsp.placing import overlaps, unchanged, whole_line
from sextet.lsp.published import Published
from sextet.lsp.sheets import Sheet, Sheets
from sextet.model.events import Entry
from sextet.model.live import Heartbeat
from sextet.model.names import Kind, Severity, TaskState
from sextet.model.outcome import Finding, ReviewOutcome, TestOutcome
from sextet.model.patch import Patch, PatchState
from sextet.pipeline.view import RunView
from sextet.roles.wording import clean
from sextet.service.place import Place
from sextet.store.layout import RUNS, RunFolder
from sextet.system.paths import Root
from sextet.workspace.mirror import Mirror

FINDER: Final = "findings"
"""Whose diagnostics these are."""

PAUSE: Final = 0.1
"""Seconds in which several changes are shown as one."""

MOST: Final = 500
"""Findings of one run that are shown."""

_READ: Final = 1 << 20
"""Bytes of a file of the user in which a line is looked for."""

_OPEN: Final = frozenset({TaskState.READY, TaskState.IN_PROGRESS, TaskState.BLOCKED, TaskState.ERROR})

_SEVERITIES: Final = {
    Severity.BLOCKING: DiagnosticSeverity.Error,
    Severity.MAJOR: DiagnosticSeverity.Warning,
    Severity.MINOR: DiagnosticSeverity.Information,
    Severity.NOTE: DiagnosticSeverity.Hint,
}


def current(view: RunView) -> Iterator[Finding]:
    """What is wrong with the integration tree as it is, and what is just being mended (pure)."""
    number = view.patch
    found = [
        each for task in view.of_kind(Kind.IMPLEMENT, number) if task.state in _OPEN for each in task.findings
    ]
    evidence = view.evidence(number)
    found += [each for each in (evidence.findings if evidence else ()) if not each.baseline]
    review = view.tasks.get(f"{Kind.REVIEW}-{number}")
    verdict = review.outcome if review is not None and review.state is TaskState.DONE else None
    if isinstance(verdict, ReviewOutcome) and verdict.tree == view.trees[number][0]:
        found += verdict.findings
    yield from {(each.fingerprint, each.file, each.line, each.message): each for each in found}.values()


class Findings:
    """Publishes diagnostics of the runs that are followed.

    Args:
        client: whose open documents count.
        published: where they are shown.
        sheets: where findings go that have no place in the user's files.
        views: the runs that are followed, by id.
    """

    def __init__(
        self, client: Client, published: Published, sheets: Sheets, views: Mapping[str, RunView]
    ) -> None:
        self._client = client
        self._published = published
        self._sheets = sheets
        self._views = views
        self._shown: dict[str, list[Diagnostic]] = {}
        self._stale = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def changed(self, _view: RunView, _entries: Sequence[Entry]) -> None:
        """Look again, soon."""
        self.stale()

    def beat(self, heartbeat: Heartbeat) -> None:
        """Nothing: a heartbeat changes no finding."""

    def stale(self) -> None:
        """Something has changed that may move or remove findings."""
        self._stale.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def at(self, uri: str, wanted: Range) -> list[Diagnostic]:
        """What is shown at some lines of a document."""
        there = self._shown.get(uri, [])
        return [each for each in there if overlaps(each.range, wanted.start.line, wanted.end.line)]

    async def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._stale.wait()
            await asyncio.sleep(PAUSE)
            self._stale.clear()
            try:
                self._shown = await self._look()
                self._published.put(FINDER, self._shown)
            except SextetError as error:  # git or the disk: what is shown stays, and is looked at again
                print(f"sextet: findings: {error.what}"[:1_000], file=sys.stderr)  # noqa: T201

    # Where they are -------------------------------------------------------------------------------
    async def _look(self) -> dict[str, list[Diagnostic]]:
        found: dict[str, list[Diagnostic]] = {}
        newest = max(self._views.values(), key=lambda each: each.the_run.created_at, default=None)
        for view in tuple(self._views.values()):
            patch = view.patches.get(view.patch)
            if patch is None or _decided(patch) or (view.ended and view is not newest):
                continue
            sheet = await self._sheets.of(view, patch)
            told = list(current(view))[:MOST]
            if told:
                for uri, each in await self._placed(sheet, told):
                    found.setdefault(uri, []).append(each)
        return found

    async def _placed(self, sheet: Sheet, told: Sequence[Finding]) -> list[tuple[str, Diagnostic]]:
        """Each finding with its document: the user's file where the line stands there unchanged."""
        texts = self._client.open_texts()
        place = await self._sheets.place()
        lines: dict[str, Mapping[int, int]] = {}
        mine: dict[str, str] = {}
        placed = []
        for each in told:
            name = each.file
            if name and each.line and name not in lines:
                mine[name] = await asyncio.to_thread(_text, place, name, texts.get(place.top / name))
                theirs = await self._patched(place, sheet, each)
                lines[name] = unchanged(theirs, mine[name]) if theirs and mine[name] else {}
            line = lines.get(name, {}).get(each.line, 0)
            if line:
                uri, where = (place.top / name).as_uri(), whole_line(mine[name], line - 1)
            else:
                uri, where = sheet.uri, whole_line(sheet.page.text, sheet.page.at(name, each.line))
            placed.append((uri, _diagnostic(sheet, each, where, _related(place, sheet, each))))
        return placed

    async def _patched(self, place: Place, sheet: Sheet, found: Finding) -> str:
        """The text that the finding speaks of; empty when it is none."""
        name = found.blob or f"{sheet.patch.tree}:{found.file}"
        mirror = await Mirror.open(place.repository, place.state.path)
        with suppress(SextetError):
            data = await mirror.git("cat-file", "blob", name)
            if len(data) <= _READ:
                return data.decode("utf-8", "replace")
        return ""


def _related(place: Place, sheet: Sheet, found: Finding) -> DiagnosticRelatedInformation | None:
    """Where to read more: the log of a failing test; a reviewer's words are whole as they are."""
    task = sheet.view.tasks.get(f"{Kind.TEST}-{sheet.patch.number}")
    outcome = task.outcome if task is not None and found.source == "test" else None
    commands = outcome.commands if isinstance(outcome, TestOutcome) else ()
    failed = [each for each in commands if each.exit_code != 0 and each.log]
    if task is None or not failed:
        return None
    folder = RunFolder(place.top / RUNS / sheet.view.the_run.id).attempt(task.id, task.epoch)
    where = Location(uri=(folder / failed[0].log).as_uri(), range=whole_line("", 0))
    return DiagnosticRelatedInformation(location=where, message=f"Output of: {failed[0].command}"[:300])


def _decided(patch: Patch) -> bool:
    """Whether a person has taken the patch or turned it down: they have seen what was found."""
    return patch.state in {PatchState.APPLIED, PatchState.REVERTED}


def _text(place: Place, name: str, shown: str | None) -> str:
    """A file of the user as they see it; empty when it is none that can be read."""
    if shown is not None:
        return shown
    with suppress(SextetError, OSError), Root(place.top) as root:
        return root.read(name, _READ).decode("utf-8", "replace")
    return ""


def _diagnostic(
    sheet: Sheet, found: Finding, where: Range, related: DiagnosticRelatedInformation | None
) -> Diagnostic:
    message = clean(found.message, 4_000)
    in_a_file = f"{found.file}:{found.line}: " if found.file else ""
    return Diagnostic(
        range=where,
        message=message,
        severity=_SEVERITIES[found.severity],
        source="sextet",
        code=found.source,
        related_information=[related] if related else None,
        data={
            "runId": sheet.view.the_run.id,
            "tasks": list(_owners(sheet, found)),
            "text": f"{in_a_file}{message}"[:8_000],
            "fingerprint": found.fingerprint,
        },
    )


def _owners(sheet: Sheet, found: Finding) -> Iterator[str]:
    """Who is asked to mend it: the items that it names, else those who wrote its hunk or file."""
    view = sheet.view
    tasks = list(view.of_kind(Kind.IMPLEMENT, sheet.patch.number))
    named = [task.id for task in tasks if task.item and task.item.id in found.items]
    hunks = [each for each in sheet.hunks.values() if found.file and each.path == found.file]
    near = [each for each in hunks if each.new_start <= found.line < each.new_start + max(1, each.new_lines)]
    yield from named or dict.fromkeys(name for each in near or hunks for name in each.tasks)
