from __future__ import annotations

import pytest

from sextet.model import events as ev
from sextet.model.names import Kind, Mode, Role, RunState, Severity, TaskState
from sextet.model.notes import Comment, QuestionKind
from sextet.model.outcome import Change, CommandRun, ImplementOutcome, TestOutcome
from sextet.model.patch import PatchState
from sextet.model.settings import RoleSettings
from sextet.model.task import FailureKind, Usage
from sextet.pipeline.expand import expand
from sextet.pipeline.pick import next_time, pick, runnable
from support import plays
from support.plays import Play, finding, item, ledger, plan

A_AND_B = (item("a", "a.py"), item("b", "b.py"))


# The way to an approved patch ---------------------------------------------------------------------
def test_a_goal_becomes_an_approved_patch():
    play = Play()
    play.to_end(*A_AND_B)
    assert play.view.state is RunState.COMPLETED
    assert play.view.reason == "patch-1 is tested and approved"
    patch = play.view.patches[1]
    assert (patch.state, patch.tree, patch.tested) == (PatchState.PROPOSED, play.current_tree, patch.tree)
    assert patch.tasks == ("implement-1-1", "implement-1-2")
    assert set(play.states().values()) == {"done", "integrated"}


def test_an_approval_without_test_commands_says_so():
    play = Play()
    play.to_plan()
    play.implement()
    play.test(passed=False, untested=True)
    play.review("approve")
    assert play.view.reason == "patch-1 is approved, but no test command is known"
    assert play.view.patches[1].untested


def test_an_approval_on_tests_that_failed_before_says_so():
    play = Play()
    play.to_plan()
    play.implement()
    red = CommandRun(command="make test", exit_code=1, seconds=1.0, baseline=True)
    tree = play.current_tree
    play.do(Role.TESTER, TestOutcome(tree=tree, passed=True, commands=(red,)))
    play.review("approve")
    assert play.view.reason == "patch-1 is approved; some tests fail, as they did before any change"


def test_a_bug_hunt_waits_for_all_its_hunters():
    play = Play(plays.run(hunters=4, mode=Mode.BUG_HUNT))
    for _ in range(3):
        play.do(Role.ANALYST, plays.draft())
    assert play.view.total(Kind.CONSENSUS, 1) == 0
    play.do(Role.ANALYST, plays.draft())
    assert play.view.tasks["consensus-1"].depends_on == tuple(f"analysis-1-{n}" for n in range(1, 5))
    assert play.view.tasks["analysis-1-3"].title == "Hunt for bugs, independently (3 of 4)"


def test_what_an_item_depends_on_is_integrated_first():
    play = Play()
    play.to_plan(item("b", "b.py", after=("a",)), item("a", "a.py"))
    first = play.capture()
    assert first.item.id == "a"
    assert pick(play.view, Role.IMPLEMENTER, play.view.time) is None
    play.integrate(first)
    assert play.claim(Role.IMPLEMENTER).item.id == "b"


def test_items_that_expect_the_same_files_are_never_at_work_together():
    play = Play()
    play.to_plan(item("a", "src"), item("b", "src/b.py"), item("c", "docs/"))
    first = play.claim(Role.IMPLEMENTER)
    assert (first.item.id, play.claim(Role.IMPLEMENTER).item.id) == ("a", "c")
    assert pick(play.view, Role.IMPLEMENTER, play.view.time) is None


# Nothing to do ------------------------------------------------------------------------------------
def test_no_requirement_ends_the_run_with_the_reason():
    play = Play()
    play.to_consensus()
    play.do(Role.CONSENSUS, ledger(0, "all of it is there"))
    assert (play.view.state, play.view.reason) == (
        RunState.COMPLETED,
        "nothing to do: all of it is there",
    )


def test_no_item_ends_the_run_with_the_reason():
    play = Play()
    play.to_consensus()
    play.do(Role.CONSENSUS, ledger())
    play.do(Role.SPLITTER, plan())
    assert (play.view.state, play.view.reason) == (RunState.COMPLETED, "nothing to do: the plan")


