"""Which tasks a patch needs and what they are called; ids are the same for the same plan."""

from __future__ import annotations

from sextet.model.answers import PlannedItem, WorkPlan
from sextet.model.names import Kind, Mode
from sextet.model.run import Briefing
from sextet.model.task import Item, Task


def task_id(kind: Kind, patch: int, slot: int = 0) -> str:
    """`analysis-1-2`, `test-1`: the kind, the patch, and the slot where there are several."""
    return f"{kind}-{patch}-{slot}" if slot else f"{kind}-{patch}"


def analyses(briefing: Briefing) -> list[Task]:
    """The independent drafts of a run's first patch."""
    word = "Hunt for bugs" if briefing.mode is Mode.BUG_HUNT else "Draft the requirements"
    return [
        Task(
            id=task_id(Kind.ANALYSIS, 1, slot),
            kind=Kind.ANALYSIS,
            title=f"{word}, independently ({slot} of {briefing.hunters})",
            patch=1,
            slot=slot,
        )
        for slot in range(1, briefing.hunters + 1)
    ]


def consensus(patch: int, depends_on: tuple[str, ...]) -> Task:
    """The one ledger of a patch."""
    title = "Reconcile the drafts" if patch == 1 else "Amend the requirements"
    return Task(
        id=task_id(Kind.CONSENSUS, patch),
        kind=Kind.CONSENSUS,
        title=title,
        patch=patch,
        depends_on=depends_on,
    )


def split(patch: int) -> Task:
    """The one plan of a patch."""
    return Task(
        id=task_id(Kind.SPLIT, patch),
        kind=Kind.SPLIT,
        title="Split the work into items",
        patch=patch,
        depends_on=(task_id(Kind.CONSENSUS, patch),),
    )


def implements(patch: int, plan: WorkPlan) -> list[Task]:
    """One task per item, in the plan's order; dependencies by item id become dependencies by task id.

    What cannot be followed is left out: a dependency on an unknown item, and one that closes a circle.
    """
    first: dict[str, int] = {}
    for number, item in enumerate(plan.items, 1):
        first.setdefault(item.id, number)
    needs: dict[int, tuple[int, ...]] = {}
    for number, item in enumerate(plan.items, 1):
        named = dict.fromkeys(first[name] for name in item.depends_on if name in first)
        needs[number] = tuple(other for other in named if not _leads_to(needs, other, number))
    return [_implement(patch, n, item, needs[n]) for n, item in enumerate(plan.items, 1)]


def _leads_to(needs: dict[int, tuple[int, ...]], start: int, goal: int) -> bool:
    """True when `start` is `goal` or needs it, directly or through others."""
    seen: set[int] = set()
    todo = [start]
    while todo:
        number = todo.pop()
        if number == goal:
            return True
        if number not in seen:
            seen.add(number)
            todo.extend(needs.get(number, ()))
    return False


def _implement(patch: int, number: int, planned: PlannedItem, needs: tuple[int, ...]) -> Task:
    return Task(
        id=task_id(Kind.IMPLEMENT, patch, number),
        kind=Kind.IMPLEMENT,
        title=planned.title,
        patch=patch,
        slot=number,
        item=Item(
            id=planned.id,
            title=planned.title,
            instructions=planned.instructions,
            files=planned.files,
            depends_on=planned.depends_on,
            requirements=planned.requirements,
        ),
        depends_on=tuple(task_id(Kind.IMPLEMENT, patch, other) for other in needs),
    )


def judge(kind: Kind, patch: int, tree: str) -> Task:
    """The tester's or the reviewer's task of a patch, for one tree."""
    title = "Run the tests" if kind is Kind.TEST else "Review the patch"
    return Task(id=task_id(kind, patch), kind=kind, title=title, patch=patch, start=tree)
