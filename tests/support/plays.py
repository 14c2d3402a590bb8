"""A player for the pure core: puts events, expands until nothing follows, claims and finishes by role."""

from __future__ import annotations

import copy
import dataclasses
from collections import Counter, deque
from typing import Any

from sextet.model import events as ev
from sextet.model.answers import Analysis, Ledger, PlannedItem, Requirement, WorkPlan
from sextet.model.names import Mode, Role, RunState
from sextet.model.notes import Approval, Comment, Question, QuestionKind
from sextet.model.outcome import (
    AnalysisOutcome,
    Change,
    ConsensusOutcome,
    Finding,
    ImplementOutcome,
    Outcome,
    ReviewOutcome,
    SplitOutcome,
    TestOutcome,
)
from sextet.model.run import Base, Briefing, Run
from sextet.model.settings import Budget, Gates, Settings
from sextet.model.task import Failure, FailureKind, Task, Usage
from sextet.pipeline.expand import expand
from sextet.pipeline.fold import apply
from sextet.pipeline.pick import pick
from sextet.pipeline.view import RunView

BASE_TREE = "a" * 40
MOST_FOLLOWING = 200
"""More events than this in a row, without anybody doing anything, are a livelock."""


def run(*, hunters: int = 2, mode: Mode = Mode.IMPLEMENT_FEATURE, settings: Settings | None = None) -> Run:
    """A run that is about to begin."""
    return Run(
        id="20261122-120000-goal-0000",
        briefing=Briefing(goal="a goal", mode=mode, hunters=hunters),
        base=Base(head=None, branch="main", commit=BASE_TREE, tree=BASE_TREE),
        settings=settings or Settings(),
        executor="rehearsal",
        created_at=1.0,
    )


def settings(*, gate: int = 0, tokens: int = 0, reworks: int = 3) -> Settings:
    """Settings that differ from the defaults where a story needs it."""
    return Settings(approvals=Gates(consensus=gate), budget=Budget(run_tokens=tokens), max_reworks=reworks)


def draft() -> AnalysisOutcome:
    """An analyst's draft."""
    return AnalysisOutcome(draft=Analysis(summary="s", requirements=(), risks=(), test_commands=()))


def ledger(requirements: int = 1, summary: str = "the ledger") -> ConsensusOutcome:
    """A consensus with so many requirements."""
    found = tuple(
        Requirement(id=f"R{n}", title="t", detail="", acceptance=(), support=(1,))
        for n in range(1, requirements + 1)
    )
    return ConsensusOutcome(ledger=Ledger(summary=summary, requirements=found, dissent=(), open_questions=()))


def item(name: str, *files: str, after: tuple[str, ...] = ()) -> PlannedItem:
    """A work item of a plan."""
    return PlannedItem(id=name, title=name, instructions="", files=files, depends_on=after, requirements=())


def plan(*items: PlannedItem) -> SplitOutcome:
    """The splitter's result."""
    return SplitOutcome(plan=WorkPlan(summary="the plan", items=items))


def finding(fingerprint: str, *items: str, file: str = "", source: str = "review") -> Finding:
    """A remark."""
    return Finding.model_validate(
        {
            "source": source,
            "severity": "major",
            "message": f"about {fingerprint}",
            "file": file,
            "items": items,
            "fingerprint": fingerprint,
        }
    )


def agents_question(task: Task) -> Question:
    """An agent asks for more than its sandbox allows."""
    return Question(
        id=f"ask-{task.id}",
        kind=QuestionKind.APPROVAL,
        text="may I?",
        default="decline",
        deadline=1e9,
        task_id=task.id,
    )


def twin(view: RunView) -> RunView:
    """A copy that shares only what is frozen."""
    return dataclasses.replace(
        view, **{f.name: _apart(getattr(view, f.name)) for f in dataclasses.fields(view)}
    )


def _apart(value: Any) -> Any:
    if isinstance(value, Counter | deque):
        return copy.copy(value)
    if isinstance(value, dict):
        return {key: _apart(inner) for key, inner in value.items()}
    return copy.copy(value) if isinstance(value, list | set) else value


