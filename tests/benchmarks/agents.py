"""Runs of a real server with sixteen agents, for whoever measures the wire."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ear import Ear

from support import repos
from support.runs import scenario

AGENTS = 16
"""As many as a role can have."""
PROBE = Path(__file__).with_name("probe.py")


def percentile(values: Sequence[float], number: int) -> float:
    """The value below which so many in a hundred are."""
    return statistics.quantiles(values, n=100, method="inclusive")[number - 1]


def place(folder: Path, name: str) -> tuple[Path, Path]:
    """A folder, and a repository in it."""
    made = folder / name
    made.mkdir(parents=True)
    return made, repos.make(made / "repo", {"a.txt": "a\n"})


def sixteen(
    folder: Path, *acts: dict[str, Any], setup: str = "", idle: dict[str, int] | None = None, **more: Any
) -> Path:
    """A scenario whose sixteen implementers do the same.

    Args:
        folder: where its file goes.
        acts: what each of them does.
        setup: the set-up command of their worktrees.
        idle: workers of other roles.
        more: more of the scenario.
    """
    roles: dict[str, Any] = {role: {"workers": number} for role, number in (idle or {}).items()}
    roles["implementer"] = {"workers": AGENTS, "sandbox": "workspace-write"}
    items = {f"item-{n}": {"actions": list(acts), "files": [f"{n}.txt"]} for n in range(AGENTS)}
    settings = {"maxAgents": AGENTS, "roles": roles, "worktree": {"setupCommand": setup}}
    file = folder / "scenario.json"
    file.write_text(json.dumps(scenario(items, settings=settings, **more)))
    return file


def program(folder: Path, source: str) -> str:
    """A shell command that runs Python."""
    (folder / "agent.py").write_text(source)
    return f"{sys.executable} -I {folder / 'agent.py'}"


# With a probe -------------------------------------------------------------------------------------
def probed(folder: Path, top: Path, rate: int) -> Ear:
    """A client of a server with a probe inside; see `probe.py`."""
    ear = Ear.start(top, [sys.executable, "-P", str(PROBE), str(folder), str(rate)])
    ear.hello(top)
    return ear


def go(folder: Path, run_id: str, seconds: float = 0.0) -> None:
    """Let the probe begin, and agents that wait for the file `go`."""
    (folder / "go.new").write_text(f"{run_id} {seconds}")
    (folder / "go.new").rename(folder / "go")


def until_there(path: Path) -> None:
    """Wait for a file."""
    while not path.exists():
        time.sleep(0.02)


def figures(folder: Path) -> dict[str, Any]:
    """What the probe found."""
    (folder / "stop").touch()
    until_there(folder / "figures.json")
    return json.loads((folder / "figures.json").read_text())
