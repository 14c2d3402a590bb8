"""The journal of a run: the truth, append-only, on the disk before anything is acknowledged."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Self

from sextet.errors import JournalDamagedError, StoreError
from sextet.model.events import Entry, RunEvent
from sextet.store.frames import MAX_LINE, Scan, frame, scan
from sextet.store.layout import JOURNAL, RunFolder
from sextet.store.reading import MAX_JOURNAL
from sextet.store.reading import inspect as inspect  # noqa: PLC0414 -- for whoever may write, too
from sextet.store.reading import read as read  # noqa: PLC0414 -- for whoever may write, too
from sextet.system.appender import Appender
from sextet.system.disk import DISK, Disk, explained
from sextet.system.durable import Folder

_BATCH = 4096
_TORN = "events.torn"


class Journal:
    """A journal that is open for writing; there is one writer, who holds the supervisor's lock."""

    def __init__(self, folder: RunFolder, handle: Folder, entries: list[Entry]) -> None:
        self.folder = folder
        self.entries = entries
        """What was in it when it was opened."""
        self.seq = len(entries)
        """Sequence number of the last entry on the disk."""
        self._handle = handle
        self._file = Appender(handle, JOURNAL)

    @classmethod
    def create(cls, folder: RunFolder, disk: Disk = DISK) -> Self:
        """Begin an empty journal in a folder that has none.

        Raises:
            StoreError: there is one, or the disk refuses.
        """
        handle = Folder.at(folder.path, disk)
        try:
            with explained("begin the journal"):
                handle.create(JOURNAL, b"", sync=True)
                disk.sync(handle.fd)
            return cls(folder, handle, [])
        except BaseException:
            handle.close()
            raise

    @classmethod
    def open(cls, folder: RunFolder, disk: Disk = DISK) -> Self:
        """Read a journal to go on with it; an unfinished commit at its end is cut off (kept in events.torn).

        Raises:
            JournalDamagedError: something before the end is damaged; nothing was changed.
            StoreError: there is no journal, it was written by a newer version, or the disk refuses.
        """
        handle = Folder.at(folder.path, disk)
        try:
            with explained(f"read the journal of {folder.run_id}"):
                data = handle.read(JOURNAL, MAX_JOURNAL)
            found = scan(data)
            _check(folder, found)
            journal = cls(folder, handle, found.entries)
        except BaseException:
            handle.close()
            raise
        if found.torn:
            journal._cut(data, found.length)
        return journal

    def _cut(self, data: bytes, length: int) -> None:
        try:
            with suppress(StoreError):  # a help for whoever wants to look; the cut does not depend on it
                self._handle.replace(_TORN, data[length:], sync=False)
            self._file.cut(length)
        except BaseException:
            self.close()
            raise

    def append(self, entries: Sequence[bytes]) -> None:
        """Write the JSON of entries as one commit; they are on the disk when this returns.

        Raises:
            StoreError: the disk refuses; nothing of it counts, and the journal must be opened anew.
        """
        data = frame(entries)
        if self._file.length + len(data) > MAX_JOURNAL:
            raise StoreError(
                f"The journal of run {self.folder.run_id} is full.", next_step="Start a new run."
            )
        self._file.append(data)
        self.seq += len(entries)

    def close(self) -> None:
        """Close the file; more than once is allowed."""
        self._file.close()
        self._handle.close()


def _check(folder: RunFolder, found: Scan) -> None:
    if found.newer:
        raise StoreError(
            f"Run {folder.run_id} was written by a newer version of Sextet and is shown read-only.",
            next_step="Update Sextet to continue it.",
            run=folder.run_id,
        )
    if found.damage:
        raise JournalDamagedError(
            f"The journal of run {folder.run_id} is damaged: {found.damage}",
            next_step=f"It is readable up to entry {found.seq}; start a new run to go on.",
            run=folder.run_id,
            seq=found.seq,
        )


_Pending = tuple[bytes, "asyncio.Future[None]"]


class Writer:
    """Group commit: everything that is put while the disk is busy goes to it in one write and one sync.

    Made and used in one event loop; a thread of its own talks to the disk. After a failure of the disk
    every pending and later put fails: open the journal anew and fold it again.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._loop = asyncio.get_running_loop()
        self._seq = journal.seq
        self._queue: queue.SimpleQueue[_Pending | None] = queue.SimpleQueue()
        self._failure: StoreError | None = None
        self._ended = self._loop.create_future()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()

    @property
    def seq(self) -> int:
        """The sequence number that was given out last."""
        return self._seq

    def put(self, event: RunEvent, actor: str, time: float) -> tuple[Entry, asyncio.Future[None]]:
        """Give an event its place in the journal.

        Args:
            event: what happened.
            actor: who did it: `sextet`, a worker id, or a person's name.
            time: when, in seconds since 1970.

        Returns:
            The entry, and a future that is done when it is on the disk. Nobody may be told before.

        Raises:
            StoreError: the disk failed before, the writer is closed, or the event is too large.
        """
        if self._failure is not None or self._closing:
            raise self._refusal()
        entry = Entry(seq=self._seq + 1, time=time, actor=actor, event=event)
        line = entry.to_json()
        if len(line) > MAX_LINE:
            raise StoreError(f"The event {event.kind} is too large to be recorded ({len(line)} bytes).")
        self._seq += 1
        durable: asyncio.Future[None] = self._loop.create_future()
        self._queue.put((line, durable))
        return entry, durable

    async def close(self) -> None:
        """Commit all that was put, end the thread and close the file; more than once is allowed."""
        if not self._closing:
            self._closing = True
            self._queue.put(None)
        await asyncio.shield(self._ended)
        self._thread.join()
        self._journal.close()

    def _refusal(self) -> StoreError:
        if self._failure is None:
            return StoreError("The journal of this run is closed.", next_step="Resume the run.")
        return StoreError(self._failure.what, next_step=self._failure.next_step, **self._failure.facts)

    def _work(self) -> None:
        """The thread: commit what has gathered, again and again."""
        closing = False
        while not closing:
            batch, closing = self._gather()
            if batch:
                self._commit(batch)
        self._tell([self._ended], None)

    def _gather(self) -> tuple[list[_Pending], bool]:
        """What waits (at least one thing), and whether it is the last."""
        batch: list[_Pending] = []
        item = self._queue.get()
        with suppress(queue.Empty):
            while item is not None:
                batch.append(item)
                if len(batch) == _BATCH:
                    return batch, False
                item = self._queue.get_nowait()
            return batch, True
        return batch, False

    def _commit(self, batch: list[_Pending]) -> None:
        if self._failure is None:
            try:
                self._journal.append([line for line, _ in batch])
            except StoreError as error:
                self._failure = error
            except Exception as error:  # noqa: BLE001 -- whatever it is, who waits must hear of it
                self._failure = StoreError(f"The journal could not be written: {error}.")
        self._tell([future for _, future in batch], self._failure)

    def _tell(self, futures: list[asyncio.Future[None]], failure: StoreError | None) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(_resolve, futures, failure)


def _resolve(futures: list[asyncio.Future[None]], failure: StoreError | None) -> None:
    for future in futures:
        if future.done():  # who waited was cancelled; the entry is written all the same
            continue
        if failure is None:
            future.set_result(None)
        else:
            future.set_exception(StoreError(failure.what, next_step=failure.next_step, **failure.facts))
            future.exception()  # counts as seen: a put that nobody awaits is not worth a warning
