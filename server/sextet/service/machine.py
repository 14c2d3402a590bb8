"""What is there to work with: how the roles work, which models Codex offers, what the machine lacks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from sextet.model.base import Record
from sextet.model.names import Role
from sextet.model.settings import Origin, RoleSettings
from sextet.service import doctor as examiner
from sextet.service import settings_files
from sextet.service.orchestrator import Orchestrator
from sextet.service.params import GetRoles
from sextet.service.results import RolesInForce
from sextet.service.upkeep_results import Check, DoctorReport, Model, ModelList


async def roles(orchestrator: Orchestrator, asked: GetRoles) -> RolesInForce:
    """`roles/get`: the settings of every role, in a run or in the next one.

    Raises:
        NotFoundError, StoreError: there is no such run, or it cannot be read.
    """
    resolved = await asyncio.to_thread(orchestrator.place.settings)
    following = {role: resolved.settings.role(role) for role in Role}
    chosen = following
    if asked.run_id is not None:
        view = await orchestrator.look(asked.run_id)
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
    """`doctor`: what is missing on this machine, in this repository and in the settings.

    It reads only: it ends what it starts, and starts no Codex that the user has not chosen or trusted.
    """
    place = orchestrator.place
    resolved = await asyncio.to_thread(place.settings)
    doubtful = [item.key for item in place.untrusted(resolved) if item.key.startswith("codex.")]
    if not doubtful:
        checks = await examiner.examine(place.top, resolved.settings)
        return DoctorReport(checks=checks, problems=resolved.problems)
    own = await asyncio.to_thread(settings_files.load, None)
    checks = await examiner.examine(place.top, own.settings)
    return DoctorReport(checks=(*checks, _not_trusted(doubtful)), problems=resolved.problems)


def _not_trusted(keys: Iterable[str]) -> Check:
    named = ", ".join(f"sextet.{key}" for key in keys)
    return Check(
        name="trust",
        ok=None,
        what=f"You have not trusted {named} yet, so the Codex of your own settings was looked at instead.",
        next_step="Start a run: you are asked then.",
    )
