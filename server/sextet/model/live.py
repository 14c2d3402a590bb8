"""What is shown live and never journaled: heartbeats and log lines."""

from __future__ import annotations

from pydantic import Field

from sextet.model.base import Count, Line, Record, Text, Timestamp
from sextet.model.names import Role, RunId, TaskId, WorkerId, WorkerState
from sextet.model.task import Usage


class WorkerStatus(Record):
    """One worker, now."""

    id: WorkerId
    role: Role
    state: WorkerState
    task_id: TaskId | None = None
    title: Line = ""
    model: Line = ""
    since: Timestamp = 0.0
    """When it came into this state."""
    last_activity: Timestamp = 0.0
    """When its agent last gave a sign of life; 0 before the first."""
    activity: Line = ""
    """The last thing its agent did."""
    usage: Usage = Usage()
    """Tokens of its current attempt."""


class Heartbeat(Record):
    """All workers of a run, every 2 s, so that silent-but-alive and dead look different."""

    run_id: RunId
    time: Timestamp
    workers: tuple[WorkerStatus, ...] = ()
    seq: Count = 0
    """The journal entry that was the last one when this was said."""


class LogBatch(Record):
    """Lines of one worker's log, in order; numbers that are missing before `first_seq` were dropped."""

    run_id: RunId
    worker_id: WorkerId
    task_id: TaskId | None = None
    stream: str = Field(default="agent", max_length=32)
    first_seq: int = Field(ge=1)
    lines: tuple[Text, ...] = ()
    dropped: Count = 0
