"""Overhead: a rehearsal without delay, per task; implement tasks beside the same git commands in a shell."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from pathlib import Path
from typing import Any

from measure import MS, Row, median, spread

from sextet.model.names import Kind, Mode, RunState
from sextet.pipeline.view import RunView
from sextet.service.orchestrator import Orchestrator
from sextet.service.params import StartRun
from sextet.service.place import Place
from support import piece, repos

HUNTERS = 16
ITEMS = 8

SHELL = """
set -e
mirror=$1 folder=$2 items=$3
cd "$mirror"
ours=$(git rev-parse HEAD) base=$ours began=$(date +%s%N)
for n in $(seq "$items"); do
  start=$(git commit-tree "$ours^{tree}" -p "$ours" -m start)
  git worktree add -q --detach "$folder/w$n" "$start"
  cd "$folder/w$n"
  echo "written by $n" > "item-$n.txt"
  git add -A
  tree=$(git write-tree)
  theirs=$(git commit-tree "$tree" -p "$start" -m "item $n")
  git update-ref "refs/attempts/$n" "$theirs"
  cd "$mirror"
  merged=$(git merge-tree --write-tree "$ours" "$theirs")
  ours=$(git commit-tree "$merged" -p "$ours" -p "$theirs" -m "integrate $n")
  git update-ref refs/integration "$ours"
done
echo $(( $(date +%s%N) - began ))
"""


def scenario(items: int) -> dict[str, Any]:
    """Nobody waits; each of so many items writes a file of its own."""
    planned = [
        {
            "id": f"item-{n}",
            "title": f"Part {n}",
            "instructions": "Write it.",
            "files": [f"item-{n}.txt"],
            "dependsOn": [],
            "requirements": ["R1"],
        }
        for n in range(items)
    ]
    write = {"do": "write", "path": "{{item}}.txt", "text": "written by {{task}}\n"}
    answers: dict[str, Any] = {
        "analyst": piece.analysis(1),
        "consensus": piece.LEDGER,
        "splitter": {"summary": "The plan.", "items": planned},
        "implementer": {"status": "done", "summary": "It is written."},
        "tester": {"summary": "There is none.", "commands": []},
        "reviewer": piece.verdict("approve")["json"],
    }
    cues = [{"role": role, "actions": [], "answer": answer} for role, answer in answers.items()]
    cues[3]["actions"] = [write]
    return {"name": "bench", "cues": cues}


async def play(repo: Path, plan: Path, **more: Any) -> tuple[float, RunView]:
    """Seconds from the beginning of the work to the end of the run, and the run."""
    async with Orchestrator(await Place.open(repo)) as orchestrator:
        asked = StartRun(goal="Bench", executor="rehearsal", scenario=str(plan), auto_start=False, **more)
        run_id = await orchestrator.create(asked)
        session = (await orchestrator.open(run_id)).session
        began = time.perf_counter()
        await orchestrator.drive(run_id)
        await session.until(lambda view: view.ended or view.state is RunState.WAITING_FOR_HUMAN)
        took = time.perf_counter() - began
        await orchestrator.wait(run_id)
        assert session.view.state is RunState.COMPLETED, session.view.reason
        return took, session.view


def without_worktrees(folder: Path) -> float:
    """Milliseconds per task of a hunt that finds nothing to write."""
    plan = folder / "hunt.json"
    plan.write_text(json.dumps(scenario(0)))
    repo = repos.make(folder / "hunt", {"a.txt": "a\n"})
    seconds, view = asyncio.run(play(repo, plan, mode=Mode.BUG_HUNT, hunters=HUNTERS))
    assert len(view.tasks) == HUNTERS + 2
    return seconds * MS / len(view.tasks)


def implement(folder: Path, files: int) -> float:
    """Milliseconds per implement task, one worker: from the end of the split to the last integration."""
    plan = folder / "plan.json"
    plan.write_text(json.dumps(scenario(ITEMS)))
    repo = repos.make(folder / "repo", tree(files))
    overrides = {"roles.implementer.workers": 1}
    _, view = asyncio.run(play(repo, plan, overrides=overrides))
    done = [task for task in view.tasks.values() if task.kind is Kind.IMPLEMENT]
    assert len(done) == ITEMS
    split = next(task for task in view.tasks.values() if task.kind is Kind.SPLIT)
    tested = next(task for task in view.tasks.values() if task.kind is Kind.TEST)
    assert split.ended_at
    assert tested.added_at
    return (tested.added_at - split.ended_at) * MS / ITEMS


def shell(folder: Path, files: int) -> float:
    """Milliseconds per item of the same git commands in a shell, on a bare clone as well."""
    repo = repos.make(folder / "repo", tree(files))
    repos.git(folder, "clone", "-q", "--bare", str(repo), str(folder / "bare"))
    argv = ["bash", "-c", SHELL, "shell", str(folder / "bare"), str(folder), str(ITEMS)]
    told = subprocess.run(argv, env=repos.ENVIRONMENT, capture_output=True, check=True).stdout
    return int(told) / 1e6 / ITEMS


def tree(files: int) -> dict[str, str]:
    """So many files in 40 folders."""
    return {f"src/part{n % 40}/module{n}.py": f"VALUE = {n}\n" * 40 for n in range(files)}


def rows(folder: Path, rounds: int = 5) -> list[Row]:
    """The figures."""

    def place(name: str) -> Path:
        made = folder / name
        made.mkdir(parents=True)
        return made

    light = [without_worktrees(place(f"light-{n}")) for n in range(rounds)]
    found = [Row("rehearsal, per task without a worktree", median(light), "ms", 15, peer=spread(light, "ms"))]
    for files, times in ((500, rounds), (2_000, 3)):
        pairs = [
            (shell(place(f"shell-{files}-{n}"), files), implement(place(f"ours-{files}-{n}"), files))
            for n in range(times)
        ]
        ratio = median([ours / theirs for theirs, ours in pairs])
        theirs, ours = (median(each) for each in zip(*pairs, strict=True))
        words = f"{ours:.0f} ms beside {theirs:.0f} ms in a shell"
        found.append(Row(f"implement task, {files} files, beside bare git", ratio, "x", 1.5, peer=words))
    return found
