"""Stages: which roles of a rehearsal are played by the real Codex (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sextet.errors import UsageError
from sextet.model.names import Role

ALL: Final = "RUN_REAL_CODEX_E2E"
ONE: Final = "RUN_REAL_CODEX_"

_VALUES: Final = {"1": True, "0": False, "": None}


def real_roles(env: Mapping[str, str]) -> frozenset[Role]:
    """The roles that ask the real Codex.

    `RUN_REAL_CODEX_E2E=1` means all; `RUN_REAL_CODEX_<ROLE>=0|1` decides for one role and stands above it.

    Raises:
        UsageError: a switch has another value than 0 or 1.
    """
    everybody = _switch(env, ALL) or False
    chosen = {role: _switch(env, f"{ONE}{role.value.upper()}") for role in Role}
    return frozenset(role for role, own in chosen.items() if (everybody if own is None else own))


def _switch(env: Mapping[str, str], name: str) -> bool | None:
    value = env.get(name, "").strip()
    if value not in _VALUES:
        raise UsageError(f"{name} is {value!r}; it can be 0 or 1.", next_step="Correct it or remove it.")
    return _VALUES[value]
