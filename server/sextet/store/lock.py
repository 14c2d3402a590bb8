"""SupervisorLock: one supervisor per work tree, and who it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self

import filelock
from pydantic import Field, ValidationError

from sextet.errors import BusyError, StoreError
from sextet.model.base import Record
from sextet.store.state import State
from sextet.system import identity
from sextet.system.disk import explain
from sextet.system.durable import Folder, read
from sextet.system.identity import Identity

_HOLDER_LIMIT = 16_384


class Holder(Record):
    """`supervisor.json`: who has the lock, and where it listens."""

    process: Identity
    socket: str = Field(max_length=4_096)


class SupervisorLock:
    """The right to run agents on a work tree; the system frees it when the process ends, however it ends.

    The lock file lies in the state folder, which is the same for every path to the tree, and is never
    removed. Use it in `with`, or call `acquire` and `release`.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = filelock.FileLock(state.lock, timeout=0, mode=0o600, thread_local=False)
        self._place: tuple[int, int] | None = None

    def acquire(self) -> None:
        """Take the lock or fail at once; taking it twice is one hold.

        Raises:
            BusyError: another supervisor has it; `facts` carry its `pid` and `socket` when they are known.
            StoreError: the lock file cannot be used.
        """
        if self._lock.is_locked:
            return
        try:
            self._lock.acquire()
        except filelock.Timeout:
            raise self._busy() from None
        except OSError as error:
            raise explain(error, "take the supervisor's lock") from error
        try:
            self._place = _place(self._state.lock)
            self._announce()
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Give the lock back; more than once is allowed."""
        self._place = None
        self._lock.release(force=True)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    @property
    def held(self) -> bool:
        """Whether this object has the lock, and the lock file is still the one that others would find."""
        return self._lock.is_locked and self._place is not None and _place(self._state.lock) == self._place

    def holder(self) -> Holder | None:
        """Who has the lock; None when nobody has it or it cannot be told."""
        try:
            found = Holder.model_validate_json(read(self._state.holder, _HOLDER_LIMIT))
        except (FileNotFoundError, StoreError, ValidationError):
            return None
        return found if identity.alive(found.process) else None

    def _announce(self) -> None:
        holder = Holder(process=identity.me(), socket=os.fspath(self._state.socket))
        with Folder.at(self._state.path) as folder:
            folder.replace(self._state.holder.name, holder.to_json(), sync=False)

    def _busy(self) -> BusyError:
        holder = self.holder()
        facts: dict[str, object] = {}
        if holder is not None:
            facts = {"pid": holder.process.pid, "socket": holder.socket}
        who = f" (process {holder.process.pid})" if holder is not None else ""
        return BusyError(
            f"Another Sextet{who} is at work on this folder.",
            next_step="Attach to it, or stop it there first.",
            **facts,
        )


def _place(path: Path) -> tuple[int, int] | None:
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
