"""The eight-turn job on the real Codex: Sextet beside a bash loop of `codex exec` and beside bare turns."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from measure import Row, median, spread
from model_server import ModelServer

from sextet.codex import policy
from sextet.codex.turn import Fence, Purpose, TurnRequest
from sextet.model import events as ev
from sextet.model.names import RunState
from sextet.service.orchestrator import Orchestrator
from sextet.service.params import StartRun
from sextet.service.place import Place
from sextet.service.viewing import read_view
from support import codex_cli, piece, repos

DELAY = 0.4
"""Seconds that the model takes for each turn."""
STAGES = (
    ("analyst", 2),
    ("consensus", 1),
    ("splitter", 1),
    ("implementer", 2),
    ("tester", 1),
    ("reviewer", 1),
)
PATH = DELAY * len(STAGES)
"""Seconds of the critical path: no orchestrator can be faster."""
PATIENCE = 60.0

FILES = {f"src/part{n % 20}/module{n}.py": f"VALUE = {n}\n" * 40 for n in range(200)}


def scenario(delay: float = DELAY) -> dict[str, Any]:
    """Eight turns: two analysts, consensus, splitter, two implementers with a file each, tester, reviewer."""
    pause = {"delay": delay}
    plan = {**piece.PLAN, "items": [{**item, "files": [f"{item['id']}.txt"]} for item in piece.PLAN["items"]]}

    def item(name: str) -> dict[str, Any]:
        patch = f"*** Begin Patch\n*** Add File: {name}.txt\n+{name}\n*** End Patch"
        steps = ([{"apply_patch": patch}], [pause, piece.done(f"wrote {name}.txt")])
        return piece.says(
            f"implementer {name}", "You are an implementer", *steps, contains=f"ITEM-{name.upper()}"
        )

    commands = {"summary": "There is one command.", "commands": ["true"]}
    return {
        "usage": {"input": 1_000, "cached": 400, "output": 50},
        "rules": [
            piece.says("analyst", "You are an analyst", [pause, {"json": piece.analysis(1)}]),
            piece.says("consensus", "You are the consensus", [pause, {"json": piece.LEDGER}]),
            piece.says("splitter", "You are the splitter", [pause, {"json": plan}]),
            item("code"),
            item("test"),
            piece.says("tester", "You are the tester", [pause, {"json": commands}]),
            piece.says("reviewer", "You are the reviewer", [pause, piece.verdict("approve")]),
        ],
    }


@dataclass(frozen=True)
class Turn:
    """One turn as Sextet asks it, recorded so that the others ask the very same."""

    role: str
    instructions: str
    prompt: str
    schema: dict[str, Any]

    def request(self, cwd: Path) -> TurnRequest:
        writes = self.role in {"implementer", "tester"}
        fence = Fence("workspace-write" if writes else "read-only", cwd, cwd / ".git")
        return TurnRequest(
            self.prompt, fence, Purpose(self.role, self.role, 1), instructions=self.instructions
        )


@dataclass
class Studio:
    """The real Codex, a model that follows a script, one CODEX_HOME, and fresh repositories."""

    codex: Path
    model: ModelServer
    home: Path
    folder: Path
    number: int = 0
    turns: list[list[Turn]] = field(default_factory=list)
    """By stage."""

    @property
    def overrides(self) -> dict[str, Any]:
        return {"codex.path": str(self.codex), "codex.home": str(self.home)}

    @property
    def env(self) -> dict[str, str]:
        return {**os.environ, "CODEX_HOME": str(self.home)}

    def repository(self) -> Path:
        """A new one."""
        self.number += 1
        return repos.make(self.folder / f"repo-{self.number}", FILES)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Refuse a job that asks the model another number of times than the others."""
        self.model.forget()
        yield
        made = self.model.count()
        assert made == 10, f"{made} requests instead of 8, and one more for each of two patches"


@contextmanager
def studio(folder: Path) -> Iterator[Studio | None]:
    """Open one, or None where there is no Codex."""
    codex = codex_cli.find()
    if codex is None:
        yield None
        return
    with ModelServer(scenario()) as model:
        yield Studio(codex, model, codex_cli.codex_home(folder, model.port), folder)


