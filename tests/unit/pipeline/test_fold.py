from __future__ import annotations

import pytest

from sextet.errors import InvalidTransitionError, NotFoundError, StaleError, StoreError
from sextet.model import events as ev
from sextet.model.names import Kind, Role
from sextet.model.notes import Comment
from sextet.model.patch import Applied, ApplyKind, PatchState
from sextet.model.settings import RoleSettings
from sextet.model.task import Failure, FailureKind, Task, Usage
from sextet.pipeline.fold import apply, fold
from support import plays
from support.plays import Play

TREE = "c" * 40
APPLIED = Applied(id="apply-00000000", kind=ApplyKind.EXACT, at=1.0, by="ann", tree=TREE)
FAILURE = Failure(kind=FailureKind.INTERNAL, cause="x")
COMMENT = Comment(by="ann", at=1.0, text="x")


def ended() -> Play:
    play = Play()
    play.to_end()
    return play


def reopening(name: str) -> ev.Reopening:
    return ev.Reopening(task_id=name, findings=(plays.finding("f"),))


def rework(*names: str, added: tuple[Task, ...] = ()) -> ev.ReworkStarted:
    return ev.ReworkStarted(
        patch=1, round=1, review_epoch=1, tasks=tuple(reopening(n) for n in names), added=added
    )