def test_an_empty_change_set_ends_the_run_with_the_reason():
    play = Play()
    play.to_plan()
    task = play.do(Role.IMPLEMENTER, ImplementOutcome(summary="it was there", change=None))
    play.integrate(task, plays.BASE_TREE)
    assert play.view.reason == "nothing to do: the change set is empty"
    assert play.view.total(Kind.TEST, 1) == 0


@pytest.mark.parametrize("stage", ["no requirement", "no item", "empty change"])
def test_a_person_who_disagrees_that_nothing_is_to_do_gets_an_item(stage):
    play = Play()
    play.to_consensus()
    play.do(Role.CONSENSUS, ledger(int(stage != "no requirement")))
    if stage != "no requirement":
        play.do(Role.SPLITTER, plan(*(A_AND_B[:1] if stage == "empty change" else ())))
    if stage == "empty change":
        task = play.do(Role.IMPLEMENTER, ImplementOutcome(summary="", change=None))
        play.integrate(task, plays.BASE_TREE)
    assert play.view.state is RunState.COMPLETED
    play.ask_changes("analysis-1-1", "there is work")
    assert expand(play.view) == []
    play.revive()
    assert play.view.state is RunState.RUNNING
    task = play.claim(Role.IMPLEMENTER)
    assert task.findings[0].message == "ann: there is work"


# Rework -------------------------------------------------------------------------------------------
def test_a_failing_test_reopens_exactly_the_item_and_then_it_is_approved():
    play = Play()
    play.to_plan(*A_AND_B)
    play.implement()
    play.implement()
    red = finding("red", file="b.py", source="test")
    play.test(red)
    play.review("changes_requested")
    assert play.states()["implement-1-1"] == "integrated"
    task = play.view.tasks["implement-1-2"]
    assert (task.state, task.findings, task.reworks) == (TaskState.READY, (red,), 1)
    play.implement()
    assert play.view.tasks["implement-1-2"].findings == ()
    play.test()
    play.review("approve")
    assert (play.view.state, play.view.rounds[1]) == (RunState.COMPLETED, 1)


def test_an_approval_of_a_tree_whose_tests_fail_counts_for_nothing():
    play = Play()
    play.to_plan()
    play.implement()
    play.test(finding("red", "a"))
    play.review("approve")
    assert play.number(ev.PatchProposed) == 0
    assert play.states()["implement-1-1"] == "ready"


def test_an_approval_with_a_blocking_finding_counts_for_nothing():
    play = Play()
    play.to_review()
    play.review("approve", finding("f1", "a").model_copy(update={"severity": Severity.BLOCKING}))
    assert play.number(ev.PatchProposed) == 0
    assert play.number(ev.ReworkStarted) == 1


def test_a_verdict_on_a_former_tree_is_asked_for_again():
    play = Play()
    play.to_review()
    play.review("changes_requested", finding("f1", "a"))
    play.implement()
    assert play.states() | {"test-1": "ready", "review-1": "done"} == play.states()
    play.test()
    assert play.view.tasks["review-1"].start == play.current_tree
    assert play.states()["review-1"] == "ready"


def test_a_reviewer_who_is_never_content_ends_in_a_question():
    play = Play(plays.run(settings=plays.settings(reworks=2)))
    play.to_review()
    for number in range(2):
        play.review("changes_requested", finding(f"f{number}", "a"))
        play.implement()
        play.test()
    play.review("changes_requested", finding("f9", "a"))
    assert (play.number(ev.ReworkStarted), play.view.state) == (2, RunState.WAITING_FOR_HUMAN)
    question = play.view.questions[play.question]
    assert question.text.startswith("After 2 rounds of rework")
    assert "The reviewer says: so I say\nimplement-1-1 says: done" in question.detail
    assert [c.value for c in question.choices] == ["again", "accept", "stop"]


def test_a_finding_that_returns_is_a_question_at_once():
    play = Play()
    play.to_review()
    play.review("changes_requested", finding("f1", "a"))
    play.implement()
    play.test()
    play.review("changes_requested", finding("f2", "a"), finding("f1", "a"))
    assert play.number(ev.ReworkStarted) == 1
    assert play.view.questions[play.question].findings == (finding("f1", "a"),)


