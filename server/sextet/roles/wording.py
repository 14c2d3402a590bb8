"""Wording: text from anywhere made fit for prompts, findings and logs (pure)."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from sextet.system.lines import plain

_UNFIT: Final = re.compile(r"[\u2028\u2029\ud800-\udfff]")
"""What a terminal bears and a prompt or UTF-8 does not: other line ends, halves of surrogate pairs."""


def clean(text: str, limit: int = 100_000) -> str:
    """Plain text: no terminal sequences, control or direction characters but line feed and tab, capped.

    Args:
        text: from a model, a repository or a process.
        limit: characters of the result at most; what is left out is said in the text.
    """
    if not text.isascii() or not text.replace("\n", "").isprintable():
        text = _UNFIT.sub("", plain(text.replace("\r\n", "\n").replace("\r", "\n")))
    return cap(text, limit)


def cap(text: str, limit: int) -> str:
    """At most `limit` characters: the beginning and the end, with a word about what was between."""
    if len(text) <= limit:
        return text
    note = f"\n[... {len(text) - limit} or more characters left out ...]\n"
    if limit <= len(note) * 2:
        return text[: max(limit, 0)]
    room = limit - len(note)
    head = room // 2
    return f"{text[:head]}{note}{text[len(text) - (room - head) :]}"


def one_line(text: str, limit: int = 1_000) -> str:
    """One line of plain text, at most `limit` characters."""
    line = " ".join(clean(text, limit * 4 + 1_000).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def block(label: str, text: str, limit: int = 100_000) -> str:
    """Text of others between two marks that it cannot contain: a prompt's data, never its instructions.

    Args:
        label: what the text is, in our own words.
        text: from anywhere.
        limit: characters of the text at most.
    """
    body = clean(text, limit)
    mark = _mark(label, body)
    return f"[begin {label} {mark}]\n{body}\n[end {label} {mark}]"


def _mark(label: str, body: str) -> str:
    """Twelve hex digits that do not occur in the text; the same for the same text."""
    seed = f"{label}\0{body}".encode()
    mark = hashlib.sha256(seed).hexdigest()[:12]
    while mark in body.lower():
        seed = mark.encode() + seed
        mark = hashlib.sha256(seed).hexdigest()[:12]
    return mark
