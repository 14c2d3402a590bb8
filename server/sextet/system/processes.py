"""Processes: `run` for short helpers such as git, `spawn` for agents and commands that grow trees."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from sextet.errors import ProcessError
from sextet.system import children, launch, reaping
from sextet.system.children import Child, Ends
from sextet.system.launch import Wiring
from sextet.system.pipes import CHUNK, ReadEnd, WriteEnd, widen
from sextet.system.reaping import COOKIE, Footprint

__all__ = ["COOKIE", "Child", "Completed", "Footprint", "reap", "run", "spawn", "stop_all"]

SHIM = Path(__file__).with_name("shim.py")

OUTPUT_LIMIT = 256 * 1024 * 1024
"""Bytes of output of a helper, stdout and stderr together."""

HELD_OPEN = 1.0
"""Seconds for which output is still awaited after a helper ended, when others hold its pipes open."""

KILL_PATIENCE = 5.0
"""Seconds for a killed helper to go; one that is stuck in the kernel is left behind."""

START_PATIENCE = 30.0
"""Seconds for a keeper to say that its command runs; a busy machine takes its time."""


@dataclass(frozen=True)
class Completed:
    """How a helper ended: its exit code (minus the signal that ended it) and all it wrote."""

    exit_code: int
    stdout: bytes
    stderr: bytes


async def run(  # noqa: PLR0913 -- what a process is started with; every caller names what it needs
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    timeout: float = 60.0,
    limit: int = OUTPUT_LIMIT,
) -> Completed:
    """Run a short trusted helper to its end; cancelled or late, its process group is killed.

    Args:
        argv: program and arguments, no shell.
        cwd: folder to run in; None: ours.
        env: the whole environment; None: ours.
        stdin: what it can read; None: nothing.
        timeout: seconds, > 0.
        limit: bytes of stdout and stderr together.

    Raises:
        ProcessError: not found, not in time, or too much output.
    """
    with ExitStack() as files:
        given = files.enter_context(_readable(stdin)) if stdin is not None else subprocess.DEVNULL
        helper = _Helper(argv, Wiring(given, -1, -1, cwd=cwd, env=env), limit)
    try:
        async with asyncio.timeout(timeout):
            return await helper.finished
    except TimeoutError as error:
        raise ProcessError(f"{argv[0]} did not end within {timeout:g} s.", timeout=timeout) from error
    finally:
        await helper.close()


class _Helper:
    """A running helper, followed by callbacks: a task per pipe would cost more than the helper.

    Args:
        argv: program and arguments.
        wiring: its input, folder and environment; the outputs are made here.
        limit: bytes of output that are accepted.
    """

    def __init__(self, argv: Sequence[str], wiring: Wiring, limit: int) -> None:
        self._loop = asyncio.get_running_loop()
        self.finished: asyncio.Future[Completed] = self._loop.create_future()
        self._limit = limit
        self._over: asyncio.Future[None] = self._loop.create_future()
        self._timer: asyncio.TimerHandle | None = None
        program = self._program = launch.check(argv)
        with ExitStack() as ours, ExitStack() as theirs, launch.starting(program, None):
            out, its_out = _pipe(ours, theirs)
            err, its_err = _pipe(ours, theirs)
            self._process = launch.launch(argv, replace(wiring, stdout=its_out, stderr=its_err))
            launch.watch(self._process, self._on_end)
            ours.pop_all()
        self._pipes = (out, err)
        self._said = {out: bytearray(), err: bytearray()}
        self._open = {out, err}
        for fd in self._pipes:
            os.set_blocking(fd, False)
            self._loop.add_reader(fd, self._on_readable, fd)

    async def close(self) -> None:
        """Kill what still runs, wait for its end, close the pipes."""
        launch.kill_group(self._process)
        try:
            await asyncio.wait({self._over}, timeout=KILL_PATIENCE)
        finally:
            if self._timer is not None:
                self._timer.cancel()
            for fd in tuple(self._open):
                self._close(fd)

    def _on_readable(self, fd: int) -> None:
        data = os.read(fd, CHUNK)
        self._said[fd] += data
        if not data:
            self._close(fd)
            self._finish_if_complete()
        elif sum(map(len, self._said.values())) > self._limit and not self.finished.done():
            words = f"{self._program} wrote more than {self._limit} bytes."
            self.finished.set_exception(ProcessError(words, limit=self._limit))

    def _on_end(self) -> None:
        self._process.wait()
        self._over.set_result(None)
        self._finish_if_complete()
        self._timer = self._loop.call_later(HELD_OPEN, self._finish)

    def _close(self, fd: int) -> None:
        self._open.discard(fd)
        self._loop.remove_reader(fd)
        os.close(fd)

    def _finish_if_complete(self) -> None:
        if self._over.done() and not self._open:
            self._finish()

    def _finish(self) -> None:
        if not self.finished.done():
            out, err = (bytes(self._said[fd]) for fd in self._pipes)
            self.finished.set_result(Completed(self._process.returncode, out, err))


async def spawn(  # noqa: PLR0913 -- what a process is started with; every caller names what it needs
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bool = False,
    merge: bool = False,
    tree: bool = True,
    linger: float = 0.0,
) -> Child:
    """Start an agent or a command; use the result as an async context manager.

    On Linux a keeper (`shim.py`) holds the tree: when this server ends, however it ends, or when the command
    ends, all its descendants are killed, also those in other sessions. On macOS, or without `tree`, it is the
    process group alone, and nothing is killed when the server is.

    Args:
        argv: program and arguments, no shell.
        cwd: folder to run in; None: ours.
        env: the whole environment, to which `SEXTET_COOKIE` is added; None: ours.
        stdin: whether `Child.write` is wanted; otherwise the input is empty.
        merge: whether errors go to the output too.
        tree: whether the command may leave descendants that must be found.
        linger: seconds that descendants may go on after the command ended, >= 0.

    Raises:
        ProcessError: it cannot be started; `facts["retry"]` says whether it may work later.
    """
    cookie = secrets.token_hex(16)
    wiring = Wiring(-1, -1, -1, cwd=cwd, env={**(os.environ if env is None else env), COOKIE: cookie})
    child = _start_child(argv, wiring, _Wish(cookie, stdin, merge, tree and sys.platform == "linux", linger))
    try:
        async with asyncio.timeout(START_PATIENCE):
            await child.started()
    except TimeoutError as error:
        await child.close()
        raise ProcessError(f"{argv[0]} did not start within {START_PATIENCE:g} s.") from error
    except BaseException:
        await child.close()
        raise
    return child


async def stop_all(grace: float = 5.0) -> None:
    """Stop every child that has not ended, all at once; after `grace` seconds they are killed."""
    await asyncio.gather(*(child.stop(grace) for child in tuple(children.live)))


async def reap(footprints: Iterable[Footprint]) -> list[int]:
    """Kill what is left of the trees of a dead server, and nothing else; the pids that were killed."""
    return await asyncio.to_thread(reaping.sweep, list(footprints))


class _Wish(NamedTuple):
    cookie: str
    stdin: bool
    merge: bool
    kept: bool
    linger: float


def _start_child(argv: Sequence[str], wiring: Wiring, wish: _Wish) -> Child:
    program = launch.check(argv)
    with ExitStack() as ours, ExitStack() as theirs, launch.starting(program, wiring.cwd):
        out, its_out = _pipe(ours, theirs)
        err, its_err = (-1, subprocess.STDOUT) if wish.merge else _pipe(ours, theirs)
        its_in, given = _pipe(theirs, ours) if wish.stdin else (subprocess.DEVNULL, -1)
        control = its_control = None
        if wish.kept:
            control, its_control = map(ours.enter_context, socket.socketpair())
            control.setblocking(False)
            argv = _kept(argv, its_control, wish.linger)
        keep = (its_control.fileno(),) if its_control else ()
        process = launch.launch(
            argv, replace(wiring, stdin=its_in, stdout=its_out, stderr=its_err, keep=keep)
        )
        ends = Ends(
            ReadEnd(out),
            None if wish.merge else ReadEnd(err),
            WriteEnd(given) if wish.stdin else None,
            control,
        )
        child = Child(process, ends, wish.cookie, program)
        ours.pop_all()
        if its_control:
            its_control.close()
        return child


def _kept(argv: Sequence[str], control: socket.socket, linger: float) -> list[str]:
    return [sys.executable, "-I", "-S", str(SHIM), str(control.fileno()), repr(linger), *argv]


def _pipe(readers: ExitStack, writers: ExitStack) -> tuple[int, int]:
    """A pipe whose ends are closed with these stacks."""
    reader, writer = os.pipe()
    readers.callback(os.close, reader)
    writers.callback(os.close, writer)
    widen(reader)
    return reader, writer


@contextlib.contextmanager
def _readable(data: bytes) -> Iterator[int]:
    """A file with this content: unlike a pipe it needs nobody to feed it."""
    if sys.platform == "linux":
        fd = os.memfd_create("stdin")
    else:
        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    with os.fdopen(fd, "w+b", buffering=0) as file:
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]
        file.seek(0)
        yield file.fileno()