def _over_the_cap(*red: plays.Finding) -> Play:
    play = Play(plays.run(settings=plays.settings(reworks=0)))
    play.to_plan()
    play.implement()
    play.test(*red)
    play.review("changes_requested", finding("f1", "a"))
    return play


def test_a_person_may_take_the_patch_as_it_is():
    play = _over_the_cap()
    play.answer("accept")
    assert (play.view.state, play.view.patches[1].state) == (RunState.COMPLETED, PatchState.PROPOSED)


def test_nobody_may_take_a_patch_whose_tests_fail():
    play = _over_the_cap(finding("red"))
    assert [c.value for c in play.view.questions[play.question].choices] == ["again", "stop"]
    play.answer("accept")
    assert play.number(ev.PatchProposed) == 0
    assert play.question == "rework-1-1"
    assert play.view.answer("rework-1-1") is None


def test_a_person_may_allow_one_more_round():
    play = _over_the_cap()
    play.answer("again")
    assert (play.view.rounds[1], play.states()["implement-1-1"]) == (1, "ready")
    play.implement()
    play.test()
    play.review("changes_requested", finding("f2", "a"))
    assert play.question == "rework-1-2"


def test_findings_that_belong_to_no_item_become_a_new_one():
    play = Play()
    play.to_review()
    homeless = finding("f1", "nobody", file="other.py")
    play.review("changes_requested", homeless, finding("f2"))
    task = play.view.tasks["implement-1-2"]
    assert (task.item.files, task.state) == (("other.py",), TaskState.READY)
    assert [f.fingerprint for f in task.findings] == ["f1", "f2"]
    assert play.states()["implement-1-1"] == "integrated"
    play.implement()
    play.test()
    play.review("approve")
    assert play.view.state is RunState.COMPLETED


def test_a_lesser_finding_goes_along_and_reopens_nothing_by_itself():
    play = Play()
    play.to_plan(*A_AND_B)
    play.implement()
    play.implement()
    play.test()
    note = finding("note").model_copy(update={"severity": Severity.NOTE})
    of_a, of_b = (note.model_copy(update={"items": (name,), "fingerprint": name}) for name in ("a", "b"))
    play.review("changes_requested", finding("heavy", "b"), of_a, of_b)
    assert play.states()["implement-1-1"] == "integrated"
    assert [f.fingerprint for f in play.view.tasks["implement-1-2"].findings] == ["heavy", "b"]
    play.implement()
    play.test()
    play.review("changes_requested", of_a)
    assert play.states()["implement-1-1"] == "ready", "when nothing weighs more, it is worth a round"


def test_a_finding_goes_to_who_touched_the_file_and_else_to_who_expected_it():
    play = Play()
    play.to_plan(*A_AND_B)
    play.implement(("shared.py",))
    play.implement(("b.py",))
    play.test()
    play.review("changes_requested", finding("f1", file="shared.py"), finding("f2", file="a.py"))
    assert [f.fingerprint for f in play.view.tasks["implement-1-1"].findings] == ["f1", "f2"]
    assert play.states()["implement-1-2"] == "integrated"


def test_a_conflict_keeps_what_the_rework_was_about():
    play = Play()
    play.to_review()
    play.review("changes_requested", finding("f1", "a"))
    task = play.capture()
    play.put(ev.TaskReopened(task_id=task.id, reason="conflict", findings=(finding("clash"),)))
    assert [f.fingerprint for f in play.view.tasks[task.id].findings] == ["f1", "clash"]
    play.implement()
    assert play.view.tasks[task.id].findings == ()


def test_a_reviewer_who_cannot_judge_is_asked_again_or_the_run_ends():
    play = Play()
    play.to_review()
    play.review("blocked")
    assert play.view.state is RunState.WAITING_FOR_HUMAN
    play.answer("retry")
    assert play.states()["review-1"] == "ready"
    play.review("blocked")
    play.answer("stop")
    assert play.view.state is RunState.FAILED
    assert play.view.questions == {}