REFUSED = {
    "a second beginning": (ev.RunCreated(run=plays.run()), StaleError),
    "a task of a known id": (
        ev.TaskAdded(task=Task(id="split-1", kind=Kind.SPLIT, title="", patch=1)),
        StaleError,
    ),
    "a claim of what is done": (
        ev.TaskClaimed(task_id="split-1", epoch=2, worker_id="splitter-1"),
        InvalidTransitionError,
    ),
    "a claim with an old epoch": (
        ev.TaskClaimed(task_id="split-1", epoch=1, worker_id="splitter-1"),
        StaleError,
    ),
    "a claim of no task": (
        ev.TaskClaimed(task_id="split-7", epoch=1, worker_id="splitter-1"),
        NotFoundError,
    ),
    "a second result": (
        ev.TaskFinished(task_id="split-1", epoch=1, outcome=plays.plan(), usage=Usage(input=1)),
        InvalidTransitionError,
    ),
    "a result of another kind": (
        ev.TaskFinished(task_id="split-1", epoch=1, outcome=plays.draft()),
        InvalidTransitionError,
    ),
    "a failure after the end": (
        ev.TaskFailed(task_id="split-1", epoch=1, failure=FAILURE),
        InvalidTransitionError,
    ),
    "a release after the end": (
        ev.TaskReleased(task_id="split-1", epoch=1, reason="", usage=Usage(input=1)),
        InvalidTransitionError,
    ),
    "a turn after the end": (ev.TurnStarted(task_id="review-1", epoch=1, start=TREE), InvalidTransitionError),
    "a second integration": (
        ev.TaskIntegrated(task_id="implement-1-1", epoch=1, tree=TREE, commit=TREE),
        InvalidTransitionError,
    ),
    "a retry of what is done": (ev.TaskRetried(task_id="review-1"), InvalidTransitionError),
    "a stop of what is done": (ev.TaskStopped(task_id="review-1"), InvalidTransitionError),
    "rework of a task twice": (rework("implement-1-1", "implement-1-1"), StaleError),
    "rework of a task that is not there": (rework("implement-1-1", "implement-1-9"), NotFoundError),
    "rework of a task that cannot": (rework("implement-1-1", "split-1"), InvalidTransitionError),
    "rework that adds a known task": (
        rework("implement-1-1", added=(Task(id="split-1", kind=Kind.SPLIT, title="", patch=1),)),
        StaleError,
    ),
    "an answer to no question": (
        ev.QuestionAnswered(question_id="budget-1", answer="more", by="ann"),
        NotFoundError,
    ),
    "a change of an agreed ledger": (
        ev.ChangesRequested(task_id="consensus-1", comment=COMMENT),
        InvalidTransitionError,
    ),
    "a comment on no task": (ev.Commented(task_id="split-7", comment=COMMENT), NotFoundError),
    "a proposal of another tree": (ev.PatchProposed(patch_id="patch-1", tree=TREE), StaleError),
    "a proposal of no patch": (ev.PatchProposed(patch_id="patch-2", tree=TREE), NotFoundError),
    "an apply of no patch": (ev.PatchApplied(patch_id="patch-2", applied=APPLIED), NotFoundError),
    "a revert of no patch": (ev.PatchReverted(patch_id="patch-2", apply_id="a", by="ann"), NotFoundError),
    "a follow-up out of order": (
        ev.FollowUpRequested(text="", by="ann", patch=3, base=plays.run().base, tree=TREE, commit=TREE),
        StaleError,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_event_says_why_and_changes_nothing(name):
    event, error = REFUSED[name]
    play = ended()
    before = plays.twin(play.view)
    with pytest.raises(error):
        play.record(event)
    assert play.view == before


@pytest.mark.parametrize("seq", [0, 1, 3])
def test_a_gap_or_a_double_in_the_journal_is_refused(seq):
    play = Play(begin=False)
    play.record(ev.RunCreated(run=plays.run()))
    before = plays.twin(play.view)
    with pytest.raises(StoreError, match="missing or doubled"):
        apply(play.view, ev.Entry(seq=seq, time=1.0, actor="x", event=ev.Noted(text="x")))
    assert play.view == before


def test_a_journal_without_its_beginning_is_refused_with_a_sentence():
    with pytest.raises(NotFoundError, match="does not begin"):
        _ = fold([]).the_run


def test_invariant_11_a_snapshot_and_what_came_after_is_the_state_from_anywhere():
    play = ended()
    play.ask_changes("implement-1-1")
    play.revive()
    lines = [entry.to_json() for entry in play.log]
    entries = [ev.ENTRY.validate_json(line) for line in lines]
    assert entries == play.log
    for cut in range(len(entries) + 1):
        view = plays.twin(fold(entries[:cut]))
        for entry in entries[cut:]:
            apply(view, entry)
        assert view == play.view


def test_every_event_type_has_its_place_in_the_fold():
    from typing import get_args

    from sextet.pipeline.fold import _APPLY

    assert set(_APPLY) == set(get_args(get_args(ev.RunEvent)[0]))


def test_tokens_and_time_of_every_attempt_are_counted_once():
    play = Play(plays.run(hunters=1))
    task = play.claim(Role.ANALYST)
    spent = Usage(input=3, cached=1, output=2, reasoning=1)
    play.put(ev.TaskReleased(task_id=task.id, epoch=1, reason="pause", usage=spent, seconds=2.0))
    task = play.claim(Role.ANALYST)
    play.put(ev.TaskFailed(task_id=task.id, epoch=task.epoch, failure=FAILURE, usage=spent, seconds=3.0))
    play.put(ev.TaskRetried(task_id=task.id))
    play.do(Role.ANALYST, plays.draft(), spent)
    assert play.view.tasks[task.id].usage == Usage(input=9, cached=3, output=6, reasoning=3)
    assert play.view.usage.total == 15
    assert play.view.tasks[task.id].seconds == 5.0


def test_an_apply_and_its_revert_show_in_the_patch():
    play = ended()
    play.record(ev.PatchApplied(patch_id="patch-1", applied=APPLIED))
    assert (play.view.patches[1].state, play.view.patches[1].applied) == (PatchState.APPLIED, (APPLIED,))
    play.record(ev.PatchReverted(patch_id="patch-1", apply_id=APPLIED.id, by="ann"))
    assert play.view.patches[1].state is PatchState.REVERTED


def test_a_new_tree_voids_the_evidence_and_the_approval():
    play = ended()
    play.record(ev.TaskReopened(task_id="implement-1-1", reason="asked"))
    play.record(ev.TaskClaimed(task_id="implement-1-1", epoch=2, worker_id="implementer-1"))
    change = plays.Change(start=TREE, tree=TREE, commit=TREE)
    outcome = plays.ImplementOutcome(summary="", change=change)
    play.record(ev.TaskFinished(task_id="implement-1-1", epoch=2, outcome=outcome))
    play.record(ev.TaskIntegrated(task_id="implement-1-1", epoch=2, tree=TREE, commit=TREE))
    patch = play.view.patches[1]
    assert (patch.state, patch.tested, patch.tree) == (PatchState.DRAFT, None, TREE)
    assert play.view.evidence(1) is None


def test_what_waits_to_be_judged_judges_the_newest_tree():
    play = Play()
    play.to_review()
    play.put(ev.TaskReopened(task_id="test-1", reason="asked"))
    play.ask_changes("implement-1-1")
    assert play.states()["test-1"] == "ready"
    with pytest.raises(AssertionError, match="nothing for the tester"):
        play.claim(Role.TESTER)
    play.implement()
    assert play.view.tasks["test-1"].start == play.current_tree


def test_salvage_of_a_dead_attempt_is_kept_until_a_result_is_there():
    play = Play()
    play.to_plan()
    play.claim(Role.IMPLEMENTER)
    play.put(ev.TaskReleased(task_id="implement-1-1", epoch=1, reason="dead", salvage=TREE))
    play.claim(Role.IMPLEMENTER)
    play.put(ev.TaskReleased(task_id="implement-1-1", epoch=2, reason="dead"))
    assert play.view.tasks["implement-1-1"].salvage == TREE
    assert play.capture().salvage is None


def test_notes_are_kept_but_not_without_limit():
    play = Play()
    for number in range(300):
        play.record(ev.Noted(text=str(number)))
    play.record(ev.WorkerCrashed(worker_id="tester-1", cause="x", restart_in=1.0))
    play.record(ev.BaseMoved(head=None, branch="b", reason="you switched to b"))
    assert len(play.view.notes) == 200
    assert [n.text for n in play.view.notes][-2:] == ["tester-1 failed: x", "you switched to b"]


def test_a_change_of_the_settings_wins_over_what_was_said_for_this_run():
    play = Play()
    begun = play.view.settings_of(Role.ANALYST)
    settings, said = (RoleSettings(workers=number) for number in (3, 7))
    play.record(ev.RolesChanged(roles={Role.ANALYST: settings}, origin="settings"))
    assert play.view.settings_of(Role.ANALYST) == settings != begun
    play.record(ev.RolesChanged(roles={Role.ANALYST: said}))
    play.record(ev.RolesChanged(roles={Role.ANALYST: begun}, origin="settings"))
    assert play.view.settings_of(Role.ANALYST) == said
    assert play.view.settings_of(Role.REVIEWER) == play.view.the_run.settings.role(Role.REVIEWER)


def test_a_changed_number_of_agents_is_lost_or_taken_back_by_another_change():
    play = Play()
    assert play.view.max_agents == play.view.the_run.settings.max_agents == 4
    play.record(ev.RolesChanged(roles={}, origin="settings", max_agents=9))
    play.record(ev.RolesChanged(roles={Role.ANALYST: RoleSettings()}))
    assert play.view.max_agents == 9


def test_an_old_journal_means_something_else_than_it_did():
    line = b'{"kind": "roles_changed", "roles": {"analyst": {"workers": 5}}}'
    event = ev.RolesChanged.model_validate_json(line)
    play = Play()
    play.record(event)
    play.record(ev.RolesChanged(roles={Role.ANALYST: RoleSettings(workers=1)}, origin="settings"))
    assert play.view.settings_of(Role.ANALYST).workers == 5
