"""Models are asked of the Codex that is there, and roles say where their settings come from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sextet.errors import CodexError
from sextet.model.names import Role
from sextet.model.settings import CodexSettings, RoleSettings, Settings
from sextet.service.agents import Troupe
from sextet.service.machine import sources_of
from support import fake_codex, plays


@pytest.fixture
async def troupe(tmp_path: Path) -> AsyncIterator[Troupe]:
    made = Troupe(tmp_path)
    yield made
    await made.close()


def using(fake: fake_codex.Fake) -> Settings:
    return Settings(codex=CodexSettings(path=str(fake.path)))


async def test_a_codex_is_started_for_each_question(tmp_path: Path, troupe: Troupe) -> None:
    fake = fake_codex.make(tmp_path / "one")
    for _ in range(2):
        found = await troupe.models(using(fake))
        assert [(each.name, each.efforts, each.default) for each in found] == [
            ("gpt-large", ("low", "high"), True),
            ("gpt-small", (), False),
        ]
    assert fake.starts == 1


async def test_a_run_loses_its_codex_to_a_question_under_other_settings(
    tmp_path: Path, troupe: Troupe
) -> None:
    one, other = fake_codex.make(tmp_path / "one"), fake_codex.make(tmp_path / "other")
    run = plays.run(settings=using(one)).model_copy(update={"executor": "codex"})
    ensemble = await troupe.gather(run)
    assert await troupe.models(using(other))
    assert (one.starts, other.starts) == (1, 0)
    assert await ensemble.by_role[Role.ANALYST].models(), "it was shut down"
    await troupe.part(keep=True)
    assert await troupe.models(using(other))
    assert other.starts == 1


async def test_an_idle_codex_that_was_only_asked_is_kept_for_ever(tmp_path: Path) -> None:
    troupe = Troupe(tmp_path, idle=0.0)
    try:
        await troupe.models(using(fake_codex.make(tmp_path / "one")))
        while troupe._codex is not None:  # noqa: ASYNC110 -- a timer tells it
            await asyncio.sleep(0.01)
    finally:
        await troupe.close()


async def test_a_missing_codex_offers_no_models_without_a_word(tmp_path: Path, troupe: Troupe) -> None:
    with pytest.raises(CodexError, match="no codex program") as refused:
        await troupe.models(Settings(codex=CodexSettings(path=str(tmp_path / "none"))))
    assert refused.value.next_step


def test_a_value_comes_from_somewhere_else_than_it_says() -> None:
    following = {role: RoleSettings() for role in Role}
    following[Role.REVIEWER] = RoleSettings(effort="high", timeout_minutes=5)
    chosen = following | {Role.REVIEWER: RoleSettings(effort="low", timeout_minutes=5)}
    known = {"roles.reviewer.effort": "user", "roles.reviewer.timeoutMinutes": "repository"}
    assert sources_of(following, following, {**known, "maxAgents": "user"}) == known
    assert sources_of(chosen, following, known) == {**known, "roles.reviewer.effort": "run"}