# Gates and limits ---------------------------------------------------------------------------------
def test_a_gate_needs_so_many_people_who_saw_the_same_ledger():
    play = Play(plays.run(settings=plays.settings(gate=2)))
    play.to_consensus()
    play.do(Role.CONSENSUS, ledger())
    assert play.view.reason == "consensus-1 needs a named approval"
    for by, seen in (("ann", "h1"), ("ann", "h1"), ("bob", "h2")):
        play.approve("consensus-1", by, seen)
        assert play.states()["consensus-1"] == "awaiting_review"
    play.approve("consensus-1", "cleo", "h1")
    assert play.states() | {"consensus-1": "done", "split-1": "ready"} == play.states()


def test_changes_of_the_ledger_send_it_back_to_the_consensus_builder():
    play = Play(plays.run(settings=plays.settings(gate=1)))
    play.to_consensus()
    play.do(Role.CONSENSUS, ledger())
    play.ask_changes("consensus-1", "R1 is wrong")
    assert play.states()["consensus-1"] == "ready"
    assert play.view.comments["consensus-1"][0].text == "R1 is wrong"
    assert play.view.state is RunState.RUNNING


def _out_of_tokens() -> Play:
    play = Play(plays.run(settings=plays.settings(tokens=100)))
    play.do(Role.ANALYST, plays.draft(), Usage(input=60, output=40))
    return play


def test_used_up_tokens_stop_claiming_and_ask():
    play = _out_of_tokens()
    assert pick(play.view, Role.ANALYST, 1e9) is None
    assert next_time(play.view, Role.ANALYST) is None
    assert (play.question, play.view.state) == ("budget-1", RunState.WAITING_FOR_HUMAN)
    play.answer("more")
    assert play.view.state is RunState.RUNNING
    play.do(Role.ANALYST, plays.draft(), Usage(input=100))
    assert play.question == "budget-2"
    play.answer("stop")
    assert (play.view.state, play.view.reason) == (RunState.FAILED, "the run's tokens are used up")


def test_a_person_who_said_stop_may_think_better_of_it():
    play = _out_of_tokens()
    play.answer("stop")
    play.revive()
    assert play.question == "budget-1"
    play.answer("more")
    assert play.view.state is RunState.RUNNING


def test_a_run_that_is_approved_with_its_last_token_is_not_stopped_for_it():
    play = Play(plays.run(settings=plays.settings(tokens=100)))
    play.to_review()
    words = plays.ReviewOutcome(tree=play.current_tree, verdict="approve", summary="")
    play.do(Role.REVIEWER, words, Usage(input=100))
    assert play.view.state is RunState.COMPLETED


def test_a_role_without_workers_is_named_as_what_the_run_waits_for():
    play = Play()
    play.put(ev.RolesChanged(roles={Role.ANALYST: RoleSettings(workers=0)}))
    assert play.view.state is RunState.WAITING_FOR_HUMAN
    assert play.view.reason == "the analyst role has no workers"
    play.put(ev.RolesChanged(roles={Role.ANALYST: RoleSettings(workers=1)}))
    assert play.view.state is RunState.RUNNING


# Trouble ------------------------------------------------------------------------------------------
def test_a_failed_draft_may_be_left_out():
    play = Play()
    play.fail(play.claim(Role.ANALYST))
    assert [c.value for c in play.view.questions[play.question].choices] == ["retry", "skip", "stop"]
    play.answer("skip")
    play.do(Role.ANALYST, plays.draft())
    assert play.states()["analysis-1-1"] == "superseded"
    assert play.states()["consensus-1"] == "ready"


def test_a_draft_is_left_out_even_when_the_other_failed_meanwhile():
    play = Play()
    one, two = play.claim(Role.ANALYST), play.claim(Role.ANALYST)
    play.fail(one)
    play.fail(two)
    play.answer("skip", "task-analysis-1-1-1")
    assert play.states()["analysis-1-1"] == "superseded"
    play.answer("retry", "task-analysis-1-2-1")
    assert play.states()["analysis-1-2"] == "ready"


