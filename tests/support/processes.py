"""Trees of processes that try to outlive their server, and ways to see whether they did."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import sys
import textwrap
from collections.abc import Iterable
from pathlib import Path

PYTHON = [sys.executable, "-I", "-S"]
"""The quickest way to a Python that depends on nothing around it."""

TREE = textwrap.dedent(
    """
    import json, os, signal, sys

    reader, writer = os.pipe()

    def leaf():
        os.write(writer, b"%d\\n" % os.getpid())
        while True:
            signal.pause()

    def child():
        leaf()

    def setsid():
        os.setsid()
        leaf()

    def daemon():
        os.setsid()
        if os.fork():
            os._exit(0)
        os.chdir("/")
        leaf()

    def ignore():
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)

    def deaf():
        ignore()
        leaf()

    def quiet():
        os.setsid()
        nothing = os.open("/dev/null", os.O_RDWR)
        for fd in range(3):
            os.dup2(nothing, fd)
        leaf()

    def scrubbed():
        os.setsid()
        os.write(writer, b"%d\\n" % os.getpid())
        os.execve("/bin/sleep", ["sleep", "1000"], {})

    def restless():
        os.write(writer, b"%d\\n" % os.getpid())
        while True:
            if os.fork():
                os._exit(0)

    kinds, then = sys.argv[1].split(","), sys.argv[2]
    for kind in kinds:
        if not os.fork():
            globals()[kind]()
    source = os.fdopen(reader)
    if then == "stay":
        ignore()
    print(json.dumps([int(source.readline()) for _ in kinds]), flush=True)
    if then == "stay":
        leaf()
    """
)
"""Arguments: kinds of descendants, comma-separated; `stay` or `exit`. Prints the pids once all live."""

KINDS = ("child", "setsid", "daemon", "deaf", "quiet", "scrubbed")


def tree(*kinds: str, then: str = "stay") -> list[str]:
    """The command of a tree with these descendants; its own process ignores SIGTERM when it stays."""
    return [*PYTHON, "-c", TREE, ",".join(kinds), then]


def gone(pids: Iterable[int], seconds: float = 10.0) -> list[int]:
    """Wait until these processes have ended; the pids of those that have not within the time."""
    left: list[int] = []
    for pid in pids:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            if not poll.poll(seconds * 1000):
                left.append(pid)
        finally:
            os.close(handle)
    return left


def running(pids: Iterable[int]) -> list[int]:
    """Those of the processes that run at this moment."""
    return gone(pids, 0.0)


def bearers(cookie: str) -> list[str]:
    """Processes with this text in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if cookie.encode() in path.read_bytes():
                found.append(path.parent.name)
    return found


def open_files() -> int:
    """How many file descriptors this process has open."""
    return len(list(Path("/dev/fd").iterdir()))


SERVER = textwrap.dedent(
    """
    import asyncio, json, sys
    from sextet.system import processes

    async def main():
        child = await processes.spawn(json.loads(sys.argv[1]))
        async for line in child.lines():
            print(json.dumps([json.loads(line), child.pid, child.footprint.to_json().decode()]), flush=True)

    asyncio.run(main())
    """
)
"""Starts one tree, says as JSON which pids, main pid and footprint it has, and lives until it is killed."""


def server(command: list[str]) -> list[str]:
    """The command line of a server that runs one tree."""
    return [sys.executable, "-c", SERVER, json.dumps(command)]


def end(pids: Iterable[int]) -> None:
    """Clean up after a test that found survivors."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 9)


def below(folder: Path) -> list[str]:
    """Processes whose working folder is below `folder`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink().is_relative_to(folder):
                found.append(process.name)
    return found


async def nobody_works_below(folder: Path) -> None:
    """Fail when somebody still does after a while; it takes the system a moment to bury a killed process."""
    async with asyncio.timeout(5):
        while below(folder):  # noqa: ASYNC110 -- processes tell nobody that they are gone
            await asyncio.sleep(0.02)
