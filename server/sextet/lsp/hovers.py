"""Hover: which task, worker, model and requirement wrote a hunk, on its document and in the user's files."""

from __future__ import annotations

from lsprotocol.types import Hover, MarkupContent, MarkupKind

from sextet.lsp.placing import unchanged, whole_line
from sextet.lsp.sheets import Sheet
from sextet.model.patch import PatchHunk
from sextet.roles.wording import one_line
from sextet.service import pages


def on_sheet(sheet: Sheet, text: str, line: int) -> Hover | None:
    """What is known of the hunk that a line (from 0) of a patch's document belongs to."""
    found, at = None, 0
    for number, name in pages.heads(text):
        if number <= line:
            found, at = sheet.hunks.get(name), number
    if found is None:
        return None
    return Hover(contents=_plain(story(sheet, found)), range=whole_line(text, at))


def in_file(sheet: Sheet, name: str, texts: tuple[str, str], line: int) -> Hover | None:
    """What is known of a line of the user's file that an applied hunk wrote.

    Args:
        sheet: the patch that was applied.
        name: the file, as in the tree.
        texts: the file as the patch has it, and as the user has it.
        line: from 0, in the user's.
    """
    theirs, mine = texts
    back = {after: before for before, after in unchanged(theirs, mine).items()}
    number = back.get(line + 1)
    if number is None:
        return None
    for hunk in sheet.hunks.values():
        if hunk.path == name and hunk.applied and _wrote(sheet, hunk, number):
            return Hover(contents=_plain(story(sheet, hunk)), range=whole_line(mine, line))
    return None


def _wrote(sheet: Sheet, hunk: PatchHunk, line: int) -> bool:
    """Whether the hunk put this line of the patched file there (its context does not count)."""
    at = sheet.page.places.get((hunk.path, line))
    inside = hunk.new_start <= line < hunk.new_start + hunk.new_lines
    return inside and at is not None and sheet.page.lines[at].startswith("+")


def story(sheet: Sheet, hunk: PatchHunk) -> str:
    """Where a hunk comes from, in plain text: nothing in it is ever a link or a picture."""
    view = sheet.view
    lines = []
    for name in hunk.tasks:
        task = view.tasks[name]
        lines.append(f"{task.id}: {one_line(task.title, 200)}")
        lines.append(f"  by {task.worker or 'nobody'}, model {one_line(task.model, 100) or 'the default'}")
    ledger = view.ledgers.get(sheet.patch.number)
    titles = {each.id: each.title for each in ledger.requirements} if ledger else {}
    lines += [f"{one_line(each, 40)}: {one_line(titles.get(each, ''), 200)}" for each in hunk.requirements]
    evidence = view.evidence(sheet.patch.number)
    if evidence is not None:
        lines.append(f"tests on this tree: {one_line(evidence.summary, 200)}")
    if hunk.mark is not None:
        lines.append(
            f"{hunk.mark.mark.value} by {one_line(hunk.mark.by, 80)} {one_line(hunk.mark.comment, 200)}"
        )
    lines.append(f"hunk {hunk.id} of {sheet.patch.id}, run {view.the_run.id}")
    return "\n".join(line.rstrip() for line in lines)


def _plain(text: str) -> MarkupContent:
    return MarkupContent(kind=MarkupKind.PlainText, value=text)