def test_the_last_draft_cannot_be_left_out():
    play = Play(plays.run(hunters=1))
    play.fail(play.claim(Role.ANALYST))
    assert [c.value for c in play.view.questions[play.question].choices] == ["retry", "stop"]
    play.answer("skip")
    assert (play.view.state, play.view.reason) == (
        RunState.FAILED,
        "Draft the requirements, independently (1 of 1): it broke",
    )


def test_a_retry_is_a_new_epoch_and_a_second_failure_a_new_question():
    play = Play()
    play.to_plan()
    play.fail(play.claim(Role.IMPLEMENTER))
    play.answer("retry")
    task = play.claim(Role.IMPLEMENTER)
    assert (task.epoch, task.failure) == (2, None)
    play.fail(task)
    assert play.question == "task-implement-1-1-2"


def test_a_failure_of_any_length_can_be_asked_about():
    play = Play()
    play.fail(play.claim(Role.ANALYST), cause="x" * 100_000)
    assert len(play.view.questions[play.question].text) == 4_000


def test_a_retry_by_hand_withdraws_the_question():
    play = Play()
    play.fail(play.claim(Role.ANALYST))
    play.put(ev.TaskRetried(task_id="analysis-1-1"))
    assert play.view.questions == {}
    assert play.last(ev.QuestionAnswered).answer == "withdrawn"


@pytest.mark.parametrize(
    ("kind", "asked"),
    [(FailureKind.LOGIN, "login"), (FailureKind.SANDBOX, "trust"), (FailureKind.INTERNAL, "blocked")],
)
def test_the_question_is_of_the_failures_kind(kind, asked):
    play = Play()
    play.fail(play.claim(Role.ANALYST), kind)
    assert play.view.questions[play.question].kind == asked


def test_an_implementer_who_is_blocked_is_not_integrated():
    play = Play()
    play.to_plan()
    tree = play.tree()
    change = Change(start=plays.BASE_TREE, tree=tree, commit=tree)
    play.do(Role.IMPLEMENTER, ImplementOutcome(summary="no key", change=change, blocked=True))
    task = play.view.tasks["implement-1-1"]
    assert (task.state, task.failure.cause, task.salvage) == (TaskState.BLOCKED, "no key", tree)
    assert "no key" in play.view.questions[play.question].text


def test_a_pause_is_waited_for_and_a_task_that_collides_gives_no_time_to_wait_for():
    play = Play()
    play.to_plan(item("a", "x"), item("b", "x"))
    task = play.claim(Role.IMPLEMENTER)
    play.put(ev.TaskReleased(task_id=task.id, epoch=1, reason="transient", not_before=500.0))
    assert next_time(play.view, Role.IMPLEMENTER) == 500.0
    assert play.claim(Role.IMPLEMENTER).item.id == "b"
    assert next_time(play.view, Role.IMPLEMENTER) is None
    assert not runnable(play.view)
    assert play.view.state is RunState.RUNNING


def test_items_that_depend_on_each_other_in_a_circle_are_done_in_some_order():
    play = Play()
    play.to_plan(
        item("a", "a", after=("c", "a", "nobody")), item("b", "b", after=("a",)), item("c", "c", after=("b",))
    )
    assert [play.implement().item.id for _ in range(3)] == ["c", "a", "b"]
    assert play.states()["test-1"] == "ready"


def test_two_items_of_one_name_are_two_tasks():
    play = Play()
    play.to_plan(item("a", "a"), item("a", "b"))
    assert {t.item.files for t in play.view.of_kind(Kind.IMPLEMENT, 1)} == {("a",), ("b",)}


# Stopped by a person ------------------------------------------------------------------------------
def test_a_stopped_task_is_not_repeated():
    play = Play()
    play.to_plan(*A_AND_B)
    task = play.claim(Role.IMPLEMENTER)
    play.put(ev.TaskStopped(task_id=task.id, reason="not this one"))
    play.implement()
    play.test()
    play.review("changes_requested", finding("f1", "a"))
    assert play.states()["implement-1-1"] == "stopped"
    assert play.view.tasks["implement-1-3"].findings == (finding("f1", "a"),)


