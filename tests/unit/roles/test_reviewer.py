"""The verdict: what the reviewer said, held against the evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sextet.model.answers import ReviewAnswer
from sextet.model.names import Role, Severity
from sextet.model.outcome import ReviewOutcome, TestOutcome
from sextet.model.patch import Patch
from sextet.model.task import FailureKind, Item
from sextet.roles.cast import Cast
from sextet.roles.executor import AttemptFailedError
from sextet.roles.findings import Attribution, finding
from sextet.roles.reviewer import conclude
from sextet.workspace import snapshot
from support import repos
from support.rehearsals import OTHER, TREE, FakeAgents, Remembering, make_assignment, make_run

ITEMS = (
    Item(id="one", title="", instructions="", files=("a.py",)),
    Item(id="two", title="", instructions="", files=("tests/",)),
)
ATTRIBUTION = Attribution(ITEMS, {})
GREEN = TestOutcome(tree=TREE, passed=True)
RED = TestOutcome(
    tree=TREE,
    passed=False,
    findings=(
        finding("test", "test_a fails.", file="tests/test_a.py", line=3, severity=Severity.BLOCKING),
        finding("test", "old", file="a.py", severity=Severity.BLOCKING).model_copy(update={"baseline": True}),
    ),
)


def remark(severity: str = "blocking", *items: str, file: str = "a.py") -> dict[str, Any]:
    return {"file": file, "line": 1, "severity": severity, "message": "Wrong.", "items": items}


def judged(verdict: str, *findings: dict[str, Any], test: TestOutcome | None = GREEN) -> ReviewOutcome:
    answer = ReviewAnswer.model_validate({"verdict": verdict, "summary": "So.", "findings": findings})
    return conclude(answer, TREE, test, ATTRIBUTION)


def test_an_approve_with_a_blocking_finding_asks_for_changes() -> None:
    outcome = judged("approve", remark("blocking"))
    assert outcome.verdict == "changes_requested"
    assert outcome.findings[0].items == ("one",)


@pytest.mark.parametrize("severity", ["major", "minor", "note"])
def test_an_approve_with_lesser_findings_stays_one(severity: str) -> None:
    outcome = judged("approve", remark(severity))
    assert outcome.verdict == "approve"
    assert len(outcome.findings) == 1


def test_an_approve_after_red_tests_asks_for_changes_with_the_failing_tests() -> None:
    outcome = judged("approve", test=RED)
    assert outcome.verdict == "changes_requested"
    assert [(each.source, each.items) for each in outcome.findings] == [("test", ("two",))]


def test_the_failing_tests_go_to_the_item_that_the_reviewer_blames() -> None:
    outcome = judged("changes_requested", remark("blocking", "one"), test=RED)
    assert [(each.source, each.items) for each in outcome.findings] == [
        ("review", ("one",)),
        ("test", ("one",)),
    ]


def test_failures_of_the_base_are_nobodys() -> None:
    assert "old" not in [each.message for each in judged("approve", test=RED).findings]


def test_changes_without_a_finding_carry_the_summary() -> None:
    outcome = judged("changes_requested")
    assert [(each.message, each.severity) for each in outcome.findings] == [("So.", Severity.BLOCKING)]


def test_blocked_stays_blocked() -> None:
    assert judged("blocked", test=RED).verdict == "blocked"


def test_an_untested_tree_can_be_approved() -> None:
    test = TestOutcome(tree=TREE, passed=True, untested=True)
    assert judged("approve", test=test).verdict == "approve"


async def test_the_reviewer_is_shown_the_patch_and_its_folder_holds_the_patched_tree(tmp_path: Path) -> None:
    top = repos.make(tmp_path / "repo", {"a.py": "old\n"})
    shop = await repos.workshop(top, tmp_path / "state")
    base = await snapshot.take(shop.mirror, shop.repository, run_id=make_run().id)
    repos.write(top, {"a.py": "new\n"})
    after = await snapshot.take(shop.mirror, shop.repository, run_id=make_run().id)
    seen = {}

    async def reply(request: Any, _: Any) -> object:
        seen["files"] = repos.read(request.fence.cwd)
        seen["fence"] = request.fence
        return {"verdict": "approve", "summary": "", "findings": [remark("note")]}

    agents = FakeAgents([reply])
    patch = Patch(id="patch-1", number=1, base=base.tree, tree=after.tree, commit=after.commit)
    assignment = make_assignment(Role.REVIEWER, tree=after.tree, patch=patch, items=ITEMS)
    outcome = (
        await Cast(shop, {Role.REVIEWER: agents}).executor(Role.REVIEWER).execute(assignment, Remembering())
    )

    assert seen["files"] == {"a.py": b"new\n"}
    assert seen["fence"].mode == "read-only"
    assert "-old\n+new" in agents.requests[0].prompt
    assert "- a.py (+1 -1)" in agents.requests[0].prompt
    assert outcome.tree == after.tree
    assert outcome.findings[0].blob == repos.git(shop.mirror.git_dir, "rev-parse", f"{after.tree}:a.py")


async def test_a_report_about_another_tree_is_no_evidence() -> None:
    assignment = make_assignment(Role.REVIEWER, test=TestOutcome(tree=OTHER, passed=True))
    executor: Any = Cast(None, {Role.REVIEWER: FakeAgents([])}).executor(Role.REVIEWER)  # type: ignore[arg-type]
    with pytest.raises(AttemptFailedError) as failed:
        await executor.execute(assignment, Remembering())
    assert failed.value.failure.kind is FailureKind.INTERNAL
