"""Who answers: the real Codex, a rehearsal, or one for some roles and the other for the rest."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sextet.codex import install
from sextet.codex.app_server import AppServer
from sextet.codex.exec import ExecAgents
from sextet.codex.turn import Agents
from sextet.errors import CodexError
from sextet.model.names import Role
from sextet.model.run import Run
from sextet.model.settings import Settings
from sextet.roles.rehearsal import Rehearsal
from sextet.roles.scenario import read
from sextet.roles.stages import real_roles


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Agents for each role, to be closed when the run is over."""

    by_role: Mapping[Role, Agents]
    real: frozenset[Role]
    """Roles that ask the real Codex."""

    async def close(self) -> None:
        """End every process of them."""
        for agents in {id(each): each for each in self.by_role.values()}.values():
            await agents.close()


async def gather(run: Run, folder: Path, env: Mapping[str, str] = os.environ) -> Ensemble:
    """The agents that a run needs.

    Raises:
        CodexError: the real Codex is needed and cannot be used here.
        ScenarioError: the rehearsal's scenario cannot be used.
    """
    real = frozenset(Role) if run.executor == "codex" else real_roles(env)
    chosen: dict[Role, Agents] = {}
    if real:
        codex = await real_codex(run.settings, folder, env)
        chosen |= dict.fromkeys(real, codex)
    if len(real) < len(Role):
        rehearsal: Agents = Rehearsal(read(run.scenario))
        chosen |= {role: rehearsal for role in Role if role not in real}
    return Ensemble(chosen, real)


async def real_codex(settings: Settings, folder: Path, env: Mapping[str, str] = os.environ) -> Agents:
    """The real Codex, found and with a sandbox that works.

    Raises:
        CodexError: it is missing, too old or broken, or its sandbox does not work here.
    """
    found = await install.find(settings.codex, env)
    if _fenced(settings):
        probe = await install.probe_sandbox(found, folder, env)
        if not probe.works:
            raise CodexError(
                f"Codex's sandbox does not work on this machine: {probe.said or 'it ended with an error'}.",
                next_step="Run `sextet doctor`; inside a container that is itself the sandbox, set "
                "`sextet.roles.<role>.sandbox` and `sextet.tester.sandbox` to off.",
            )
    if settings.codex.transport == "exec":
        return ExecAgents(settings.codex, env)
    return AppServer(settings.codex, env)


def _fenced(settings: Settings) -> bool:
    return settings.tester.sandbox or any(settings.role(role).sandbox != "off" for role in Role)