def test_a_run_whose_items_are_all_stopped_is_stopped():
    play = Play()
    play.to_plan()
    play.put(ev.TaskStopped(task_id="implement-1-1"))
    assert (play.view.state, play.view.reason) == (RunState.STOPPED, "every item was stopped")


@pytest.mark.parametrize("kind", ["consensus", "split", "test", "review"])
def test_a_stopped_task_that_all_wait_for_is_asked_about_and_never_repeated_unasked(kind):
    play = Play()
    play.to_consensus()
    if kind != "consensus":
        play.do(Role.CONSENSUS, ledger())
    if kind in {"test", "review"}:
        play.do(Role.SPLITTER, plan(item("a", "a")))
        play.implement()
    if kind == "review":
        play.test()
    for _ in range(2):
        play.put(ev.TaskStopped(task_id=f"{kind}-1"))
        assert play.states()[f"{kind}-1"] == "stopped"
        assert play.question == f"stopped-{kind}-1-0"
        play.answer("retry")
        assert play.states()[f"{kind}-1"] == "ready"


# People after the end -----------------------------------------------------------------------------
def test_changes_requested_after_the_end_make_a_round_that_does_not_count():
    play = Play()
    play.to_end(*A_AND_B)
    play.ask_changes("implement-1-2", "the other way")
    assert expand(play.view) == []
    play.revive()
    assert play.view.patches[1].state is PatchState.DRAFT
    assert play.states() | {"implement-1-1": "integrated", "implement-1-2": "ready"} == play.states()
    assert (play.view.rounds[1], play.view.requested[1]) == (0, [])
    play.implement()
    play.test()
    play.review("approve")
    assert (play.view.state, play.number(ev.PatchProposed)) == (RunState.COMPLETED, 2)


def test_a_request_that_changes_no_byte_is_still_reviewed_again():
    play = Play()
    play.to_end()
    play.ask_changes("implement-1-1")
    play.revive()
    task = play.capture()
    play.integrate(task, play.current_tree)
    assert (play.states()["test-1"], play.states()["review-1"]) == ("done", "ready")
    play.review("approve")
    assert play.view.state is RunState.COMPLETED


def test_a_long_request_for_changes_fits_into_its_finding():
    play = Play()
    play.to_end()
    play.ask_changes("implement-1-1", "x" * 100_000)
    assert len(play.view.requested[1][0].message) == 100_000


def test_a_request_during_the_review_voids_the_verdict_to_come():
    play = Play()
    play.to_review()
    review = play.claim(Role.REVIEWER)
    play.ask_changes("implement-1-1")
    outcome = plays.ReviewOutcome(tree=play.current_tree, verdict="approve", summary="")
    play.finish(review, outcome)
    assert play.number(ev.PatchProposed) == 0
    assert play.states()["implement-1-1"] == "ready"


def test_a_follow_up_begins_a_second_patch_without_analysts():
    play = Play()
    play.to_end()
    play.follow_up()
    assert play.states()["consensus-2"] == "ready"
    assert play.view.total(Kind.ANALYSIS, 2) == 0
    play.do(Role.CONSENSUS, ledger())
    play.do(Role.SPLITTER, plan(item("c", "c.py")))
    task = play.implement()
    assert task.id == "implement-2-1"
    play.test()
    play.review("approve")
    assert (play.view.state, play.view.reason) == (RunState.COMPLETED, "patch-2 is tested and approved")
    assert play.view.patches[2].base == play.view.bases[2].tree


def test_a_follow_up_closes_what_the_former_patch_left_open():
    play = Play()
    play.to_plan(*A_AND_B)
    play.fail(play.claim(Role.IMPLEMENTER))
    play.answer("stop")
    assert play.view.state is RunState.FAILED
    play.follow_up()
    assert play.view.state is RunState.RUNNING
    assert play.states() | {"implement-1-1": "superseded", "implement-1-2": "superseded"} == play.states()
    assert play.view.questions == {}


