"""Fold the journal into what is true now; the only code that knows what an event changes."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from sextet.errors import NotFoundError
from sextet.model import events as ev
from sextet.model.answers import Analysis, Ledger
from sextet.model.names import ENDED, Kind, Role, RunState, TaskState
from sextet.model.notes import Approval, Comment, Question
from sextet.model.outcome import AnalysisOutcome, ConsensusOutcome, Finding, SplitOutcome, TestOutcome
from sextet.model.patch import HunkMark, Patch, PatchState
from sextet.model.run import Base, Run
from sextet.model.settings import RoleSettings
from sextet.model.task import Task, Usage
from sextet.pipeline.overlap import Parts, occupy
from sextet.pipeline.transitions import CLOSED

NOTES_KEPT = 200


@dataclass(slots=True)
class RunView:
    """One run as its journal tells it.

    Only `pipeline.fold.apply` changes it; everybody else reads. Indexes (`ready`, `counts`, `troubled`,
    `captured`) are kept with every change, so that a decision never walks all tasks.
    """

    run: Run | None = None
    seq: int = 0
    time: float = 0.0
    state: RunState = RunState.QUEUED
    reason: str = ""
    patch: int = 1
    """Number of the patch that is being worked on."""
    bases: dict[int, Base] = field(default_factory=dict)
    trees: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Integration tree and its commit, by patch."""
    tasks: dict[str, Task] = field(default_factory=dict)
    ready: dict[Role, dict[str, None]] = field(default_factory=lambda: {role: {} for role in Role})
    working: dict[str, None] = field(default_factory=dict)
    captured: dict[str, None] = field(default_factory=dict)
    """Implement tasks whose change waits for its integration."""
    taken: Counter[Parts] = field(default_factory=Counter)
    """Files of items at work or captured, and how many items each."""
    above: Counter[Parts] = field(default_factory=Counter)
    """Folders above those files."""
    troubled: dict[str, None] = field(default_factory=dict)
    """Tasks in `error` or `blocked`."""
    counts: Counter[tuple[int, Kind, TaskState]] = field(default_factory=Counter)
    totals: Counter[tuple[int, Kind]] = field(default_factory=Counter)
    """Tasks by patch and kind."""
    ledgers: dict[int, Ledger] = field(default_factory=dict)
    patches: dict[int, Patch] = field(default_factory=dict)
    marks: dict[int, dict[str, HunkMark]] = field(default_factory=dict)
    """What people think of hunks, by patch and hunk id; marks of hunks that are gone mean nothing."""
    retests: dict[int, TestOutcome] = field(default_factory=dict)
    """The latest tests on what the user has, by patch."""
    rounds: Counter[int] = field(default_factory=Counter)
    acted: dict[int, int] = field(default_factory=dict)
    """The reviewer's epoch whose findings are being mended, by patch."""
    requested: dict[int, list[Finding]] = field(default_factory=dict)
    """What people asked to change and no rework has taken up yet, by patch."""
    fingerprints: dict[int, set[str]] = field(default_factory=dict)
    questions: dict[str, Question] = field(default_factory=dict)
    """Open questions."""
    answers: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Answer and who gave it, by question id."""
    approvals: dict[str, tuple[Approval, ...]] = field(default_factory=dict)
    comments: dict[str, tuple[Comment, ...]] = field(default_factory=dict)
    wishes: dict[int, str] = field(default_factory=dict)
    baseline: dict[int, ev.BaselineFinished] = field(default_factory=dict)
    roles: dict[Role, RoleSettings] = field(default_factory=dict)
    """What was said for this run alone."""
    tuned: dict[Role, RoleSettings] = field(default_factory=dict)
    """What the settings have become since the run began."""
    agents: int | None = None
    """The number of agents that the settings have become; None: what the run began with."""
    usage: Usage = field(default_factory=Usage)
    warned: bool = False
    """True when the warning about tokens was given."""
    notes: deque[ev.Noted] = field(default_factory=lambda: deque(maxlen=NOTES_KEPT))

    # Reading --------------------------------------------------------------------------------------
    @property
    def the_run(self) -> Run:
        """The run's fixed part.

        Raises:
            NotFoundError: the journal has no first event yet.
        """
        if self.run is None:
            raise NotFoundError("This run's journal does not begin with the run itself.")
        return self.run

    @property
    def ended(self) -> bool:
        """True when nothing happens any more without a new wish."""
        return self.state in ENDED

    def task(self, task_id: str) -> Task:
        """The task with this id.

        Raises:
            NotFoundError: there is none.
        """
        try:
            return self.tasks[task_id]
        except KeyError:
            raise NotFoundError(
                f"There is no task {task_id} in this run.",
                next_step="Look at its tasks: `sextet show`.",
                task_id=task_id,
            ) from None

    def settings_of(self, role: Role) -> RoleSettings:
        """The role's settings in force: this run's override, else what its settings are now."""
        return self.roles.get(role) or self.tuned.get(role) or self.the_run.settings.role(role)

    @property
    def max_agents(self) -> int:
        """Agents that may be at work at the same time."""
        return self.agents or self.the_run.settings.max_agents

    def of_kind(self, kind: Kind, patch: int) -> Iterable[Task]:
        """Tasks of one kind for one patch, in the order they were added."""
        return (t for t in self.tasks.values() if t.kind is kind and t.patch == patch)

    def number(self, kind: Kind, patch: int, *states: TaskState) -> int:
        """How many tasks of a kind are in one of `states`."""
        return sum([self.counts[patch, kind, state] for state in states])

    def total(self, kind: Kind, patch: int) -> int:
        """How many tasks of a kind there are for a patch."""
        return self.totals[patch, kind]

    def implemented(self, patch: int) -> bool:
        """True when every implement task of the patch is part of its integration tree or closed."""
        total = self.total(Kind.IMPLEMENT, patch)
        return 0 < total == self.number(Kind.IMPLEMENT, patch, TaskState.INTEGRATED, *CLOSED)

    def drafts(self, patch: int) -> dict[int, Analysis]:
        """Finished drafts by their number."""
        return {
            t.slot: t.outcome.draft
            for t in self.of_kind(Kind.ANALYSIS, patch)
            if isinstance(t.outcome, AnalysisOutcome) and t.state is TaskState.DONE
        }

    def plan(self, patch: int) -> SplitOutcome | None:
        """The splitter's finished plan for a patch."""
        task = self.tasks.get(f"split-{patch}")
        if task is None or task.state is not TaskState.DONE or not isinstance(task.outcome, SplitOutcome):
            return None
        return task.outcome

    def evidence(self, patch: int) -> TestOutcome | None:
        """The tester's result, when it speaks of the integration tree as it is now."""
        task = self.tasks.get(f"test-{patch}")
        if task is None or task.state is not TaskState.DONE or not isinstance(task.outcome, TestOutcome):
            return None
        return task.outcome if task.outcome.tree == self.trees[patch][0] else None

    def passed(self, patch: int) -> bool:
        """True when the tests passed on the integration tree as it is, or no test command is known."""
        evidence = self.evidence(patch)
        return evidence is not None and (evidence.passed or evidence.untested)

    def answer(self, question_id: str) -> str | None:
        """The answer to a question; None while it is open or was never asked."""
        found = self.answers.get(question_id)
        return found[0] if found else None

    # Indexes --------------------------------------------------------------------------------------
    def store(self, task: Task) -> None:
        """Put a task in its place and keep the indexes (only for `pipeline.fold`)."""
        old = self.tasks.get(task.id)
        self.tasks[task.id] = task
        if old is None or old.state is not task.state:
            occupied = self._leave(old) if old is not None else False
            self.totals[task.patch, task.kind] += old is None
            self.counts[task.patch, task.kind, task.state] += 1
            entered = self._index(task)
            if entered is not None:
                entered[task.id] = None
            occupies = entered is self.working or entered is self.captured
            if task.item is not None and occupied is not occupies:
                occupy(self.taken, self.above, task.item.files, 1 if occupies else -1)
        if task.state is TaskState.DONE and isinstance(task.outcome, ConsensusOutcome):
            self.ledgers[task.patch] = task.outcome.ledger

    def _leave(self, old: Task) -> bool:
        """Take a task out of the indexes; whether it occupied its files."""
        self.counts[old.patch, old.kind, old.state] -= 1
        left = self._index(old)
        if left is not None:
            del left[old.id]
        return left is self.working or left is self.captured

    def _index(self, task: Task) -> dict[str, None] | None:
        """The index that holds tasks of this state."""
        match task.state:
            case TaskState.READY:
                return self.ready[task.role]
            case TaskState.IN_PROGRESS:
                return self.working
            case TaskState.ERROR | TaskState.BLOCKED:
                return self.troubled
            case TaskState.DONE if task.kind is Kind.IMPLEMENT:
                return self.captured
        return None

    def set_tree(self, patch: int, tree: str, commit: str, task_id: str = "") -> None:
        """Move the integration tree; a moved tree makes its patch a draft again (for `pipeline.fold`)."""
        self.trees[patch] = (tree, commit)
        known = self.patches.get(patch)
        if not task_id:
            return
        if known is None:
            self.patches[patch] = Patch(
                id=f"patch-{patch}",
                number=patch,
                base=self.bases[patch].tree,
                tree=tree,
                commit=commit,
                tasks=(task_id,),
            )
            return
        changes: dict[str, object] = {"tree": tree, "commit": commit}
        if task_id not in known.tasks:
            changes["tasks"] = (*known.tasks, task_id)
        if tree != known.tree:
            changes |= {"state": PatchState.DRAFT, "tested": None, "untested": False, "takes": {}}
        self.patches[patch] = known.model_copy(update=changes)
