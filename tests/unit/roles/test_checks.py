"""Ledgers and plans that do not hold together are asked for once more."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from sextet.errors import OutcomeError
from sextet.model.answers import Analysis, Ledger, WorkPlan
from sextet.model.names import Role
from sextet.model.task import FailureKind
from sextet.roles.cast import Cast
from sextet.roles.consensus import check_ledger
from sextet.roles.executor import AttemptFailedError
from sextet.roles.splitter import check_plan
from sextet.workspace.worktree import Workshop
from support.rehearsals import FakeAgents, Remembering, make_assignment


class NoFiles(FakeAgents):
    """Agents that need no checkout."""

    def needs_checkout(self, _: object) -> bool:
        return False


def requirement(name: str, *support: int) -> dict[str, Any]:
    return {"id": name, "title": name, "detail": "", "acceptance": (), "support": support}


def ledger(*requirements: Mapping[str, Any], dissent: tuple[int, ...] = ()) -> dict[str, Any]:
    return {
        "summary": "",
        "requirements": requirements,
        "dissent": [{"draft": number, "text": ""} for number in dissent],
        "openQuestions": (),
    }


def item(
    name: str, *depends: str, files: tuple[str, ...] = (), serves: tuple[str, ...] = ()
) -> dict[str, Any]:
    return {
        "id": name,
        "title": name,
        "instructions": "",
        "files": files,
        "dependsOn": depends,
        "requirements": serves,
    }


def plan(*items: Mapping[str, Any]) -> dict[str, Any]:
    return {"summary": "", "items": items}


def workshop_unused() -> Workshop:
    return cast("Workshop", None)


def player(role: Role, *replies: Any) -> tuple[Any, NoFiles]:
    agents = NoFiles(replies)
    return Cast(workshop_unused(), {role: agents}).executor(role), agents


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (ledger(requirement("R1", 1), requirement("R1", 2)), "'R1' is used twice"),
        (ledger(requirement("R1", 1, 3)), "no draft 3"),
        (ledger(dissent=(7,)), "no draft 7"),
        (ledger(requirement("R1", 0)), "no draft 0"),
    ],
)
def test_a_ledger_that_does_not_hold_together_is_refused(answer: dict[str, Any], reason: str) -> None:
    with pytest.raises(OutcomeError, match=reason):
        check_ledger(Ledger.model_validate(answer), {1, 2})


def test_a_ledger_amended_without_drafts_may_keep_its_old_support() -> None:
    check_ledger(Ledger.model_validate(ledger(requirement("R1", 1, 2))), ())


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (plan(item("a"), item("a")), "'a' is used twice"),
        (plan(item("a", "b")), "depends on 'b', which is not"),
        (plan(item("a", "a")), "circle"),
        (plan(item("a", "b"), item("b", "c"), item("c", "a")), "circle"),
        (plan(item("a", files=("../x",))), "cannot be a path"),
        (plan(item("a", files=("/etc/passwd",))), "cannot be a path"),
        (plan(item("a", files=(".git/config",))), "cannot be a path"),
        (plan(item("a", files=("codex-runs/x",))), "cannot be a path"),
        (plan(item("a", serves=("R9",))), "no requirement 'R9'"),
    ],
)
def test_a_plan_that_does_not_hold_together_is_refused(answer: dict[str, Any], reason: str) -> None:
    with pytest.raises(OutcomeError, match=reason):
        check_plan(WorkPlan.model_validate(answer), Ledger.model_validate(ledger(requirement("R1", 1))))


def test_a_plan_with_folders_and_a_diamond_holds_together() -> None:
    answer = plan(item("d", "b", "c"), item("b", "a"), item("c", "a"), item("a", files=("src/", "a.py")))
    check_plan(WorkPlan.model_validate(answer), None)


async def test_the_splitter_is_asked_once_more_with_every_reason() -> None:
    bad = plan(item("a", "b", files=("../x",)))
    executor, agents = player(Role.SPLITTER, bad, plan(item("a")))
    outcome = await executor.execute(make_assignment(Role.SPLITTER), Remembering())
    assert [each.id for each in outcome.plan.items] == ["a"]
    assert "depends on 'b'" in agents.requests[1].prompt
    assert "'../x'" in agents.requests[1].prompt


async def test_a_splitter_that_insists_fails_the_attempt() -> None:
    executor, _ = player(Role.SPLITTER, *[plan(item("a", "a"))] * 2)
    with pytest.raises(AttemptFailedError) as failed:
        await executor.execute(make_assignment(Role.SPLITTER), Remembering())
    assert failed.value.failure.kind is FailureKind.ANSWER
    assert "circle" in failed.value.failure.cause


async def test_the_consensus_builder_is_asked_once_more() -> None:
    draft = Analysis(summary="", requirements=(), risks=(), test_commands=())
    executor, agents = player(Role.CONSENSUS, ledger(requirement("R1", 4)), ledger(requirement("R1", 1)))
    outcome = await executor.execute(make_assignment(Role.CONSENSUS, drafts={1: draft}), Remembering())
    assert outcome.ledger.requirements[0].support == (1,)
    assert "no draft 4" in agents.requests[1].prompt


async def test_a_turn_that_touches_no_file_is_given_no_folder() -> None:
    executor, agents = player(Role.SPLITTER, plan())
    await executor.execute(make_assignment(Role.SPLITTER), Remembering())
    assert agents.requests[0].fence.mode == "read-only"
    assert agents.requests[0].fence.cwd == Path("/nonexistent")
