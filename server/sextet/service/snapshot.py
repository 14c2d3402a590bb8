"""What is shown of a run: from its view to a Snapshot."""

from __future__ import annotations

from sextet.model.live import WorkerStatus
from sextet.model.names import Role
from sextet.pipeline.view import RunView
from sextet.service.results import ClaimCounts, RunLine, Snapshot
from sextet.store.claims import ClaimCounters
from sextet.store.runs import RunSummary


def snapshot(
    view: RunView,
    *,
    folder: str = "",
    workers: tuple[WorkerStatus, ...] | None = None,
    claims: ClaimCounters | None = None,
) -> Snapshot:
    """The run as it is now.

    Args:
        view: the run.
        folder: where its records are.
        workers: of its crew; None when nobody works on it here.
        claims: counters of its claim store.
    """
    run = view.the_run
    ledgers = [view.ledgers[number] for number in sorted(view.ledgers)]
    return Snapshot(
        run_id=run.id,
        seq=view.seq,
        time=view.time,
        live=workers is not None,
        state=view.state,
        reason=view.reason,
        executor=run.executor,
        briefing=run.briefing,
        base=view.bases[view.patch],
        created_at=run.created_at,
        patch=view.patch,
        round=view.rounds[view.patch],
        usage=view.usage,
        tasks=tuple(view.tasks.values()),
        questions=tuple(view.questions.values()),
        patches=tuple(view.patches.values()),
        ledger=ledgers[-1] if ledgers else None,
        approvals=dict(view.approvals),
        wishes=dict(view.wishes),
        roles={role: view.settings_of(role) for role in Role},
        workers=workers or (),
        claims=_counts(claims) if claims else None,
        notes=tuple(note.text for note in view.notes),
        folder=folder,
    )


def _counts(counters: ClaimCounters) -> ClaimCounts:
    return ClaimCounts(
        claims=counters.claims,
        conflicts=counters.conflicts,
        releases=counters.releases,
        reaps=counters.reaps,
    )


def line(summary: RunSummary, *, live: bool) -> RunLine:
    """A run of the registry as a line of the list."""
    return RunLine(
        id=summary.id,
        goal=summary.goal,
        created_at=summary.created_at,
        state=summary.state,
        ours=summary.ours,
        live=live,
        problem=summary.problem,
    )
