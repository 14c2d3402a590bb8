"""Who answers: the real Codex, a rehearsal, or one for some roles and the other for the rest."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sextet.codex.app_server import AppServer
from sextet.codex.exec import ExecAgents
from sextet.codex.install import SandboxProbe
from sextet.codex.turn import Agents, ModelInfo
from sextet.errors import CodexError
from sextet.model.names import Role
from sextet.model.run import Run
from sextet.model.settings import CodexSettings, Settings
from sextet.roles.rehearsal import Rehearsal
from sextet.roles.scenario import read
from sextet.roles.stages import real_roles

IDLE: Final = 600.0
"""Seconds that a Codex without work is kept for the next run."""


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Agents for each role, as long as a run needs them."""

    by_role: Mapping[Role, Agents]
    real: frozenset[Role]
    """Roles that ask the real Codex."""


class Troupe:
    """The agents of one supervisor: the real Codex is started once and kept from run to run.

    Args:
        folder: any existing folder, to try the sandbox in.
        env: the server's environment.
        idle: seconds that a Codex without work is kept.
    """

    def __init__(self, folder: Path, env: Mapping[str, str] = os.environ, *, idle: float = IDLE) -> None:
        self._folder = folder
        self._env = env
        self._idle = idle
        self._codex: AppServer | ExecAgents | None = None
        self._settings: CodexSettings | None = None
        self._lock = asyncio.Lock()
        self._aside: set[asyncio.Task[None]] = set()
        self._expiry: asyncio.TimerHandle | None = None
        self._busy = False
        self._refusal: tuple[float, CodexError | None] = (0.0, None)
        """When a Codex could not be used the last time, and why."""

    async def gather(self, run: Run) -> Ensemble:
        """The agents that a run needs; `part` with them when it does not need them any more.

        Raises:
            CodexError: the real Codex is needed and cannot be used here.
            ScenarioError: the rehearsal's scenario cannot be used.
        """
        self._busy = True
        real = frozenset(Role) if run.executor == "codex" else real_roles(self._env)
        chosen: dict[Role, Agents] = {}
        if real:
            codex = await self.codex(run.settings)
            chosen |= dict.fromkeys(real, codex)
        if len(real) < len(Role):
            rehearsal: Agents = Rehearsal(read(run.scenario))
            chosen |= {role: rehearsal for role in Role if role not in real}
        return Ensemble(chosen, real)

    async def part(self, *, keep: bool) -> None:
        """A run needs its agents no more.

        Args:
            keep: all went well, so the Codex stays for the next run; otherwise that gets a fresh one, which
                looks anew at the login, the program and its configuration.
        """
        self._busy = False
        if not keep:
            await self.close()
        elif self._codex is not None:
            self._rest()
            self._expiry = asyncio.get_running_loop().call_later(self._idle, self._expire)

    async def codex(self, settings: Settings) -> Agents:
        """The real Codex, started and with a sandbox that works.

        Raises:
            CodexError: it is missing, too old or broken, or its sandbox does not work here.
        """
        return await self._started(settings)

    async def models(self, settings: Settings) -> tuple[ModelInfo, ...]:
        """The models that the real Codex offers; it is started when none runs, and kept as after a run.

        A run at work keeps its Codex, whatever the settings say by now: that one is asked then.

        Raises:
            CodexError: it is missing, too old or broken.
        """
        codex = await self._started(settings, asking=True)
        try:
            return await codex.models()
        finally:
            if not self._busy:
                await self.part(keep=True)

    async def _started(self, settings: Settings, *, asking: bool = False) -> AppServer | ExecAgents:
        since = asyncio.get_running_loop().time()
        async with self._lock:
            self._rest()
            at, refusal = self._refusal
            if refusal is not None and at >= since:  # somebody else has tried it meanwhile, in vain
                raise CodexError(refusal.what, next_step=refusal.next_step, **refusal.facts)
            if self._codex is not None and self._settings != settings.codex and not (asking and self._busy):
                await self._let_go()
            if self._codex is None:
                self._codex, self._settings = self._make(settings.codex), settings.codex
            try:
                await _ready(self._codex, self._folder, fenced=not asking and _fenced(settings))
            except BaseException as error:
                if not (asking and self._busy):
                    await self._let_go()
                if isinstance(error, CodexError):
                    self._refusal = (asyncio.get_running_loop().time(), error)
                raise
            return self._codex

    def warm(self, settings: Settings) -> asyncio.Task[None]:
        """Begin to start the real Codex, so that a run does not wait for it; `gather` tells what went wrong.

        While a run uses a Codex nothing is done.
        """
        return self._beside(self._warm(settings))

    async def _warm(self, settings: Settings) -> None:
        with suppress(CodexError):
            if not self._busy:
                await self.codex(settings)
            if not self._busy:
                await self.part(keep=True)

    async def close(self) -> None:
        """End every process."""
        for task in tuple(self._aside):
            task.cancel()
        await asyncio.gather(*self._aside, return_exceptions=True)
        async with self._lock:
            await self._let_go()

    async def _let_go(self) -> None:
        self._rest()
        codex, self._codex = self._codex, None
        if codex is not None:
            await codex.close()

    def _rest(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None

    def _expire(self) -> None:
        self._beside(self._expired())

    async def _expired(self) -> None:
        async with self._lock:
            if not self._busy:
                await self._let_go()

    def _beside(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)
        return task

    def _make(self, settings: CodexSettings) -> AppServer | ExecAgents:
        return (ExecAgents if settings.transport == "exec" else AppServer)(settings, self._env)


async def _ready(codex: AppServer | ExecAgents, folder: Path, *, fenced: bool) -> None:
    """Start it and try its sandbox, both at once.

    Raises:
        CodexError: one of the two failed.
    """
    if not fenced:
        await codex.warm()
        return
    started, probing = asyncio.create_task(codex.warm()), asyncio.create_task(codex.sandbox(folder))
    try:
        _must_work(await probing)  # the quicker of the two; nothing is gained by waiting for the other
        await started
    finally:
        for task in (started, probing):
            task.cancel()
        await asyncio.gather(started, probing, return_exceptions=True)


def _must_work(probe: SandboxProbe) -> None:
    if not probe.works:
        said = probe.said.rstrip(". \n") or "it ended with an error"
        raise CodexError(
            f"Codex's sandbox does not work on this machine: {said}.",
            next_step="Allow user namespaces (`sextet doctor` tells when it works). In a container that is "
            'itself the sandbox, set `sextet.roles.<role>.sandbox` to "off" for each role and '
            "`sextet.tester.sandbox` to false.",
        )


def _fenced(settings: Settings) -> bool:
    return settings.tester.sandbox or any(settings.role(role).sandbox != "off" for role in Role)
