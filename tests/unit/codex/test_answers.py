from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sextet.codex.answers import LARGEST, parse, schema_of
from sextet.errors import OutcomeError
from sextet.model.answers import (
    Analysis,
    ImplementAnswer,
    Ledger,
    ReviewAnswer,
    TestCommands,
    WorkPlan,
)

ALL = (Analysis, Ledger, WorkPlan, ImplementAnswer, TestCommands, ReviewAnswer)
GOOD = '{"status": "done", "summary": "ok"}'
ALLOWED = {
    "type",
    "enum",
    "description",
    "anyOf",
    "items",
    "properties",
    "required",
    "additionalProperties",
    "$ref",
}


def nodes(schema: Any) -> list[dict[str, Any]]:
    """Every schema inside a schema; property names are not taken for keywords."""
    if not isinstance(schema, dict):
        return []
    inner = [
        *schema.get("properties", {}).values(),
        *schema.get("$defs", {}).values(),
        *schema.get("anyOf", ()),
    ]
    found = [schema]
    for each in (*inner, schema.get("items")):
        found += nodes(each)
    return found


@pytest.mark.parametrize("record", ALL)
def test_a_strict_provider_accepts_the_schema(record):
    schema = schema_of(record)
    assert schema["type"] == "object"
    for node in nodes(schema):
        assert set(node) <= ALLOWED | {"$defs"}
        if "$ref" in node:
            assert set(node) == {"$ref"}
            assert node["$ref"].removeprefix("#/$defs/") in schema["$defs"]
        if node.get("type") == "object":
            assert node["required"] == list(node["properties"])
            assert node["additionalProperties"] is False


def test_a_limit_that_the_schema_may_not_say_is_told_in_words():
    text = json.dumps(schema_of(WorkPlan))
    assert "at most 64 entries" in text
    assert "matches ^[a-z0-9]" in text


def test_a_good_answer_is_read_with_space_around_it():
    assert parse(ImplementAnswer, f"\n {GOOD} \n") == ImplementAnswer(status="done", summary="ok")


def test_camel_case_keys_of_the_schema_are_the_ones_that_are_read():
    plan = {
        "id": "item-1",
        "title": "t",
        "instructions": "i",
        "files": [],
        "dependsOn": [],
        "requirements": [],
    }
    assert parse(WorkPlan, json.dumps({"summary": "s", "items": [plan]})).items[0].depends_on == ()
    plan["depends_on"] = plan.pop("dependsOn")
    with pytest.raises(OutcomeError, match="depends_on"):
        parse(WorkPlan, json.dumps({"summary": "s", "items": [plan]}))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not valid JSON"),
        ("null", "not an object"),
        ("[]", "not an object"),
        ("Sorry, I cannot.", "not valid JSON"),
        (f"```json\n{GOOD}\n```", "without prose or code fences"),
        (f"Here it is: {GOOD}", "without prose or code fences"),
        (f"{GOOD} {GOOD}", "not valid JSON"),
        (f"\ufeff{GOOD}", "not valid JSON"),
        ("{'status': 'done'}", "not valid JSON"),
        ('{"status": "done", "summary": "a", "status": "blocked"}', "'status' twice"),
        ('{"status": "done", "summary": {"a": 1, "a": 2}}', "'a' twice"),
        ('{"status": "done"}', "summary: Field required"),
        ('{"status": "Done", "summary": ""}', "status: "),
        ('{"status": "done", "summary": 7}', "summary: "),
        ('{"status": "done", "summary": "", "approvedBy": "human"}', "approvedBy: "),
        ('{"status": "done", "summary": NaN}', "NaN"),
        ('{"status": "done", "summary": -Infinity}', "-Infinity"),
        ('{"status": "done", "summary": "\\ud800"}', "answer"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": ' + "1" * 5_000 + "}", "not valid JSON"),
        (" " * (LARGEST + 1), "are read"),
    ],
)
def test_anything_else_is_refused_with_a_sentence_for_the_model(text, complaint):
    with pytest.raises(OutcomeError) as caught:
        parse(ImplementAnswer, text)
    assert complaint in caught.value.what
    assert len(caught.value.what) < 3_000


@pytest.mark.parametrize("line", ['"7"', "7.0", "true", "1e999"])
def test_numbers_are_not_guessed(line):
    remark = '{"file": "", "line": %s, "severity": "note", "message": "", "items": []}' % line  # noqa: UP031
    text = f'{{"verdict": "approve", "summary": "", "findings": [{remark}]}}'
    with pytest.raises(OutcomeError, match=r"findings\.0\.line"):
        parse(ReviewAnswer, text)


def test_a_lone_surrogate_in_the_text_itself_is_refused():
    with pytest.raises(OutcomeError):
        parse(ImplementAnswer, '{"status": "done", "summary": "\ud800"}')


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.text() | json_values.map(json.dumps))
def test_whatever_a_model_writes_is_a_record_or_a_complaint(text):
    try:
        record = parse(ImplementAnswer, text)
    except OutcomeError as error:
        assert error.what  # noqa: PT017 -- either of two ends is right
    else:
        assert json.loads(text) == json.loads(record.to_json())


@given(
    st.builds(
        ImplementAnswer,
        status=st.sampled_from(["done", "blocked"]),
        summary=st.text(st.characters(exclude_categories=["Cs"])),
    )
)
def test_every_record_is_read_back_as_it_was(record):
    assert parse(ImplementAnswer, record.to_json().decode()) == record
