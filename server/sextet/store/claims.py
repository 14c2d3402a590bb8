"""TaskClaimStore: exclusive ownership of a task under an epoch, one prepared folder renamed into place."""

from __future__ import annotations

import errno
import secrets
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from pydantic import Field, ValidationError

from sextet.errors import StoreError
from sextet.model.base import Line, Record, Timestamp
from sextet.model.names import TaskId, WorkerId
from sextet.store.layout import RunFolder, check_id, check_worker_id, is_id
from sextet.system import identity
from sextet.system.disk import DISK, Disk, explained
from sextet.system.durable import Folder, install_dir
from sextet.system.identity import Identity

_OWNER = "owner.json"
_RELEASED = "released"
_REAPED = "reaped"
_PREPARED = ".prepared-"
_OWNER_LIMIT = 16_384


class Owner(Record):
    """`owner.json`: which process holds a claim."""

    task_id: TaskId
    epoch: int = Field(ge=1)
    worker_id: WorkerId
    process: Identity
    host: Line
    nonce: str = Field(max_length=64)
    time: Timestamp


@dataclass(frozen=True, slots=True)
class ClaimToken:
    """A claim that was won: whoever holds it may work on the task until a higher epoch exists."""

    task_id: str
    epoch: int
    worker_id: str
    nonce: str


@dataclass(slots=True)
class ClaimCounters:
    """What happened since the store was opened."""

    claims: int = 0
    conflicts: int = 0
    releases: int = 0
    reaps: int = 0


