"""Runs for tests: sessions and crews on an engine without git, and supervisors on real repositories."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sextet.errors import NotFoundError, StoreError
from sextet.model import events as ev
from sextet.model.names import Kind, Role
from sextet.model.outcome import Change, CommandRun, ImplementOutcome, Outcome, ReviewOutcome, TestOutcome
from sextet.model.settings import RoleSettings, Settings
from sextet.model.task import Task
from sextet.pipeline.fold import fold
from sextet.pipeline.view import RunView
from sextet.roles.executor import Assignment, Sink
from sextet.runtime.attempt import Attempt
from sextet.runtime.bus import Bus
from sextet.runtime.engine import Integration
from sextet.runtime.live import LiveRun
from sextet.runtime.session import Session
from sextet.runtime.slots import Slots
from sextet.service.dispatch import Dispatcher
from sextet.service.orchestrator import Orchestrator
from sextet.service.place import Place
from sextet.store import reading, runs
from sextet.store.layout import RunFolder
from sextet.store.state import State
from sextet.system.disk import DISK, Disk
from support import plays, repos
from support.disks import RUN_ID

Act = Callable[[Assignment, Sink], Awaitable[Outcome]]


def oid(text: str) -> str:
    """A made-up object id."""
    return hashlib.sha1(text.encode()).hexdigest()


@dataclass
class FakeEngine:
    """Attempts that succeed at once, except where a test holds them or gives them another act."""

    items: tuple[str, ...] = ("a", "b")
    acts: dict[str, Act] = field(default_factory=dict)
    """By task id, or by kind."""
    held: dict[str, asyncio.Event] = field(default_factory=dict)
    started: list[tuple[str, int]] = field(default_factory=list)
    cancelled: list[tuple[str, int]] = field(default_factory=list)
    salvaged: list[tuple[str, int]] = field(default_factory=list)
    salvage_tree: str | None = None
    setups: list[int | None] = field(default_factory=list)
    """Exit codes of the set-up command, one for each baseline; none left: there is no such command."""
    refusals: list[Exception] = field(default_factory=list)
    """What the next integrations raise."""
    conflicts: list[str] = field(default_factory=list)
    """Files in which the next integrations collide."""
    baselines: int = 0
    at_work: int = 0
    most: int = 0
    moved: asyncio.Event = field(default_factory=asyncio.Event)

    def hold(self, name: str) -> asyncio.Event:
        """Attempts of this task (or kind) wait for the event."""
        return self.held.setdefault(name, asyncio.Event())

    async def begun(self, name: str, times: int = 1) -> None:
        """Wait until attempts of a task have begun so often."""
        while sum(task == name for task, _ in self.started) < times:
            self.moved.clear()
            await self.moved.wait()

    async def execute(self, assignment: Assignment, sink: Sink) -> Outcome:
        task = assignment.task
        self.started.append((task.id, task.epoch))
        self.at_work += 1
        self.most = max(self.most, self.at_work)
        self.moved.set()
        try:
            for name in (task.id, task.kind.value):
                if name in self.held:
                    await self.held[name].wait()
            act = self.acts.get(task.id) or self.acts.get(task.kind.value) or self.succeed
            return await act(assignment, sink)
        except asyncio.CancelledError:
            self.cancelled.append((task.id, task.epoch))
            raise
        finally:
            self.at_work -= 1

    async def succeed(self, assignment: Assignment, _: Sink | None = None) -> Outcome:
        """What an attempt of this kind returns when all is well."""
        task = assignment.task
        if task.kind is Kind.ANALYSIS:
            return plays.draft()
        if task.kind is Kind.CONSENSUS:
            return plays.ledger()
        if task.kind is Kind.SPLIT:
            return plays.plan(*(plays.item(name, f"{name}.txt") for name in self.items))
        if task.kind is Kind.IMPLEMENT:
            tree = oid(f"{task.id}-{task.epoch}")
            change = Change(start=assignment.tree, tree=tree, commit=tree, files=())
            return ImplementOutcome(summary="done", change=change)
        if task.kind is Kind.TEST:
            return TestOutcome(tree=assignment.tree, passed=True)
        return ReviewOutcome(tree=assignment.tree, verdict="approve", summary="good")

    async def salvage(self, run_id: str, task: Task) -> str | None:
        self.salvaged.append((task.id, task.epoch))
        return self.salvage_tree

    async def baseline(self, view: RunView, patch: int, sink: Sink) -> ev.BaselineFinished:
        self.baselines += 1
        if "baseline" in self.held:
            await self.held["baseline"].wait()
        code = self.setups.pop(0) if self.setups else None
        setup = None if code is None else CommandRun(command="make", exit_code=code, seconds=0.0)
        return ev.BaselineFinished(patch=patch, setup=setup)

    async def retest(self, assignment: Assignment, sink: Sink) -> TestOutcome:
        return TestOutcome(tree=assignment.tree, passed=True)

    async def integrate(self, view: RunView, task_id: str) -> Integration:
        if self.refusals:
            raise self.refusals.pop(0)
        if self.conflicts:
            return Integration(conflicts=(self.conflicts.pop(0),))
        tree = oid(view.trees[view.patch][0] + task_id)
        return Integration(tree=tree, commit=tree)


@dataclass
class Floor:
    """A run on an engine without git."""

    folder: RunFolder
    session: Session
    engine: FakeEngine
    live: LiveRun
    slots: Slots
    bus: Bus

    async def begin(self) -> asyncio.Task[Any]:
        """Work on it in the background."""
        return asyncio.create_task(self.live.drive())

    async def answer(self, prefix: str, answer: str) -> str:
        """Wait for the question whose id begins so, and answer it."""
        await self.session.until(lambda view: any(name.startswith(prefix) for name in view.questions))
        [found] = [name for name in self.session.view.questions if name.startswith(prefix)]
        await self.session.record(ev.QuestionAnswered(question_id=found, answer=answer, by="ada"))
        return found

    async def attempt(self, task_id: str) -> Attempt:
        """The attempt at this task, once there is one."""
        await self.session.until(lambda view: task_id in view.working)
        while True:  # its claim is written down before it begins
            with suppress(NotFoundError):
                found = self.live.crew.at_work_on(task_id).attempt
                if found is not None:
                    return found
            await asyncio.sleep(0.001)

    def state(self, task_id: str) -> str:
        return self.session.view.tasks[task_id].state.value

    def journal(self) -> list[ev.Entry]:
        """What is on the disk."""
        return list(reading.read(self.folder))


def few(**workers: int) -> dict[Role, RoleSettings]:
    """Role settings with these numbers of workers (by role), one for all others."""
    return {role: RoleSettings(workers=workers.get(role.value, 1)) for role in Role}


def make_folder(tmp_path: Path, settings: Settings | None = None) -> RunFolder:
    """The folder of a new run, in no repository."""
    top = tmp_path / "tree"
    top.mkdir(exist_ok=True)
    run = plays.run(settings=settings).model_copy(update={"id": RUN_ID})
    return runs.create(top, State.of(top, tmp_path / "state"), run)


@asynccontextmanager
async def floor(
    where: Path | RunFolder,
    engine: FakeEngine | None = None,
    *,
    settings: Settings | None = None,
    clock: Callable[[], float] | None = None,
    disk: Disk = DISK,
) -> AsyncIterator[Floor]:
    """A run that is open, and its crew; a broken disk at the end is no trouble here."""
    folder = where if isinstance(where, RunFolder) else make_folder(where, settings)
    bus, engine = Bus(), engine or FakeEngine()
    more: dict[str, Any] = {"clock": clock} if clock else {}
    session = Session.open(folder, bus, disk=disk, **more)
    slots = Slots(session.view.the_run.settings.max_agents)
    live = LiveRun(session, engine, slots)
    try:
        yield Floor(folder, session, engine, live, slots, bus)
    finally:
        await live.crew.close()
        with suppress(StoreError):
            await session.close()


# On real repositories -----------------------------------------------------------------------------
def scenario(
    items: Mapping[str, Mapping[str, Any]] | None = None,
    *,
    analyst: list[dict[str, Any]] | None = None,
    settings: Mapping[str, Any] | None = None,
    cues: tuple[dict[str, Any], ...] = (),
) -> dict[str, Any]:
    """A scenario for a rehearsal.

    Args:
        items: by item id: `actions`, and optionally `files` and `dependsOn`.
        analyst: what the analysts do.
        settings: as in a settings file's record.
        cues: more cues; one with more conditions stands above these.
    """
    items = items or {"one": {"actions": [write("one.txt", "1\n")]}}
    draft = {"title": "t", "detail": "", "evidence": [], "acceptance": []}
    agreed = {"id": "R1", "title": "t", "detail": "", "acceptance": [], "support": [1]}
    planned = [
        {
            "id": name,
            "title": f"Do {name}",
            "instructions": "",
            "files": item.get("files", []),
            "dependsOn": item.get("dependsOn", []),
            "requirements": ["R1"],
        }
        for name, item in items.items()
    ]
    done = {"status": "done", "summary": "done"}
    return {
        "name": "a test",
        "scale": 1,
        "settings": dict(settings or {}),
        "cues": [
            {
                "role": "analyst",
                "actions": analyst or [],
                "answer": {"summary": "s", "requirements": [draft], "risks": [], "testCommands": []},
            },
            {
                "role": "consensus",
                "answer": {"summary": "s", "requirements": [agreed], "dissent": [], "openQuestions": []},
            },
            {"role": "splitter", "answer": {"summary": "s", "items": planned}},
            *(
                {"role": "implementer", "item": name, "actions": item["actions"], "answer": done}
                for name, item in items.items()
            ),
            {"role": "implementer", "actions": [], "answer": done},
            {"role": "tester", "answer": {"summary": "s", "commands": []}},
            {"role": "reviewer", "answer": {"verdict": "approve", "summary": "s", "findings": []}},
            *cues,
        ],
    }


def write(path: str, text: str) -> dict[str, Any]:
    return {"do": "write", "path": path, "text": text}


def wait(seconds: float) -> dict[str, Any]:
    return {"do": "wait", "seconds": seconds}


def shell(script: str) -> dict[str, Any]:
    return {"do": "run", "script": script}


@dataclass
class Shop:
    """A supervisor on a real repository."""

    orchestrator: Orchestrator
    dispatcher: Dispatcher

    @property
    def top(self) -> Path:
        return self.orchestrator.place.top

    async def call(self, method: str, **params: Any) -> Any:
        return await self.dispatcher.call(method, params)

    async def start(self, file: Path, **more: Any) -> str:
        """Start a rehearsal of a scenario file; its run id."""
        params = {"goal": "a goal", "executor": "rehearsal", "scenario": str(file), **more}
        return (await self.dispatcher.call("run/start", params)).run_id

    def view(self, run_id: str) -> RunView:
        return self.orchestrator.view(run_id)

    async def until(self, run_id: str, condition: Callable[[RunView], bool]) -> None:
        """Wait until something is true of a run that is open here."""
        active = await self.orchestrator.open(run_id)
        await active.session.until(condition)

    async def tree(self, run_id: str) -> dict[str, str]:
        """The files of the integration tree."""
        mirror = self.orchestrator.place.state.mirror
        tree = self.view(run_id).trees[self.view(run_id).patch][0]
        names = repos.git(mirror, "ls-tree", "-r", "--name-only", tree).splitlines()
        return {name: repos.git(mirror, "cat-file", "-p", f"{tree}:{name}") for name in names}

    def worktrees(self) -> list[str]:
        """What is left in the folder of worktrees, except what is being removed in the background."""
        folder = self.orchestrator.place.state.worktrees
        left = (path.relative_to(folder) for path in folder.glob("*/*"))
        return sorted(str(path) for path in left if path.parts[0] != "trash")


@asynccontextmanager
async def shop(top: Path) -> AsyncIterator[Shop]:
    """A supervisor of the repository at `top`; what is live at the end is interrupted."""
    async with Orchestrator(await Place.open(top)) as orchestrator:
        yield Shop(orchestrator, Dispatcher(orchestrator))


def check_journal(folder: RunFolder, *, ended: bool = True) -> RunView:
    """The view of a journal after checking what must hold of any run; see the invariants' numbers.

    1: a result is accepted at most once per (task, epoch), and only of an epoch that was claimed.
    2: nothing happened twice, every claim ended in exactly one way, and (when `ended`) every task is over.
    9: every failure names its cause; 11: a second replay gives the same view.
    """
    entries = list(reading.read(folder))
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    claimed: set[tuple[str, int]] = set()
    closed: set[tuple[str, int]] = set()
    for entry in entries:
        event = entry.event
        if isinstance(event, ev.TaskClaimed):
            assert (event.task_id, event.epoch) not in claimed, "one winner per (task, epoch)"
            claimed.add((event.task_id, event.epoch))
        elif isinstance(event, ev.TaskFinished | ev.TaskFailed | ev.TaskReleased):
            key = (event.task_id, event.epoch)
            assert key in claimed, f"{key} ended without a claim"
            assert key not in closed, f"{key} ended twice"
            closed.add(key)
        if isinstance(event, ev.TaskFailed):
            assert event.failure.cause
    view = fold(entries)
    again = fold(reading.read(folder))
    assert view.tasks == again.tasks
    assert (view.state, view.trees, view.patches) == (again.state, again.trees, again.patches)
    if ended:
        assert claimed == closed, "a claim that nobody gave back"
        over = {"done", "integrated", "superseded", "stopped"}
        assert {task.state.value for task in view.tasks.values()} <= over
    return view
