"""Problems of settings, shown where the person can mend them: at their line, or in a message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from lsprotocol.types import Diagnostic, DiagnosticSeverity, MessageType, Range

from sextet.lsp.client import Client
from sextet.lsp.placing import whole_line
from sextet.lsp.published import Published
from sextet.model.settings import Problem
from sextet.service.settings import named
from sextet.service.settings_lines import lines_of

FINDER: Final = "settings"
"""Whose diagnostics these are."""
_SHOWN: Final = 3
"""Problems in one message; the log has all of them."""
_SEVERITY: Final = {"error": DiagnosticSeverity.Error, "warning": DiagnosticSeverity.Warning}


class Problems:
    """Tells the client about problems, each one once."""

    def __init__(self, client: Client, published: Published) -> None:
        self._client = client
        self._published = published
        self._told: frozenset[str] = frozenset()

    def tell(self, problems: Sequence[Problem], texts: Mapping[Path, str]) -> None:
        """Show the problems that there are now; those that are gone are taken away.

        Args:
            problems: all of them.
            texts: the settings files, by their path.
        """
        self._published.put(FINDER, diagnostics(problems, texts))
        sentences = [each.sentence for each in unwritten(problems)]
        if not self._told.issuperset(sentences):
            more = len(sentences) - _SHOWN
            rest = [f"There are {more} more; the log has them."] if more > 0 else []
            message = " ".join([*sentences[:_SHOWN], *rest])
            self._say("window/showMessage", message)
            self._say("window/logMessage", "\n".join(sentences))
        self._told = frozenset(sentences)

    def _say(self, method: str, message: str) -> None:
        self._client.tell(method, {"type": MessageType.Warning.value, "message": message})


def unwritten(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Problems in no file that we know.

    An editor tells a repository's values as its own: what is shown in the file is not said again.
    """
    problems = tuple(problems)
    written = {each.key for each in problems if each.file}
    return tuple(each for each in problems if not each.file and each.key not in written)


def diagnostics(problems: Iterable[Problem], texts: Mapping[Path, str]) -> dict[str, list[Diagnostic]]:
    """Diagnostics by the URI of their file.

    Args:
        problems: those without a file are left out.
        texts: what is in each file, by its path.
    """
    problems = tuple(problems)
    found: dict[str, list[Diagnostic]] = {}
    for path, text in texts.items():
        here = [each for each in problems if each.file == named(str(path))]
        lines = lines_of(text, {each.key for each in here})
        here.sort(key=lambda each: lines[each.key])
        found[path.absolute().as_uri()] = [
            _diagnostic(each, whole_line(text, lines[each.key])) for each in here
        ]
    return found


def _diagnostic(problem: Problem, where: Range) -> Diagnostic:
    return Diagnostic(
        range=where,
        message=problem.sentence,
        severity=_SEVERITY[problem.level],
        source="sextet",
        code=problem.key or None,
    )
