from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from sextet.model import answers, events, notes, outcome, patch, run, settings, task
from sextet.model.base import Oid, Record
from sextet.model.names import (
    ROLE_OF,
    ApplyId,
    ItemId,
    Kind,
    PatchId,
    QuestionId,
    Role,
    RunId,
    TaskId,
    WorkerId,
)
from sextet.model.settings import ModelName, RoleSettings, Settings
from support import plays

MODULES = (answers, events, notes, outcome, patch, run, settings, task)
RECORDS = sorted(
    {
        found
        for module in MODULES
        for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, Record) and found is not Record
    },
    key=lambda found: found.__name__,
)
HOSTILE = (
    "../../etc",
    "..",
    ".",
    "",
    "a/b",
    "a\\b",
    "C:\\x",
    "\\\\srv\\x",
    "a\0b",
    "a" * 300,
    "CON",
    "aux.json",
    "-rf",
    ".git",
    "NUL.",
    "a ",
    "\uff41",
    "runs\u202egnp",
    "abcdefgh\n",
    "\nabcdefgh",
    "implementer-1\n",
    "patch-1\n",
    "ABCDEFGH",
    "abcdefg\u00e9",
    "\u0661\u0662\u0663\u0661\u0662\u0663\u0661\u0662",
    "%2e%2e%2f",
)
IDS = {
    "run": (RunId, "20261122-143005-fix-add-7f3a"),
    "task": (TaskId, "implement-1-2"),
    "item": (ItemId, "item-1"),
    "worker": (WorkerId, "implementer-2"),
    "question": (QuestionId, "task-implement-1-2-3"),
    "patch": (PatchId, "patch-12"),
    "apply": (ApplyId, "apply-0123abcd"),
    "object": (Oid, "0123456789abcdef0123456789abcdef01234567"),
}


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("name", IDS)
def test_a_hostile_id_is_refused(name, value):
    with pytest.raises(ValidationError):
        TypeAdapter(IDS[name][0]).validate_python(value)


@pytest.mark.parametrize("name", IDS)
def test_a_proper_id_is_taken_as_it_is(name):
    kind, value = IDS[name]
    assert TypeAdapter(kind).validate_python(value) == value


@pytest.mark.parametrize("name", IDS)
@given(value=st.text(max_size=70))
def test_whatever_is_accepted_as_an_id_is_a_plain_file_name(name, value):
    try:
        TypeAdapter(IDS[name][0]).validate_python(value)
    except ValidationError:
        return
    assert value.isascii()
    assert value.replace("-", "").isalnum()
    assert not value.startswith("-")


@pytest.mark.parametrize("value", ["-rf", "--config", "a b", "", "m\n", "a" * 101, "$(x)", ";x"])
def test_a_models_name_never_looks_like_an_option_or_a_command(value):
    with pytest.raises(ValidationError):
        TypeAdapter(ModelName).validate_python(value)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_every_record_is_frozen_and_strict_about_keys_and_numbers(record):
    config = record.model_config
    assert (config["frozen"], config["extra"], config["allow_inf_nan"]) == (True, "forbid", False)
    for field in record.model_fields.values():
        assert field.alias, "camelCase on the wire"
        assert "_" not in field.alias


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_the_schema_of_every_record_builds(record):
    schema = record.model_json_schema()
    assert schema["additionalProperties"] is False
    json.dumps(schema)


def test_an_unknown_key_is_refused_at_any_depth():
    good = json.loads(plays.run().to_json())
    for place in (good, good["briefing"], good["settings"], good["settings"]["roles"]["analyst"]):
        place["surprise"] = 1
        with pytest.raises(ValidationError, match="surprise"):
            run.Run.model_validate_json(json.dumps(good))
        del place["surprise"]
    assert run.Run.model_validate_json(json.dumps(good)) == plays.run()


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, -1.0])
def test_a_time_that_is_no_time_is_refused(number):
    with pytest.raises(ValidationError):
        events.Entry(seq=1, time=number, actor="x", event=events.Noted(text="x"))


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_json_does_not_know_is_refused(word):
    line = '{"seq":1,"time":WHEN,"actor":"x","event":{"kind":"noted","text":"x"}}'.replace("WHEN", word)
    with pytest.raises(ValidationError):
        events.ENTRY.validate_json(line)


def test_a_record_cannot_be_changed():
    briefing = run.Briefing(goal="x")
    with pytest.raises(ValidationError, match="frozen"):
        briefing.goal = "y"  # type: ignore[misc]  # the point of the test


