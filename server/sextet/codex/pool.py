"""Pool: the one app-server that new turns go to, and those that are on their way out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sextet.codex import failures, install
from sextet.codex.connection import Connection
from sextet.codex.install import Install, SandboxProbe
from sextet.codex.turn import Fence, TurnError
from sextet.codex.wire import GoneError, RpcError
from sextet.errors import CodexError, ProcessError
from sextet.model.settings import CodexSettings


@dataclass(frozen=True, slots=True)
class Limits:
    """Patience, in seconds."""

    settle: float = 5.0
    """For an interrupted turn to end; after that its app-server counts as stuck."""
    drain: float = 60.0
    """For the other turns of a stuck app-server, before it is killed."""
    pause: float = 0.2
    """Before a dead app-server is started again; grows with each try."""


class Pool:
    """Starts an app-server when one is needed, and replaces it when it is dead or stuck.

    Args:
        settings: which Codex.
        env: the server's environment.
        limits: how long to be patient.
    """

    def __init__(self, settings: CodexSettings, env: Mapping[str, str], limits: Limits) -> None:
        self.env = env
        self.limits = limits
        self._settings = settings
        self._install: Install | None = None
        self._missing: tuple[float, CodexError | None] = (0.0, None)
        """When it could not be used the last time, and why."""
        self._sandbox = False
        self._finding = asyncio.Lock()
        self._current: Connection | None = None
        self._starting = asyncio.Lock()
        self._aside: set[asyncio.Task[None]] = set()
        self._closed = False

    async def found(self) -> Install:
        """The codex program; it is looked for once.

        Raises:
            CodexError: it cannot be used.
        """
        since = asyncio.get_running_loop().time()
        async with self._finding:
            if self._install is None:
                self._install = await self._find(since)
            return self._install

    async def _find(self, since: float) -> Install:
        """Look for it; what a look brought up that ended after `since` (loop time) holds for this one too."""
        at, error = self._missing
        if error is not None and at >= since:
            raise CodexError(error.what, next_step=error.next_step, **error.facts)
        try:
            return await install.find(self._settings, self.env)
        except CodexError as error:
            self._missing = (asyncio.get_running_loop().time(), error)
            raise

    async def sandbox(self, folder: Path) -> SandboxProbe:
        """Whether Codex's sandbox works, tried in `folder`; once it did, it is not tried again.

        Raises:
            CodexError: Codex cannot be used.
        """
        if self._sandbox:
            return SandboxProbe(works=True)
        probe = await install.probe_sandbox(await self.found(), folder, self.env)
        self._sandbox = probe.works
        return probe

    async def usable(self, fence: Fence) -> Connection:
        """A connection for a turn with this fence.

        Raises:
            TurnError: Codex or its sandbox cannot be used.
        """
        try:
            connection = await self.connection()
            if fence.mode != "off" and not (probe := await self.sandbox(fence.cwd)).works:
                raise TurnError(failures.no_sandbox(probe.said))
        except CodexError as error:
            raise TurnError(failures.unusable(error)) from error
        return connection

    async def connection(self) -> Connection:
        """The app-server for new turns, started when there is none.

        Raises:
            CodexError: Codex cannot be used.
        """
        async with self._starting:
            if self._closed:
                raise CodexError("Codex was shut down.")
            current = self._current
            if current is not None and current.wire.gone.is_set():
                await current.wire.close()  # a thread has one writer: the old one must be gone
                self._current = current = None
            if current is None:
                self._current = current = await self._start()
            return current

    def retire(self, connection: Connection) -> None:
        """New turns go to a new app-server; the turns of this one have `drain` seconds to end."""
        if self._current is connection:
            self._current = None
        if not connection.retired:
            connection.retired = True
            self.beside(self._drain(connection))

    def beside(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that nobody waits for; `close` does."""
        task = asyncio.create_task(work)
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)

    async def close(self) -> None:
        """End every process; running turns fail."""
        self._closed = True
        async with self._starting:
            current, self._current = self._current, None
        for task in tuple(self._aside):
            task.cancel()
        await asyncio.gather(*self._aside, return_exceptions=True)
        if current is not None:
            await current.wire.close()

    async def _start(self) -> Connection:
        found = await self.found()
        try:
            return await Connection.start(found, self.env, user_tools=self._settings.mcp_servers)
        except (GoneError, RpcError, ProcessError) as error:
            raise CodexError(
                f"Codex is there, but its app-server does not work: {str(error) or 'it said nothing.'}",
                next_step="Install it anew (`npm install -g @openai/codex@latest`), and run `sextet doctor`.",
            ) from error

    async def _drain(self, connection: Connection) -> None:
        try:
            async with asyncio.timeout(self.limits.drain):
                await connection.idle.wait()
        except TimeoutError:  # its turns go on elsewhere
            pass
        finally:
            await connection.wire.close(grace=0.1)


async def shielded(work: Awaitable[None]) -> None:
    """Finish `work` even when the caller is cancelled meanwhile, and only then let that be known."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled
