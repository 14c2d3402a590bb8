"""Code lenses and actions on the documents of patches and tasks: the commands a person is offered. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from lsprotocol.types import CodeAction, CodeActionKind, CodeLens, Command, Diagnostic, Position, Range

from sextet.lsp.placing import overlaps, whole_line
from sextet.lsp.sheets import Sheet
from sextet.model.names import TaskState
from sextet.model.patch import Mark, PatchHunk, PatchState
from sextet.model.task import Task
from sextet.pipeline.view import RunView
from sextet.roles.wording import one_line
from sextet.service import pages

_TROUBLED = frozenset({TaskState.ERROR, TaskState.BLOCKED, TaskState.STOPPED})


def command(title: str, method: str, **params: Any) -> Command:
    """A verb as a command of the client."""
    return Command(title=title, command=f"sextet.{method.replace('/', '.')}", arguments=[params])


def lenses(sheet: Sheet, text: str) -> list[CodeLens]:
    """The lenses of a patch's document.

    Args:
        sheet: the patch.
        text: the document as the client has it: hunks are known by their ids, so an old text offers nothing
            that is not in the patch any more.
    """
    found = list(_in_a_row(text, 0, of_patch(sheet)))
    for line, name in pages.heads(text):
        hunk = sheet.hunks.get(name)
        if hunk is not None:
            found += _in_a_row(text, line, [_origin(sheet, hunk), *of_hunk(sheet, hunk)])
    return found


def _in_a_row(text: str, line: int, commands: Iterable[Command]) -> Iterator[CodeLens]:
    """Lenses of one line; each begins a column later, because editors sort them by that."""
    for column, each in enumerate(commands):
        where = whole_line(text, line)
        start = Position(line=line, character=min(column, where.end.character))
        yield CodeLens(range=Range(start=start, end=where.end), command=each)


def of_patch(sheet: Sheet) -> Iterator[Command]:
    """What can be done with the whole patch."""
    patch, named = sheet.patch, _named(sheet)
    seen = {"seen": patch.tree}
    if patch.state is PatchState.DRAFT:
        yield command(f"{patch.id} is a draft: the reviewer has not approved it", "patch/open", **named)
    if patch.state is PatchState.APPLIED:
        yield command(f"Take {patch.id} back", "patch/revert", **named)
    elif patch.state is not PatchState.DRAFT:
        yield command(f"Apply {patch.id}", "patch/apply", **named, **seen)
        accepted = [each.id for each in sheet.hunks.values() if each.mark and each.mark.mark is Mark.ACCEPTED]
        if accepted and len(accepted) < len(sheet.hunks):
            title = f"Apply the {len(accepted)} accepted hunks" if accepted[1:] else "Apply the accepted hunk"
            yield command(title, "patch/apply", **named, **seen, hunks=accepted)
    if patch.standing and patch.state is not PatchState.APPLIED:
        yield command("Test what I kept", "patch/retest", **named)
        yield command("Take back what is applied", "patch/revert", **named)
    for task in sheet.view.tasks.values():
        if task.patch == patch.number and task.state in _TROUBLED:
            yield retry(sheet.view, task)


def of_hunk(sheet: Sheet, hunk: PatchHunk) -> Iterator[Command]:
    """What can be done with one hunk."""
    named = _named(sheet) | {"hunks": [hunk.id]}
    if hunk.applied:
        yield command("Applied", "patch/open", **_named(sheet))
        return
    mark = hunk.mark.mark if hunk.mark else Mark.UNSEEN
    for other, title in ((Mark.ACCEPTED, "Accept"), (Mark.REJECTED, "Reject")):
        if mark is other:
            by = one_line(hunk.mark.by, 80) if hunk.mark else ""
            yield command(f"{title}ed by {by}: undo", "patch/mark", **named, **{"as": "unseen"})
        else:
            yield command(title, "patch/mark", **named, **{"as": other.value})
    if sheet.patch.state is not PatchState.DRAFT:
        yield command("Apply this hunk", "patch/apply", **named, seen=sheet.patch.tree)


def _origin(sheet: Sheet, hunk: PatchHunk) -> Command:
    """Who wrote a hunk; opens the conversation."""
    if not hunk.tasks:
        return command("nobody's hunk", "patch/open", **_named(sheet))
    task = sheet.view.tasks[hunk.tasks[0]]
    parts = [
        *hunk.tasks[:3],
        one_line(task.title, 60),
        *(one_line(name, 40) for name in hunk.requirements[:3]),
    ]
    return conversation(sheet.view, task, " · ".join(parts))


def conversation(view: RunView, task: Task, title: str = "") -> Command:
    """Open what a task was asked, what came of it, and what people said."""
    return command(
        title or f"Open the conversation of {task.id}", "task/open", runId=view.the_run.id, taskId=task.id
    )


def retry(view: RunView, task: Task) -> Command:
    """Try a task again."""
    return command(f"Retry {task.id}", "task/retry", runId=view.the_run.id, taskId=task.id)


def _named(sheet: Sheet) -> dict[str, Any]:
    return {"runId": sheet.view.the_run.id, "patchId": sheet.patch.id}


# Actions ------------------------------------------------------------------------------------------
def actions(sheet: Sheet, text: str, wanted: Range) -> list[CodeAction]:
    """The actions at some lines of a patch's document: of the hunk that they are in, then of the patch."""
    marks = [*pages.heads(text), (text.count("\n") + 1, "")]
    found: list[Command] = []
    for (line, name), (after, _) in pairwise(marks):
        hunk = sheet.hunks.get(name)
        if hunk is not None and overlaps(wanted, line, after - 1):
            found += of_hunk(sheet, hunk)
            found += [conversation(sheet.view, sheet.view.tasks[each]) for each in hunk.tasks[:3]]
    return [_action(each) for each in [*found, *of_patch(sheet)]]


def on_task(view: RunView, task: Task) -> list[CodeAction]:
    """The actions of a task's document."""
    return [_action(retry(view, task))] if task.state in _TROUBLED else []


def on_finding(diagnostic: Diagnostic) -> Iterator[CodeAction]:
    """What can be done about a finding: ask those who wrote it to mend it, or read what they were asked."""
    data = diagnostic.data
    if not isinstance(data, Mapping):
        return
    named = {"runId": data["runId"]}
    for task in data["tasks"]:
        words = {"taskId": task, "text": data["text"]}
        ask = command(f"Ask {task} to fix this", "task/requestChanges", **named, **words)
        yield _action(ask, diagnostic)
        yield _action(
            command(f"Open the conversation of {task}", "task/open", **named, taskId=task), diagnostic
        )


def _action(what: Command, about: Diagnostic | None = None) -> CodeAction:
    return CodeAction(
        title=what.title, kind=CodeActionKind.QuickFix, command=what, diagnostics=[about] if about else None
    )