def test_keys_are_camel_case_in_json_and_come_back():
    play = plays.Play()
    play.to_end()
    for entry in play.log:
        line = entry.to_json()
        assert b"_id" not in line
        assert b"depends_on" not in line
        assert events.ENTRY.validate_json(line) == entry
    assert b'"schemaVersion":1' in play.log[0].to_json()


def test_every_default_survives_the_way_to_disk_and_back():
    assert Settings.model_validate_json(Settings().to_json()) == Settings()
    assert b'"copy":[]' in Settings().to_json()


def test_an_event_of_an_unknown_kind_is_refused():
    with pytest.raises(ValidationError, match="expected tags"):
        events.ENTRY.validate_json('{"seq":1,"time":1,"actor":"x","event":{"kind":"rm"}}')


def test_the_kinds_of_events_are_one_each():
    kinds = [
        found.model_fields["kind"].default
        for found in vars(events).values()
        if isinstance(found, type)
        and issubclass(found, BaseModel)
        and "kind" in found.model_fields
        and found.__module__ == events.__name__
    ]
    assert len(kinds) == len(set(kinds)) > 20


def test_each_kind_of_task_belongs_to_one_role():
    assert set(ROLE_OF) == set(Kind)
    assert sorted(ROLE_OF.values()) == sorted(Role)
    assert task.Task(id="a", kind=Kind.SPLIT, title="", patch=1).role is Role.SPLITTER


BOUNDS = [
    (RoleSettings, "workers", -1),
    (RoleSettings, "workers", 17),
    (RoleSettings, "models", ["-x"]),
    (RoleSettings, "models", ["m"] * 21),
    (RoleSettings, "effort", "extreme"),
    (RoleSettings, "timeout_minutes", 0),
    (RoleSettings, "timeout_minutes", 1_441),
    (RoleSettings, "sandbox", "danger-full-access"),
    (RoleSettings, "approvals", "always"),
    (settings.TesterSettings, "commands", [""]),
    (settings.TesterSettings, "commands", ["x"] * 51),
    (settings.TesterSettings, "commands", ["x" * 8_001]),
    (settings.Gates, "consensus", 17),
    (settings.Gates, "patch", -1),
    (settings.Budget, "run_tokens", -1),
    (settings.CodexSettings, "transport", "http"),
    (Settings, "max_agents", 0),
    (Settings, "max_agents", 65),
    (Settings, "max_reworks", -1),
    (Settings, "max_reworks", 21),
    (Settings, "patch_apply", "always"),
    (Settings, "runs_keep", 0),
    (Settings, "question_minutes", 0),
    (Settings, "roles", {"cook": {}}),
    (run.Briefing, "goal", ""),
    (run.Briefing, "hunters", 0),
    (run.Briefing, "hunters", 17),
]


@pytest.mark.parametrize(("record", "key", "value"), BOUNDS)
def test_a_setting_out_of_bounds_is_refused_and_named(record, key, value):
    with pytest.raises(ValidationError) as caught:
        record.model_validate({"goal": "x", key: value} if record is run.Briefing else {key: value})
    assert record.model_fields[key].alias in str(caught.value) or key in str(caught.value)


def test_a_role_that_is_not_named_keeps_its_own_default():
    chosen = Settings(roles={Role.ANALYST: RoleSettings(workers=3)})
    assert chosen.role(Role.ANALYST).workers == 3
    assert chosen.role(Role.IMPLEMENTER).sandbox == "workspace-write"
    assert Settings().role(Role.REVIEWER).sandbox == "read-only"


@pytest.mark.parametrize(
    "answer",
    [
        answers.Analysis,
        answers.Ledger,
        answers.WorkPlan,
        answers.ImplementAnswer,
        answers.TestCommands,
        answers.ReviewAnswer,
    ],
)
def test_every_field_of_an_answer_is_required_and_closed(answer):
    schema = answer.model_json_schema()
    for part in (schema, *(d for d in schema.get("$defs", {}).values() if "properties" in d)):
        assert part["additionalProperties"] is False
        assert sorted(part["required"]) == sorted(part["properties"])


def test_usage_adds_up():
    one = task.Usage(input=1, cached=2, output=3, reasoning=4)
    assert one.plus(one) == task.Usage(input=2, cached=4, output=6, reasoning=8)
    assert one.total == 4
