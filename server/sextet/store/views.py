"""Views: one JSON file per task for people and scripts, always rebuildable from the journal."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from sextet.errors import StoreError
from sextet.model.names import Kind
from sextet.model.task import Task
from sextet.store.layout import RunFolder, check_id
from sextet.system.disk import DISK, Disk
from sextet.system.durable import Folder

INTERVAL = 0.2
"""Seconds between two rounds of writing."""

_LIMIT = 64 << 20
_CHECKED = 50
"""Files that are checked in one go."""
_PAUSE = 0.01
"""Seconds between two goes: checking is in no hurry."""


class Views:
    """The only writer of `tasks/<kind>/<taskId>.json`.

    `put` only remembers the newest state of a task; a thread writes what changed, each file replaced at once,
    a round at most every `INTERVAL` seconds. Nothing reads the files back as truth, so a full disk costs
    nothing but their freshness: what could not be written is tried again in the next round.
    """

    def __init__(self, folder: RunFolder, disk: Disk = DISK) -> None:
        with Folder.at(folder.path, disk) as run:
            self._tasks = run.below("tasks", create=True)
        self._kinds: dict[Kind, Folder] = {}
        self._dirty: dict[str, Task] = {}
        self._unchecked: dict[str, Task] = {}
        self._guard = threading.Lock()
        self._writing = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._failure: StoreError | None = None
        self._thread = threading.Thread(target=self._work, name="views", daemon=True)
        self._thread.start()

    @property
    def failure(self) -> StoreError | None:
        """Why the last round left files behind; None when all are fresh."""
        return self._failure

    def put(self, task: Task) -> None:
        """Remember that a task changed; returns at once."""
        with self._guard:
            self._dirty[task.id] = task
            self._unchecked.pop(task.id, None)
        self._wake.set()

    def check(self, tasks: Iterable[Task]) -> None:
        """Write every view again that is missing or not what the journal says; returns at once."""
        with self._guard:
            self._unchecked.update((task.id, task) for task in tasks if task.id not in self._dirty)
        self._wake.set()

    def flush(self) -> None:
        """Write all that is due now, in the calling thread; what fails stays due (see `failure`)."""
        with self._writing:
            with self._guard:
                due, self._dirty = self._dirty, {}
            self._failure = None
            for task in due.values():
                try:
                    self._write(task)
                except StoreError as error:
                    self._failure = error
                    with self._guard:
                        self._dirty.setdefault(task.id, task)

    def close(self) -> None:
        """Write what is due and end the thread; more than once is allowed."""
        if not self._stop.is_set():
            self._stop.set()
            self._wake.set()
            self._thread.join()
            while self._check_some():
                pass
            self.flush()
            for folder in (self._tasks, *self._kinds.values()):
                folder.close()

    def _work(self) -> None:
        while not self._stop.is_set():
            self._wake.wait()
            self._wake.clear()
            more = self._check_some()
            self.flush()
            if more or self._failure is not None:
                self._wake.set()
            self._stop.wait(_PAUSE if more else INTERVAL)

    def _check_some(self) -> bool:
        """Look at a few files; False when none is left. Only one thread does this."""
        with self._guard:
            some = [self._unchecked.popitem()[1] for _ in range(min(_CHECKED, len(self._unchecked)))]
        wrong = [task for task in some if not self._is_right(task)]
        with self._guard:
            for task in wrong:
                self._dirty.setdefault(task.id, task)  # what was put meanwhile is newer
            return bool(self._unchecked)

    def _write(self, task: Task) -> None:
        folder = self._kinds.get(task.kind)
        if folder is None:
            folder = self._kinds[task.kind] = self._tasks.below(task.kind.value, create=True)
        folder.replace(_name(task), _content(task), sync=False)

    def _is_right(self, task: Task) -> bool:
        try:
            with self._tasks.below(task.kind.value) as folder:
                return folder.read(_name(task), _LIMIT) == _content(task)
        except (FileNotFoundError, StoreError):
            return False


def _name(task: Task) -> str:
    return f"{check_id(task.id)}.json"


def _content(task: Task) -> bytes:
    return task.model_dump_json(by_alias=True, indent=2).encode() + b"\n"
