"""The shipped scenarios, played to their end on real repositories by the real executors."""

from __future__ import annotations

from pathlib import Path

import pytest

from sextet.model.names import Role
from sextet.roles.scenario import load, names
from support import repos
from support.rehearsals import Stage


@pytest.fixture
async def demo(tmp_path: Path) -> Stage:
    scenario = load("demo")
    top = repos.make(tmp_path / "repo", scenario.repository)
    return await Stage.build(await repos.workshop(top, tmp_path / "state"), scenario)


@pytest.mark.slow
async def test_the_demo_fails_a_test_once_mends_the_named_item_and_is_approved(demo: Stage) -> None:
    review = await demo.whole()

    tests = [each for each in demo.outcomes if each.kind == "test"]
    reviews = [each for each in demo.outcomes if each.kind == "review"]
    assert [each.passed for each in tests] == [False, True]
    assert tests[0].findings[0].file == "tests/test_main.py"
    assert [each.verdict for each in reviews] == ["changes_requested", "approve"]
    assert reviews[0].findings[0].items == ("counting",)
    assert review.tree == demo.tree != demo.run.base.tree
    implemented = [each for each in demo.outcomes if each.kind == "implement"]
    assert len(implemented) == 4
    assert implemented[-1].change.files == ("tally/counting.py", "tests/test_counting.py")


@pytest.mark.slow
async def test_the_demo_says_in_every_log_that_it_is_a_rehearsal(demo: Stage) -> None:
    await demo.whole()
    asked = [sink for sink in demo.sinks if "prompt.md" in sink.artifacts]
    assert len(asked) == 10
    assert all("This is a rehearsal" in sink.text("agent") for sink in asked)
    assert all(sink.usage.total > 0 for sink in asked)


async def test_the_two_analysts_of_the_demo_differ_and_the_dissent_is_kept(demo: Stage) -> None:
    one = await demo.play(Role.ANALYST, slot=1, id="analysis-1-1")
    two = await demo.play(Role.ANALYST, slot=2, id="analysis-1-2")
    assert one.draft != two.draft
    ledger = (await demo.play(Role.CONSENSUS, drafts={1: one.draft, 2: two.draft})).ledger
    assert len(ledger.requirements) == 3
    assert ledger.dissent[0].draft == 2


async def test_the_evidence_of_the_demo_points_into_its_repository(demo: Stage) -> None:
    files = load("demo").repository
    for slot in (1, 2):
        draft = (await demo.play(Role.ANALYST, slot=slot, id=f"analysis-1-{slot}")).draft
        for evidence in (each for requirement in draft.requirements for each in requirement.evidence):
            assert files[evidence.file].splitlines()[evidence.line - 1].strip()


@pytest.mark.parametrize("files", [{}, {"a.txt": "a\n"}, {"REHEARSAL.md": "mine\n"}])
async def test_the_default_scenario_plays_on_any_repository(
    tmp_path: Path, files: dict[str, repos.Content]
) -> None:
    top = repos.make(tmp_path / "repo", files)
    stage = await Stage.build(await repos.workshop(top, tmp_path / "state"), load("default"))
    review = await stage.whole()
    assert review.verdict == "approve"
    assert stage.outcomes[-2].untested
    text = repos.git(stage.workshop.mirror.git_dir, "show", f"{stage.tree}:REHEARSAL.md")
    assert text.startswith(str(files.get("REHEARSAL.md", "This paragraph")).strip())


async def test_a_follow_up_and_a_rework_of_the_default_scenario_change_something(tmp_path: Path) -> None:
    top = repos.make(tmp_path / "repo", {})
    stage = await Stage.build(await repos.workshop(top, tmp_path / "state"), load("default"))
    await stage.whole()
    before = stage.tree
    items = [each.plan.items[0] for each in stage.outcomes if each.kind == "split"]
    from support.rehearsals import item_of

    await stage.implement([item_of(items[0])])
    assert stage.tree != before


def test_the_shipped_scenarios_are_those_two() -> None:
    assert names() == ("default", "demo")
