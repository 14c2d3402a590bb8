"""Findings: remarks with a place, a fingerprint and the items they belong to (pure)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sextet.model.answers import Remark
from sextet.model.names import Severity
from sextet.model.outcome import Finding
from sextet.model.task import Item
from sextet.pipeline.overlap import touches
from sextet.roles.wording import clean, one_line

MESSAGE: Final = 4_000
"""Characters of a finding's message at most."""

_NUMBERS: Final = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]{12,}\b|[0-9]+")
_SPACES: Final = re.compile(r"\s+")


def fingerprint(file: str, message: str) -> str:
    """The same 16 hex digits when the same remark comes back on another line, in other spacing or case."""
    words = _SPACES.sub(" ", _NUMBERS.sub("#", message.casefold())).strip(" .!")
    return hashlib.sha256(f"{plain_path(file)}\0{words}".encode()).hexdigest()[:16]


def plain_path(file: str) -> str:
    """A path as it stands in a tree: no `./` before it; empty when it cannot be one."""
    path = one_line(file, 4_096).replace("\\", "/")
    while path.startswith("./"):
        path = path[2:]
    parts = path.split("/")
    return "" if path.startswith("/") or ".." in parts or ".git" in parts else path


def finding(
    source: Literal["test", "review"], message: str, *, file: str = "", line: int = 0, severity: Severity
) -> Finding:
    """A finding with capped, plain text and its fingerprint; a path outside the repository is dropped."""
    path = plain_path(file)
    text = clean(message, MESSAGE)
    return Finding(
        source=source,
        severity=severity,
        message=text,
        file=path,
        line=line if path else 0,
        fingerprint=fingerprint(path, text),
    )


@dataclass(frozen=True, slots=True)
class Attribution:
    """Says which items a remark belongs to."""

    items: Sequence[Item]
    blobs: Mapping[str, str | None]
    """Changed files of the patch, with the blob that each has now."""

    def place(self, found: Finding, named: Collection[str] = ()) -> Finding:
        """The finding with its items and its blob.

        Items that are named and exist come first; else those that expect to touch the file; else, in a plan
        of one item, that one when the file was changed; else none.
        """
        known = tuple(item.id for item in self.items if item.id in named)
        touching = tuple(item.id for item in self.items if found.file and touches(item.files, (found.file,)))
        alone = (self.items[0].id,) if len(self.items) == 1 and found.file in self.blobs else ()
        return found.model_copy(
            update={"items": known or touching or alone, "blob": self.blobs.get(found.file)}
        )

    def remark(self, remark: Remark) -> Finding:
        """A reviewer's remark as a finding."""
        found = finding(
            "review", remark.message, file=remark.file, line=remark.line, severity=remark.severity
        )
        return self.place(found, remark.items)
