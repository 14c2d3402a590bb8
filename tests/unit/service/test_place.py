"""A work tree and what its repository's settings may execute before anybody agreed: nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sextet.errors import TrustError
from sextet.service.place import Place
from support import repos


def say(top: Path, *commands: str) -> None:
    (top / ".vscode").mkdir(exist_ok=True)
    (top / ".vscode" / "settings.json").write_text(json.dumps({"sextet.tester.commands": commands}))


async def test_a_repositorys_command_is_taken_without_a_word_of_the_user(tmp_path: Path) -> None:
    top = repos.make(tmp_path / "repo", {"a": "a"})
    place = await Place.open(top)
    say(top, "make check")
    with pytest.raises(TrustError, match="make check") as refused:
        place.agree(place.settings(), trust=False, by="Ada")
    assert refused.value.facts["keys"] == ["tester.commands"]
    assert place.agree(place.settings(), trust=True, by="Ada").tester.commands == ("make check",)
    assert place.agree(place.settings(), trust=False, by="Ada").tester.commands == ("make check",)
    say(top, "make check", "make evil")
    with pytest.raises(TrustError, match="make evil"):
        place.agree(place.settings(), trust=False, by="Ada")


async def test_what_changed_after_the_person_was_asked_is_trusted_along(tmp_path: Path) -> None:
    top = repos.make(tmp_path / "repo", {"a": "a"})
    place = await Place.open(top)
    say(top, "make check")
    with pytest.raises(TrustError) as asked:
        place.agree(place.settings(), by="Ada")
    agreed = asked.value.facts["digests"]
    say(top, "make evil")
    with pytest.raises(TrustError, match="make evil"):
        place.agree(place.settings(), by="Ada", agreed=agreed)
    say(top, "make check")
    assert place.agree(place.settings(), by="Ada", agreed=agreed).tester.commands == ("make check",)
    assert place.agree(place.settings(), by="Ada").tester.commands == ("make check",)


async def test_a_command_hides_something_from_whoever_is_asked(tmp_path: Path) -> None:
    place = await Place.open(repos.make(tmp_path / "repo", {"a": "a"}))
    place.editor.say({"worktree": {"setupCommand": "true \u202e\x1b[2J\n# evil é"}})
    with pytest.raises(TrustError) as asked:
        place.agree(place.settings(), by="Ada")
    assert r'sextet.worktree.setupCommand: "true \u202e\u001b[2J\n# evil é"' in asked.value.what


async def test_an_editors_settings_are_read_once_or_count_less_than_the_repositorys(tmp_path: Path) -> None:
    place = await Place.open(repos.make(tmp_path / "repo", {"a": "a"}))
    say(place.top)
    place.editor.say({"maxAgents": 7})
    assert place.settings().settings.max_agents == 7
    assert place.settings({"maxAgents": 9}).settings.max_agents == 9
    place.editor.say({})
    assert place.settings().settings.max_agents == 4
