"""Names of the field: roles, modes, kinds, states, and ids with their shapes."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

RunId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{7,63}$")]
"""`20261122-143005-fix-add-7f3a`: time, slug of the goal, four random hex digits."""

TaskId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
"""`<kind>-<patch number>[-<slot or item>]`, the same for the same plan: `implement-1-2`."""

ItemId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
"""A work item of a plan: `item-1`."""

WorkerId = Annotated[str, StringConstraints(pattern=r"^[a-z]+-[0-9]{1,3}$")]
"""`<role>-<number>`: `implementer-2`."""

QuestionId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
PatchId = Annotated[str, StringConstraints(pattern=r"^patch-[0-9]{1,4}$")]
HunkId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
"""A digest of what a hunk changes: the same as long as its content is the same, whatever moves around it."""

ApplyId = Annotated[str, StringConstraints(pattern=r"^apply-[0-9a-f]{8,32}$")]


class Role(StrEnum):
    """Who does a task, in the order of the pipeline."""

    ANALYST = "analyst"
    CONSENSUS = "consensus"
    SPLITTER = "splitter"
    IMPLEMENTER = "implementer"
    TESTER = "tester"
    REVIEWER = "reviewer"


class Kind(StrEnum):
    """What a task is; each kind belongs to one role."""

    ANALYSIS = "analysis"
    CONSENSUS = "consensus"
    SPLIT = "split"
    IMPLEMENT = "implement"
    TEST = "test"
    REVIEW = "review"


ROLE_OF = dict(zip(Kind, Role, strict=True))


class Mode(StrEnum):
    """What the user asks for: a feature, or a hunt for bugs."""

    IMPLEMENT_FEATURE = "implement_feature"
    BUG_HUNT = "bug_hunt"


class TaskState(StrEnum):
    """Where a task stands; which moves are allowed is in `pipeline.transitions`."""

    READY = "ready"
    IN_PROGRESS = "in_progress"
    AWAITING_REVIEW = "awaiting_review"
    DONE = "done"
    INTEGRATED = "integrated"
    BLOCKED = "blocked"
    ERROR = "error"
    STOPPED = "stopped"
    SUPERSEDED = "superseded"


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    BOOTSTRAPPING = "bootstrapping"
    RUNNING = "running"
    WAITING_FOR_HUMAN = "waiting_for_human"
    INTERRUPTED = "interrupted"
    COMPLETED = "completed"
    STOPPED = "stopped"
    FAILED = "failed"


ENDED = frozenset({RunState.COMPLETED, RunState.STOPPED, RunState.FAILED})


class WorkerState(StrEnum):
    """What a worker is doing."""

    IDLE = "idle"
    CLAIMING = "claiming"
    WORKING = "working"
    WAITING = "waiting"
    STOPPING = "stopping"
    STOPPED = "stopped"
    ERROR = "error"


class Severity(StrEnum):
    """How much a finding weighs; `blocking` forbids approval."""

    BLOCKING = "blocking"
    MAJOR = "major"
    MINOR = "minor"
    NOTE = "note"
