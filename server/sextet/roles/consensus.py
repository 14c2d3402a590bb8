"""Consensus: all drafts → one ledger with support and dissent."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sextet.errors import OutcomeError
from sextet.model.answers import Ledger
from sextet.model.outcome import ConsensusOutcome
from sextet.roles.agent import Interview
from sextet.roles.desk import Desk
from sextet.roles.executor import Assignment, Sink
from sextet.roles.prompts import fill


@dataclass(frozen=True, slots=True)
class Consensus:
    """The consensus builder."""

    desk: Desk

    async def execute(self, assignment: Assignment, sink: Sink) -> ConsensusOutcome:
        """Reconcile the drafts.

        Raises:
            AttemptFailedError: there is no ledger, and why.
        """
        drafts = frozenset(assignment.drafts or ())
        async with self.desk.reading(assignment) as fence:
            interview = Interview(self.desk.agents, assignment, sink)
            ledger = await interview.ask(
                Ledger, fill(assignment), fence, lambda answer: check_ledger(answer, drafts)
            )
        return ConsensusOutcome(ledger=ledger)


def check_ledger(ledger: Ledger, drafts: Collection[int]) -> None:
    """Whether support and dissent speak of drafts that exist, and ids are unique.

    Raises:
        OutcomeError: they do not; with every reason.
    """
    ids = [each.id for each in ledger.requirements]
    wrong = [f"the requirement id {each!r} is used twice" for each in sorted(set(ids)) if ids.count(each) > 1]
    named = {number for each in ledger.requirements for number in each.support}
    named |= {each.draft for each in ledger.dissent}
    wrong += [f"there is no draft {number}" for number in sorted(named - set(drafts))] if drafts else []
    if wrong:
        raise OutcomeError(f"The ledger does not hold together: {'; '.join(wrong[:10])}.")
