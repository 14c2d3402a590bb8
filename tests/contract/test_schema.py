"""What `sextet schema` prints: whole, the same every time, and fit to make types of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from click.testing import CliRunner

from sextet.cli.app import root
from sextet.service.dispatch import Dispatcher
from sextet.service.methods import METHODS
from sextet.service.notifications import NOTIFICATIONS
from sextet.service.orchestrator import Orchestrator
from sextet.service.place import Place
from sextet.service.schema import document
from support import repos

DOCUMENT = document()
DEFINITIONS: dict[str, Any] = DOCUMENT["$defs"]


def refs(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, value in schema.items():
            yield from [value] if key == "$ref" else refs(value)
    elif isinstance(schema, list):
        for each in schema:
            yield from refs(each)


def fields() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for record, schema in DEFINITIONS.items():
        for name, each in schema.get("properties", {}).items():
            yield record, name, each


def test_the_command_prints_something_else() -> None:
    printed = CliRunner().invoke(root, ["schema"], standalone_mode=False)
    assert json.loads(printed.stdout) == DOCUMENT
    assert json.dumps(document()) == json.dumps(DOCUMENT)


def test_a_verb_or_a_notification_is_missing_or_has_no_sentence() -> None:
    methods, told = DOCUMENT["methods"], DOCUMENT["notifications"]
    assert list(methods) == sorted(f"sextet/{name}" for name in METHODS)
    assert list(told) == sorted(f"sextet/{name}" for name in NOTIFICATIONS)
    assert [name for name, method in METHODS.items() if not method.doc.endswith(".")] == []
    undocumented = [name for name, each in DEFINITIONS.items() if not each.get("description")]
    assert undocumented == ["JsonValue", "Outcome", "RunEvent"]


async def test_a_verb_of_the_contract_is_not_carried_out_or_another_one_is(tmp_path) -> None:
    place = await Place.open(repos.make(tmp_path / "repo"))
    async with Orchestrator(place) as orchestrator:
        assert Dispatcher(orchestrator)._handlers.keys() == METHODS.keys()


def test_a_reference_leads_nowhere_or_a_record_is_in_no_use() -> None:
    used, todo = set(), [{key: value for key, value in DOCUMENT.items() if key != "$defs"}]
    while todo:
        news = {ref.removeprefix("#/$defs/") for ref in refs(todo.pop())} - used
        used |= news
        todo += [DEFINITIONS[name] for name in news]
    assert used == DEFINITIONS.keys()
    assert list(DEFINITIONS) == sorted(DEFINITIONS)


def test_records_of_a_union_cannot_be_told_apart_by_a_required_tag() -> None:
    unions = [each for each in DEFINITIONS.values() if "oneOf" in each]
    assert len(unions) == 2
    assert json.dumps(DOCUMENT).count('"oneOf"') == len(unions), "a union has no name"
    for union in unions:
        mapping = union["discriminator"]["mapping"]
        assert set(mapping.values()) == set(refs(union["oneOf"]))
        for kind, ref in mapping.items():
            record = DEFINITIONS[ref.removeprefix("#/$defs/")]
            assert record["properties"]["kind"]["const"] == kind
            assert "kind" in record["required"]


def test_a_field_becomes_a_type_of_its_own() -> None:
    assert [name for _, name, each in fields() if "title" in each] == []
    assert [name for name, each in DEFINITIONS.items() if "title" in each] == []
    assert [name for _, name, each in fields() if "$ref" in each and len(each) > 1] == []


def test_what_is_given_leaves_fields_out_or_what_is_taken_wants_defaults() -> None:
    assert set(DEFINITIONS["Snapshot"]["required"]) == set(DEFINITIONS["Snapshot"]["properties"])
    assert DEFINITIONS["StartRun"]["required"] == ["goal"]
    assert "required" not in DEFINITIONS["RoleSettingsInput"]
    assert "workers" in DEFINITIONS["RoleSettings"]["required"]


def test_a_sentence_speaks_of_values_or_names_that_are_not_on_the_wire() -> None:
    told = [(name, each["description"]) for name, each in DEFINITIONS.items() if "description" in each]
    told += [(f"{record}.{name}", each.get("description", "")) for record, name, each in fields()]
    assert [name for name, words in told if re.search(r"\b(None|True|False)\b", words)] == []
