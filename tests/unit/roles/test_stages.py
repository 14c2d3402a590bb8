"""Stages of a rehearsal that the real Codex plays."""

from __future__ import annotations

import pytest

from sextet.errors import UsageError
from sextet.model.names import Role
from sextet.roles.stages import real_roles

ALL = frozenset(Role)


@pytest.mark.parametrize(
    ("env", "real"),
    [
        ({}, frozenset()),
        ({"RUN_REAL_CODEX_E2E": "1"}, ALL),
        ({"RUN_REAL_CODEX_E2E": "0"}, frozenset()),
        ({"RUN_REAL_CODEX_E2E": "1", "RUN_REAL_CODEX_TESTER": "0"}, ALL - {Role.TESTER}),
        ({"RUN_REAL_CODEX_REVIEWER": "1"}, frozenset({Role.REVIEWER})),
        ({"RUN_REAL_CODEX_E2E": "0", "RUN_REAL_CODEX_ANALYST": "1"}, frozenset({Role.ANALYST})),
        ({"RUN_REAL_CODEX_E2E": "", "RUN_REAL_CODEX_ANALYST": " 1 "}, frozenset({Role.ANALYST})),
        ({"RUN_REAL_CODEX_DIRECTOR": "1"}, frozenset()),
    ],
)
def test_a_switch_of_a_role_stands_above_the_one_for_all(env: dict[str, str], real: frozenset[Role]) -> None:
    assert real_roles(env) == real


@pytest.mark.parametrize("value", ["yes", "2", "true", "-1"])
def test_a_switch_is_0_or_1(value: str) -> None:
    with pytest.raises(UsageError, match="RUN_REAL_CODEX_TESTER"):
        real_roles({"RUN_REAL_CODEX_TESTER": value})
