"""Splitter: the ledger → work items that can be done side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from sextet.errors import OutcomeError, UnsafePathError
from sextet.model.answers import Ledger, PlannedItem, WorkPlan
from sextet.model.outcome import SplitOutcome
from sextet.roles.agent import Interview
from sextet.roles.desk import Desk
from sextet.roles.executor import Assignment, Sink
from sextet.roles.prompts import fill
from sextet.system.paths import check_relative


@dataclass(frozen=True, slots=True)
class Splitter:
    """The splitter."""

    desk: Desk

    async def execute(self, assignment: Assignment, sink: Sink) -> SplitOutcome:
        """Cut the work into items.

        Raises:
            AttemptFailedError: there is no plan, and why.
        """
        async with self.desk.reading(assignment) as fence:
            interview = Interview(self.desk.agents, assignment, sink)
            plan = await interview.ask(
                WorkPlan, fill(assignment), fence, lambda answer: check_plan(answer, assignment.ledger)
            )
        return SplitOutcome(plan=plan)


def check_plan(plan: WorkPlan, ledger: Ledger | None) -> None:
    """Whether ids are unique, dependencies known and free of circles, paths safe, requirements known.

    Raises:
        OutcomeError: it is not so; with every reason.
    """
    wrong = [*_ids(plan.items), *_dependencies(plan.items), *_paths(plan.items), *_requirements(plan, ledger)]
    if wrong:
        raise OutcomeError(f"The plan does not hold together: {'; '.join(wrong[:10])}.")


def _ids(items: Sequence[PlannedItem]) -> Iterable[str]:
    ids = [item.id for item in items]
    return (f"the item id {each!r} is used twice" for each in sorted(set(ids)) if ids.count(each) > 1)


def _dependencies(items: Sequence[PlannedItem]) -> Iterable[str]:
    graph: Mapping[str, set[str]] = {item.id: set(item.depends_on) for item in items}
    unknown = sorted({each for needs in graph.values() for each in needs} - graph.keys())
    yield from (f"an item depends on {each[:100]!r}, which is not in the plan" for each in unknown)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = " → ".join(str(each)[:40] for each in error.args[1])
        yield f"items depend on each other in a circle ({circle})"


def _paths(items: Sequence[PlannedItem]) -> Iterable[str]:
    for path in sorted({path for item in items for path in item.files}):
        try:
            check_relative(path.removesuffix("/"))
        except UnsafePathError as error:
            yield f"{path[:200]!r} cannot be a path of the repository ({error.what})"


def _requirements(plan: WorkPlan, ledger: Ledger | None) -> Iterable[str]:
    if ledger is None:
        return ()
    known = {each.id for each in ledger.requirements}
    named = {each for item in plan.items for each in item.requirements}
    return (f"the ledger has no requirement {each[:100]!r}" for each in sorted(named - known))
