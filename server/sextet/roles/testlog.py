"""Failures in a log: which tests failed and where, as common test runners print it (pure)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

LIMIT: Final = 500
"""Failures of one log that are kept."""

LINE: Final = 1_000
"""Characters of a line that are looked at."""


@dataclass(frozen=True, slots=True)
class Failing:
    """A failing test, or a place that a failure names; `file` is empty and `line` 0 when not known."""

    message: str
    file: str = ""
    line: int = 0


_PYTEST: Final = re.compile(r"^(?:FAILED|ERROR) (?P<file>[^\s:]+)(?:::(?P<name>\S+))?(?: - (?P<why>.*))?$")
_PYTEST_AT: Final = re.compile(r"^(?P<file>[^\s:]+):(?P<line>\d+):")
_UNITTEST: Final = re.compile(r"^(?:FAIL|ERROR): (?P<name>\S+(?: \([^)]*\))?)")
_TRACE: Final = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)')
_RAISED: Final = re.compile(r"^(?:[A-Za-z_][\w.]*(?:Error|Exception|Failure|Exit|Interrupt|Warning)\b.*)$")
_GO: Final = re.compile(r"^\s*--- FAIL: (?P<name>\S+)")
_JEST: Final = re.compile(r"^\s*● (?P<name>.+)$")
_JEST_AT: Final = re.compile(r"^\s*at (?:.*[( ])?(?P<file>[^\s():]+):(?P<line>\d+):\d+\)?$")
_NODE: Final = re.compile(r"^\s*not ok \d+ - (?P<name>.+)$")
_NODE_AT: Final = re.compile(r"^\s*location: '(?P<file>[^']+?):(?P<line>\d+):\d+'")
_PLACE: Final = re.compile(
    r"^\s*(?P<file>[\w@+~./-][\w@+~ ./-]*\.\w{1,8}):(?P<line>\d+)(?::\d+)?:?\s+(?P<why>\S.*)$"
)


def failures(log: str, *, root: str = "") -> tuple[Failing, ...]:
    """The failures that a log of a failed command names, each once, runner by runner, at most `LIMIT`.

    Args:
        log: plain text without control characters.
        root: the folder the command ran in; paths below it become relative, others are dropped.
    """
    lines = [line[:LINE].rstrip() for line in log.splitlines()]
    readers = (_pytest, _unittest, _go, _jest, _node)  # one command may run several
    found = [_relative(each, root) for read in readers for each in islice(read(lines), LIMIT)]
    found = found or [_relative(each, root) for each in islice(_generic(lines), LIMIT)]
    return tuple(dict.fromkeys(found))[:LIMIT]


def _relative(each: Failing, root: str) -> Failing:
    file = each.file.removeprefix("file://")
    if root and file.startswith(f"{root}/"):
        file = file[len(root) + 1 :]
    file = file.removeprefix("./")
    if file.startswith("/") or ".." in file.split("/"):
        return Failing(each.message)
    return Failing(each.message, file, each.line)


def _pytest(lines: list[str]) -> Iterator[Failing]:
    if not any("short test summary info" in line for line in lines):
        return
    places: dict[str, list[int]] = {}
    for found in filter(None, map(_PYTEST_AT.match, lines)):
        places.setdefault(found["file"], []).append(int(found["line"]))
    for match in filter(None, map(_PYTEST.match, lines)):
        file, name, why = match["file"], match["name"] or match["file"], match["why"]
        numbers = places.get(file, [])
        line = numbers[0] if len(numbers) == 1 else 0  # with several, which one is this test's?
        yield Failing(f"{name} fails: {why}" if why else f"{name} fails.", file, line)


def _unittest(lines: list[str]) -> Iterator[Failing]:
    starts = [index for index, line in enumerate(lines) if _UNITTEST.match(line)]
    if not starts or not any(line.startswith("FAILED (") for line in lines):
        return
    for start in starts:
        match = _UNITTEST.match(lines[start])
        body = _until(lines, start + 2, lambda line: line.startswith(("=" * 20, "Ran ")))
        places = [found for found in map(_TRACE.match, body) if found and "/lib/python" not in found["file"]]
        raised = next((line for line in reversed(body) if _RAISED.match(line)), "")
        name = match["name"] if match else ""
        message = f"{name} fails: {raised}" if raised else f"{name} fails."
        yield Failing(message, places[-1]["file"], int(places[-1]["line"])) if places else Failing(message)


def _go(lines: list[str]) -> Iterator[Failing]:
    for index, line in enumerate(lines):
        match = _GO.match(line)
        if match is None:
            continue
        body = _until(lines, index + 1, _go_ends)
        place = next(filter(None, map(_PLACE.match, body)), None)
        if place:
            yield Failing(f"{match['name']} fails: {place['why']}", place["file"], int(place["line"]))
        elif not any(_GO.match(each) for each in lines[index + 1 : index + 2]):
            yield Failing(f"{match['name']} fails.")


def _go_ends(line: str) -> bool:
    return line.lstrip().startswith(("--- ", "=== ", "FAIL", "ok ", "PASS"))


def _jest(lines: list[str]) -> Iterator[Failing]:
    if not any(each.startswith("Tests:") for each in lines):
        return
    for index, line in enumerate(lines):
        match = _JEST.match(line)
        if match is None:
            continue
        body = _until(
            lines, index + 1, lambda each: bool(_JEST.match(each)) or each.startswith("Test Suites:")
        )
        place = next(
            (at for at in map(_JEST_AT.match, body) if at and "node_modules" not in at["file"]), None
        )
        message = f"{match['name'].strip()} fails."
        yield Failing(message, place["file"], int(place["line"])) if place else Failing(message)


def _node(lines: list[str]) -> Iterator[Failing]:
    for index, line in enumerate(lines):
        match = _NODE.match(line)
        if match is None:
            continue
        place = next(filter(None, map(_NODE_AT.match, lines[index + 1 : index + 8])), None)
        message = f"{match['name']} fails."
        yield Failing(message, place["file"], int(place["line"])) if place else Failing(message)


def _generic(lines: list[str]) -> Iterator[Failing]:
    """`path:line: message`, as compilers and linters print it; notes and warnings are not failures."""
    for match in filter(None, map(_PLACE.match, lines)):
        if not match["why"].lower().startswith(("note", "warning", "info")):
            yield Failing(match["why"], match["file"], int(match["line"]))


def _until(lines: list[str], start: int, end: Callable[[str], bool]) -> list[str]:
    body: list[str] = []
    for line in lines[start : start + 200]:
        if end(line):
            break
        body.append(line)
    return body
