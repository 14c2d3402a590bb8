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
