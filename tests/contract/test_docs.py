"""The pages as pages: links lead somewhere, examples work, records are whole, words are ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sextet.model.names import Role
from sextet.roles import scenario

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
RECORDS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
PARTS = ["Why", "Considered options", "Consequences"]

FENCE = re.compile(r"^( *)```(?P<info>[^\n`]*)\n(?P<body>.*?)^\1```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def prose(path: Path) -> str:
    """A page without its blocks of code."""
    return FENCE.sub("", path.read_text(encoding="utf-8"))


def anchors(path: Path) -> set[str]:
    """What GitHub makes of the headings of a page."""
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(prose(path)))
    return {text.strip().replace(" ", "-") for text in plain}


def problem_of(path: Path, target: str) -> str:
    """Why a link leads nowhere; empty when it does lead somewhere."""
    if target.startswith(("https://", "http://", "mailto:")):
        return ""
    file, _, anchor = target.partition("#")
    page = (path.parent / file).resolve() if file else path
    if not page.exists():
        return f"{target}: no such file"
    if not page.is_relative_to(ROOT):
        return f"{target}: outside the repository"
    if anchor and anchor not in anchors(page):
        return f"{target}: no such heading"
    return ""


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_a_link_leads_nowhere(path: Path) -> None:
    problems = (problem_of(path, link["target"]) for link in LINK.finditer(prose(path)))
    assert [problem for problem in problems if problem] == []


def test_a_broken_link_is_not_seen() -> None:
    page = ROOT / "README.md"
    assert problem_of(page, "docs/nowhere.md")
    assert problem_of(page, "docs/README.md#nothing-of-the-kind")
    assert problem_of(page, "docs/README.md#words") == ""


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_a_page_has_no_title_or_two(path: Path) -> None:
    assert len(re.findall(r"^# ", prose(path), re.MULTILINE)) == 1


def test_a_page_cannot_be_found_from_the_front() -> None:
    found, todo = set(), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in found or page.suffix != ".md" or not page.exists():
            continue
        found.add(page)
        targets = (link["target"].partition("#")[0] for link in LINK.finditer(prose(page)))
        todo += [(page.parent / target).resolve() for target in targets if "://" not in target]
    assert [name_of(page) for page in PAGES if page not in found] == []


# Examples -----------------------------------------------------------------------------------------
def scenarios() -> Iterator[tuple[str, str]]:
    for path in PAGES:
        for block in FENCE.finditer(path.read_text(encoding="utf-8")):
            if block["info"].split() == ["json", "scenario"]:
                yield name_of(path), block["body"]


@pytest.mark.parametrize(("page", "text"), list(scenarios()))
def test_a_scenario_of_a_page_does_not_load(page: str, text: str) -> None:
    assert {cue.role for cue in scenario.read(text).cues} == set(Role), page


def test_no_page_shows_a_scenario() -> None:
    assert list(scenarios())


# Decision records ---------------------------------------------------------------------------------
@pytest.mark.parametrize("path", RECORDS, ids=name_of)
def test_a_decision_record_lacks_a_part(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    title, *parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    heading = title.strip()
    assert heading.startswith("# ")
    assert "\n" not in heading
    assert len(heading.split()) >= 6, "the title says the decision, as a sentence"
    assert parts[0::2] == PARTS
    assert all(len(part.split()) > 20 for part in parts[1::2])
    assert len(re.findall(r"^- ", parts[3], re.MULTILINE)) >= 2, "a decision has options"
    assert parts[3].count("Chosen") >= 1, "one of the options was chosen"


def test_a_decision_record_is_not_in_the_list() -> None:
    listed = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
    for number, path in enumerate(RECORDS, 1):
        title = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        assert path.name.startswith(f"{number:04}-")
        assert f"{number}. [{title}]({path.name})" in listed
