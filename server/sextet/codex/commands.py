"""Commands: a shell script in Codex's sandbox, without a model: streamed, bounded, nothing left behind."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sextet.codex import environment, failures, policy
from sextet.codex.install import Install
from sextet.codex.turn import CommandResult, Fence, TurnError
from sextet.errors import ProcessError
from sextet.system import processes
from sextet.system.lines import plain
from sextet.system.processes import Child

_BOTH: Final = 'exec bash -c "$1" 2>&1'
"""Both streams of the script go to stdout, so that stderr carries only the sandbox's own words."""

_BROKEN: Final = ("bwrap: ", "bubblewrap", "error running", "panicked", "Error")


@dataclass(frozen=True, slots=True)
class Order:
    """A script, its fence, what the user adds to its environment, and its seconds."""

    script: str
    fence: Fence
    env: Mapping[str, str]
    timeout: float


async def run(
    install: Install, base: Mapping[str, str], order: Order, output: Callable[[bytes], None]
) -> CommandResult:
    """Run a script; its whole tree is gone when this returns, fails or is cancelled.

    Args:
        install: whose sandbox.
        base: the server's environment.
        order: what to run.
        output: hears the bytes of stdout and stderr as they come.

    Raises:
        TurnError: the sandbox does not work here.
    """
    env = environment.for_commands(
        base, tmpdir=order.fence.tmpdir, network=order.fence.network, extra=order.env
    )
    if install.home is not None and order.fence.mode != "off":
        env["CODEX_HOME"] = str(install.home)
    began = time.monotonic()
    try:
        child = await processes.spawn(_argv(install, order), cwd=order.fence.cwd, env=env)
    except ProcessError as error:
        raise TurnError(failures.internal(error.what)) from error
    async with child:
        said: deque[str] = deque(maxlen=20)
        readers = asyncio.gather(_forward(child, output), _listen(child, said))
        try:
            code = await _end(child, order.timeout)
        finally:
            child.kill()
            await readers
    if code and order.fence.mode != "off" and said and any(word in said[-1] for word in _BROKEN):
        raise TurnError(failures.no_sandbox("\n".join(said)))
    return CommandResult(code, time.monotonic() - began)


def _argv(install: Install, order: Order) -> list[str]:
    inner = ["bash", "-c", _BOTH, "sextet", order.script]
    if order.fence.mode == "off":
        return inner
    settings = {"shell_environment_policy.inherit": "all", **policy.sandbox_overrides(order.fence)}
    return [str(install.path), "sandbox", *policy.arguments(settings), "--", *inner]


async def _end(child: Child, seconds: float) -> int | None:
    """The exit code; None when it was killed at its time limit."""
    try:
        async with asyncio.timeout(seconds):
            return await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()
        return None


async def _forward(child: Child, output: Callable[[bytes], None]) -> None:
    async for data in child.chunks("stdout"):
        output(data)


async def _listen(child: Child, said: deque[str]) -> None:
    async for line in child.lines("stderr", 10_000):
        text = plain(line.decode("utf-8", "replace")).strip()
        if text and "WARNING: proceeding" not in text:
            said.append(text[:500])
