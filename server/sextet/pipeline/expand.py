"""What follows: view -> events to record next. Pure, idempotent, run after every event and every crash.

Each step looks at counts, not at all tasks, and returns the events of one stage; the session records
them and asks again until nothing follows.
"""

from __future__ import annotations

from sextet.model import events as ev
from sextet.model.names import Kind, RunState, Severity, TaskState
from sextet.model.outcome import ReviewOutcome, TestOutcome
from sextet.model.patch import PatchState
from sextet.model.task import Task
from sextet.pipeline import pick, questions, rework, score
from sextet.pipeline.transitions import CLOSED
from sextet.pipeline.view import RunView

Events = list[ev.RunEvent]

_OVER = (TaskState.DONE, *CLOSED)
LIVE = frozenset({RunState.RUNNING, RunState.WAITING_FOR_HUMAN})


def expand(view: RunView) -> Events:
    """The events that follow from the view as it is; empty when it is at rest.

    Nothing follows while a run is queued, bootstrapping, interrupted or ended: sessions and people
    move it from there.
    """
    if view.state not in LIVE:
        return []
    for step in _STEPS:
        found = step(view)
        if found:
            return found
    return _settle(view)


def _analyses(view: RunView) -> Events:
    if view.patch > 1:
        return []
    run = view.the_run
    if view.total(Kind.ANALYSIS, 1) == run.briefing.hunters:
        return []
    return [ev.TaskAdded(task=t) for t in score.analyses(run.briefing) if t.id not in view.tasks]


def _consensus(view: RunView) -> Events:
    patch = view.patch
    asked = questions.follow_up_id(patch)
    if view.total(Kind.CONSENSUS, patch) or asked in view.questions:
        return []
    if view.answer(asked) not in {None, questions.WITHOUT.value}:
        return [_ended(RunState.STOPPED, "the follow-up was given up")]
    if view.number(Kind.ANALYSIS, patch, *_OVER) < view.total(Kind.ANALYSIS, patch):
        return []
    drafts = tuple(t.id for t in view.of_kind(Kind.ANALYSIS, patch))
    if drafts and not view.number(Kind.ANALYSIS, patch, TaskState.DONE):
        return [_ended(RunState.FAILED, "no analyst could finish a draft")]
    return [ev.TaskAdded(task=score.consensus(patch, drafts))]


def _former(view: RunView) -> Events:
    """Close what a former patch left open: nobody would look at it any more."""
    if view.patch == 1:
        return []
    indexes = (*view.ready.values(), view.working, view.captured, view.troubled)
    names = [name for index in indexes for name in index if view.tasks[name].patch < view.patch]
    gate = view.tasks.get(score.task_id(Kind.CONSENSUS, view.patch - 1))
    if gate is not None and gate.state is TaskState.AWAITING_REVIEW:
        names.append(gate.id)
    return [ev.TaskSuperseded(task_id=name, reason="a follow-up goes on from here") for name in names]


def _split(view: RunView) -> Events:
    patch = view.patch
    if view.total(Kind.SPLIT, patch) or not view.number(Kind.CONSENSUS, patch, TaskState.DONE):
        return []
    ledger = view.ledgers.get(patch)
    if ledger is not None and not ledger.requirements:
        return _nothing(view, ledger.summary)
    return [ev.TaskAdded(task=score.split(patch))]


def _implements(view: RunView) -> Events:
    patch = view.patch
    outcome = view.plan(patch)
    if outcome is None:
        return []
    plan = outcome.plan
    if not plan.items:
        return _nothing(view, plan.summary)
    if view.total(Kind.IMPLEMENT, patch) >= len(plan.items):
        return []
    return [ev.TaskAdded(task=t) for t in score.implements(patch, plan) if t.id not in view.tasks]


def _nothing(view: RunView, words: str) -> Events:
    """The agents see nothing to do; people may still have asked for something."""
    if view.requested.get(view.patch):
        return rework.by_people(view, view.patch)
    if view.total(Kind.IMPLEMENT, view.patch):
        return []
    return [_ended(RunState.COMPLETED, f"nothing to do: {words}")]


def _requests(view: RunView) -> Events:
    """What people asked to change comes before any verdict of agents."""
    if view.requested.get(view.patch) and view.implemented(view.patch):
        return rework.by_people(view, view.patch)
    return []