def test_what_is_said_about_a_former_patch_is_work_for_the_next():
    play = Play()
    play.to_end()
    play.follow_up()
    play.do(Role.CONSENSUS, ledger())
    play.do(Role.SPLITTER, plan(item("c", "c.py")))
    play.ask_changes("implement-1-1", "that too")
    play.implement()
    assert play.view.tasks["implement-2-2"].findings[0].message == "ann: that too"


def test_a_comment_changes_nothing_but_is_kept():
    play = Play()
    before = play.states()
    play.put(ev.Commented(task_id="analysis-1-1", comment=Comment(by="ann", at=1.0, text="hm")))
    assert (play.states(), play.view.comments["analysis-1-1"][0].text) == (before, "hm")


def test_a_question_of_a_dead_attempt_is_answered_with_its_default():
    play = Play()
    task = play.claim(Role.ANALYST)
    question = plays.agents_question(task)
    play.put(ev.QuestionAsked(question=question))
    assert play.view.questions
    play.put(ev.TaskReleased(task_id=task.id, epoch=1, reason="owner dead"))
    assert play.view.answers[question.id] == ("decline", "sextet")


# The session's part -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "state", [s for s in RunState if s not in {RunState.RUNNING, RunState.WAITING_FOR_HUMAN}]
)
def test_nothing_follows_unless_the_run_is_live(state):
    play = Play()
    play.put(ev.RunStateChanged(state=state))
    play.record(ev.TaskStopped(task_id="analysis-1-1"), ev.TaskStopped(task_id="analysis-1-2"))
    assert expand(play.view) == []


@pytest.mark.parametrize("kept", range(4))
def test_a_crash_between_the_events_of_a_batch_leaves_the_same_tasks(kept):
    play = Play(plays.run(hunters=3), begin=False)
    play.record(ev.RunCreated(run=plays.run(hunters=3)), ev.RunStateChanged(state=RunState.RUNNING))
    play.record(*expand(play.view)[:kept])
    play.settle()
    assert list(play.view.tasks) == ["analysis-1-1", "analysis-1-2", "analysis-1-3"]


def test_a_run_that_ended_asks_nothing_any_more():
    play = Play()
    one, two = play.claim(Role.ANALYST), play.claim(Role.ANALYST)
    play.fail(one)
    play.fail(two)
    play.answer("stop", "task-analysis-1-1-1")
    assert (play.view.state, play.view.questions) == (RunState.FAILED, {})
    play.revive()
    assert list(play.view.questions) == ["task-analysis-1-1-1", "task-analysis-1-2-1"]


def test_the_end_of_a_run_leaves_the_questions_of_others_alone():
    play = Play()
    words = {"id": "setup-1-1", "kind": QuestionKind.SETUP, "task_id": None}
    play.put(ev.QuestionAsked(question=plays.agents_question(play.claim(Role.ANALYST))))
    other = next(iter(play.view.questions.values())).model_copy(update=words)
    play.put(ev.QuestionAsked(question=other))
    play.put(ev.RunStateChanged(state=RunState.STOPPED))
    assert play.question == "setup-1-1"


def test_a_withdrawn_question_is_asked_again_when_it_is_no_longer_moot():
    play = Play()
    play.to_plan(*A_AND_B)
    play.put(ev.TaskStopped(task_id="implement-1-2"))
    play.implement()
    play.test()
    play.review("blocked")
    assert play.question == "review-1-1"
    play.put(ev.TaskRetried(task_id="implement-1-2"))
    assert play.view.questions == {}
    play.put(ev.TaskStopped(task_id="implement-1-2"))
    assert (play.view.state, play.question) == (RunState.WAITING_FOR_HUMAN, "review-1-1")


def test_a_request_for_changes_waits_until_the_items_at_work_are_integrated():
    play = Play()
    play.to_plan(*A_AND_B)
    play.implement()
    play.ask_changes("implement-1-1")
    assert play.number(ev.ReworkStarted) == 0
    play.implement()
    assert play.number(ev.ReworkStarted) == 1
    assert play.states() | {"implement-1-1": "ready", "implement-1-2": "integrated"} == play.states()
    assert "test-1" not in play.states()
