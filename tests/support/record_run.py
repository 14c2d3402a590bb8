"""Record a rehearsal as the pane's tests read it: its entries, and what its snapshot is after each of them.

PYTHONPATH=tests .venv/bin/python -m support.record_run vscode-extension/test/unit/recorded/demo.json
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from sextet.model.events import Entry
from sextet.pipeline.fold import apply
from sextet.pipeline.view import RunView
from sextet.service.snapshot import snapshot

SCENARIO = Path(__file__).parents[2] / "server/sextet/roles/scenarios/demo.json"


def _repository(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    name = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], [*name, "commit", "-qm", "Begin"]):
        subprocess.run(["git", *words], cwd=folder, check=True)


def _play(folder: Path) -> list[Entry]:
    scenario = json.loads(SCENARIO.read_text())
    repository = folder / "tally"
    repository.mkdir()
    _repository(repository, scenario["repository"])
    sextet = Path(sys.executable).with_name("sextet")
    play = ["--executor", "rehearsal", "--scenario", "demo", "--trust", "--apply", "--yes", "--by", "Ada"]
    env = {**os.environ, "XDG_STATE_HOME": str(folder)}
    command = [sextet, "run", scenario["goal"], "--json", *play]
    subprocess.run(command, cwd=repository, env=env, check=True, stdout=subprocess.DEVNULL)
    journal = next((repository / "codex-runs").glob("*/events.jsonl"))
    lines = journal.read_text().splitlines()
    return [Entry.model_validate_json(line[line.index("{") :]) for line in lines]


def _changes(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """The fields of a snapshot that are others than before; of tasks, only those that changed."""
    changed = {key: value for key, value in now.items() if value != before.get(key)}
    if "tasks" in changed:
        known = {task["id"]: task for task in before.get("tasks", ())}
        changed["tasks"] = [task for task in now["tasks"] if task != known.get(task["id"])]
    return changed


def main() -> None:
    """Play, fold and write."""
    with tempfile.TemporaryDirectory() as folder:
        entries = _play(Path(folder))
    view, before, steps = RunView(), {}, []
    for entry in entries:
        apply(view, entry)
        now = snapshot(view, folder="codex-runs/demo").model_dump(mode="json", by_alias=True)
        told = entry.model_dump(mode="json", by_alias=True)
        steps.append({"entry": told, "snapshot": _changes(before, now)})
        before = now
    text = ",\n".join(json.dumps(step, ensure_ascii=False) for step in steps)
    Path(sys.argv[1]).write_text(f"[\n{text}\n]\n".replace(folder, "/home/ada"))


if __name__ == "__main__":
    main()
