"""Screen: a run as it is shown, kept up to date by the messages of the bus or the socket."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from sextet.model.events import Entry
from sextet.model.live import Heartbeat, LogBatch, WorkerStatus
from sextet.model.names import Kind, RunState, TaskState
from sextet.model.notes import Question
from sextet.pipeline.fold import apply
from sextet.pipeline.pick import runnable
from sextet.pipeline.view import RunView
from sextet.runtime.bus import Message, Resync, StateChanged

LINES_KEPT = 200


@dataclass(slots=True)
class Screen:
    """What is known of one run here.

    Args:
        run_id: the run; messages of others are passed over.
        reread: folds the journal from the disk, for the beginning and wherever a message was missed.
    """

    run_id: str
    reread: Callable[[], RunView]
    clock: Callable[[], float] = time.time
    view: RunView = field(default_factory=RunView)
    workers: dict[str, WorkerStatus] = field(default_factory=dict)
    lines: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=LINES_KEPT))
    """The latest log lines, with the worker who said them."""
    heard: dict[str, tuple[float, str]] = field(default_factory=dict)
    """When each worker last said something, and what."""

    def take(self, message: Message) -> Entry | None:
        """Bring it up to date; the journal entry that is news, or None."""
        if message.run_id != self.run_id:
            return None
        if isinstance(message, StateChanged):
            return self._entry(message.entry)
        if isinstance(message, Resync):
            self.view = self.reread()
        elif isinstance(message, LogBatch):
            self.lines.extend((message.worker_id, line) for line in message.lines)
            if message.lines:
                self.heard[message.worker_id] = (self.clock(), message.lines[-1])
        elif isinstance(message, Heartbeat):
            self.workers = {worker.id: worker for worker in message.workers}
        return None

    def _entry(self, entry: Entry) -> Entry | None:
        if entry.seq <= self.view.seq:
            return None
        if entry.seq == self.view.seq + 1:
            apply(self.view, entry)
        else:
            self.view = self.reread()
        return entry

    @property
    def rehearsal(self) -> bool:
        """True when nobody but a scenario speaks."""
        return self.view.run is not None and self.view.run.executor == "rehearsal"

    @property
    def over(self) -> bool:
        """True when nobody works on it any more: ended or interrupted."""
        return self.view.ended or self.view.state is RunState.INTERRUPTED

    @property
    def gate(self) -> str | None:
        """The consensus task that waits for a named approval; None when none does."""
        name = f"consensus-{self.view.patch}"
        task = self.view.tasks.get(name)
        return name if task is not None and task.state is TaskState.AWAITING_REVIEW else None

    @property
    def open_questions(self) -> tuple[Question, ...]:
        """What waits for a person, the oldest first."""
        return tuple(self.view.questions.values())

    @property
    def stuck(self) -> bool:
        """True when nothing moves before a person says something."""
        view = self.view
        if view.state is RunState.WAITING_FOR_HUMAN:
            return True
        if view.state is not RunState.RUNNING or not view.questions or view.captured or runnable(view):
            return False
        asking = {asked.task_id for asked in view.questions.values()}
        if view.patch not in view.baseline and any(
            q.id.startswith("setup-") for q in view.questions.values()
        ):
            asking |= {name for name in view.working if view.tasks[name].kind is Kind.TEST}
        return set(view.working) <= asking
