"""Supervisors as processes of their own, killed without a word, and what must hold afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from sextet.pipeline.view import RunView
from sextet.store.layout import RunFolder
from support import isolation, repos
from support.runs import check_journal, scenario, shell, wait, write

Line = Mapping[str, Any]


@dataclass
class Supervisor:
    """One `sextet run` or `sextet resume`, with its events as they come."""

    process: subprocess.Popen[bytes]
    lines: list[Line] = field(default_factory=list)
    errors: bytes = b""
    changed: threading.Condition = field(default_factory=threading.Condition)
    over: bool = False
    readers: list[threading.Thread] = field(default_factory=list)

    @classmethod
    def start(cls, top: Path, *words: str) -> Supervisor:
        argv = [sys.executable, "-m", "sextet", *words, "--json", "--repo", str(top)]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=top)
        made = cls(process)
        for read in (made._read, made._read_errors):
            made.readers.append(threading.Thread(target=read, daemon=True))
            made.readers[-1].start()
        return made

    def _read(self) -> None:
        for raw in self.process.stdout:
            with self.changed:
                self.lines.append(json.loads(raw) if raw.endswith(b"\n") else {})
                self.changed.notify_all()
        with self.changed:
            self.over = True
            self.changed.notify_all()

    def _read_errors(self) -> None:
        with self.process.stderr as stream:
            self.errors = stream.read()

    def until(self, wanted: Callable[[Line], bool], seconds: float) -> bool:
        """Wait for an event; False when the process ended or the time was over before it came."""
        deadline, seen = time.monotonic() + seconds, 0
        with self.changed:
            while True:
                while seen < len(self.lines):
                    seen += 1
                    if wanted(self.lines[seen - 1]):
                        return True
                left = deadline - time.monotonic()
                if self.over or left <= 0:
                    return False
                self.changed.wait(left)

    def kill(self) -> bool:
        """SIGKILL to the supervisor alone; False when it had ended by itself."""
        alive = self.process.poll() is None
        self.process.send_signal(signal.SIGKILL)
        self.wait()
        return alive

    def wait(self) -> int:
        code = self.process.wait()
        for reader in self.readers:
            reader.join()
        self.process.stdout.close()
        return code


@dataclass
class Victim:
    """A repository with one run whose supervisor is killed again and again."""

    top: Path
    file: Path
    kills: int = 0
    resumes: list[float] = field(default_factory=list)
    """Seconds from the start of a resuming process until its run is under way."""

    @classmethod
    def make(cls, where: Path, said: Mapping[str, Any]) -> Victim:
        where.mkdir(parents=True)
        file = where / "scenario.json"
        file.write_text(json.dumps(said))
        return cls(repos.make(where / "repo", {"a.txt": "a\n"}), file)

    @property
    def folder(self) -> RunFolder | None:
        """The run's folder, once it is there."""
        found = sorted((self.top / "codex-runs").glob("2*"))
        return RunFolder(found[0]) if found else None

    def start(self) -> Supervisor:
        """Begin the run, or go on with it."""
        if self.folder is None:
            return Supervisor.start(
                self.top, "run", "a goal", "--executor", "rehearsal", "--scenario", str(self.file)
            )
        return Supervisor.start(self.top, "resume", self.folder.run_id)

    def check(self, *, ended: bool = False) -> RunView | None:
        """Everything that must hold however a supervisor ended."""
        left = isolation.leftovers(Path(os.environ["HOME"]))
        assert not left, "outlived its supervisor: " + "; ".join(map(str, left))
        if self.folder is None:
            return None
        for path in self.folder.path.rglob("*.json"):
            prepared = any(part.startswith(".") for part in path.relative_to(self.folder.path).parts)
            assert prepared or json.loads(path.read_bytes()), f"{path} does not parse"
        return check_journal(self.folder, ended=ended)

    def finish(self, *, survivors: bool = False) -> RunView:
        """Go on without any kill, to the end; `survivors` says that processes are still there by intent."""
        known = None if survivors else self.check()
        if known is not None and known.ended:  # the blow fell after the last event
            return self.check(ended=True) or known
        supervisor = self.start()
        code = supervisor.wait()
        assert code == 0, (code, supervisor.errors.decode(), supervisor.lines[-3:])
        view = self.check(ended=True)
        assert view is not None
        return view

    def under_way(self, supervisor: Supervisor, began: float) -> bool:
        """Wait until the pipeline goes on; how long it took is kept."""
        known = self.folder is not None
        if not supervisor.until(lambda line: state_of(line) == "running", 60):
            return False
        if known:
            self.resumes.append(time.monotonic() - began)
        return True

    def random_round(self, random: Random) -> bool:
        """Start, kill at some moment; False when the run was over before the blow fell."""
        began = time.monotonic()
        supervisor = self.start()
        if random.random() < 0.2:  # while it starts
            supervisor.until(lambda _: False, random.uniform(0.05, 0.9))
        elif self.under_way(supervisor, began):
            supervisor.until(lambda _: False, random.expovariate(3))
        struck = supervisor.kill()
        self.kills += struck
        if supervisor.process.returncode == 0:
            return False
        assert supervisor.process.returncode == -signal.SIGKILL, supervisor.errors.decode()
        view = self.check()
        return view is None or not view.ended


def state_of(line: Line) -> str:
    return str(line.get("event", {}).get("state", ""))


def many_items(number: int) -> dict[str, Any]:
    """A scenario of so many items, each with two files and a moment between; some leave daemons behind."""
    items: dict[str, Any] = {}
    for n in range(1, number + 1):
        actions = [write(f"d{n % 5}/f{n}-1.txt", f"{n}\n"), wait(0.02 + 0.01 * (n % 4))]
        if n % 6 == 0:
            actions.append(shell("sleep 300 & setsid sleep 300 & true"))
        actions.append(write(f"d{n % 5}/f{n}-2.txt", f"{n}\n"))
        files = [f"d{n % 5}/f{n}-1.txt", f"d{n % 5}/f{n}-2.txt"]
        needs = [f"item-{n - 3}"] if n % 4 == 0 and n > 3 else []
        items[f"item-{n}"] = {"actions": actions, "files": files, "dependsOn": needs}
    test = f'test "$(cat d*/f*.txt | wc -l)" = {2 * number}'
    roles = {"implementer": {"workers": 4, "sandbox": "workspace-write"}}
    settings = {"maxAgents": 4, "tester": {"commands": [f"if [ -d d1 ]; then {test}; fi"]}, "roles": roles}
    return scenario(items, analyst=[wait(0.05)], settings=settings)
