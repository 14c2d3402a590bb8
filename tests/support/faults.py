"""Every call that changes a disk, counted; at one of them a process dies or the disk refuses."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sextet.system import disk
from sextet.system.disk import Disk

CALLS = (
    "open",
    "write",
    "fsync",
    "rename",
    "replace",
    "unlink",
    "symlink",
    "mkdir",
    "rmdir",
    "fchmod",
)


class Faults:
    """Counts calls that change a disk, and does `act` at the `at`-th, with `forever` also at all after it."""

    def __init__(self, act: Callable[[], None], at: int = 0, *, forever: bool = False) -> None:
        self.act, self.at, self.forever, self.count = act, at, forever, 0

    @contextmanager
    def installed(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            for name in CALLS:
                patch.setattr(os, name, self._wrap(getattr(os, name)))
            patch.setattr(Disk, "sync_file_system", self._wrap(Disk.sync_file_system))
            patch.setattr(disk, "_sync_data", self._wrap(disk._sync_data))
            yield

    def _wrap(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if real.__name__ != "open" or args[1] & (os.O_CREAT | os.O_WRONLY):
                self.count += 1
                if self.at and (self.count == self.at or (self.forever and self.count > self.at)):
                    self.act()
            return real(*args, **kwargs)

        return call


def killed_at(at: int, act: Callable[[], object]) -> bool:
    """Act in a child process that is gone at once at the `at`-th call; whether it was reached."""
    child = os.fork()
    if child == 0:
        try:
            with Faults(lambda: os._exit(9), at).installed():
                act()
                os._exit(0)
        finally:
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in {0, 9}
    return status == 9


def refusing(code: int) -> Callable[[], None]:
    """A disk that says this."""

    def fail() -> None:
        raise OSError(code, os.strerror(code))

    return fail


def calls_of(act: Callable[[], object]) -> int:
    """How many calls that change a disk it makes."""
    counting = Faults(lambda: None)
    with counting.installed():
        act()
    return counting.count