def _judges(view: RunView) -> Events:
    if not view.implemented(view.patch):
        return []
    patch = view.patch
    if patch not in view.patches:
        return [_ended(RunState.STOPPED, "every item was stopped")]
    tree = view.trees[patch][0]
    if tree == view.bases[patch].tree:
        return [_ended(RunState.COMPLETED, "nothing to do: the change set is empty")]
    test = _judged(view, Kind.TEST, tree)
    if test or not view.number(Kind.TEST, patch, TaskState.DONE):
        return test
    return _judged(view, Kind.REVIEW, tree)


def _judged(view: RunView, kind: Kind, tree: str) -> Events:
    """Make the tester's or reviewer's task speak of `tree`."""
    patch = view.patch
    task = view.tasks.get(score.task_id(kind, patch))
    if task is None:
        return [ev.TaskAdded(task=score.judge(kind, patch, tree))]
    if task.state is not TaskState.DONE:
        return []
    if not isinstance(task.outcome, TestOutcome | ReviewOutcome) or task.outcome.tree != tree:
        return [ev.TaskReopened(task_id=task.id, reason="the tree has changed", start=tree)]
    if kind is Kind.REVIEW and view.acted.get(patch) == task.epoch:
        return [ev.TaskReopened(task_id=task.id, reason="the items were worked on again", start=tree)]
    return []


def _verdict(view: RunView) -> Events:
    patch = view.patches.get(view.patch)
    if patch is None or patch.state is not PatchState.DRAFT or not view.implemented(patch.number):
        return []
    review = view.tasks.get(score.task_id(Kind.REVIEW, patch.number))
    if review is None or review.state is not TaskState.DONE or view.evidence(patch.number) is None:
        return []
    outcome = review.outcome
    if not isinstance(outcome, ReviewOutcome) or outcome.tree != patch.tree:
        return []
    return _conclude(view, review, outcome)


def _conclude(view: RunView, review: Task, outcome: ReviewOutcome) -> Events:
    passed = view.passed(view.patch)
    if outcome.verdict == "approve" and passed and not _blocking(outcome):
        return [_proposal(view)]
    if outcome.verdict == "blocked":
        return questions.review_blocked(view, review)
    accepted = questions.rework_answer(view, review)
    if accepted == "accept" and passed:
        return [_proposal(view)]
    if accepted == "stop":
        return [_ended(RunState.FAILED, "the reviewer's findings were left open")]
    return rework.by_reviewer(view, review, outcome, again=accepted == "again")


def _blocking(outcome: ReviewOutcome) -> bool:
    return any(f.severity is Severity.BLOCKING and not f.baseline for f in outcome.findings)


def _proposal(view: RunView) -> ev.RunEvent:
    patch = view.patches[view.patch]
    return ev.PatchProposed(patch_id=patch.id, tree=patch.tree, untested=patch.untested)


def _ended(state: RunState, reason: str) -> ev.RunEvent:
    return ev.RunStateChanged(state=state, reason=reason[:1_000])


def _settle(view: RunView) -> Events:
    """The run's own state, once nothing else follows."""
    if _is_approved(view):
        return [_ended(RunState.COMPLETED, f"patch-{view.patch} is {_worth(view)}")]
    asked = questions.budget(view) if pick.startable(view) else []
    if asked:
        return asked
    busy = bool(view.working or view.captured) or pick.runnable(view)
    if busy and view.state is not RunState.RUNNING:
        return [ev.RunStateChanged(state=RunState.RUNNING)]
    if not busy and view.state is not RunState.WAITING_FOR_HUMAN:
        return [ev.RunStateChanged(state=RunState.WAITING_FOR_HUMAN, reason=questions.waits_for(view))]
    return []


def _worth(view: RunView) -> str:
    """What an approved patch's evidence is worth, in a few words."""
    if view.patches[view.patch].untested:
        return "approved, but no test command is known"
    evidence = view.evidence(view.patch)
    if evidence is not None and any(command.baseline for command in evidence.commands):
        return "approved; some tests fail, as they did before any change"
    return "tested and approved"


def _is_approved(view: RunView) -> bool:
    """True when the patch is approved and nobody is, or will be, at work on it again."""
    patch = view.patches.get(view.patch)
    if patch is None or patch.state is PatchState.DRAFT or not view.implemented(patch.number):
        return False
    return not (view.working or view.troubled or pick.startable(view))


_STEPS = (
    questions.warning,
    _former,
    questions.moot,
    questions.trouble,
    _analyses,
    _consensus,
    _split,
    _implements,
    _requests,
    _judges,
    _verdict,
)
