"""Settings that change while runs are worked on: what of it these follow, and what waits for trust."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress

from sextet.errors import SextetError
from sextet.model import events as ev
from sextet.model.names import Role
from sextet.model.settings import Problem, RoleSettings, Settings
from sextet.pipeline.view import RunView
from sextet.service.active import Active
from sextet.service.place import Place
from sextet.service.settings import TrustItem
from sextet.service.settings_table import TABLE, value_of


class Tuner:
    """Lets the runs of one supervisor follow the settings.

    Args:
        place: the work tree; its settings as they are now are what runs have been started with.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._before = place.settings().settings
        self._held: frozenset[str] = frozenset()
        """Keys that runs do not have as they are now, because nobody has trusted them."""

    async def follow(self, runs: Iterable[Active]) -> tuple[Problem, ...]:
        """Resolve the settings anew, and let runs have what has changed since the last time.

        Args:
            runs: those that are worked on; the others keep what they have.

        Returns:
            Changes that nobody has trusted: no run has them, until they are trusted and this is called again.
        """
        resolved = self._place.settings()
        changed = changes(self._before, resolved.settings) | self._held
        self._before = resolved.settings
        waiting = [item for item in self._place.untrusted(resolved) if item.key in changed]
        self._held = frozenset(item.key for item in waiting)
        allowed = changed - self._held
        for active in runs:
            event = tuned(active.session.view, resolved.settings, allowed)
            if event is not None:
                with suppress(SextetError):  # its disk refuses, or it is just being put down
                    await active.tune(event)
        return tuple(map(_waits, waiting))


def changes(before: Settings, after: Settings) -> frozenset[str]:
    """Keys (without `sextet.`) of what runs follow and what is not the same in both."""
    live = (key for key, entry in TABLE.items() if entry.live)
    return frozenset(key for key in live if value_of(before, key) != value_of(after, key))


def tuned(view: RunView, settings: Settings, keys: Collection[str]) -> ev.RolesChanged | None:
    """The event that lets a run have some of the settings; None when it has them, or has its own instead.

    Args:
        view: the run.
        settings: as they are now.
        keys: what it may have of them, without `sextet.`.
    """
    begun = view.the_run.settings
    roles: dict[Role, RoleSettings] = {}
    for key in (each for each in TABLE if each in keys):
        path = TABLE[key].path
        if path[0] == "roles" and key not in view.the_run.chosen and Role(path[1]) not in view.roles:
            role = Role(path[1])
            known = roles.get(role) or view.tuned.get(role) or begun.role(role)
            roles[role] = known.model_copy(update={path[2]: getattr(settings.role(role), path[2])})
    different = {role: new for role, new in roles.items() if new != view.settings_of(role)}
    follows = "maxAgents" in keys and "maxAgents" not in view.the_run.chosen
    agents = settings.max_agents if follows and settings.max_agents != view.max_agents else None
    if not different and agents is None:
        return None
    return ev.RolesChanged(roles=different, origin="settings", max_agents=agents)


def _waits(item: TrustItem) -> Problem:
    words = "is new, and you have not trusted it: runs that are at work go on without it."
    return Problem(key=f"sextet.{item.key}", sentence=f"sextet.{item.key} {words}", level="warning")
