"""Document links on the documents of patches and tasks: to files, to records, to other tasks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from lsprotocol.types import DocumentLink, Position, Range

_QUOTED: Final = re.compile(r"`([^`\n]{1,400})`")
_PLACE: Final = re.compile(r"^(.+?):([0-9]{1,7})$")
MOST: Final = 500
"""Links of one document."""


def links(text: str, top: Path, task_uri: Callable[[str], str | None]) -> list[DocumentLink]:
    """Everything in backquotes that names a task, or a file below the work tree, as a link.

    Args:
        text: the document as the client has it.
        top: top level of the work tree.
        task_uri: the document of a task by its id; None when there is no such task.
    """
    found: list[DocumentLink] = []
    for number, line in enumerate(text.split("\n")):
        if line.startswith(">"):  # what somebody else said makes no links
            continue
        for match in _QUOTED.finditer(line):
            target = task_uri(match.group(1)) or next(_file(match.group(1), top), None)
            if target is not None and len(found) < MOST:
                found.append(DocumentLink(range=_range(line, number, match), target=target))
    return found


def _file(name: str, top: Path) -> Iterator[str]:
    place = _PLACE.match(name)
    path, line = (place.group(1), place.group(2)) if place else (name, "")
    if not path.startswith("/") and ".." not in path.split("/") and "\0" not in path:
        whole = top / path
        if whole.is_file() or whole.is_dir():
            yield whole.as_uri() + (f"#L{line}" if line and line != "0" else "")


def _range(line: str, number: int, match: re.Match[str]) -> Range:
    def units(end: int) -> int:
        return len(line[:end].encode("utf-16-le", "surrogatepass")) // 2

    start, end = match.span(1)
    return Range(
        start=Position(line=number, character=units(start)), end=Position(line=number, character=units(end))
    )
