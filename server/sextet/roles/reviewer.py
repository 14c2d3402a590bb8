"""Reviewer: patch, test report and ledger → a verdict, its findings attributed to items."""

from __future__ import annotations

from dataclasses import dataclass

from sextet.model.answers import ReviewAnswer
from sextet.model.names import Severity
from sextet.model.outcome import Finding, ReviewOutcome, TestOutcome
from sextet.model.task import Failure, FailureKind
from sextet.roles.agent import Interview
from sextet.roles.desk import Desk
from sextet.roles.executor import Assignment, AttemptFailedError, Sink
from sextet.roles.findings import Attribution, finding
from sextet.roles.prompts import fill
from sextet.workspace import changeset


@dataclass(frozen=True, slots=True)
class Reviewer:
    """The reviewer. It also judges after red tests, because it says whose failure it is."""

    desk: Desk

    async def execute(self, assignment: Assignment, sink: Sink) -> ReviewOutcome:
        """Judge `assignment.tree`.

        Raises:
            AttemptFailedError: there is no verdict, and why.
        """
        test, tree = assignment.test, assignment.tree
        if test is not None and test.tree != tree:
            cause = "The test report speaks of another tree than the one to be reviewed."
            raise AttemptFailedError(Failure(kind=FailureKind.INTERNAL, cause=cause))
        mirror = self.desk.workshop.mirror
        base = assignment.patch.base if assignment.patch else assignment.run.base.tree
        changes = await changeset.diff(mirror, base, tree)
        diff = await changeset.picture(mirror, changes)
        async with self.desk.reading(assignment) as fence:
            interview = Interview(self.desk.agents, assignment, sink)
            prompt = fill(assignment, diff=diff, changes=changes)
            answer = await interview.ask(ReviewAnswer, prompt, fence)
        blobs = {file.path: file.new_blob for file in changes.files}
        return conclude(answer, tree, test, Attribution(assignment.items, blobs))


def conclude(
    answer: ReviewAnswer, tree: str, test: TestOutcome | None, attribution: Attribution
) -> ReviewOutcome:
    """The outcome: an approve with blocking findings or after red tests is none (pure).

    A verdict that asks for changes always carries a finding, so that somebody can mend something.
    """
    findings = [attribution.remark(each) for each in answer.findings]
    red = test is not None and not test.passed
    verdict, summary = answer.verdict, answer.summary
    if verdict == "approve" and red:
        verdict, summary = "changes_requested", f"The tests fail, so this is no approval. {summary}"
    elif verdict == "approve" and any(each.severity is Severity.BLOCKING for each in findings):
        verdict, summary = "changes_requested", f"Blocking findings make this no approval. {summary}"
    if red and test is not None:
        findings += _failures(test, findings, attribution)
    if verdict == "changes_requested" and not findings:
        findings = [_summary(answer)]
    return ReviewOutcome(tree=tree, verdict=verdict, summary=summary[:100_000], findings=tuple(findings))


def _failures(test: TestOutcome, findings: list[Finding], attribution: Attribution) -> list[Finding]:
    """The failing tests, for the items that blocking findings name; without any, for those of their files.

    The item whose test fails is often not the one to mend, and the reviewer has said which one is.
    """
    blamed = {item for each in findings if each.severity is Severity.BLOCKING for item in each.items}
    known = {each.fingerprint for each in findings}
    return [
        attribution.place(each, blamed)
        for each in test.findings
        if not each.baseline and each.fingerprint not in known
    ]


def _summary(answer: ReviewAnswer) -> Finding:
    text = answer.summary or "The reviewer asks for changes and does not say which."
    return finding("review", text, severity=Severity.BLOCKING)
