"""Paper: long lines folded between words, where a terminal would cut through them."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import Final

_NARROWEST: Final = 40
"""Columns; on less than that, folding helps nobody."""


def folded(line: str, indent: int) -> str:
    """The line as it is for a file or a pipe, and folded for a terminal.

    Args:
        line: one line; words that do not fit are left whole, so that a path can still be copied.
        indent: columns before every line but the first.
    """
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    if width < _NARROWEST or len(line) <= width:
        return line
    return fold(line, width, indent)


def fold(line: str, width: int, indent: int) -> str:
    """The line in lines of at most `width` columns where its words allow, the further ones indented."""
    return "\n".join(
        textwrap.wrap(
            line,
            width,
            subsequent_indent=" " * min(indent, width // 2),
            break_long_words=False,
            break_on_hyphens=False,
            drop_whitespace=True,
            expand_tabs=False,
            replace_whitespace=False,
        )
    )