class Play:
    """One run, played event by event."""

    def __init__(self, of: Run | None = None, *, begin: bool = True) -> None:
        self.view = RunView()
        self.log: list[ev.Entry] = []
        self._trees = 0
        if begin:
            self.put(ev.RunCreated(run=of or run()), ev.RunStateChanged(state=RunState.RUNNING))

    # Events ---------------------------------------------------------------------------------------
    def record(self, *events: ev.RunEvent) -> None:
        """Append and apply, without asking what follows."""
        for event in events:
            seq, time = self.view.seq + 1, self.view.time + 1
            entry = ev.Entry(seq=seq, time=time, actor="somebody", event=event)
            apply(self.view, entry)
            self.log.append(entry)

    def put(self, *events: ev.RunEvent) -> None:
        """Append and apply together, then everything that follows."""
        self.record(*events)
        self.settle()

    def settle(self) -> None:
        """Record what follows until nothing does."""
        for _ in range(MOST_FOLLOWING):
            following = expand(self.view)
            assert following == expand(self.view), "expand must depend on the view alone"
            if not following:
                return
            self.record(*following)
        raise AssertionError(f"livelock: {[e.event for e in self.log[-4:]]}")

    def tree(self) -> str:
        """A tree id that was not there before."""
        self._trees += 1
        return f"{self._trees:040x}"

    # Roles ----------------------------------------------------------------------------------------
    def claim(self, role: Role) -> Task:
        """Let a worker of the role take what it may take; there must be something."""
        task = pick(self.view, role, self.view.time)
        assert task is not None, f"nothing for the {role}: {self.states()}"
        self.put(ev.TaskClaimed(task_id=task.id, epoch=task.epoch + 1, worker_id=f"{role}-1"))
        return self.view.tasks[task.id]

    def finish(self, task: Task, outcome: Outcome, usage: Usage | None = None) -> None:
        """Hand in a result for the claim that `task` shows."""
        self.put(ev.TaskFinished(task_id=task.id, epoch=task.epoch, outcome=outcome, usage=usage or Usage()))

    def fail(self, task: Task, kind: FailureKind = FailureKind.INTERNAL, cause: str = "it broke") -> None:
        """Let an attempt fail for good."""
        failure = Failure(kind=kind, cause=cause, next_step="mend it")
        self.put(ev.TaskFailed(task_id=task.id, epoch=task.epoch, failure=failure))

    def do(self, role: Role, outcome: Outcome, usage: Usage | None = None) -> Task:
        """Claim and finish."""
        task = self.claim(role)
        self.finish(task, outcome, usage)
        return self.view.tasks[task.id]

    def capture(self, files: tuple[str, ...] | None = None) -> Task:
        """An implementer's change, not integrated yet."""
        task = self.claim(Role.IMPLEMENTER)
        tree = self.tree()
        touched = files if files is not None else (task.item.files if task.item else ())
        change = Change(start=self.view.trees[task.patch][0], tree=tree, commit=tree, files=touched)
        self.finish(task, ImplementOutcome(summary="done", change=change))
        return self.view.tasks[task.id]

    def integrate(self, task: Task, tree: str | None = None) -> None:
        """Make a captured change part of the integration tree."""
        tree = tree or self.tree()
        self.put(ev.TaskIntegrated(task_id=task.id, epoch=task.epoch, tree=tree, commit=tree))

    def implement(self, files: tuple[str, ...] | None = None) -> Task:
        """Capture and integrate."""
        task = self.capture(files)
        self.integrate(task)
        return self.view.tasks[task.id]

    def test(self, *findings: Finding, passed: bool | None = None, untested: bool = False) -> None:
        """The tester's word on the integration tree."""
        ok = not findings if passed is None else passed
        self.do(
            Role.TESTER,
            TestOutcome(tree=self.current_tree, passed=ok, untested=untested, findings=findings),
        )

    def review(self, verdict: str, *findings: Finding) -> None:
        """The reviewer's word on the integration tree."""
        words = {"verdict": verdict, "tree": self.current_tree, "summary": "so I say", "findings": findings}
        self.do(Role.REVIEWER, ReviewOutcome.model_validate(words))

    # Shortcuts ------------------------------------------------------------------------------------
    def to_consensus(self) -> None:
        """Every draft is there."""
        for _ in range(self.view.the_run.briefing.hunters):
            self.do(Role.ANALYST, draft())

    def to_plan(self, *items: PlannedItem) -> None:
        """The plan is there; by default one item `a` that expects `a.py`."""
        self.to_consensus()
        self.do(Role.CONSENSUS, ledger())
        self.do(Role.SPLITTER, plan(*(items or (item("a", "a.py"),))))

    def to_review(self, *items: PlannedItem) -> None:
        """Every item is integrated and the tests passed."""
        self.to_plan(*items)
        for _ in items or (1,):
            self.implement()
        self.test()

    def to_end(self, *items: PlannedItem) -> None:
        """Approved at once."""
        self.to_review(*items)
        self.review("approve")

    # People ---------------------------------------------------------------------------------------
    def ask_changes(self, task_id: str, text: str = "not so") -> None:
        """A person is not content."""
        comment = Comment(by="ann", at=self.view.time, text=text)
        self.put(ev.ChangesRequested(task_id=task_id, comment=comment))

    def approve(self, task_id: str, by: str, seen: str = "h1") -> None:
        """A named approval."""
        approval = Approval(by=by, at=self.view.time, seen=seen, subject="consensus")
        self.put(ev.TaskApproved(task_id=task_id, approval=approval))

    def answer(self, answer: str, question_id: str | None = None) -> None:
        """Answer the one open question (or the named one)."""
        name = question_id or self.question
        self.put(ev.QuestionAnswered(question_id=name, answer=answer, by="ann"))

    def follow_up(self) -> None:
        """New wishes; the run lives again."""
        number, tree = self.view.patch + 1, self.tree()
        self.put(
            ev.FollowUpRequested(
                text="more",
                by="ann",
                patch=number,
                base=Base(head=None, branch="main", commit=tree, tree=tree),
                tree=tree,
                commit=tree,
            ),
            ev.RunStateChanged(state=RunState.RUNNING),
        )

    def revive(self) -> None:
        """The run lives again."""
        self.put(ev.RunStateChanged(state=RunState.RUNNING))

    # Looking --------------------------------------------------------------------------------------
    @property
    def current_tree(self) -> str:
        """The integration tree."""
        return self.view.trees[self.view.patch][0]

    @property
    def question(self) -> str:
        """The id of the one open question."""
        assert len(self.view.questions) == 1, list(self.view.questions)
        return next(iter(self.view.questions))

    def states(self) -> dict[str, str]:
        """Every task's state by its id."""
        return {task.id: str(task.state) for task in self.view.tasks.values()}

    def last(self, kind: type[ev.RunEvent]) -> ev.RunEvent:
        """The latest event of a type."""
        return next(e.event for e in reversed(self.log) if isinstance(e.event, kind))

    def number(self, kind: type[ev.RunEvent]) -> int:
        """How many events of a type there were."""
        return sum(isinstance(e.event, kind) for e in self.log)
