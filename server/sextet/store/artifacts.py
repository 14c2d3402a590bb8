"""Artifacts: the only writer of what attempts leave behind, of logs and of conversations."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime

from sextet.errors import NotFoundError, StoreError
from sextet.store.layout import (
    CONVERSATION,
    RunFolder,
    check_file_name,
    check_id,
    check_worker_id,
    is_file_name,
)
from sextet.store.logs import LOG_LIMIT, Log
from sextet.system.disk import DISK, Disk, explained, write_all
from sextet.system.durable import Folder

FILE_LIMIT = 16 << 20
"""Bytes of one artifact at most."""

ATTEMPT_LIMIT = 64 << 20
"""Bytes of all artifacts of one attempt at most."""

NAMES_LIMIT = 1_000
"""Artifacts of one attempt that are listed at most; only a run that was not made here could have more."""

_CUT = b"\n[sextet: cut here, the limit of %d bytes is reached]\n"


class Artifacts:
    """`attempts/`, `logs/` and `conversations/` of one run.

    Nothing here is synced or decides anything; the journal does. Every file is reached from the run's folder,
    which is held open, without following a link. May be used by several threads.
    """

    def __init__(self, folder: RunFolder, disk: Disk = DISK, log_limit: int = LOG_LIMIT) -> None:
        self._run = Folder.at(folder.path, disk)
        self._log_limit = log_limit
        self._logs: dict[str, Log] = {}
        self._used: dict[tuple[str, int], int] = {}
        self._guard = threading.Lock()

    def close(self) -> None:
        """Close what is open; more than once is allowed."""
        with self._guard, ExitStack() as stack:
            stack.callback(self._run.close)
            for log in self._logs.values():
                stack.callback(log.close)
            self._logs.clear()

    def append(self, task_id: str, epoch: int, name: str, data: bytes) -> bool:
        """Add to an artifact of an attempt.

        Args:
            task_id: the attempt's task.
            epoch: the attempt's epoch.
            name: a plain file name.
            data: what to add.

        Returns:
            False when a limit cut it; the file then ends with a line that says so.

        Raises:
            UnsafePathError: a name is not one.
            StoreError: the disk refuses.
        """
        check_file_name(name)
        with self._guard, self._attempt(task_id, epoch, create=True) as folder:
            fd = folder.append(name)
            try:
                with explained(f"write {name}"):
                    return self._append_capped((task_id, epoch), folder, fd, data)
            finally:
                os.close(fd)

    def write(self, task_id: str, epoch: int, name: str, data: bytes) -> None:
        """Put an artifact of an attempt in place as a whole; raises as `append`, and when it is too large."""
        check_file_name(name)
        if len(data) > FILE_LIMIT:
            raise StoreError(f"{name} is too large to be kept ({len(data)} bytes).")
        with self._guard, self._attempt(task_id, epoch, create=True) as folder:
            folder.replace(name, data, sync=False)
            self._used.pop((task_id, epoch), None)

    def read(self, task_id: str, epoch: int, name: str, limit: int = FILE_LIMIT + 1_000) -> bytes:
        """An artifact's bytes.

        Raises:
            NotFoundError: there is none of that name.
            StoreError: it is longer than `limit` bytes, or no regular file.
        """
        check_file_name(name)
        try:
            with self._attempt(task_id, epoch) as folder:
                return folder.read(name, limit)
        except FileNotFoundError as error:
            raise NotFoundError(f"Attempt {epoch} of {task_id} has no {name}.") from error

    def sizes(self, task_id: str, epoch: int) -> dict[str, int]:
        """Bytes of everything that `piece` can read of an attempt, by name; empty when it left nothing."""
        found: dict[str, int] = {}
        with suppress(NotFoundError), self._attempt(task_id, epoch) as folder:
            for name in sorted(filter(is_file_name, folder.names()))[:NAMES_LIMIT]:
                with suppress(StoreError, FileNotFoundError):  # a link or a folder, or gone meanwhile
                    found[name] = folder.read_piece(name, 0, 0)[1]
        with suppress(NotFoundError, StoreError):
            found[CONVERSATION] = self.piece(task_id, epoch, CONVERSATION, 0, 0)[1]
        return found

    def piece(self, task_id: str, epoch: int, name: str, offset: int, limit: int) -> tuple[bytes, int]:
        """A piece of an artifact, and the bytes of the whole file.

        Args:
            task_id: the attempt's task.
            epoch: the attempt's epoch.
            name: a name of `sizes`; `CONVERSATION` is the comments on the task, whatever the epoch.
            offset: bytes before the piece.
            limit: bytes of the piece at most.

        Raises:
            UnsafePathError: a name is not one.
            NotFoundError: there is no such file.
            StoreError: it is no regular file, or the disk refuses.
        """
        talk = check_file_name(name) == CONVERSATION
        try:
            with self._below("conversations") if talk else self._attempt(task_id, epoch) as folder:
                return folder.read_piece(f"{check_id(task_id)}.md" if talk else name, offset, limit)
        except FileNotFoundError as error:
            raise NotFoundError(f"Attempt {epoch} of {task_id} has no {name}.") from error

    def _attempt(self, task_id: str, epoch: int, *, create: bool = False) -> Folder:
        try:
            return self._below("attempts", check_id(task_id), str(int(epoch)), create=create)
        except FileNotFoundError as error:
            raise NotFoundError(f"Attempt {epoch} of {task_id} left nothing behind.") from error

    def _below(self, first: str, *more: str, create: bool = False) -> Folder:
        """A folder of the run; raises FileNotFoundError when it is missing and not to be made."""
        try:
            return self._run.below(first, *more, create=create)
        except StoreError as error:
            if isinstance(error.__cause__, FileNotFoundError) and not create:
                raise FileNotFoundError(first) from error
            raise

    def _append_capped(self, attempt: tuple[str, int], folder: Folder, fd: int, data: bytes) -> bool:
        size = os.fstat(fd).st_size
        used = self._used.get(attempt)
        if used is None:
            used = sum(os.lstat(name, dir_fd=folder.fd).st_size for name in folder.names())
        room = min(FILE_LIMIT - size, ATTEMPT_LIMIT - used)
        if room < 0:
            return False
        cut = len(data) > room
        if cut:
            data = data[:room] + _CUT % (FILE_LIMIT if room == FILE_LIMIT - size else ATTEMPT_LIMIT)
        write_all(folder.disk, fd, data)
        self._used[attempt] = used + len(data)
        return not cut

    def log(self, worker_id: str, lines: Sequence[str]) -> int:
        """Add lines to a worker's log.

        Args:
            worker_id: whose log.
            lines: text without line ends; control characters are removed.

        Returns:
            The number of the first of them; lines are numbered from 1 for as long as the run exists.

        Raises:
            StoreError: the disk refuses.
        """
        with self._guard:
            return self._log(worker_id, writable=True).append(lines)

    def read_log(self, worker_id: str, from_seq: int, limit: int = 1_000) -> tuple[int, list[str], int]:
        """Lines of a worker's log.

        Args:
            worker_id: whose log.
            from_seq: number of the first line that is wanted, from 1; negative: so many lines before the end.
            limit: how many at most.

        Returns:
            The number of the first line given (higher than asked for when older ones were dropped), the
            lines, and the number to ask for next.
        """
        with self._guard:
            try:
                log = self._log(worker_id, writable=False)
            except FileNotFoundError:
                return max(1, from_seq), [], max(1, from_seq)
            return log.read(from_seq, limit)

    def _log(self, worker_id: str, *, writable: bool) -> Log:
        log = self._logs.get(check_worker_id(worker_id))
        if log is not None and (log.writable or not writable):
            return log
        if log is not None:
            self._logs.pop(worker_id).close()
        folder = self._below("logs", create=writable)
        log = self._logs[worker_id] = Log(folder, f"{worker_id}.log", self._log_limit, writable=writable)
        return log

    def converse(self, task_id: str, who: str, text: str, time: float) -> None:
        """Add a comment to a task's conversation.

        Args:
            task_id: the task.
            who: the person's name.
            text: what was said; quoted, so that it cannot pass for somebody else's words.
            time: seconds since 1970.
        """
        name = f"{check_id(task_id)}.md"
        moment = datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        quoted = "\n".join(f"> {line}" for line in text.splitlines())
        comment = f"### {' '.join(who.split())}, {moment}\n\n{quoted}\n\n"
        with self._guard, self._run.below("conversations", create=True) as folder:
            fd = folder.append(name)
            try:
                with explained(f"write {name}"):
                    write_all(folder.disk, fd, comment.encode("utf-8", "replace"))
            finally:
                os.close(fd)
