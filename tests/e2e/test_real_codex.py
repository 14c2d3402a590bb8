"""The real Codex CLI, driven by a scripted model, takes goals through the whole pipeline."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sextet.model import events as ev
from sextet.model.names import RunState
from sextet.pipeline.view import RunView
from sextet.service.dispatch import Dispatcher
from sextet.service.orchestrator import Orchestrator
from sextet.service.place import Place
from sextet.service.viewing import read_view
from sextet.store import journal, runs
from support import piece, scripted_model
from support.codex_cli import codex, codex_home
from support.repos import fingerprint, make

__all__ = ["codex"]

pytestmark = pytest.mark.codex

PATIENCE = 45.0
"""Seconds for a whole run; it takes about five on a quiet machine."""


@dataclass
class Stage:
    """A repository, a model server and a supervisor that uses the real Codex."""

    repo: Path
    model: scripted_model.Server
    orchestrator: Orchestrator
    overrides: dict[str, Any]

    @property
    def verbs(self) -> Dispatcher:
        return Dispatcher(self.orchestrator)

    async def start(self, **overrides: Any) -> str:
        asked = {"goal": "Let add() add, and test it", "overrides": {**self.overrides, **overrides}}
        return (await self.verbs.call("run/start", asked)).run_id

    async def until(self, run_id: str, condition: Callable[[RunView], bool]) -> RunView:
        session = (await self.orchestrator.open(run_id)).session
        async with asyncio.timeout(PATIENCE):
            await session.until(condition)
        return session.view

    async def end(self, run_id: str) -> RunState:
        async with asyncio.timeout(PATIENCE):
            return await self.orchestrator.wait(run_id)

    def events(self, run_id: str) -> list[Any]:
        place = self.orchestrator.place
        folder = runs.open_run(place.top, place.state, run_id)
        return [entry.event for entry in journal.read(folder)]


@pytest.fixture
def stage(codex: Path, home: Path, tmp_path: Path) -> Callable[[dict[str, Any]], Any]:
    repo = make(tmp_path / "a 'quoted\" repo\nwith ✨", piece.FILES)

    @asynccontextmanager
    async def opened(scenario: dict[str, Any]) -> AsyncIterator[Stage]:
        with scripted_model.start(scenario) as model:
            overrides = piece.overrides(codex, codex_home(home / f"codex-{model.port}", model.port))
            async with Orchestrator(await Place.open(repo)) as orchestrator:
                yield Stage(repo, model, orchestrator, overrides)

    return opened


def of(found: list[Any], kind: type) -> list[Any]:
    return [event for event in found if isinstance(event, kind)]


async def test_a_goal_becomes_an_applied_patch_through_rework_and_a_busy_model(stage: Any) -> None:
    busy = piece.says(
        "busy",
        "You are an analyst",
        {"failed": {"code": "server_is_overloaded", "message": "busy"}},
        model="gpt-6-sol",
    )
    async with stage(piece.piece(busy, delay=0.3)) as on:
        before = fingerprint(on.repo / ".git")
        models = {"roles.analyst.models": ["gpt-6-sol", "gpt-5.5"], "roles.analyst.spread": False}
        run_id = await on.start(**models)
        assert await on.end(run_id) is RunState.COMPLETED
        snapshot = await on.verbs.call("run/snapshot", {"runId": run_id})
        patch = await on.verbs.call("patch/get", {"runId": run_id, "patchId": "patch-1"})
        applied = await on.verbs.call("patch/apply", {"runId": run_id, "patchId": "patch-1"})
        assert fingerprint(on.repo / ".git") == before, "invariant 4: the user's .git is byte-identical"
        found = on.events(run_id)
        requests = on.model.requests

    assert {task.state for task in snapshot.tasks} == {"done", "integrated"}
    assert snapshot.round == 1
    tests = [event.outcome for event in of(found, ev.TaskFinished) if event.outcome.kind == "test"]
    assert [test.passed for test in tests] == [False, True]
    assert tests[0].findings[0].file == "test_calc.py"
    assert tests[-1].tree == patch.patch.tree == applied.applied.tree

    fallen_back = [event for event in of(found, ev.TurnStarted) if event.reason]
    assert {event.model for event in fallen_back} == {"gpt-5.5"}
    assert all("capacity" in event.reason for event in fallen_back)
    assert {task.model for task in snapshot.tasks if task.kind == "analysis"} == {"gpt-5.5"}

    order = [
        (event.kind, event.task_id) for event in found if event.kind in {"task_claimed", "task_finished"}
    ]
    assert {task for _, task in order[:2]} == {"analysis-1-1", "analysis-1-2"}, (
        "the analysts work in parallel"
    )
    implementing = [step for step in order if step[1].startswith("implement")][:2]
    assert [kind for kind, _ in implementing] == ["task_claimed", "task_claimed"], "so do the implementers"

    prompts = [json.dumps(request["body"]) for request in requests]
    assert any("2 + 3 is 5, not 6" in prompt and "ITEM-TEST" in prompt for prompt in prompts), (
        "rework is told why"
    )
    schemas = [request["body"]["text"]["format"] for request in requests if "text" in request["body"]]
    assert all(schema["strict"] for schema in schemas)
    assert len(schemas) == len(requests)
    assert (on.repo / "calc.py").read_text() == "def add(a, b):\n    return a + b\n"
    assert "calc.add(2, 3), 5" in (on.repo / "test_calc.py").read_text()
    assert snapshot.usage.total > 10_000


async def test_a_person_answers_what_an_agent_may_not_decide(stage: Any) -> None:
    wish = {
        "shell": "touch asked.txt",
        "sandbox_permissions": "require_escalated",
        "justification": "to show it",
    }
    asking = piece.says(
        "asking",
        "You are an implementer",
        wish,
        [{"apply_patch": piece.FIX_CODE}],
        [piece.done("asked first")],
        contains="ITEM-CODE",
    )
    async with stage(piece.piece(asking)) as on:
        run_id = await on.start(**{"roles.implementer.approvals": "onRequest"})
        view = await on.until(run_id, lambda view: bool(view.questions))
        question = next(iter(view.questions.values()))
        assert question.kind == "approval"
        assert "touch asked.txt" in question.text + question.detail
        answered = {"runId": run_id, "questionId": question.id, "answer": "accept", "by": "Tess"}
        await on.verbs.call("question/answer", answered)
        assert await on.end(run_id) is RunState.COMPLETED
        detail = await on.verbs.call("patch/get", {"runId": run_id, "patchId": "patch-1"})
    assert "asked.txt" in {change.path for change in detail.changes.files}


async def test_an_interrupted_run_goes_on_on_the_same_threads(stage: Any) -> None:
    slow = piece.says(
        "slow",
        "You are an implementer",
        [{"shell": "echo half > half.txt"}],
        [{"delay": 60}],
        contains="ITEM-CODE",
        attempt=1,
    )
    async with stage(piece.piece(slow)) as on:
        run_id = await on.start()
        half = on.orchestrator.place.state.worktrees
        await on.until(run_id, lambda view: "implement-1-1" in view.working)
        async with asyncio.timeout(PATIENCE):
            while not list(half.glob("*/implement-1-1-1/work/half.txt")):  # noqa: ASYNC110 -- a file of another process
                await asyncio.sleep(0.02)
        async with asyncio.timeout(5):
            await on.orchestrator.interrupt(run_id, "a person")
        assert (await on.orchestrator.open(run_id)).session.view.state is RunState.INTERRUPTED
        await on.orchestrator.resume(run_id, "Tess")
        assert await on.end(run_id) is RunState.COMPLETED
        found = on.events(run_id)
        detail = await on.verbs.call("patch/get", {"runId": run_id, "patchId": "patch-1"})
    turns = [event for event in of(found, ev.TurnStarted) if event.task_id == "implement-1-1"]
    assert [turn.epoch for turn in turns[:2]] == [1, 2]
    assert turns[0].thread == turns[1].thread, "the conversation goes on"
    assert "half.txt" in {change.path for change in detail.changes.files}, "what was written stays"


async def test_a_killed_app_server_loses_no_turn(stage: Any) -> None:
    async with stage(piece.piece(delay=1.0)) as on:
        run_id = await on.start()
        await on.until(run_id, lambda view: len(view.working) == 2)
        while not on.model.requests:  # noqa: ASYNC110 -- counted by the server's threads
            await asyncio.sleep(0.02)
        killed = kill_app_servers(on.overrides["codex.path"])
        assert killed
        assert await on.end(run_id) is RunState.COMPLETED
        found = on.events(run_id)
    assert {event.epoch for event in of(found, ev.TaskFinished) if event.outcome.kind == "analysis"} == {1}


def kill_app_servers(program: str) -> list[int]:
    """Kill the app-servers of this test: those with its state folder in their environment."""
    mine = f"CODEX_HOME={Path(os.environ['HOME'])}/".encode()
    killed = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            environ = (folder / "environ").read_bytes()
        except OSError:
            continue
        if words[0] == program.encode() and b"app-server" in words and mine in environ:
            os.kill(int(folder.name), signal.SIGKILL)
            killed.append(int(folder.name))
    return killed


async def test_a_killed_server_resumes_its_threads(stage: Any) -> None:
    async with stage(piece.piece(delay=1.0)) as on:
        overrides, repo = on.overrides, on.repo
        await on.orchestrator.close("another process takes over")
        run_id = await asyncio.to_thread(run_until_implementing, repo, overrides)
        before = read_view(on.orchestrator.place, run_id)
        lost = before.tasks["implement-1-1"]
        assert lost.id in before.working
        async with Orchestrator(await Place.open(repo)) as orchestrator:
            await orchestrator.resume(run_id, "Tess")
            async with asyncio.timeout(PATIENCE):
                assert await orchestrator.wait(run_id) is RunState.COMPLETED
        after = of(on.events(run_id), ev.TurnStarted)
    again = [turn for turn in after if turn.task_id == lost.id and turn.epoch > lost.epoch]
    assert again[0].thread == lost.thread, "the conversation goes on"


def run_until_implementing(repo: Path, overrides: dict[str, Any]) -> str:
    """Run the command line until an implementer has said something, then kill it; the run's id."""
    command = [sys.executable, "-m", "sextet", "run", "Let add() add", "--json"]
    for key, value in overrides.items():
        command += ["--set", f"{key}={value if isinstance(value, str) else json.dumps(value)}"]
    server = subprocess.Popen(command, cwd=repo, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    assert server.stdout is not None
    run_id = ""
    with server.stdout as lines:
        for line in lines:
            said = json.loads(line)
            run_id = run_id or said.get("runId", "")
            if said["type"] == "log" and any("Mending add()" in line for line in said["lines"]):
                break
        server.kill()
        server.wait()
    return run_id


async def test_a_run_through_codex_exec(stage: Any) -> None:
    async with stage(piece.piece()) as on:
        run_id = await on.start(**{"codex.transport": "exec"})
        assert await on.end(run_id) is RunState.COMPLETED
        snapshot = await on.verbs.call("run/snapshot", {"runId": run_id})
    assert snapshot.round == 1
    assert all(task.thread for task in snapshot.tasks if task.kind != "test")
    assert snapshot.usage.total > 10_000


async def test_a_switch_gives_one_stage_of_a_rehearsal_to_the_real_codex(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUN_REAL_CODEX_ANALYST", "1")
    async with stage(piece.piece()) as on:
        asked = {"goal": "Play it", "executor": "rehearsal", "overrides": on.overrides}
        run_id = (await on.verbs.call("run/start", asked)).run_id
        assert await on.end(run_id) is RunState.COMPLETED
        tasks = (await on.verbs.call("run/snapshot", {"runId": run_id})).tasks
        asked_of_the_model = len(on.model.requests)
    real = {task.kind for task in tasks if task.thread and not task.thread.startswith("rehearsal")}
    assert real == {"analysis"}
    assert asked_of_the_model == 4, "two analysts with two requests each"
