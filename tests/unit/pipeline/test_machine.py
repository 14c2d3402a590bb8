"""The whole pipeline under random events: every invariant after every step."""

from __future__ import annotations

import dataclasses
from collections import Counter
from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sextet.errors import SextetError
from sextet.model import events as ev
from sextet.model.names import ENDED, Kind, Role, RunState, TaskState
from sextet.model.notes import Comment, Question, QuestionKind
from sextet.model.outcome import Change, ImplementOutcome, Outcome, ReviewOutcome, TestOutcome
from sextet.model.settings import RoleSettings
from sextet.model.task import FailureKind, Task, Usage
from sextet.pipeline.expand import LIVE, expand
from sextet.pipeline.fold import apply, fold
from sextet.pipeline.overlap import touches
from sextet.pipeline.pick import next_time, pick
from sextet.pipeline.view import RunView
from support import plays

SALVAGE = "5" * 40
FAILURES = st.sampled_from(FailureKind)
ROLES = st.sampled_from(Role)
RANDOM = st.randoms(use_true_random=True)
FILES = ("", "a.py", "b.py", "src/b.py", "elsewhere.py")
VERDICTS = ("approve", "approve", "approve", "changes_requested", "changes_requested", "blocked")
SEED = st.integers(0, 1_000_000)
PLANS = (
    (),
    (plays.item("a", "a.py"),),
    (plays.item("a", "a.py"), plays.item("b", "b.py")),
    (plays.item("a", "src/"), plays.item("b", "src/b.py"), plays.item("c", after=("a", "nobody"))),
    (plays.item("a", after=("b",)), plays.item("b", after=("a", "b")), plays.item("a", "a.py")),
)


def same(one: RunView, other: RunView) -> None:
    """Equal in every field, and in the order of what is picked from."""
    for field in dataclasses.fields(RunView):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        assert mine == theirs, field.name
        if isinstance(mine, dict) and not isinstance(mine, Counter):
            assert list(mine) == list(theirs), field.name
    assert [list(r) for r in one.ready.values()] == [list(r) for r in other.ready.values()]


