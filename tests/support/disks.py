"""Disks that fail, that lose power, and runs to put on them."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from sextet.model.events import Entry, Noted, RunCreated
from sextet.model.run import Base, Briefing, Run
from sextet.model.settings import Settings
from sextet.system.disk import Disk

OID = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
RUN_ID = "20261122-143005-fix-add-7f3a"


def a_run(run_id: str = RUN_ID, goal: str = "fix add") -> Run:
    return Run(
        id=run_id,
        briefing=Briefing(goal=goal),
        base=Base(head=None, branch="main", commit=OID, tree=OID),
        settings=Settings(),
        executor="rehearsal",
        created_at=1_764_000_000.0,
    )


def an_entry(seq: int, text: str = "") -> Entry:
    event = RunCreated(run=a_run()) if seq == 1 else Noted(text=text or f"this is entry {seq}")
    return Entry(seq=seq, time=1_764_000_000.0 + seq, actor="sextet", event=event)


def lines_of(first: int, last: int) -> list[bytes]:
    """The JSON of entries `first` to `last`."""
    return [an_entry(seq).to_json() for seq in range(first, last + 1)]


def open_descriptors() -> int:
    """How many files this process has open."""
    return len(list(Path("/dev/fd").iterdir()))


class FaultyDisk(Disk):
    """Counts the calls that may fail, and fails call number `at` (and all after it when `forever`).

    A failing write takes half of its bytes first, as a full disk does.
    """

    def __init__(self, at: int = 0, code: int = errno.ENOSPC, *, forever: bool = False) -> None:
        self.calls = 0
        self.at = at
        self.code = code
        self.forever = forever

    def _due(self) -> bool:
        self.calls += 1
        return self.at > 0 and (self.calls == self.at or (self.forever and self.calls > self.at))

    def _check(self) -> None:
        if self._due():
            raise OSError(self.code, os.strerror(self.code))

    def open(self, name: str | Path, flags: int, mode: int = 0o600, dir_fd: int | None = None) -> int:
        if flags & os.O_CREAT:
            self._check()
        return super().open(name, flags, mode, dir_fd)

    def write(self, fd: int, data: bytes) -> int:
        if self._due():
            super().write(fd, data[: len(data) // 2])
            raise OSError(self.code, os.strerror(self.code))
        return super().write(fd, data)

    def sync_data(self, fd: int) -> None:
        self._check()
        super().sync_data(fd)

    def sync(self, fd: int) -> None:
        self._check()
        super().sync(fd)

    def truncate(self, fd: int, length: int) -> None:
        self._check()
        super().truncate(fd, length)

    def mkdir(self, name: str | Path, dir_fd: int | None = None) -> None:
        self._check()
        super().mkdir(name, dir_fd)

    def rename(self, source: str, target: str, source_fd: int | None, target_fd: int | None) -> None:
        self._check()
        super().rename(source, target, source_fd, target_fd)

    def link(self, source: str, target: str, dir_fd: int) -> None:
        self._check()
        super().link(source, target, dir_fd)

    def unlink(self, name: str, dir_fd: int | None = None) -> None:
        self._check()
        super().unlink(name, dir_fd)

    def rmdir(self, name: str, dir_fd: int | None = None) -> None:
        self._check()
        super().rmdir(name, dir_fd)


def every_fault(story: Callable[[Disk], object]) -> Iterator[FaultyDisk]:
    """One disk for each call that `story` makes, with ENOSPC or EIO there, once or from there on."""
    counter = FaultyDisk()
    story(counter)
    for at in range(1, counter.calls + 1):
        for code in (errno.ENOSPC, errno.EIO):
            for forever in (False, True):
                yield FaultyDisk(at, code, forever=forever)


class DeadlyDisk(FaultyDisk):
    """Kills its process at call number `at`; a write is killed half-way."""

    def _check(self) -> None:
        if self._due():
            os.kill(os.getpid(), signal.SIGKILL)

    def write(self, fd: int, data: bytes) -> int:
        if self._due():
            os.write(fd, data[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return os.write(fd, data)


class PowerLossDisk(Disk):
    """Remembers how much of each file was synced, so that `cut_power` can lose the rest in any way."""

    PAGE = 512

    def __init__(self) -> None:
        self._synced: dict[int, int] = {}

    def sync_data(self, fd: int) -> None:
        super().sync_data(fd)
        status = os.fstat(fd)
        self._synced[status.st_ino] = status.st_size

    def sync(self, fd: int) -> None:
        self.sync_data(fd)

    def cut_power(self, path: Path, random: Random) -> None:
        """Leave of the unsynced end: any length of it, any of its pages as zeros."""
        data = bytearray(path.read_bytes())
        safe = self._synced.get(path.stat().st_ino, 0)
        del data[random.randint(safe, len(data)) :]
        for start in range(safe, len(data), self.PAGE):
            if random.random() < 0.4:
                end = min(start + self.PAGE, len(data))
                data[start:end] = bytes(end - start)
        path.write_bytes(data)
