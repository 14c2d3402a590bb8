"""Pages: read-only documents for people: a patch, or a task with its conversation; rendering is pure."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sextet.errors import StoreError
from sextet.model.names import PatchId, RunId
from sextet.model.outcome import Finding, ImplementOutcome, ReviewOutcome, TestOutcome
from sextet.model.patch import FileChange, Hunk, Patch
from sextet.model.task import Task
from sextet.pipeline.view import RunView
from sextet.roles.wording import clean, one_line
from sextet.service.inbox import Drawn
from sextet.store.layout import RUNS, check_id, check_run_id
from sextet.store.state import State, private_folder
from sextet.system import durable

_HUNK: Final = re.compile(r"^(?:@@ -\d+,\d+ \+\d+,\d+ @@|#) hunk ([0-9a-f]{16})$")
"""What stands at the head of each hunk; no line of a patch's content can look so."""

_LINE: Final = 4_000
"""Characters of one line of a page."""


@dataclass
class Page:
    """A patch as a document, and where in it things are; line numbers from 0."""

    lines: list[str] = field(default_factory=list)
    heads: dict[str, int] = field(default_factory=dict)
    """Hunk id → line of its head."""
    files: dict[str, int] = field(default_factory=dict)
    """Path → line where its part begins."""
    places: dict[tuple[str, int], int] = field(default_factory=dict)
    """Path and line of the patched file → line here."""

    @property
    def text(self) -> str:
        """The document."""
        return "".join(f"{line}\n" for line in self.lines)

    def at(self, path: str, line: int) -> int:
        """The line here that shows a line of a patched file, or the nearest thing to it."""
        return self.places.get((path, line), self.files.get(path, 0))


def heads(text: str) -> Iterator[tuple[int, str]]:
    """Line number and id of each hunk in a page's text, whoever has it now."""
    for number, line in enumerate(text.split("\n")):  # `splitlines` knows ends that a hunk could hold
        found = _HUNK.match(line)
        if found:
            yield number, found.group(1)


# A patch ------------------------------------------------------------------------------------------
def patch_page(view: RunView, patch: Patch, drawn: Drawn) -> Page:
    """The patch to read: what it is for, what to know, then every file, control files first."""
    page = Page()
    page.lines += [f"# {line}" for line in _preface(view, patch, drawn)]
    by_path: dict[str, list[Hunk]] = {}
    for hunk in drawn.hunks:
        by_path.setdefault(hunk.path, []).append(hunk)
    for change in drawn.changes.files:
        _file(page, change, by_path.get(change.path, []))
    return page


def _preface(view: RunView, patch: Patch, drawn: Drawn) -> Iterator[str]:
    files = drawn.changes.files
    yield f"{patch.id} of run {view.the_run.id}"  # short: editors put lenses behind it
    yield one_line(view.the_run.briefing.goal, 200)
    added, removed = sum(each.added for each in files), sum(each.removed for each in files)
    yield f"tree {patch.tree}"
    yield f"{len(files)} files, +{added} -{removed}. To read, never to edit or to apply as text."
    control = [one_line(each.path, 200) for each in files if each.control]
    if control:
        yield f"Steers tools, editors or CI, and is confirmed apart: {', '.join(control)}"
    yield from (one_line(warning, 1_000) for warning in drawn.changes.warnings)


def _file(page: Page, change: FileChange, hunks: Iterable[Hunk]) -> None:
    name = one_line(change.path, 400)
    page.files[change.path] = len(page.lines)
    page.lines.append(f"diff --git a/{name} b/{name}")
    if change.old_blob is None:
        page.lines.append(f"new file mode {change.new_mode}")
    elif change.new_blob is None:
        page.lines.append(f"deleted file mode {change.old_mode}")
    elif change.old_mode != change.new_mode:
        page.lines += [f"old mode {change.old_mode}", f"new mode {change.new_mode}"]
    page.lines.append(f"--- {f'a/{name}' if change.old_blob else '/dev/null'}")
    page.lines.append(f"+++ {f'b/{name}' if change.new_blob else '/dev/null'}")
    for hunk in hunks:
        _hunk(page, hunk, change)


def _hunk(page: Page, hunk: Hunk, change: FileChange) -> None:
    page.heads[hunk.id] = len(page.lines)
    if not hunk.lines:
        page.lines.append(f"# hunk {hunk.id}")
        page.lines.append(f"# {'A binary file.' if change.binary else 'A file without lines to show.'}")
        return
    old, new = f"-{hunk.old_start},{hunk.old_lines}", f"+{hunk.new_start},{hunk.new_lines}"
    page.lines.append(f"@@ {old} {new} @@ hunk {hunk.id}")
    number = hunk.new_start
    for line in hunk.lines:
        if line[:1] in {"+", " "}:
            page.places[hunk.path, number] = len(page.lines)
            number += 1
        page.lines.append(line[:1] + one_line_of(line[1:]))


