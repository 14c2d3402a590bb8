"""A window whose server is killed: what it had heard, and what a new server for the same window tells it."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sextet.model.events import ENTRY
from sextet.pipeline.fold import fold
from sextet.service.results import Snapshot
from sextet.service.snapshot import snapshot
from sextet.store.layout import RunFolder
from support import repos
from support.lsp import Editor, Message
from support.runs import scenario, shell, wait, write

Event = Mapping[str, Any]

HOLD = "while [ ! -e {gate} ]; do sleep 0.02; done"
"""A piece of script that ends when the gate is there."""


def play(gate: Path, *cues: Event, **settings: Any) -> dict[str, Any]:
    """Two items, one after the other, with set-up and tests that run for real; the same tree every time."""
    roles = {"tester": {"sandbox": "off"}, "implementer": {"sandbox": "workspace-write"}}
    chosen = {
        "tester": {"commands": ["test ! -e two.txt || grep 1 one.txt"], "sandbox": False},
        "worktree": {"setupCommand": "true"},
        "roles": roles,
        **settings,
    }
    items = {
        "one": {"actions": [write("one.txt", "1\n")]},
        "two": {"actions": [write("two.txt", "2\n")], "dependsOn": ["one"]},
    }
    return scenario(items, settings=chosen, cues=cues)


def held(gate: Path, role: str, *actions: Event) -> dict[str, Any]:
    """A play in which the first attempt of a role (the first item's, of implementers) does not end."""
    said = play(gate)
    cue = next(each for each in said["cues"] if each["role"] == role)
    said["cues"].append({**cue, "epoch": 1, "actions": [*actions, wait(600)]})
    return said


def in_setup(gate: Path) -> dict[str, Any]:
    return play(gate, worktree={"setupCommand": f"echo at it; {HOLD.format(gate=gate)}"})


def in_tests(gate: Path, when: str) -> dict[str, Any]:
    """A play whose test command does not end in trees where `when` is true."""
    command = f"if {when}; then echo at it; {HOLD.format(gate=gate)}; fi"
    return play(gate, tester={"commands": [command], "sandbox": False})


def in_implementer(gate: Path) -> dict[str, Any]:
    """A play whose implementer has written half and left processes behind that do not want to end."""
    stubborn = "trap '' TERM; setsid sleep 600 & echo at it; sleep 600"
    return held(gate, "implementer", write("one.txt", "half\n"), shell(stubborn))


def in_rework(gate: Path) -> dict[str, Any]:
    """A play whose reviewer is not content at first; the implementer's second attempt does not end."""
    said = play(gate)
    item = next(each for each in said["cues"] if each.get("item") == "one")
    review = next(each for each in said["cues"] if each["role"] == "reviewer")
    remark = {"file": "one.txt", "line": 1, "severity": "major", "message": "Say 1.", "items": ["one"]}
    asks = {"verdict": "changes_requested", "summary": "s", "findings": [remark]}
    said["cues"] += [
        {**item, "epoch": 1, "actions": [write("one.txt", "1 or so\n")]},
        {**item, "epoch": 2, "actions": [wait(600)]},
        {**review, "epoch": 1, "answer": asks},
    ]
    return said


# What has come ------------------------------------------------------------------------------------
def event_of(message: Message, run_id: str) -> Event:
    """The event of a run that a message tells of; empty when it tells of none."""
    if message.get("method") != "sextet/event" or message["params"]["runId"] != run_id:
        return {}
    return message["params"]["event"]["event"]


def lines_of(message: Message, worker: str) -> list[str]:
    """The log lines of a worker in a message."""
    batches = message["params"]["batches"] if message.get("method") == "sextet/log" else []
    return [line for each in batches if each["workerId"] == worker for line in each["lines"]]


# The window ---------------------------------------------------------------------------------------
@dataclass
class Window:
    """One window on one repository, whatever becomes of its servers, with what it knows of one run."""

    top: Path
    run_id: str = ""
    other: str = ""
    """Another run, which had its turn or waits for it; nobody goes on with that one."""
    known: list[Any] = field(default_factory=list)
    """The entries that were told, in order."""

    @classmethod
    def make(cls, where: Path) -> Window:
        return cls(repos.make(where / "repo", {"a.txt": "a\n"}))

    def folder(self, run_id: str = "") -> RunFolder:
        return RunFolder(self.top / "codex-runs" / (run_id or self.run_id))

    def journals(self) -> list[bytes]:
        """What is written down of both runs."""
        known = [each for each in (self.run_id, self.other) if each]
        return [self.folder(each).journal.read_bytes() for each in known]

    def make_run(self, editor: Editor, said: Mapping[str, Any]) -> str:
        """A run that is not begun."""
        file = self.top.parent / "scenario.json"
        file.write_text(json.dumps(said))
        asked = {"goal": "a goal", "executor": "rehearsal", "scenario": str(file), "autoStart": False}
        return editor.call("sextet/run/start", **asked)["runId"]

    def entries(self, editor: Editor, after: int = 0, limit: int = 1_000) -> list[Any]:
        """What `run/events` gives."""
        if limit < 1:
            return []
        asked = {"runId": self.run_id, "after": after, "limit": limit}
        return editor.call("sextet/run/events", **asked)["entries"]

    def hear(self, editor: Editor) -> None:
        """Take what was told of the run to what is known; a gap is a failure."""
        told = [each["event"] for each in editor.told("sextet/event") if each["runId"] == self.run_id]
        for entry in told:
            assert not self.known or entry["seq"] == self.known[-1]["seq"] + 1, "a gap, or told twice"
            self.known.append(entry)

    def kill(self, editor: Editor) -> None:
        """End the server without a word; the window keeps what it was told until then."""
        assert editor.signal(signal.SIGKILL) == -signal.SIGKILL, editor.errors
        self.hear(editor)

    def catch_up(self, editor: Editor) -> None:
        """Ask for what was written down and never told, as a client that sees a gap."""
        first = self.known[0]["seq"] if self.known else 1
        self.known[:0] = self.entries(editor, limit=first - 1)
        self.known += self.entries(editor, after=self.known[-1]["seq"] if self.known else 0)

    def check(self, editor: Editor) -> Snapshot:
        """What is known is the journal, and folded it is the snapshot; that is returned."""
        assert self.known == self.entries(editor), "told otherwise than written down"
        said = json.dumps(editor.call("sextet/run/snapshot", runId=self.run_id))
        found = Snapshot.model_validate_json(said)
        view = fold([ENTRY.validate_json(json.dumps(entry)) for entry in self.known])
        mine = snapshot(view, folder=found.folder)
        as_shown = {"live": found.live, "workers": found.workers, "claims": found.claims}
        assert mine.model_copy(update=as_shown) == found
        return found
