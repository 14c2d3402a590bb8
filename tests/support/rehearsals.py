"""What tests of roles need: scripted agents, a sink that remembers, assignments, a small stage."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sextet.codex.turn import (
    CommandResult,
    Fence,
    Listener,
    ModelInfo,
    TurnError,
    TurnHandle,
    TurnRequest,
    TurnResult,
)
from sextet.model.answers import PlannedItem, WorkPlan
from sextet.model.names import ROLE_OF, Mode, Role
from sextet.model.notes import QuestionKind
from sextet.model.outcome import (
    AnalysisOutcome,
    ConsensusOutcome,
    Finding,
    ImplementOutcome,
    Outcome,
    ReviewOutcome,
    SplitOutcome,
    TestOutcome,
)
from sextet.model.patch import Patch
from sextet.model.run import Base, Briefing, Run
from sextet.model.settings import Settings
from sextet.model.task import Failure, FailureKind, Item, Task, Usage
from sextet.roles.cast import Cast
from sextet.roles.executor import Assignment
from sextet.roles.rehearsal import Rehearsal
from sextet.roles.scenario import Scenario
from sextet.workspace import snapshot
from sextet.workspace.merge import Merged, MergeQueue
from sextet.workspace.worktree import Workshop

TREE = "a" * 40
OTHER = "b" * 40

DRAFT: Mapping[str, Any] = {"summary": "s", "requirements": [], "risks": [], "testCommands": []}


def broken(kind: FailureKind, cause: str = "It broke.", **more: Any) -> TurnError:
    """A turn without an answer."""
    return TurnError(Failure(kind=kind, cause=cause), **more)


@dataclass
class FakeAgents:
    """Agents whose replies come in order: a text, a JSON value, an error, or a function of the request."""

    replies: Sequence[Any]
    requests: list[TurnRequest] = field(default_factory=list)
    commands: list[tuple[str, Fence, Mapping[str, str]]] = field(default_factory=list)
    results: Mapping[str, tuple[int | None, bytes]] = field(default_factory=dict)
    closed: bool = False

    async def turn(
        self, request: TurnRequest, listener: Listener, handle: TurnHandle | None = None
    ) -> TurnResult:
        """The next reply."""
        reply = self.replies[len(self.requests)]
        self.requests.append(request)
        thread = request.thread or f"thread-{len(self.requests)}"
        if handle is not None:
            handle.steer = None
        await listener.started(thread)
        if callable(reply):
            reply = await reply(request, listener)
        if isinstance(reply, TurnError):
            raise reply
        text = reply if isinstance(reply, str) else json.dumps(reply)
        return TurnResult(text, thread, Usage(input=10, output=1), "fake")

    async def command(
        self,
        script: str,
        fence: Fence,
        *,
        env: Mapping[str, str],
        timeout: float,
        output: Callable[[bytes], None],
    ) -> CommandResult:
        """The result that is given for the script; 0 without output else."""
        self.commands.append((script, fence, env))
        code, said = self.results.get(script, (0, b""))
        output(said)
        return CommandResult(code, min(0.1, timeout))

    async def models(self) -> tuple[ModelInfo, ...]:
        """None."""
        return ()

    async def close(self) -> None:
        """Remember it."""
        self.closed = True


@dataclass
class Remembering:
    """A sink that keeps everything; questions are answered from `answers`, else with their default."""

    answers: list[str] = field(default_factory=list)
    handle: TurnHandle = field(default_factory=TurnHandle)
    logged: list[tuple[str, str]] = field(default_factory=list)
    artifacts: dict[str, bytearray] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    turns: list[tuple[str, str, str]] = field(default_factory=list)
    questions: list[tuple[QuestionKind, str]] = field(default_factory=list)
    said: asyncio.Event = field(default_factory=asyncio.Event)

    def log(self, stream: str, text: str) -> None:
        """Keep it."""
        self.logged.append((stream, text))
        self.said.set()

    def artifact(self, name: str, data: bytes) -> None:
        """Append it."""
        self.artifacts.setdefault(name, bytearray()).extend(data)

    def spent(self, usage: Usage) -> None:
        """Keep the latest sum."""
        self.usage = usage

    async def turn_started(self, *, model: str, thread: str, reason: str = "") -> None:
        """Keep it."""
        self.turns.append((model, thread, reason))

    async def ask(
        self,
        kind: QuestionKind,
        text: str,
        *,
        choices: tuple[tuple[str, str], ...],
        default: str,
        detail: str = "",
    ) -> str:
        """The next answer."""
        assert not choices or default in dict(choices), detail
        self.questions.append((kind, text))
        return self.answers.pop(0) if self.answers else default

    def text(self, stream: str) -> str:
        """All that was logged on a stream."""
        return "\n".join(text for name, text in self.logged if name == stream)


def make_run(
    settings: Settings | None = None, *, tree: str = TREE, mode: Mode = Mode.IMPLEMENT_FEATURE
) -> Run:
    """A run with a goal."""
    return Run(
        id="20261122-143005-goal-7f3a",
        briefing=Briefing(goal="Make it good.", mode=mode),
        base=Base(head=None, branch="main", commit=tree, tree=tree),
        settings=settings or Settings(),
        executor="rehearsal",
        created_at=1.0,
    )


def make_assignment(role: Role, run: Run | None = None, **more: Any) -> Assignment:
    """An assignment for a role; keywords of Task go to the task, the others to the assignment."""
    run = run or make_run()
    of_task = {name: more.pop(name) for name in tuple(more) if name in Task.model_fields and name != "patch"}
    item = of_task.get("item")
    kind = next(kind for kind, its in ROLE_OF.items() if its is role)
    facts = {"id": f"{kind.value}-1-{item.id if item else 1}", "title": "Do it", "patch": 1, "epoch": 1}
    task = Task(**{**facts, "kind": kind, **of_task})
    settings = more.pop("settings", None) or run.settings.role(role)
    tree = more.pop("tree", run.base.tree)
    return Assignment(run=run, task=task, worker_id=f"{role.value}-1", settings=settings, tree=tree, **more)


def item_of(planned: PlannedItem) -> Item:
    """A planned item as the pipeline makes it."""
    return Item.model_validate_json(planned.to_json())


@dataclass
class Stage:
    """A pipeline in the small, one after another: enough to play a scenario through real executors."""

    workshop: Workshop
    cast: Cast
    run: Run
    tree: str
    outcomes: list[Outcome] = field(default_factory=list)
    sinks: list[Remembering] = field(default_factory=list)
    commit: str = ""
    epochs: dict[str, int] = field(default_factory=dict)

    @classmethod
    async def build(cls, workshop: Workshop, scenario: Scenario, *, scale: float | None = 0.0) -> Stage:
        """Set it up on the user's present state."""
        base = await snapshot.take(workshop.mirror, workshop.repository, run_id=make_run().id)
        run = make_run(scenario.overlay(Settings()), tree=base.tree)
        run = run.model_copy(
            update={"base": base, "briefing": Briefing(goal=scenario.goal or "Anything", hunters=2)}
        )
        agents = Rehearsal(scenario, scale=scale)
        cast = Cast(workshop, dict.fromkeys(Role, agents))
        return cls(workshop, cast, run, base.tree, commit=base.commit)

    async def play(self, role: Role, **more: Any) -> Any:
        """One attempt."""
        assignment = make_assignment(role, self.run, tree=self.tree, **more)
        epoch = self.epochs[assignment.task.id] = self.epochs.get(assignment.task.id, 0) + 1
        assignment = make_assignment(role, self.run, tree=self.tree, **{**more, "epoch": epoch})
        sink = Remembering()
        self.sinks.append(sink)
        outcome = await self.cast.executor(role).execute(assignment, sink)
        self.outcomes.append(outcome)
        return outcome

    async def implement(self, items: Sequence[Item], findings: Sequence[Finding] = ()) -> None:
        """Items one after the other, each integrated."""
        for item in items:
            rework = {"findings": tuple(findings), "reworks": 1} if findings else {}
            outcome: ImplementOutcome = await self.play(Role.IMPLEMENTER, item=item, **rework)
            if outcome.change is not None:
                merged = await MergeQueue(self.workshop.mirror).integrate(self.commit, outcome.change)
                assert isinstance(merged, Merged)
                self.tree, self.commit = merged.tree, merged.commit

    async def judge(self, items: Sequence[Item]) -> tuple[TestOutcome, ReviewOutcome]:
        """Test and review what is integrated."""
        test: TestOutcome = await self.play(Role.TESTER)
        patch = Patch(
            id="patch-1", number=1, base=self.run.base.tree, tree=self.tree, commit=self.commit or TREE
        )
        review: ReviewOutcome = await self.play(Role.REVIEWER, patch=patch, test=test, items=tuple(items))
        return test, review

    async def whole(self) -> ReviewOutcome:
        """From the goal to the verdict, with rework as long as it is asked for (at most 3 rounds)."""
        drafts: list[AnalysisOutcome] = [
            await self.play(Role.ANALYST, slot=slot, id=f"analysis-1-{slot}") for slot in (1, 2)
        ]
        ledger: ConsensusOutcome = await self.play(
            Role.CONSENSUS, drafts={number: each.draft for number, each in enumerate(drafts, 1)}
        )
        split: SplitOutcome = await self.play(Role.SPLITTER, ledger=ledger.ledger)
        items = plan_items(split.plan)
        await self.implement(items)
        _, review = await self.judge(items)
        for _ in range(3):
            if review.verdict != "changes_requested":
                break
            named = {each for found in review.findings for each in found.items}
            await self.implement([each for each in items if each.id in named], review.findings)
            _, review = await self.judge(items)
        return review


def plan_items(plan: WorkPlan) -> list[Item]:
    """The items of a plan, in an order that respects dependencies (the plan's)."""
    return [item_of(each) for each in plan.items]


def own_scenario(*cues: Mapping[str, Any], **more: Any) -> Scenario:
    """A scenario of a test."""
    return Scenario.model_validate_json(json.dumps({"name": "test", "cues": cues, **more}))


def fence_at(folder: Path, mode: Any = "workspace-write") -> Fence:
    """A fence around a folder."""
    return Fence(mode, folder, folder)