def one_line_of(line: str) -> str:
    """A line of a file as it can be shown: tabs stay, other control characters do not."""
    return clean(line.replace("\r", ""), _LINE).replace("\n", " ")


# A task -------------------------------------------------------------------------------------------
def task_page(view: RunView, task: Task) -> str:
    """A task with what it was asked, what came of it, and what people said, as Markdown."""
    parts = [f"# {task.id}: {one_line(task.title, 300)}", "", *_facts(view, task), ""]
    if task.item is not None:
        parts += ["## Instructions", "", *_quoted(task.item.instructions), ""]
    if task.findings:
        parts += ["## To mend", "", *(_finding(each) for each in task.findings), ""]
    parts += [*_result(task), *_attempt(view, task)]
    said = view.comments.get(task.id, ())
    if said:
        parts += ["## Conversation", ""]
    for each in said:
        moment = datetime.fromtimestamp(each.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        parts += [f"### {one_line(each.by, 200)}, {moment}", "", *_quoted(each.text), ""]
    return "\n".join(parts).rstrip("\n") + "\n"


def _facts(view: RunView, task: Task) -> Iterator[str]:
    yield f"- run: {view.the_run.id}"
    yield f"- state: {task.state.value.replace('_', ' ')}, attempt {task.epoch}"
    if task.worker:
        yield f"- worker: {task.worker}, model: {one_line(task.model, 200) or 'the default'}"
    if task.item is not None and task.item.requirements:
        yield f"- requirements: {', '.join(one_line(name, 40) for name in task.item.requirements)}"
    if task.depends_on:
        yield f"- after: {', '.join(f'`{name}`' for name in task.depends_on)}"


def _result(task: Task) -> list[str]:
    outcome, failure = task.outcome, task.failure
    if failure is not None:
        return ["## Failure", "", *_quoted(f"{failure.cause} {failure.next_step}".strip()), ""]
    if isinstance(outcome, ImplementOutcome):
        files = outcome.change.files if outcome.change else ()
        listed = [f"- `{one_line(name, 400)}`" for name in files]
        return ["## Result", "", *_quoted(outcome.summary), "", *listed, ""]
    if isinstance(outcome, ReviewOutcome):
        verdict = outcome.verdict.replace("_", " ")
        listed = [_finding(each) for each in outcome.findings]
        return [f"## Result: {verdict}", "", *_quoted(outcome.summary), "", *listed, ""]
    if isinstance(outcome, TestOutcome):
        ended = [f"- exit code {each.exit_code}: {one_line(each.command, 300)}" for each in outcome.commands]
        return ["## Result", "", *_quoted(outcome.summary), "", *ended, *map(_finding, outcome.findings), ""]
    return []


def _attempt(view: RunView, task: Task) -> list[str]:
    if not task.epoch:
        return []
    folder = f"{RUNS}/{view.the_run.id}/attempts/{task.id}/{task.epoch}"
    return ["## Records", "", f"- prompts, activity and logs: `{folder}/`", ""]


def _finding(found: Finding) -> str:
    where = f"`{one_line(found.file, 400)}:{found.line}` " if found.file else ""
    return f"- {found.severity.value} ({found.source}) {where}{one_line(found.message, 1_000)}"


def _quoted(text: str) -> list[str]:
    """What somebody else said, so that it cannot pass for our own words."""
    return [f"> {line}" for line in clean(text, 20_000).splitlines()]


# On the disk --------------------------------------------------------------------------------------
def path_of(state: State, run_id: RunId, name: str) -> Path:
    """Where a page is: `<state>/pages/<run>/<patch>.diff` or `<task>.md`."""
    ending = "diff" if name.startswith("patch-") else "md"
    return state.pages / check_run_id(run_id) / f"{check_id(name)}.{ending}"


def named(state: State, path: Path) -> tuple[RunId, PatchId | str] | None:
    """Run and patch (or task) of a page's path; None for any other file."""
    if path.parent.parent != state.pages or path.suffix not in {".diff", ".md"}:
        return None
    return path.parent.name, path.stem


async def write(state: State, run_id: RunId, name: str, text: str) -> Path:
    """Put a page in place, readable only; one that is the same already is left alone.

    Raises:
        StoreError: the disk refuses.
    """
    path = path_of(state, run_id, name)
    await asyncio.to_thread(_write, path, text.encode("utf-8", "replace"))
    return path


def _write(path: Path, data: bytes) -> None:
    private_folder(path.parent)
    with durable.Folder.at(path.parent) as folder:
        try:
            if folder.read(path.name, len(data) + 1) == data:
                return
        except (FileNotFoundError, StoreError):  # not there, longer, or no plain file: it is replaced
            pass
        folder.replace(path.name, data, sync=False)
        os.chmod(path.name, 0o400, dir_fd=folder.fd)
