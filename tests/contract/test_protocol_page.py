"""The reference page of the protocol says what the contract says, and all of it can be found."""

from __future__ import annotations

import re

from sextet.service.methods import METHODS
from sextet.service.notifications import NOTIFICATIONS
from support.protocol_page import GROUPS, PAGE, page

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_protocol_page_is_out_of_date() -> None:
    assert page() == TEXT, "run `make docs`"


def test_a_verb_or_a_notification_has_no_section() -> None:
    sections = re.findall(r"^### `sextet/([\w/]+)`$", TEXT, re.MULTILINE)
    assert sorted(sections) == sorted([*METHODS, *NOTIFICATIONS])
    assert {name.partition("/")[0] for name in METHODS} == {
        each for group in GROUPS.values() for each in group
    }


def test_two_sections_have_one_address() -> None:
    headings = re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)
    addresses = [re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-")) for heading in headings]
    assert len(addresses) == len(set(addresses))
    assert {"#" + each for each in addresses} >= set(re.findall(r"\]\((#[^)]+)\)", TEXT))


def test_a_cell_breaks_its_table() -> None:
    for line in TEXT.splitlines():
        if line.startswith("|"):
            cells = re.split(r"(?<!\\)\|", line)
            assert len(cells) in {4, 5, 6}, line
