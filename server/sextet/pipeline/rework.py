"""Changes were requested: which items are reopened, and with which findings."""

from __future__ import annotations

from sextet.model import events as ev
from sextet.model.names import Kind, Severity, TaskState
from sextet.model.outcome import Finding, ReviewOutcome
from sextet.model.task import Item, Task
from sextet.pipeline import questions, score
from sextet.pipeline.overlap import touches
from sextet.pipeline.view import RunView

Events = list[ev.RunEvent]


def by_reviewer(view: RunView, review: Task, outcome: ReviewOutcome, *, again: bool) -> Events:
    """The next round after a reviewer's verdict, or a question to a person.

    Args:
        view: the run.
        review: the reviewer's finished task.
        outcome: its verdict on the integration tree as it is.
        again: a person allowed another round although the cap is reached or a finding came back.
    """
    findings, lesser = _weighed(_all_findings(view, review, outcome))
    round_number = view.rounds[view.patch] + 1
    if not again:
        seen = view.fingerprints.get(view.patch, set())
        returned = tuple(f for f in findings if f.fingerprint and f.fingerprint in seen)
        if returned:
            return questions.ask_rework(
                view, review, f"A finding came back: {returned[0].message[:300]}", returned
            )
        if round_number > view.the_run.settings.max_reworks:
            why = f"After {round_number - 1} rounds of rework the reviewer still asks for changes."
            return questions.ask_rework(view, review, why, findings)
    tasks, added = _attribute(view, findings, beside=lesser)
    return [
        ev.ReworkStarted(
            patch=view.patch, round=round_number, review_epoch=review.epoch, tasks=tasks, added=added
        )
    ]


def by_people(view: RunView, patch: int) -> Events:
    """A round that people asked for; it does not count towards the cap."""
    requested = tuple(view.requested[patch])
    tasks, added = _attribute(view, requested)
    review = view.tasks.get(score.task_id(Kind.REVIEW, patch))
    return [
        ev.ReworkStarted(
            patch=patch,
            round=view.rounds[patch],
            review_epoch=review.epoch if review else 0,
            requests=len(requested),
            tasks=tasks,
            added=added,
        )
    ]


def _all_findings(view: RunView, review: Task, outcome: ReviewOutcome) -> tuple[Finding, ...]:
    """The reviewer's findings and the failing tests; never an empty list, so that a round has a reason."""
    found = list(outcome.findings)
    evidence = view.evidence(view.patch)
    if evidence is not None and not view.passed(view.patch):
        known = {f.fingerprint for f in found if f.fingerprint}
        found += [f for f in evidence.findings if not f.baseline and f.fingerprint not in known]
    if not found:
        summary = outcome.summary or "Changes were requested without a finding."
        found = [
            Finding(
                source="review",
                severity=Severity.MAJOR,
                message=summary,
                fingerprint=f"summary-{review.epoch}",
            )
        ]
    return tuple(found)


def _weighed(findings: tuple[Finding, ...]) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Those that are worth a round, and those that are told on the way; all are, when none weighs more."""
    heavy = tuple(f for f in findings if f.severity in {Severity.BLOCKING, Severity.MAJOR})
    return (heavy, tuple(f for f in findings if f not in heavy)) if heavy else (findings, ())


def _attribute(
    view: RunView, findings: tuple[Finding, ...], *, beside: tuple[Finding, ...] = ()
) -> tuple[tuple[ev.Reopening, ...], tuple[Task, ...]]:
    """Findings by the item they name, else by the items that touched or expected the file, else anew.

    Findings of `beside` go along to items that are reopened anyway.
    """
    open_to_it = [t for t in view.of_kind(Kind.IMPLEMENT, view.patch) if t.state is TaskState.INTEGRATED]
    by_task: dict[str, list[Finding]] = {}
    homeless: list[Finding] = []
    for finding in findings:
        owners = _owners(open_to_it, finding)
        if not owners:
            homeless.append(finding)
        for task in owners:
            by_task.setdefault(task.id, []).append(finding)
    for finding in beside:
        for task in _owners(open_to_it, finding):
            if task.id in by_task:
                by_task[task.id].append(finding)
    reopened = tuple(ev.Reopening(task_id=k, findings=tuple(v)) for k, v in by_task.items())
    return reopened, (_new_item(view, homeless),) if homeless else ()


def _owners(tasks: list[Task], finding: Finding) -> list[Task]:
    named = [t for t in tasks if t.item and t.item.id in finding.items]
    touching = named or [t for t in tasks if _touched(t, finding.file)]
    return touching or [t for t in tasks if finding.file and _expected(t, finding.file)]


def _touched(task: Task, file: str) -> bool:
    outcome = task.outcome
    if outcome is None or outcome.kind != "implement" or outcome.change is None:
        return False
    return file in outcome.change.files


def _expected(task: Task, file: str) -> bool:
    return task.item is not None and touches(task.item.files, (file,))


def _new_item(view: RunView, findings: list[Finding]) -> Task:
    number = view.total(Kind.IMPLEMENT, view.patch) + 1
    item_id = f"rework-{number}"
    lines = "\n".join(f"- {f.message}" for f in findings)[:50_000]
    files = tuple(dict.fromkeys(f.file for f in findings if f.file))
    title = f"Mend: {findings[0].message.splitlines()[0] if findings[0].message else 'findings'}"[:200]
    return Task(
        id=score.task_id(Kind.IMPLEMENT, view.patch, number),
        kind=Kind.IMPLEMENT,
        title=title,
        patch=view.patch,
        slot=min(number, 64),
        item=Item(id=item_id, title=title, instructions=f"Mend these findings:\n{lines}", files=files),
        findings=tuple(findings),
    )