# Sextet -------------------------------------------------------------------------------------------
@dataclass
class Played:
    """Seconds of one job through Sextet."""

    total: float
    """From the goal being given to the run being complete."""
    started: float
    """The part of it until `run/start` returned."""
    stages: dict[str, float]
    """Seconds between the claim and the end of each task."""


async def sextet(at: Studio) -> Played:
    """The job through Sextet, its supervisor open and its app-server warm."""
    async with Orchestrator(await Place.open(at.repository())) as orchestrator:
        await orchestrator.warm(at.overrides)
        await asyncio.sleep(0.5)  # what is made ahead is there
        with at.counted():
            began = time.perf_counter()
            run_id = await orchestrator.create(
                StartRun(goal="Let add() add, and test it", overrides=at.overrides)
            )
            session = (await orchestrator.open(run_id)).session
            await orchestrator.drive(run_id)
            started = time.perf_counter() - began
            async with asyncio.timeout(PATIENCE):
                await session.until(lambda view: view.ended)
                await session.record(ev.Noted(text="measured"))  # what was before it is on the disk, too
            total = time.perf_counter() - began
            state = await orchestrator.wait(run_id)
        assert state is RunState.COMPLETED, state
        view = orchestrator.view(run_id)
        again = read_view(orchestrator.place, run_id)
        assert again.seq == view.seq, "every record is on the disk"
        assert again.patches[1].state == "proposed", again.patches[1].state
        return Played(total, started, {task.id: task.seconds for task in view.tasks.values()})


def record(at: Studio) -> None:
    """Take the turns from what Sextet asked last."""
    seen: dict[str, list[Turn]] = {}
    for request in at.model.requests():
        body = request["body"]
        if request["step"] == 0:
            role = str(request["rule"]).split(" ", 1)[0]
            seen.setdefault(role, []).append(_turn(role, body))
    at.turns = [seen[role] for role, _ in STAGES]


def _turn(role: str, body: dict[str, Any]) -> Turn:
    texts = [
        (item.get("role"), part["text"])
        for item in body["input"]
        if item.get("type") == "message"
        for part in item["content"]
    ]
    instructions = next(text for who, text in texts if who == "developer" and "six roles in Sextet" in text)
    prompt = [text for who, text in texts if who == "user"][-1]
    return Turn(role, instructions, prompt, body["text"]["format"]["schema"])


# The others ---------------------------------------------------------------------------------------
async def loop(at: Studio) -> float:
    """The same turns by a bash loop of `codex exec`, stage by stage; no records, no worktrees, no merge."""
    repo, script = at.repository(), ["set -e"]
    for stage, turns in enumerate(at.turns):
        for number, turn in enumerate(turns):
            script.append(f"{_exec(at, turn, repo, f'{stage}-{number}')} &")
        script.append("wait -n\n" * len(turns) + ("true" if turns[0].role == "tester" else ""))
    with at.counted():
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec("bash", "-c", "\n".join(script), cwd=repo, env=at.env)
        assert await process.wait() == 0
        return time.perf_counter() - began


def _exec(at: Studio, turn: Turn, repo: Path, name: str) -> str:
    request, folder = turn.request(repo), repo / ".git"
    (folder / f"schema-{name}").write_text(json.dumps(turn.schema))
    (folder / f"prompt-{name}").write_text(turn.prompt)
    settings = policy.overrides(request, keys=(), servers=(), user_tools=False)
    settings |= {**policy.sandbox_overrides(request.fence), "developer_instructions": turn.instructions}
    argv = [str(at.codex), "exec", "--json", "--skip-git-repo-check", "-C", str(repo)]
    argv += [*policy.arguments(settings), "--output-schema", str(folder / f"schema-{name}"), "-"]
    return f"{shlex.join(argv)} < {shlex.quote(str(folder / f'prompt-{name}'))} > {folder}/out-{name} 2>&1"


