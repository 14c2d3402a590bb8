"""Edits: from the text before and after to the fewest changed lines, as the protocol writes them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final

from lsprotocol import types as lsp

from sextet.lsp.documents import LINE

MOST: Final = 2_000
"""Changed lines up to which the unchanged ones between them are looked for; else all are one edit."""


@dataclass(frozen=True, slots=True)
class FileEdit:
    """What is to become of one document."""

    uri: str
    version: int | None
    edits: tuple[lsp.TextEdit, ...]
    label: str


def line_edits(before: str, after: str, units: Callable[[str], int]) -> tuple[lsp.TextEdit, ...]:
    """Edits of whole lines that make `after` of `before`; they do not overlap and come in order.

    Args:
        before: the text that the client has.
        after: the text that it is to have.
        units: the length of a piece of a line, as the client counts positions.
    """
    old, new = LINE.findall(before), LINE.findall(after)
    return tuple(
        lsp.TextEdit(
            range=lsp.Range(start=_position(old, first, units), end=_position(old, last, units)),
            new_text="".join(put),
        )
        for first, last, put in _changes(old, new)
    )


def _changes(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int, Sequence[str]]]:
    """First and last line (exclusive) that go, and the lines that come."""
    shorter = min(len(old), len(new))
    head = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    room = shorter - head
    tail = next((at for at in range(room) if old[-1 - at] != new[-1 - at]), room)
    mine, theirs = old[head : len(old) - tail], new[head : len(new) - tail]
    if max(len(mine), len(theirs)) > MOST:
        yield head, len(old) - tail, theirs
        return
    for what, i1, i2, j1, j2 in SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes():
        if what != "equal":
            yield head + i1, head + i2, theirs[j1:j2]


def _position(lines: Sequence[str], line: int, units: Callable[[str], int]) -> lsp.Position:
    """The beginning of a line; behind the last one, the end of the text."""
    if line == len(lines) and lines and not lines[-1].endswith(("\n", "\r")):
        return lsp.Position(line=line - 1, character=units(lines[-1]))
    return lsp.Position(line=line, character=0)


def workspace_edit(files: Sequence[FileEdit], *, versioned: bool, labelled: bool) -> lsp.WorkspaceEdit:
    """All of it as one edit. Labels never ask for a confirmation: of that, a part might be left out.

    Args:
        files: what is to change.
        versioned: the client checks versions.
        labelled: the client shows labels of changes.
    """
    if not versioned:
        return lsp.WorkspaceEdit(changes={each.uri: each.edits for each in files})
    ids = {label: f"sextet-{number}" for number, label in enumerate(dict.fromkeys(_labels(files)), 1)}
    return lsp.WorkspaceEdit(
        document_changes=[_document_edit(each, ids if labelled else {}) for each in files],
        change_annotations={each: lsp.ChangeAnnotation(label=label) for label, each in ids.items()}
        if labelled and ids
        else None,
    )


def _labels(files: Sequence[FileEdit]) -> Iterator[str]:
    return (each.label for each in files if each.label)


def _document_edit(file: FileEdit, ids: Mapping[str, str]) -> lsp.TextDocumentEdit:
    edits: list[Any] = list(file.edits)
    if file.label in ids:
        edits = [lsp.AnnotatedTextEdit(ids[file.label], each.range, each.new_text) for each in file.edits]
    return lsp.TextDocumentEdit(
        text_document=lsp.OptionalVersionedTextDocumentIdentifier(uri=file.uri, version=file.version),
        edits=edits,
    )
