"""Runs that are worked on follow their settings, and nothing else does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sextet.model import events as ev
from sextet.model.names import Role, RunState
from sextet.model.settings import RoleSettings, Settings
from sextet.pipeline.view import RunView
from sextet.service.tuning import Tuner, changes, tuned
from sextet.store import reading, runs
from support import plays, repos
from support.plays import Play
from support.runs import scenario, shop, wait


def view(*chosen: str, **settings: Any) -> RunView:
    run = plays.run(settings=Settings(**settings)).model_copy(update={"chosen": chosen})
    return Play(run).view


def of(role: Role, **values: Any) -> Settings:
    begun = Settings().role(role)
    return Settings(roles={**Settings().roles, role: begun.model_copy(update=values)})


# What has changed ---------------------------------------------------------------------------------
def test_a_change_that_no_run_can_follow_is_reported() -> None:
    after = Settings(max_agents=9, max_reworks=1, patch_apply="auto")
    assert changes(Settings(), after) == {"maxAgents"}
    assert changes(Settings(), of(Role.TESTER, effort="low", workers=3)) == {
        "roles.tester.effort",
        "roles.tester.workers",
    }
    assert changes(after, after) == frozenset()


def test_a_change_of_one_value_takes_the_others_of_its_role_along() -> None:
    event = tuned(view(), of(Role.ANALYST, workers=5, effort="low"), {"roles.analyst.effort"})
    assert event is not None
    assert event.roles == {Role.ANALYST: RoleSettings(workers=2, spread=True, effort="low")}
    assert (event.origin, event.max_agents) == ("settings", None)


def test_the_second_change_forgets_the_first() -> None:
    play = Play()
    for key, settings in (
        ("roles.analyst.workers", of(Role.ANALYST, workers=5)),
        ("roles.analyst.models", of(Role.ANALYST, models=("m",))),
    ):
        event = tuned(play.view, settings, {key})
        assert event is not None
        play.record(event)
    assert play.view.settings_of(Role.ANALYST) == RoleSettings(workers=5, spread=True, models=("m",))


def test_nothing_new_makes_an_event() -> None:
    assert tuned(view(), Settings(), {"roles.analyst.workers", "maxAgents"}) is None
    assert tuned(view(), of(Role.ANALYST, workers=5), ()) is None


def test_a_value_that_was_chosen_for_this_run_is_changed_by_the_settings() -> None:
    new = Settings(max_agents=9, roles=of(Role.ANALYST, workers=5, effort="low").roles)
    keys = changes(Settings(), new)
    event = tuned(view("roles.analyst.workers", "maxAgents"), new, keys)
    assert event is not None
    assert event.roles[Role.ANALYST].workers == 2
    assert event.roles[Role.ANALYST].effort == "low"
    assert event.max_agents is None


def test_what_was_said_about_a_role_while_the_run_went_on_is_changed_by_the_settings() -> None:
    play = Play()
    play.record(ev.RolesChanged(roles={Role.ANALYST: RoleSettings(workers=7)}))
    assert tuned(play.view, of(Role.ANALYST, workers=5), {"roles.analyst.workers"}) is None


# On a supervisor ----------------------------------------------------------------------------------
@pytest.fixture
def top(tmp_path: Path) -> Path:
    return repos.make(tmp_path / "repo", {"a.txt": "a\n"})


@pytest.fixture
def long(tmp_path: Path) -> Path:
    """A scenario whose analysts are at work until somebody ends it."""
    file = tmp_path / "long.json"
    file.write_text(json.dumps(scenario(analyst=[wait(600)])))
    return file


def workers(it: Any, run_id: str, role: str) -> int:
    statuses = it.orchestrator.live(run_id).crew.statuses
    return sum(status.role == role for status in statuses)


def said(it: Any, run_id: str) -> list[ev.RolesChanged]:
    folder = runs.open_run(it.top, it.orchestrator.place.state, run_id, read_only=True)
    events = (entry.event for entry in reading.read(folder))
    return [event for event in events if isinstance(event, ev.RolesChanged)]


async def test_a_live_run_does_not_follow_or_one_that_has_ended_does(top: Path, long: Path) -> None:
    async with shop(top) as it:
        tuner, place = Tuner(it.orchestrator.place), it.orchestrator.place
        over, live = [await it.start(long) for _ in range(2)]
        await it.call("run/stop", runId=over)
        assert await it.orchestrator.wait(over) is RunState.STOPPED
        await it.until(live, lambda view: bool(view.working))
        place.editor.say({"roles": {"implementer": {"workers": 4}}, "maxAgents": 1})
        assert await tuner.follow(it.orchestrator.driving()) == ()
        assert workers(it, live, "implementer") == 4
        assert it.view(live).max_agents == it.orchestrator._house.slots._number == 1
        assert await tuner.follow(it.orchestrator.driving()) == ()
        assert (len(said(it, live)), said(it, over)) == (1, [])


async def test_a_run_in_the_queue_begins_with_what_the_settings_were(top: Path, long: Path) -> None:
    async with shop(top) as it:
        tuner = Tuner(it.orchestrator.place)
        first, second = [await it.start(long) for _ in range(2)]
        it.orchestrator.place.editor.say({"maxAgents": 1})
        await tuner.follow(it.orchestrator.driving())
        await it.call("run/stop", runId=first)
        await it.until(second, lambda view: bool(view.working))
        assert it.orchestrator._house.slots._number == 1


async def test_a_value_that_takes_a_guard_away_reaches_a_live_run_untrusted(top: Path, long: Path) -> None:
    async with shop(top) as it:
        place = it.orchestrator.place
        tuner, run_id = Tuner(place), await it.start(long)
        network = {"roles": {"implementer": {"network": True, "effort": "low"}}}
        place.editor.say(network)
        (problem,) = await tuner.follow(it.orchestrator.driving())
        assert problem.key == "sextet.roles.implementer.network"
        now = it.view(run_id).settings_of(Role.IMPLEMENTER)
        assert (now.network, now.effort) == (False, "low")
        assert await tuner.follow(it.orchestrator.driving()) == (problem,), "it is still waited for"
        place.trust.trust("roles.implementer.network", value=True, by="ada")
        assert await tuner.follow(it.orchestrator.driving()) == ()
        assert it.view(run_id).settings_of(Role.IMPLEMENTER).network


async def test_a_changed_file_of_the_repository_is_not_looked_at(top: Path, long: Path) -> None:
    async with shop(top) as it:
        tuner, run_id = Tuner(it.orchestrator.place), await it.start(long)
        (top / ".vscode").mkdir()
        (top / ".vscode" / "settings.json").write_text('{"sextet.roles.tester.workers": 3}')
        await tuner.follow(it.orchestrator.driving())
        assert it.view(run_id).settings_of(Role.TESTER).workers == 3


async def test_an_override_of_the_request_or_of_the_scenario_does_not_belong_to_the_run(
    top: Path, tmp_path: Path
) -> None:
    file = tmp_path / "own.json"
    file.write_text(json.dumps(scenario(settings={"maxAgents": 2})))
    async with shop(top) as it:
        run_id = await it.start(file, autoStart=False, overrides={"roles.tester.effort": "low"})
        assert set(it.view(run_id).the_run.chosen) == {"maxAgents", "roles.tester.effort"}