class Bare:
    """The least client of an app-server: JSON lines, one future per answer and per turn."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        self.process = process
        self._stdin = process.stdin
        self._waiting: dict[object, asyncio.Future[Any]] = {}
        self._number = 0
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, at: Studio) -> Bare:
        """Start an app-server and shake hands."""
        pipe = asyncio.subprocess.PIPE
        argv = [str(at.codex), "app-server", *policy.arguments(policy.BASE)]
        process = await asyncio.create_subprocess_exec(
            *argv, env=at.env, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL, limit=1 << 24
        )
        self = cls(process)
        able = {"experimentalApi": True}
        await self.call("initialize", {"clientInfo": {"name": "bare", "version": "0"}, "capabilities": able})
        self.send({"method": "initialized"})
        return self

    def send(self, message: dict[str, Any]) -> None:
        self._stdin.write(json.dumps(message).encode() + b"\n")

    async def call(self, method: str, params: dict[str, Any]) -> Any:
        self._number += 1
        answer = self._waiting[self._number] = asyncio.get_running_loop().create_future()
        self.send({"id": self._number, "method": method, "params": params})
        return await answer

    async def turn(self, turn: Turn, cwd: Path) -> None:
        """One turn in a thread of its own."""
        request = turn.request(cwd)
        config = policy.overrides(request, keys=(), servers=(), user_tools=False)
        thread = {"cwd": str(cwd), "sandbox": "read-only", "approvalPolicy": "never", "config": config}
        told = await self.call("thread/start", {**thread, "developerInstructions": turn.instructions})
        name = told["thread"]["id"]
        over = self._waiting[name] = asyncio.get_running_loop().create_future()
        said = [{"type": "text", "text": turn.prompt, "text_elements": []}]
        fence = policy.sandbox_policy(request.fence)
        asked = {"threadId": name, "input": said, "outputSchema": turn.schema, "sandboxPolicy": fence}
        await self.call("turn/start", asked)
        ended = await over
        assert ended["turn"]["status"] == "completed", ended

    async def close(self) -> None:
        """End it."""
        self._stdin.close()
        await self.process.wait()
        await self._reading

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            message = json.loads(line)
            if "method" not in message:
                assert "error" not in message, message
                self._waiting.pop(message["id"]).set_result(message["result"])
            elif message["method"] == "turn/completed":
                self._waiting.pop(message["params"]["threadId"]).set_result(message["params"])


async def bare(at: Studio) -> float:
    """The same turns in the same order by the least client of a warm app-server, and nothing else."""
    repo = at.repository()
    client = await Bare.start(at)
    with at.counted():
        began = time.perf_counter()
        for turns in at.turns:
            await asyncio.gather(*(client.turn(turn, repo) for turn in turns))
            if turns[0].role == "tester":
                command = await asyncio.create_subprocess_exec("bash", "-c", "true", cwd=repo)
                await command.wait()
        took = time.perf_counter() - began
    await client.close()
    return took


# All of it ----------------------------------------------------------------------------------------
def rows(folder: Path, rounds: int = 5) -> list[Row]:
    """The figures; none where there is no Codex."""
    with studio(folder) as at:
        return asyncio.run(_rows(at, rounds)) if at else []


async def _rows(at: Studio, rounds: int) -> list[Row]:
    await sextet(at)  # a warm-up for everybody: page cache, CODEX_HOME
    record(at)
    await bare(at)
    ours: list[Played] = []
    others: dict[Callable[[Studio], Coroutine[Any, Any, float]], list[float]] = {loop: [], bare: []}
    for _ in range(rounds):
        for lane, found in others.items():
            found.append(await lane(at))
        ours.append(await sextet(at))
    return _told(ours, others[loop], others[bare])


def _told(ours: list[Played], looped: list[float], bared: list[float]) -> list[Row]:
    totals = [each.total for each in ours]
    total, of_loop, of_bare = median(totals), median(looped), median(bared)
    ratios = [each.total / beside for each, beside in zip(ours, bared, strict=True)]
    overheads = [(each.total - PATH) / (beside - PATH) for each, beside in zip(ours, looped, strict=True)]
    return [
        Row("eight turns, goal given to run complete", total, "s", peer=spread(totals, "s")),
        Row("  of it until run/start returns", median([each.started for each in ours]), "s"),
        Row("  bare app-server turns, same order", of_bare, "s", peer=spread(bared, "s")),
        Row("  bash loop of codex exec", of_loop, "s", peer=spread(looped, "s")),
        Row("  beside the bare turns", median(ratios), "x", 1.10, peer=f"least {min(ratios):.3f}"),
        Row("  overhead over 2.4 s beside the loop's", median(overheads), "x", 0.75,
            peer=f"{total - PATH:.2f} s beside {of_loop - PATH:.2f} s"),
    ]  # fmt: skip