class Pipeline(RuleBasedStateMachine):
    """Workers, people, accidents and crashes, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.play = plays.Play(begin=False)
        self.snapshot: tuple[int, RunView] = (0, RunView())

    @property
    def view(self) -> RunView:
        return self.play.view

    def choose(self, tasks: list[Task], seed: int) -> Task | None:
        return tasks[seed % len(tasks)] if tasks else None

    def in_state(self, *states: TaskState) -> list[Task]:
        return [t for t in self.view.tasks.values() if t.state in states]

    def refused(self, event: ev.RunEvent) -> None:
        """The event is refused and nothing changed."""
        before = plays.twin(self.view)
        try:
            self.play.record(event)
        except SextetError:
            same(self.view, before)
            return
        raise AssertionError(f"accepted: {event}")

    def allowed_or_refused(self, *events: ev.RunEvent) -> None:
        """Either it happens and all that follows, or nothing changes."""
        for event in events:
            before = plays.twin(self.view)
            try:
                self.play.record(event)
            except SextetError:
                same(self.view, before)
        self.play.settle()

    # The beginning --------------------------------------------------------------------------------
    @initialize(
        hunters=st.integers(1, 3),
        gate=st.integers(0, 2),
        tokens=st.sampled_from((0, 0, 40)),
        reworks=st.integers(0, 2),
        begun=st.tuples(st.integers(0, 4), st.sampled_from(PLANS[1:4])),
    )
    def begin(self, hunters, gate, tokens, reworks, begun):
        stage, of = begun
        chosen = plays.settings(gate=gate, tokens=tokens, reworks=reworks)
        self.play.put(
            ev.RunCreated(run=plays.run(hunters=hunters, settings=chosen)),
            ev.RunStateChanged(state=RunState.RUNNING),
        )
        if stage and not gate and not tokens:
            (self.play.to_plan, self.play.to_plan, self.play.to_review, self.play.to_end)[stage - 1](*of)

    # Workers --------------------------------------------------------------------------------------
    @precondition(lambda self: self.view.state in LIVE)
    @rule(role=ROLES, wait=st.sampled_from((0, 1000)))
    def claim(self, role, wait):
        task = pick(self.view, role, self.view.time + wait)
        if task is None:
            assert not wait or next_time(self.view, role) is None, "a pause that ends in nothing to do"
            return
        self.play.put(ev.TaskClaimed(task_id=task.id, epoch=task.epoch + 1, worker_id=f"{role}-1"))
        self.refused(ev.TaskClaimed(task_id=task.id, epoch=task.epoch + 1, worker_id=f"{role}-2"))
        self.refused(ev.TaskClaimed(task_id=task.id, epoch=task.epoch + 2, worker_id=f"{role}-2"))

    @precondition(lambda self: self.view.state in LIVE)
    @rule(rnd=RANDOM, steps=st.integers(1, 8))
    def go_on(self, rnd, steps):
        """What happens when nobody disturbs."""
        for _ in range(steps):
            if self.view.captured:
                self.integrate(0, "merge")
            elif self.view.working:
                self.finish(0, rnd)
            elif self.view.questions:
                self.answer(1, rnd.choice(("retry", "skip", "again", "accept", "more")))
            elif gates := self.in_state(TaskState.AWAITING_REVIEW):
                self.play.approve(gates[0].id, rnd.choice(("ann", "bob")))
            else:
                for role in Role:
                    self.claim(role, 0)

    @precondition(lambda self: self.view.working)
    @rule(seed=SEED, rnd=RANDOM)
    def finish(self, seed, rnd):
        task = self.choose(self.in_state(TaskState.IN_PROGRESS), seed)
        outcome = self.outcome(task, rnd)
        done = ev.TaskFinished(
            task_id=task.id, epoch=task.epoch, outcome=outcome, usage=Usage(input=1), seconds=1
        )
        for stale in (task.epoch - 1, task.epoch + 1):
            if stale > 0:
                self.refused(done.model_copy(update={"epoch": stale}))
        self.play.put(done)
        self.refused(done)

    def outcome(self, task: Task, rnd: Random) -> Outcome:
        if task.kind is Kind.ANALYSIS:
            return plays.draft()
        if task.kind is Kind.CONSENSUS:
            return plays.ledger(rnd.choice((1, 1, 1, 1, 1, 0)))
        if task.kind is Kind.SPLIT:
            return plays.plan(*rnd.choice(PLANS[1:] * 3 + PLANS))
        if task.kind is Kind.IMPLEMENT:
            return self.change(task, rnd)
        tree = task.start or plays.BASE_TREE
        prints = rnd.sample(("", "f1", "f2", "f3", "f4", "f5", "f6"), rnd.randrange(3))
        named = rnd.choice(((), ("a",), ("b", "nobody")))
        found = tuple(plays.finding(f, *named, file=rnd.choice(FILES)) for f in prints)
        if task.kind is Kind.TEST:
            passed, untested = rnd.random() < 0.6, rnd.random() < 0.2
            return TestOutcome(tree=tree, passed=passed, untested=untested, findings=found)
        verdict = rnd.choice(VERDICTS)
        return ReviewOutcome.model_validate(
            {"tree": tree, "verdict": verdict, "summary": "", "findings": found}
        )

    def change(self, task: Task, rnd: Random) -> ImplementOutcome:
        how = rnd.choice(("change", "change", "change", "change", "nothing", "blocked"))
        files = (rnd.choice(FILES) or "z.py",)
        tree = self.play.tree()
        change = Change(start=self.view.trees[task.patch][0], tree=tree, commit=tree, files=files)
        return ImplementOutcome(
            summary="", change=None if how == "nothing" else change, blocked=how == "blocked"
        )

    @precondition(lambda self: self.view.working)
    @rule(seed=SEED, kind=FAILURES)
    def fail(self, seed, kind):
        self.play.fail(self.choose(self.in_state(TaskState.IN_PROGRESS), seed), kind)

    @precondition(lambda self: self.view.working)
    @rule(seed=SEED, salvage=st.sampled_from((None, SALVAGE)), pause=st.sampled_from((0, 50)))
    def release(self, seed, salvage, pause):
        task = self.choose(self.in_state(TaskState.IN_PROGRESS), seed)
        event = ev.TaskReleased(
            task_id=task.id,
            epoch=task.epoch,
            reason="owner dead",
            salvage=salvage,
            not_before=self.view.time + pause if pause else 0.0,
            usage=Usage(output=1),
        )
        self.play.put(event)
        self.refused(event)
        assert self.view.tasks[task.id].salvage == (salvage or task.salvage)

    @precondition(lambda self: self.view.captured)
    @rule(seed=SEED, how=st.sampled_from(("merge", "merge", "same", "conflict")))
    def integrate(self, seed, how):
        task = self.choose([self.view.tasks[name] for name in self.view.captured], seed)
        if how == "conflict":
            found = (plays.finding("conflict", source="conflict"),)
            self.play.put(ev.TaskReopened(task_id=task.id, reason="conflict", findings=found))
            assert self.view.tasks[task.id].findings[-1:] == found
            return
        unchanged = how == "same" or task.outcome.change is None
        tree = self.view.trees[task.patch][0] if unchanged else self.play.tree()
        self.play.integrate(task, tree)

    @precondition(lambda self: self.view.tasks)
    @rule(seed=SEED, epoch=st.integers(1, 4))
    def a_late_turn(self, seed, epoch):
        task = self.choose(list(self.view.tasks.values()), seed)
        event = ev.TurnStarted(task_id=task.id, epoch=epoch, model="m", thread="t")
        if task.state is TaskState.IN_PROGRESS and epoch == task.epoch:
            self.play.put(event)
        else:
            self.refused(event)

    # People ---------------------------------------------------------------------------------------
    @precondition(lambda self: self.view.questions)
    @rule(
        seed=SEED,
        answer=st.sampled_from(("retry", "retry", "skip", "again", "accept", "more", "stop", "nonsense")),
    )
    def answer(self, seed, answer):
        asked = list(self.view.questions.values())
        question = asked[seed % len(asked)]
        if answer in {"stop", "nonsense"} and seed % 3:  # most runs should live longer than that
            answer = question.choices[0].value if question.choices else answer
        self.play.answer(answer, question.id)
        self.refused(ev.QuestionAnswered(question_id=f"{question.id}-x", answer="x", by="ann"))

    @precondition(lambda self: self.view.working and self.view.state in LIVE)
    @rule(seed=SEED)
    def an_agent_asks(self, seed):
        task = self.choose(self.in_state(TaskState.IN_PROGRESS), seed)
        question = Question(
            id=f"ask-{task.id}-{seed % 5}",
            kind=QuestionKind.APPROVAL,
            text="may I?",
            default="decline",
            deadline=self.view.time + 1,
            task_id=task.id,
        )
        self.play.put(ev.QuestionAsked(question=question))

    @precondition(lambda self: self.view.tasks)
    @rule(seed=SEED)
    def request_changes(self, seed):
        task = self.choose(list(self.view.tasks.values()), seed)
        comment = Comment(by="ann", at=1.0, text="no")
        self.play.put(ev.Commented(task_id=task.id, comment=comment))
        self.allowed_or_refused(
            ev.ChangesRequested(task_id=task.id, comment=comment),
            ev.RunStateChanged(state=RunState.RUNNING),
        )

    @precondition(lambda self: self.view.tasks)
    @rule(seed=SEED, by=st.sampled_from(("ann", "bob")), seen=st.sampled_from(("h1", "h2")))
    def approve(self, seed, by, seen):
        waiting = self.in_state(TaskState.AWAITING_REVIEW) or list(self.view.tasks.values())
        self.play.approve(self.choose(waiting, seed).id, by, seen)

    @precondition(lambda self: self.view.tasks)
    @rule(seed=SEED, revive=st.booleans())
    def retry(self, seed, revive):
        failed = self.in_state(TaskState.ERROR, TaskState.BLOCKED, TaskState.STOPPED)
        task = self.choose(failed or list(self.view.tasks.values()), seed)
        follows = [ev.RunStateChanged(state=RunState.RUNNING)] if revive else []
        self.allowed_or_refused(ev.TaskRetried(task_id=task.id), *follows)

    @precondition(lambda self: self.view.tasks)
    @rule(seed=SEED)
    def stop_a_task(self, seed):
        if seed % 4:
            return
        task = self.choose(list(self.view.tasks.values()), seed)
        self.allowed_or_refused(ev.TaskStopped(task_id=task.id))

    @precondition(lambda self: self.view.patch in self.view.patches)
    @rule()
    def retest(self):
        name = f"test-{self.view.patch}"
        if name in self.view.tasks:
            self.allowed_or_refused(ev.TaskReopened(task_id=name, reason="asked"))

    @precondition(lambda self: self.view.patch < 3)
    @rule(chance=st.integers(0, 5))
    def follow_up(self, chance):
        if chance == 1:
            self.play.follow_up()

    @rule(role=ROLES, workers=st.sampled_from((0, 1, 2, 2, 2, 2)))
    def override_a_role(self, role, workers):
        self.play.put(ev.RolesChanged(roles={role: RoleSettings(workers=workers)}))

    @rule(state=st.sampled_from((RunState.RUNNING, RunState.RUNNING, RunState.INTERRUPTED, RunState.STOPPED)))
    def move_the_run(self, state):
        if self.view.state in LIVE and len(self.play.log) % 3:
            return
        self.play.put(ev.RunStateChanged(state=state, reason="a person or the session"))

    # Accidents ------------------------------------------------------------------------------------
    @rule()
    def crash(self):
        lines = [entry.to_json() for entry in self.play.log]
        again = fold(ev.ENTRY.validate_json(line) for line in lines)
        same(again, self.view)
        self.play.view = again
        self.play.settle()

    @rule()
    def take_a_snapshot(self):
        self.snapshot = (len(self.play.log), plays.twin(self.view))

    @rule(seed=SEED)
    def lose_the_tail(self, seed):
        """A crash in the middle of a batch: what follows adds up to the same tasks."""
        events = [entry.event for entry in self.play.log]
        kept = next((n for n in range(len(events), 0, -1) if isinstance(events[n - 1], ev.TaskAdded)), 0)
        batch = kept
        while batch and isinstance(events[batch - 1], ev.TaskAdded):
            batch -= 1
        if not kept:
            return
        cut = batch + seed % (kept - batch)
        shorter = plays.Play(begin=False)
        shorter.view = fold(self.play.log[:cut])
        whole = fold(self.play.log[:kept])
        shorter.settle()
        assert set(whole.tasks) <= set(shorter.view.tasks)

    # Invariants -----------------------------------------------------------------------------------
    @invariant()
    def invariant_11_the_journal_is_the_truth(self):
        if not self.play.log:
            return
        seq, snapshot = self.snapshot
        later = plays.twin(snapshot)
        for entry in self.play.log[seq:]:
            apply(later, entry)
        same(later, self.view)

    @invariant()
    def the_indexes_are_what_a_walk_over_all_tasks_finds(self):
        view, tasks = self.view, self.view.tasks
        for role in Role:
            found = {t.id for t in tasks.values() if t.role is role and t.state is TaskState.READY}
            assert set(view.ready[role]) == found
        assert set(view.working) == {t.id for t in self.in_state(TaskState.IN_PROGRESS)}
        assert set(view.troubled) == {t.id for t in self.in_state(TaskState.ERROR, TaskState.BLOCKED)}
        done = self.in_state(TaskState.DONE)
        assert set(view.captured) == {t.id for t in done if t.kind is Kind.IMPLEMENT}
        assert +view.counts == Counter((t.patch, t.kind, t.state) for t in tasks.values())
        assert view.usage.total >= sum(t.usage.total for t in tasks.values())

    @invariant()
    def a_quiet_view_stays_quiet(self):
        assert expand(self.view) == []

    @invariant()
    def invariant_9_a_run_that_lives_goes_on_or_waits_for_somebody(self):
        view = self.view
        if view.state not in LIVE:
            assert not (view.state in ENDED and view.questions)
            return
        goes_on = bool(view.working or view.captured) or any(self.can_be_taken(role) for role in Role)
        assert (view.state is RunState.RUNNING) == goes_on
        waits = view.questions or self.in_state(TaskState.AWAITING_REVIEW)
        unmanned = any(view.ready[r] and view.settings_of(r).workers == 0 for r in Role)
        assert goes_on or waits or unmanned, f"stuck: {self.play.states()}"

    def can_be_taken(self, role: Role) -> bool:
        return self.view.settings_of(role).workers > 0 and pick(self.view, role, 1e12) is not None

    @invariant()
    def a_question_is_about_something_that_is_still_so(self):
        for question in self.view.questions.values():
            task = self.view.tasks.get(question.task_id or "")
            if task is None:
                assert question.kind is QuestionKind.BUDGET
            elif question.kind is QuestionKind.APPROVAL:
                assert task.state is TaskState.IN_PROGRESS or self.view.state not in LIVE
            elif self.view.state in LIVE:
                assert str(task.epoch) == question.id.rsplit("-", 1)[1]

    @invariant()
    def invariant_1_a_claim_has_one_winner_and_one_result(self):
        claims = [e.event for e in self.play.log if isinstance(e.event, ev.TaskClaimed)]
        results = [e.event for e in self.play.log if isinstance(e.event, ev.TaskFinished | ev.TaskFailed)]
        for events in (claims, results):
            assert max(Counter((e.task_id, e.epoch) for e in events).values(), default=1) == 1

    @invariant()
    def only_a_tested_tree_is_approved(self):
        passed: dict[str, bool] = {}
        for entry in self.play.log:
            match entry.event:
                case ev.TaskFinished(outcome=TestOutcome() as found):
                    passed[found.tree] = found.passed or found.untested
                case ev.PatchProposed(tree=tree):
                    assert passed[tree], "approved although the tests fail"

    @invariant()
    def what_depends_waits_and_overlaps_are_serialised(self):
        busy = [self.view.tasks[n] for n in self.view.working if self.view.tasks[n].item]
        settled = {TaskState.INTEGRATED, TaskState.STOPPED, TaskState.SUPERSEDED}
        events = self.play.log[-1:] if self.play.log else []
        for entry in events:
            if isinstance(entry.event, ev.TaskClaimed):
                task = self.view.tasks[entry.event.task_id]
                assert all(self.view.tasks[n].state in settled for n in task.depends_on) or not task.item
        for one in busy:
            for other in busy:
                assert one is other or not touches(one.item.files, other.item.files)

    @invariant()
    def rework_is_counted_and_capped(self):
        if self.view.run is None:
            return
        for patch, rounds in self.view.rounds.items():
            allowed = [k for k, v in self.view.answers.items() if v[0] == "again" and f"rework-{patch}-" in k]
            assert rounds <= self.view.the_run.settings.max_reworks + len(allowed)


TestPipeline = pytest.mark.timeout(120)(Pipeline.TestCase)  # many small lives; a busy machine needs longer
TestPipeline.settings = settings(
    max_examples=20,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


# The same machine without a shrinker, so that lives get long enough to reach every corner.
LIFE = (
    ("go_on", 8),
    ("claim", 8),
    ("finish", 5),
    ("fail", 1),
    ("release", 1),
    ("integrate", 4),
    ("a_late_turn", 1),
    ("answer", 3),
    ("an_agent_asks", 1),
    ("request_changes", 1),
    ("approve", 2),
    ("retry", 1),
    ("stop_a_task", 1),
    ("retest", 1),
    ("follow_up", 1),
    ("override_a_role", 1),
    ("move_the_run", 1),
    ("crash", 1),
    ("take_a_snapshot", 1),
    ("lose_the_tail", 1),
)
ANSWERS = ("retry", "retry", "skip", "again", "again", "accept", "more", "stop", "nonsense")
STATES = (RunState.RUNNING, RunState.RUNNING, RunState.INTERRUPTED, RunState.STOPPED)


def arguments(name: str, rnd: Random) -> tuple[object, ...]:
    """What the rule of this name takes."""
    seed = rnd.randrange(1_000)
    chosen: dict[str, tuple[object, ...]] = {
        "go_on": (rnd, rnd.randrange(1, 6)),
        "claim": (rnd.choice(list(Role)), rnd.choice((0, 1_000))),
        "finish": (seed, rnd),
        "fail": (seed, rnd.choice(list(FailureKind))),
        "release": (seed, rnd.choice((None, SALVAGE)), rnd.choice((0, 50))),
        "integrate": (seed, rnd.choice(("merge", "merge", "merge", "same", "conflict"))),
        "a_late_turn": (seed, rnd.randrange(1, 4)),
        "answer": (seed, rnd.choice(ANSWERS)),
        "approve": (seed, rnd.choice(("ann", "bob")), rnd.choice(("h1", "h1", "h2"))),
        "retry": (seed, rnd.random() < 0.5),
        "follow_up": (rnd.randrange(10),),
        "override_a_role": (rnd.choice(list(Role)), rnd.choice((0, 1, 2, 2, 2, 2))),
        "move_the_run": (rnd.choice(STATES),),
    }
    bare = {"retest", "crash", "take_a_snapshot"}
    return () if name in bare else chosen.get(name, (seed,))


def possible(machine: Pipeline, name: str) -> bool:
    """The rules' preconditions, for one who calls them by name."""
    view = machine.view
    needs = {
        "go_on": view.state in LIVE,
        "claim": view.state in LIVE,
        "finish": view.working,
        "fail": view.working,
        "release": view.working,
        "an_agent_asks": view.working and view.state in LIVE,
        "integrate": view.captured,
        "answer": view.questions,
        "retest": view.patch in view.patches,
        "follow_up": view.patch < 3,
    }
    return bool(needs.get(name, view.tasks))


