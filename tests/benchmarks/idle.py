"""Idle: what a supervisor costs whose 16 workers wait for a person."""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

from measure import Row

SECONDS = 20.0
WORKERS = {"analyst": 2, "consensus": 1, "splitter": 1, "implementer": 9, "tester": 1, "reviewer": 2}
"""Sixteen together."""


def rows(folder: Path) -> list[Row]:
    """The figures, from a process of its own, as a supervisor is one."""
    folder.mkdir()
    argv = [sys.executable, __file__, str(folder)]
    told = json.loads(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)
    peer = f"{told['workers']} workers wait, over {SECONDS:.0f} s"
    return [
        Row("idle supervisor, share of one core", told["cpu"] / SECONDS * 100, "%", 1.0, peer=peer),
        Row("idle supervisor, resident without Codex", told["rss"], "MB", 80.0, peer=peer),
    ]


def resident_bytes() -> int:
    """What this process holds in memory now (`ru_maxrss` begins with what the parent held)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


async def main(folder: Path) -> None:
    """Let a run wait for a person's approval of the ledger, and look at this process."""
    from sextet.model.names import RunState
    from sextet.service.orchestrator import Orchestrator
    from sextet.service.params import StartRun
    from sextet.service.place import Place
    from support import repos

    overrides: dict[str, object] = {f"roles.{role}.workers": number for role, number in WORKERS.items()}
    overrides |= {"approvals.consensus": 1, "maxAgents": 16}
    async with Orchestrator(await Place.open(repos.make(folder / "repo", {"a.txt": "a\n"}))) as orchestrator:
        asked = StartRun(goal="Wait", executor="rehearsal", overrides=overrides)
        run_id = await orchestrator.create(asked)
        session = (await orchestrator.open(run_id)).session
        await orchestrator.drive(run_id)
        await session.until(lambda view: view.state is RunState.WAITING_FOR_HUMAN)
        workers = len(orchestrator.live(run_id).crew.statuses)
        before = time.process_time()
        await asyncio.sleep(SECONDS)
        cpu = time.process_time() - before
        resident = resident_bytes() / 1e6
        print(json.dumps({"cpu": cpu, "rss": resident, "workers": workers}))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    asyncio.run(main(Path(sys.argv[1])))
