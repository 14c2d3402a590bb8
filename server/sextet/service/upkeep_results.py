"""What the verbs about the machine, and what is kept on it, give; records as in `results`."""

from __future__ import annotations

from sextet.model.base import Count, Oid, Record, Text
from sextet.model.names import RunId, TaskId
from sextet.model.settings import Problem
from sextet.service.results import RunLine


class Salvaged(Record):
    """What an attempt that was stopped, failed or died had written, captured from its worktree."""

    run_id: RunId
    task_id: TaskId
    epoch: Count
    commit: Oid
    """In the mirror; its first parent is what the attempt began with."""


class RecoverList(Record):
    """`recover/list`: what is left of work that was cut off."""

    runs: tuple[RunLine, ...]
    """Runs of ours that have not ended and that nobody works on: `run/resume` goes on with them."""
    salvaged: tuple[Salvaged, ...]
    """The oldest first; also of runs that went on without it."""
    mirror: str
    """The git folder with the commits."""
    applies: tuple[str, ...]
    """Sentences about patches that were cut off while they were written into the work tree."""


class Waste(Record):
    """Something that is no longer needed."""

    what: str
    """In words, with its run or task."""
    path: str
    """The folder; bytes that are no UTF-8 are escaped."""
    bytes: Count
    """What it takes on the disk."""


class CleanResult(Record):
    """`clean`."""

    found: tuple[Waste, ...]
    """What could go, or has gone."""
    kept: tuple[str, ...]
    """Sentences about what stays although its run has ended, and why."""
    removed: bool
    """True when all that was found has gone."""


class Model(Record):
    """A model that the installed Codex offers."""

    name: str
    """As `sextet.roles.<role>.models` takes it."""
    efforts: tuple[str, ...] = ()
    """Reasoning efforts that it knows, as Codex orders them; a role's `effort` may not take every one."""
    default: bool = False
    """True for the one that is used where no model is set."""


class ModelList(Record):
    """`models/list`, in Codex's order; empty when the transport (`codex exec`) cannot tell."""

    models: tuple[Model, ...]


class Check(Record):
    """One thing that was looked at."""

    name: str
    """`python`, `git`, `repository`, `state`, `codex`, `home`, `login` or `sandbox`.

    An editor may also get `trust`: a Codex that it names was not looked at, as nobody has trusted it yet.
    """
    ok: bool | None
    """None when it could not be found out or is only worth a warning."""
    what: Text
    """What was found, or what is wrong."""
    next_step: Text = ""
    """What to do; may be set on a check that is ok, as advice."""


class DoctorReport(Record):
    """`doctor`: what Sextet needs of this machine and this repository."""

    checks: tuple[Check, ...]
    """In a fixed order; a run can start when none has `ok` false."""
    problems: tuple[Problem, ...]
    """What is not used of the settings, and why."""