class TaskClaimStore:
    """The claims of one run.

    A claim is the folder `claims/<task>/<epoch>` with `owner.json` in it. It is complete from the moment it
    can be seen, it is never deleted while the run lives, and its epoch is never given out twice: the next
    claim of the task takes the next epoch. Nothing is synced, because the journal decides: a claim without
    its event in the journal is harmless, and `reap` finds it. Local claims never expire; an owner is dead
    when its process (pid, start, boot) is gone.

    One instance may be used by one thread at a time; any number of processes may hold their own.
    """

    def __init__(self, folder: RunFolder, disk: Disk = DISK) -> None:
        self.counters = ClaimCounters()
        self._process = identity.me()
        self._host = socket.gethostname()[:1_000]
        self._prefix = f"{_PREPARED}{self._process.pid}-{secrets.token_hex(4)}-"
        self._number = 0
        with Folder.at(folder.path, disk) as run:
            self._claims = run.below("claims", create=True)

    def close(self) -> None:
        """Let go of the folder; claims stay as they are."""
        self._claims.close()

    def claim(self, task_id: str, epoch: int, worker_id: str) -> ClaimToken | None:
        """Try to take a task.

        Args:
            task_id: the task.
            epoch: the epoch that is next for it, from 1.
            worker_id: who wants it.

        Returns:
            The token, or None when somebody else has this or a higher epoch.

        Raises:
            StoreError: the disk refuses; nothing half-made can be seen.
        """
        owner = Owner(
            task_id=check_id(task_id),
            epoch=epoch,
            worker_id=check_worker_id(worker_id),
            process=self._process,
            host=self._host,
            nonce=secrets.token_hex(8),
            time=time.time(),
        )
        if not self._install(owner):
            self.counters.conflicts += 1
            return None
        self.counters.claims += 1
        return ClaimToken(task_id, epoch, worker_id, owner.nonce)

    def _install(self, owner: Owner) -> bool:
        """Rename a prepared folder into place; False when this or a higher epoch is there already."""
        with self._claims.below(owner.task_id, create=True) as task:
            if max(_epochs(task), default=0) >= owner.epoch:
                return False
            prepared = self._prepare(owner)
            try:
                won = install_dir(prepared, str(owner.epoch), self._claims, task)
            except StoreError:
                self._discard(prepared)
                raise
        if not won:
            self._discard(prepared)
        return won

    def _prepare(self, owner: Owner) -> str:
        """A folder with `owner.json` in it, under a name that only this instance uses."""
        self._number += 1
        name = f"{self._prefix}{self._number}"
        with explained(f"claim {owner.task_id}"):
            self._claims.disk.mkdir(name, self._claims.fd)
        try:
            with self._claims.below(name) as inside:
                inside.create(_OWNER, owner.to_json())
        except StoreError:
            self._discard(name)
            raise
        return name

    def _discard(self, prepared: str) -> None:
        """Remove a folder of ours that was not installed; what stays is swept by the next reap."""
        with suppress(OSError, StoreError):
            with self._claims.below(prepared) as inside:
                inside.remove(_OWNER)
            self._claims.disk.rmdir(prepared, self._claims.fd)

    def latest(self, task_id: str) -> int:
        """The highest epoch that was ever claimed for a task; 0 when there is none."""
        try:
            with self._claims.below(check_id(task_id)) as task:
                return max(_epochs(task), default=0)
        except StoreError as error:
            if error.facts.get("errno") in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}:
                return 0
            raise

    def owner(self, task_id: str, epoch: int) -> Owner | None:
        """Who holds or held a claim; None when there is no such claim or its record cannot be read."""
        try:
            with self._claims.below(check_id(task_id), str(int(epoch))) as folder:
                owner = Owner.model_validate_json(folder.read(_OWNER, _OWNER_LIMIT))
        except (StoreError, FileNotFoundError, ValidationError):
            return None
        return owner if (owner.task_id, owner.epoch) == (task_id, epoch) else None

    def is_released(self, task_id: str, epoch: int) -> bool:
        """Whether a claim was given back or reaped."""
        with suppress(StoreError), self._claims.below(check_id(task_id), str(int(epoch))) as folder:
            return not {_RELEASED, _REAPED}.isdisjoint(folder.names())
        return False

    def release(self, token: ClaimToken) -> None:
        """Mark a claim as given back; more than once is allowed.

        Raises:
            StoreError: the disk refuses, or the claim is not this token's.
        """
        if self._mark(token.task_id, token.epoch, _RELEASED):
            self.counters.releases += 1

    def reap(
        self,
        is_alive: Callable[[Identity], bool] = identity.alive,
        tasks: Iterable[str] | None = None,
    ) -> list[ClaimToken]:
        """Find the latest claims whose owner is proven dead, mark them and give them back.

        Args:
            is_alive: whether a process of this host still runs.
            tasks: look only at these tasks; None looks at all, and sweeps what dead processes prepared.

        Returns:
            What was reaped, for the journal. A claim whose `owner.json` cannot be read has no living owner.
        """
        if tasks is None:
            names = self._claims.names()
            self._sweep([name for name in names if name.startswith(_PREPARED)], is_alive)
            tasks = [name for name in names if is_id(name)]
        reaped = [token for task_id in tasks if (token := self._reap_task(task_id, is_alive)) is not None]
        self.counters.reaps += len(reaped)
        return reaped

    def _reap_task(self, task_id: str, is_alive: Callable[[Identity], bool]) -> ClaimToken | None:
        epoch = self.latest(task_id)
        if epoch == 0 or self.is_released(task_id, epoch):
            return None
        owner = self.owner(task_id, epoch)
        if owner is not None and (owner.host != self._host or is_alive(owner.process)):
            return None
        self._mark(task_id, epoch, _REAPED)
        return ClaimToken(task_id, epoch, owner.worker_id if owner else "", owner.nonce if owner else "")

    def _mark(self, task_id: str, epoch: int, how: str) -> bool:
        """Give `owner.json` a second name, which costs no new file; False when it has it already."""
        with self._claims.below(check_id(task_id), str(int(epoch))) as folder:
            try:
                self._claims.disk.link(_OWNER, how, folder.fd)
            except FileExistsError:
                return False
            except OSError:  # a file system without hard links, or no owner.json to link to
                with suppress(FileExistsError):
                    folder.create(how, b"")
        return True

    def _sweep(self, prepared: list[str], is_alive: Callable[[Identity], bool]) -> None:
        """Remove prepared folders of processes that are gone; they were never claims."""
        for name in prepared:
            pid = name.removeprefix(_PREPARED).partition("-")[0]
            running = identity.of(int(pid)) if pid.isdigit() else None
            if running is None or not is_alive(running):
                self._discard(name)


def _epochs(task: Folder) -> list[int]:
    return [int(name) for name in task.names() if name.isascii() and name.isdigit()]
