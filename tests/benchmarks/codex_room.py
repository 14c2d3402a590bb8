"""The room of Codex: the app-server's start, and a turn through Sextet's client and through a bare one."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from eight import Bare, Studio, Turn, scenario
from measure import MS, Row, median, spread
from model_server import ModelServer

from sextet.codex.app_server import AppServer
from sextet.codex.turn import Activity, ApprovalRequest, Decision, Listener
from sextet.model.settings import CodexSettings
from support import codex_cli

TURNS = 8
PARALLEL = 4
TURN = Turn("consensus", "You are the consensus builder.", "Reconcile the drafts.", {"type": "object"})

One = Callable[[], Awaitable[object]]


async def _started(_: str) -> None:
    """Nothing is recorded here."""


async def _approve(_: ApprovalRequest) -> Decision:
    return "decline"


async def _ask(_: str) -> str:
    return ""


def _unheard(_: Activity) -> None:
    """Nobody watches."""


LISTENER = Listener(_started, _unheard, _approve, _ask)


async def per_turn(one: One, parallel: int) -> float:
    """Milliseconds per turn."""
    began = time.perf_counter()
    for _ in range(TURNS // parallel):
        await asyncio.gather(*(one() for _ in range(parallel)))
    return (time.perf_counter() - began) * MS / TURNS


def rows(folder: Path, rounds: int = 3) -> list[Row]:
    """The figures; none where there is no Codex."""
    codex = codex_cli.find()
    if codex is None:
        return []
    folder.mkdir()
    with ModelServer(scenario(0.0)) as model:
        at = Studio(codex, model, codex_cli.codex_home(folder, model.port), folder)
        return asyncio.run(_rows(at, rounds))


async def _rows(at: Studio, rounds: int) -> list[Row]:
    repo = at.repository()
    starts: list[float] = []
    found: dict[str, list[float]] = {}
    for number in range(rounds + 1):  # the first is a warm-up
        agents = AppServer(CodexSettings(path=str(at.codex), home=str(at.home)), os.environ)
        began = time.perf_counter()
        await agents.warm()
        took = (time.perf_counter() - began) * MS
        client = await Bare.start(at)
        lanes: dict[str, One] = {
            "Sextet's client": lambda agents=agents: agents.turn(TURN.request(repo), LISTENER),
            "a bare client": lambda client=client: client.turn(TURN, repo),
        }
        for name, lane in lanes.items():
            await lane()
            for parallel in (1, PARALLEL):
                each = await per_turn(lane, parallel)
                if number:
                    found.setdefault(f"{name}, {parallel} at once", []).append(each)
        if number:
            starts.append(took)
        await client.close()
        await agents.close()
    told = [Row("app-server: found, started, hands shaken", median(starts), "ms", peer=spread(starts, "ms"))]
    return told + [
        Row(f"a turn without delay, {name}", median(each), "ms", peer=spread(each, "ms"))
        for name, each in found.items()
    ]
