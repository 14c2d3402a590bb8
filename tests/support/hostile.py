"""The command line as a person calls it, on repositories, programs and agents that mean no good."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sextet.store import reading
from sextet.store.layout import RunFolder
from support.repos import fingerprint

PATIENCE = 50.0
"""Seconds for one command; a rehearsal takes about one."""

Cue = Mapping[str, Any]


@dataclass(frozen=True)
class Called:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """All that the person sees."""
        return self.out + self.err

    def expect(self, code: int, *words: str) -> Called:
        """It ended with this code, said these words and showed no innards."""
        assert self.code == code, (self.code, self.said)
        for word in words:
            assert word in self.said, (word, self.said)
        assert "Traceback" not in self.said, self.said
        assert "defect of Sextet" not in self.said, self.said
        return self


def argv(*args: str) -> list[str]:
    """The command line's program and arguments."""
    return [sys.executable, "-m", "sextet", *args]


def sextet(where: Path, *args: str, env: Mapping[str, str] | None = None) -> Called:
    """Call it in a folder; nobody sits at a terminal."""
    done = subprocess.run(
        argv(*args),
        cwd=where,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    return Called(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def rehearse(where: Path, scenario: Path, *args: str, env: Mapping[str, str] | None = None) -> Called:
    """Run a goal through a rehearsal."""
    asked = ("run", "Attack", "--executor", "rehearsal", "--scenario", str(scenario))
    return sextet(where, *asked, *args, env=env)


# Scenarios ----------------------------------------------------------------------------------------
ITEM = {
    "id": "only",
    "title": "Do it",
    "instructions": "Do it.",
    "files": ["made.txt"],
    "dependsOn": [],
    "requirements": ["R1"],
}

ANSWERS: Mapping[str, Any] = {
    "analyst": {
        "summary": "One thing is to be done.",
        "requirements": [
            {"title": "It is done", "detail": "", "evidence": [], "acceptance": ["it is there"]}
        ],
        "risks": [],
        "testCommands": [],
    },
    "consensus": {
        "summary": "The drafts agree.",
        "requirements": [
            {"id": "R1", "title": "It is done", "detail": "", "acceptance": ["it is there"], "support": [1]}
        ],
        "dissent": [],
        "openQuestions": [],
    },
    "splitter": {"summary": "One item.", "items": [ITEM]},
    "implementer": {"status": "done", "summary": "Done."},
    "tester": {"summary": "There is nothing to run.", "commands": []},
    "reviewer": {"verdict": "approve", "summary": "It is there.", "findings": []},
}


def does(*actions: Cue, role: str = "implementer", answer: object = None, **when: Any) -> Cue:
    """A cue that plays actions before the role's answer."""
    return {"role": role, "actions": list(actions), "answer": answer or ANSWERS[role], **when}


def runs_script(script: str) -> Cue:
    """An agent's command, run for real."""
    return {"do": "run", "script": textwrap.dedent(script).strip()}


def writes(path: str, text: str = "made\n") -> Cue:
    """A file that an agent writes."""
    return {"do": "write", "path": path, "text": text}


def scenario(folder: Path, *cues: Cue, **more: Any) -> Path:
    """A scenario file: the given cues, and plain ones for the roles that have none."""
    known = {cue["role"] for cue in cues}
    plain = [does(writes("made.txt")) if role == "implementer" else does(role=role) for role in ANSWERS]
    told = [*cues, *(cue for cue in plain if cue["role"] not in known)]
    path = folder / "scenario.json"
    path.write_text(json.dumps({"name": "hostile", "scale": 0, "cues": told, **more}))
    return path


# What is left -------------------------------------------------------------------------------------
def run_folder(repo: Path) -> Path:
    """The folder of the newest run."""
    return max(path for path in (repo / "codex-runs").iterdir() if (path / "run.json").is_file())


def entries(repo: Path) -> list[dict[str, Any]]:
    """The events of the newest run, as they are on the disk."""
    found = reading.read(RunFolder(run_folder(repo)))
    return [entry.event.model_dump(mode="json", by_alias=True) for entry in found]


def events(repo: Path, kind: str) -> list[dict[str, Any]]:
    """The events of one kind."""
    return [event for event in entries(repo) if event["kind"] == kind]


def reasons(repo: Path) -> list[tuple[str, str]]:
    """Cause and next step of everything that went wrong, as the journal has it."""
    noted = [(event["text"], event["nextStep"]) for event in events(repo, "noted")]
    failures = [event["failure"] for event in events(repo, "task_failed")]
    questions = [event["question"] for event in events(repo, "question_asked")]
    failed = [(failure["cause"], failure["nextStep"]) for failure in failures]
    return [*noted, *failed, *((asked["text"], str(asked["choices"])) for asked in questions)]


def files_of(repo: Path) -> dict[str, bytes | str]:
    """Every file of the user's work tree with its bytes (links: their target); not `.git`, not runs."""
    found: dict[str, bytes | str] = {}
    for path in sorted(repo.rglob("*")):
        name = path.relative_to(repo)
        if name.parts[0] in {".git", "codex-runs"}:
            continue
        if path.is_symlink():
            found[str(name)] = f"-> {path.readlink()}"
        elif path.is_file():
            found[str(name)] = path.read_bytes()
    return found


@dataclass(frozen=True)
class Untouched:
    """What a run must leave as it was: `.git`, and the files of the work tree."""

    repo: Path
    git: str
    files: Mapping[str, bytes | str]

    @classmethod
    def of(cls, repo: Path) -> Untouched:
        """As it is now."""
        return cls(repo, fingerprint(repo / ".git"), files_of(repo))

    def check(self) -> None:
        """It is still so."""
        assert fingerprint(self.repo / ".git") == self.git, "invariant 4: the user's .git is byte-identical"
        assert files_of(self.repo) == self.files, "invariant 4: nothing was written without an apply"


def program(path: Path, body: str) -> Path:
    """A shell script in the place of a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + textwrap.dedent(body).strip() + "\n")
    path.chmod(0o755)
    return path