def live(seed: int, steps: int) -> Pipeline:
    """A random life of so many steps, checked after each."""
    rnd = Random(seed)
    machine = Pipeline()
    of = rnd.choice(PLANS[1:])
    limits = (rnd.randrange(1, 4), rnd.choice((0, 0, 1, 2)), rnd.choice((0, 0, 40)), rnd.randrange(3))
    machine.begin(*limits, (rnd.choice((0, 0, 1, 3)), of))
    checks = [getattr(machine, name) for name in dir(Pipeline) if name in CHECKS]
    for _ in range(steps):
        name = rnd.choices([n for n, _ in LIFE], [w for _, w in LIFE])[0]
        if possible(machine, name):
            getattr(machine, name)(*arguments(name, rnd))
            for check in checks:
                check()
    return machine


CHECKS = {
    "invariant_11_the_journal_is_the_truth",
    "the_indexes_are_what_a_walk_over_all_tasks_finds",
    "a_quiet_view_stays_quiet",
    "invariant_9_a_run_that_lives_goes_on_or_waits_for_somebody",
    "a_question_is_about_something_that_is_still_so",
    "invariant_1_a_claim_has_one_winner_and_one_result",
    "only_a_tested_tree_is_approved",
    "what_depends_waits_and_overlaps_are_serialised",
    "rework_is_counted_and_capped",
}


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_no_random_life_breaks_an_invariant(first):
    for seed in range(first, first + 10):
        live(seed, 120)
