"""Scenario files: read strictly, with the bad field named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sextet.errors import ScenarioError
from sextet.model.names import Role
from sextet.model.settings import RoleSettings, Settings
from sextet.roles.scenario import LARGEST, dump, load, names, read

CUE: dict[str, Any] = {"role": "analyst", "answer": {}}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"cues": []}, "cues"),
        ({"nmae": "x"}, "nmae"),
        ({"scale": -1}, "scale"),
        ({"cues": [{"role": "director", "answer": {}}]}, "cues.0.role"),
        ({"cues": [{"role": "analyst"}]}, "cues.0"),
        ({"cues": [CUE, {**CUE, "actions": [{"do": "dance"}]}]}, "cues.1.actions.0"),
        ({"cues": [{**CUE, "actions": [{"do": "write", "path": "a"}]}]}, "cues.0.actions.0.write.text"),
        ({"cues": [{**CUE, "actions": [{"do": "fail", "kind": "odd"}]}]}, "cues.0.actions.0.fail.kind"),
        ({"settings": {"tester": {"command": "x"}}}, "settings.tester.command"),
    ],
)
def test_a_bad_field_is_named(change: dict[str, Any], path: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        read(json.dumps({"name": "x", "cues": [CUE], **change}))
    assert refused.value.facts["path"] == path
    assert path in refused.value.what


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff\xfe", b'{"name": NaN}', b"[" * 100_000])
def test_what_is_no_json_object_is_refused(data: bytes) -> None:
    with pytest.raises(ScenarioError):
        read(data)


def test_a_scenario_that_would_not_fit_into_the_run_is_refused() -> None:
    with pytest.raises(ScenarioError, match="bytes"):
        read(b" " * (LARGEST + 1))


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    file = tmp_path / "own.json"
    file.write_text(json.dumps({"name": "own", "cues": [CUE]}))
    assert load(file).name == load(str(file)).name == "own"


@pytest.mark.parametrize("name", ["nothing", "../roles/scenarios/demo", "/nonexistent.json"])
def test_a_scenario_that_is_not_there_names_those_that_are(name: str) -> None:
    with pytest.raises(ScenarioError, match="default, demo"):
        load(name)


@pytest.mark.parametrize("name", names())
def test_a_scenario_survives_being_kept_in_a_run(name: str) -> None:
    scenario = load(name)
    assert read(dump(scenario)) == scenario
    assert scenario.overlay(Settings()) == read(dump(scenario)).overlay(Settings())


def test_settings_of_the_scenario_stand_above_the_users() -> None:
    mine = Settings(max_agents=2, roles={Role.ANALYST: RoleSettings(workers=3)})
    resolved = load("demo").overlay(mine)
    assert resolved.tester.commands == ("python3 -m unittest -q",)
    assert resolved.max_agents == 2
    assert resolved.role(Role.ANALYST).workers == 3


def test_a_cue_may_end_in_silence_without_an_answer() -> None:
    cues = [{"role": "analyst", "actions": [{"do": "hang"}]}]
    assert read(json.dumps({"name": "x", "cues": cues})).cues[0].answer is None
