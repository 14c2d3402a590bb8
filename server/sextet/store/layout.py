"""RunFolder: where everything of one run is, below `codex-runs/<runId>/`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sextet.errors import UnsafePathError
from sextet.model.names import Kind

RUNS = "codex-runs"
"""The folder at the top level of the work tree."""

CONVERSATION = "conversation.md"
"""The comments on a task, where files are named that belong to its attempts."""

JOURNAL = "events.jsonl"
RUN = "run.json"

_RUN_ID = re.compile(r"[a-z0-9][a-z0-9-]{7,63}")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_WORKER_ID = re.compile(r"[a-z]+-[0-9]{1,3}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def check_run_id(run_id: str) -> str:
    """`run_id` when it is one; raises UnsafePathError else (it becomes part of a path)."""
    return _checked(_RUN_ID, run_id, "a run id")


def check_id(task_id: str) -> str:
    """`task_id` when it is one; raises UnsafePathError else."""
    return _checked(_ID, task_id, "a task id")


def is_id(name: str) -> bool:
    """Whether a name found on the disk can be a task's."""
    return _ID.fullmatch(name) is not None


def is_run_id(name: str) -> bool:
    """Whether a name found on the disk can be a run's."""
    return _RUN_ID.fullmatch(name) is not None


def check_worker_id(worker_id: str) -> str:
    """`worker_id` when it is one; raises UnsafePathError else."""
    return _checked(_WORKER_ID, worker_id, "a worker id")


def check_file_name(name: str) -> str:
    """`name` when it is a plain file name (letters, digits, `.`, `_`, `-`); raises UnsafePathError else."""
    return _checked(_FILE, name, "the name of an artifact")


def is_file_name(name: str) -> bool:
    """Whether a name found on the disk can be an artifact's."""
    return _FILE.fullmatch(name) is not None


def _checked(pattern: re.Pattern[str], value: str, what: str) -> str:
    if pattern.fullmatch(value) is None:
        raise UnsafePathError(f"{value[:80]!r} is not {what}.")
    return value


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The paths of one run; knowing a path says nothing about whether something is there."""

    path: Path

    @property
    def run_id(self) -> str:
        """The run's id: the folder's name."""
        return self.path.name

    @property
    def run(self) -> Path:
        """`run.json`: what was fixed at the start."""
        return self.path / RUN

    @property
    def journal(self) -> Path:
        """`events.jsonl`: the truth."""
        return self.path / JOURNAL

    @property
    def tasks(self) -> Path:
        """`tasks/`: views of the journal, one file per task."""
        return self.path / "tasks"

    @property
    def claims(self) -> Path:
        """`claims/`: one folder per claim."""
        return self.path / "claims"

    @property
    def attempts(self) -> Path:
        """`attempts/`: what attempts left behind."""
        return self.path / "attempts"

    @property
    def conversations(self) -> Path:
        """`conversations/`: comments per task."""
        return self.path / "conversations"

    @property
    def logs(self) -> Path:
        """`logs/`: one log per worker."""
        return self.path / "logs"

    def task(self, kind: Kind, task_id: str) -> Path:
        """The view of a task."""
        return self.tasks / kind.value / f"{check_id(task_id)}.json"

    def claim(self, task_id: str, epoch: int) -> Path:
        """The folder of a claim."""
        return self.claims / check_id(task_id) / str(epoch)

    def owner(self, task_id: str, epoch: int) -> Path:
        """Who holds a claim."""
        return self.claim(task_id, epoch) / "owner.json"

    def attempt(self, task_id: str, epoch: int) -> Path:
        """The folder of an attempt's artifacts."""
        return self.attempts / check_id(task_id) / str(epoch)

    def conversation(self, task_id: str) -> Path:
        """The comments on a task."""
        return self.conversations / f"{check_id(task_id)}.md"

    def log(self, worker_id: str) -> Path:
        """A worker's log."""
        return self.logs / f"{check_worker_id(worker_id)}.log"
