"""What is there to work with: how the roles work, which models Codex offers, what the machine lacks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from sextet.model.base import Record
from sextet.model.names import Role
from sextet.model.settings import Origin, RoleSettings
from sextet.service import doctor as examiner
from sextet.service.orchestrator import Orchestrator
from sextet.service.params import GetRoles
from sextet.service.results import RolesInForce
from sextet.service.upkeep_results import DoctorReport, Model, ModelList


async def roles(orchestrator: Orchestrator, asked: GetRoles) -> RolesInForce:
    """`roles/get`: the settings of every role, in a run or in the next one.

    Raises:
        NotFoundError, StoreError: there is no such run, or it cannot be read.
    """
    resolved = await asyncio.to_thread(orchestrator.place.settings)
    following = {role: resolved.settings.role(role) for role in Role}
    chosen = following
    if asked.run_id is not None:
        view = orchestrator.view(asked.run_id)
        chosen = {role: view.settings_of(role) for role in Role}
    sources = sources_of(chosen, following, resolved.sources)
    return RolesInForce(roles=chosen, sources=sources, problems=resolved.problems)


def sources_of(
    chosen: Mapping[Role, RoleSettings],
    following: Mapping[Role, RoleSettings],
    known: Mapping[str, Origin],
) -> dict[str, Origin]:
    """Where each value of the roles comes from, by key; keys at their default are missing.

    Args:
        chosen: the settings in question.
        following: what the settings of now give to the next run; a value that differs is a run's own.
        known: where the values of `following` come from.
    """
    found: dict[str, Origin] = {}
    for role, settings in chosen.items():
        for name, field in RoleSettings.model_fields.items():
            key = f"roles.{role}.{field.alias or name}"
            if getattr(settings, name) != getattr(following[role], name):
                found[key] = "run"
            elif key in known:
                found[key] = known[key]
    return found


async def models(orchestrator: Orchestrator, _: Record) -> ModelList:
    """`models/list`: what the installed Codex offers.

    Nothing is changed, but a Codex may be started and is kept for the next run. So this is none of the verbs
    that only read: it needs trust, and a supervisor that ends what it has started.

    Raises:
        TrustError: the repository's settings would execute something that is not trusted.
        CodexError: Codex cannot be used.
    """
    place = orchestrator.place
    settings = place.agree(await asyncio.to_thread(place.settings), trust=False, by="")
    found = await orchestrator.troupe.models(settings)
    listed = (Model(name=each.name, efforts=each.efforts, default=each.default) for each in found)
    return ModelList(models=tuple(listed))


async def doctor(orchestrator: Orchestrator, _: Record) -> DoctorReport:
    """`doctor`: what is missing; reads only, as it ends what it starts and runs nothing of the repository."""
    return await examiner.report(orchestrator.place.top)
