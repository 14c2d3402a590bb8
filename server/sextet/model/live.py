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
    """What it has claimed."""
    title: Line = ""
    """Title of that task."""
    model: Line = ""
    """Who plays the role in its current attempt."""
    since: Timestamp = 0.0
    """When it came into this state."""
    last_activity: Timestamp = 0.0
    """When its agent last gave a sign of life; 0 before the first."""
    activity: Line = ""
    """The last thing its agent did."""
    usage: Usage = Usage()
    """Tokens of its current attempt."""


class Heartbeat(Record):
    """`sextet/heartbeat`: all workers of a run, every 2 s, so that silent-but-alive and dead look different.

    To a reader that does not keep up only the latest one is told.
    """

    run_id: RunId
    time: Timestamp
    """When this was said."""
    workers: tuple[WorkerStatus, ...] = ()
    seq: Count = 0
    """The journal entry that was the last one when this was said."""


class LogLines(Record):
    """Lines of one worker's log, in order."""

    worker_id: WorkerId
    task_id: TaskId | None = None
    """The task that it was at work on when the lines were written."""
    stream: str = Field(default="agent", max_length=32)
    """What they are: `agent`, `command`, `test` or `sextet`; there may be more."""
    first_seq: int = Field(ge=1)
    """Number of the first line here; the lines of a log are numbered from 1."""
    lines: tuple[Text, ...] = ()
    dropped: Count = 0
    """Lines before these that are not told: the reader did not keep up, or the disk refused them.

    Those that the reader missed have the numbers that are missing before `first_seq`, and are on the disk.
    """


class LogBatch(LogLines):
    """Lines of one worker, with their run."""

    run_id: RunId
