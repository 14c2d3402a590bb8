"""Problems of settings: at their line, taken away when mended, and none told twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lsprotocol.types import Diagnostic, DiagnosticSeverity, Position, Range

from sextet.lsp.problems import Problems, diagnostics
from sextet.lsp.published import Published
from sextet.model.settings import Problem

FILE = Path("/somewhere/settings.json")
TEXT = '{\n  "sextet.maxAgents": "\U0001f3b5",\n  "sextet.x": 1\n}'


class Ear:
    """A client that remembers what it was told."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []

    def tell(self, method: str, params: Any) -> None:
        self.heard.append((method, params))

    def take(self) -> list[tuple[str, Any]]:
        heard, self.heard = self.heard, []
        return heard


def problem(key: str, file: Path | None = FILE, **more: Any) -> Problem:
    return Problem(key=key, sentence=f"{key} is wrong.", file=str(file or ""), **more)


def test_a_problem_is_shown_at_another_place() -> None:
    found = diagnostics(
        [problem("sextet.maxAgents"), problem("sextet.x", level="warning"), problem("sextet.y", None)],
        {FILE: TEXT, Path("/other.json"): ""},
    )
    error, warning = found[FILE.as_uri()]
    assert error.range == Range(Position(1, 0), Position(1, 27)), "a character beyond the BMP is two units"
    assert (error.severity, error.source, error.code) == (
        DiagnosticSeverity.Error,
        "sextet",
        "sextet.maxAgents",
    )
    assert (warning.range.start.line, warning.severity) == (2, DiagnosticSeverity.Warning)
    assert found[Path("/other.json").as_uri()] == []


def test_a_file_that_cannot_be_read_has_no_place() -> None:
    (found,) = diagnostics([problem("")], {FILE: ""}).values()
    assert (found[0].range.start, found[0].code) == (Position(0, 0), None)


def test_a_message_comes_twice_or_never() -> None:
    ear = Ear()
    told = Problems(ear, Published(ear))
    told.tell([problem("sextet.a", None), problem("sextet.b", None)], {})
    (method, shown), (_, logged) = ear.take()
    assert (method, shown) == (
        "window/showMessage",
        {"type": 2, "message": "sextet.a is wrong. sextet.b is wrong."},
    )
    assert logged["message"].splitlines() == ["sextet.a is wrong.", "sextet.b is wrong."]
    told.tell([problem("sextet.a", None)], {})
    told.tell([], {})
    assert ear.take() == []
    told.tell([problem("sextet.a", None)], {})
    assert len(ear.take()) == 2


def test_a_hundred_problems_make_a_message_that_nobody_reads() -> None:
    ear = Ear()
    Problems(ear, Published(ear)).tell([problem(f"sextet.x{n}", None) for n in range(100)], {})
    (_, shown), (_, logged) = ear.take()
    assert shown["message"].endswith("sextet.x2 is wrong. There are 97 more; the log has them.")
    assert len(logged["message"].splitlines()) == 100


def test_what_the_file_shows_is_said_once_more_in_a_message() -> None:
    ear = Ear()
    found = [problem("sextet.maxAgents"), problem("sextet.maxAgents", None)]
    Problems(ear, Published(ear)).tell(found, {FILE: TEXT})
    assert [method for method, _ in ear.take()] == ["textDocument/publishDiagnostics"]


def test_a_mended_problem_stays_or_takes_what_others_found_along() -> None:
    ear = Ear()
    published = Published(ear)
    told, uri = Problems(ear, published), FILE.as_uri()
    other = Diagnostic(Range(Position(0, 0), Position(0, 1)), "from elsewhere")
    told.tell([problem("sextet.maxAgents")], {FILE: TEXT})
    published.put("others", {uri: [other]})
    told.tell([problem("sextet.maxAgents")], {FILE: TEXT})
    told.tell([], {FILE: "{}"})
    published.put("others", {})
    shown = [[one.message for one in params.diagnostics] for _, params in ear.take()]
    assert shown == [
        ["sextet.maxAgents is wrong."],
        ["sextet.maxAgents is wrong.", "from elsewhere"],
        ["from elsewhere"],
        [],
    ]
