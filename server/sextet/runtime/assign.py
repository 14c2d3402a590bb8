"""What an attempt is told: from the view of a run to an Assignment."""

from __future__ import annotations

from sextet.model.answers import Ledger
from sextet.model.names import Kind, Role
from sextet.model.outcome import TestOutcome
from sextet.model.settings import RoleSettings
from sextet.model.task import Item, Task
from sextet.pipeline.view import RunView
from sextet.roles.executor import Assignment

_ON_INTEGRATION = frozenset({Kind.CONSENSUS, Kind.SPLIT, Kind.IMPLEMENT})


def assignment(view: RunView, task: Task, worker_id: str) -> Assignment:
    """All that an attempt of `task` needs to know, as things stand now."""
    settings = view.settings_of(task.role)
    patch = view.patches.get(task.patch)
    return Assignment(
        run=view.the_run,
        task=task,
        worker_id=worker_id,
        settings=settings,
        tree=_tree(view, task),
        models=_models(settings, task, worker_id),
        drafts=view.drafts(1) if task.role is Role.CONSENSUS else None,
        ledger=_ledger(view, task),
        items=_items(view, task.patch),
        patch=patch if task.kind in {Kind.TEST, Kind.REVIEW} else None,
        test=view.evidence(task.patch) if task.kind is Kind.REVIEW else None,
        baseline=_baseline(view, task),
        wishes=tuple(view.wishes[number] for number in sorted(view.wishes) if number <= task.patch),
        comments=view.comments.get(task.id, ()),
    )


def retest(view: RunView, patch: int, tree: str) -> Assignment:
    """What the tester needs to know to try a tree that the user made of a patch."""
    task = Task(id=f"retest-{patch}", kind=Kind.TEST, title="Test what the user has", patch=patch, epoch=1)
    return Assignment(
        run=view.the_run,
        task=task,
        worker_id="retest-1",
        settings=view.settings_of(Role.TESTER),
        tree=tree,
        models=(),
        baseline=_baseline(view, task),
    )


def _tree(view: RunView, task: Task) -> str:
    if task.kind in {Kind.TEST, Kind.REVIEW} and task.start:
        return task.start
    if task.kind in _ON_INTEGRATION:
        return view.trees[task.patch][0]
    return view.bases[task.patch].tree


def _models(settings: RoleSettings, task: Task, worker_id: str) -> tuple[str, ...]:
    """In order of preference; spread workers begin at different places of the list."""
    models = settings.models
    if not settings.spread or not models:
        return models
    number = task.slot if task.kind is Kind.ANALYSIS else int(worker_id.rsplit("-", 1)[1])
    shift = (number - 1) % len(models)
    return models[shift:] + models[:shift]


def _ledger(view: RunView, task: Task) -> Ledger | None:
    number = task.patch
    while number and number not in view.ledgers:
        number -= 1
    return view.ledgers.get(number)


def _items(view: RunView, patch: int) -> tuple[Item, ...]:
    return tuple(task.item for task in view.of_kind(Kind.IMPLEMENT, patch) if task.item)


def _baseline(view: RunView, task: Task) -> TestOutcome | None:
    done = view.baseline.get(task.patch)
    if done is None:
        return None
    passed = all(command.exit_code == 0 for command in done.commands)
    return TestOutcome(
        tree=view.bases[task.patch].tree,
        passed=passed,
        untested=not done.commands,
        commands=done.commands,
        findings=done.findings,
    )
