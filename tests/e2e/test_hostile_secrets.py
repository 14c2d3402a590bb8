"""Secrets of the environment reach no agent, no test, no prompt and nothing that is kept."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import piece, scripted_model
from support.codex_cli import codex, codex_home
from support.hostile import run_folder, sextet
from support.repos import make

__all__ = ["codex"]

SECRETS = {
    "FOO_TOKEN": "canary-foo-4711",
    "OPENAI_API_KEY": "sk-canary-openai-4711",
    "AWS_SECRET_ACCESS_KEY": "canary/aws+4711",
    "DATABASE_URL": "postgres://u:canary-db-4711@h/d",
    "GITHUB_TOKEN": "ghp_canary4711",
}
MARK = "visible-canary"


def places(home: Path) -> Iterator[tuple[str, bytes]]:
    """Every file that Sextet or Codex wrote."""
    for folder in (home / "repo", home / "state", home / "private"):
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                yield str(path), path.read_bytes()


@pytest.mark.codex
@pytest.mark.slow
@pytest.mark.parametrize("transport", ["appServer", "exec"])
def test_no_secret_of_the_environment_is_seen_or_kept_anywhere(
    home: Path, codex: Path, transport: str
) -> None:
    repo = make(home / "repo", piece.FILES)
    look = f"echo {MARK}; env; set; cat /proc/self/environ /proc/$PPID/environ 2>&1 | tr '\\0' '\\n'; true"
    rules = [
        piece.says("nosy", role, {"shell": look}, [answer], **match)
        for role, answer, match in (
            ("You are an analyst", {"json": piece.analysis(1)}, {}),
            ("You are an implementer", piece.done("looked"), {"contains": "ITEM-CODE"}),
        )
    ]
    with scripted_model.start(piece.piece(*rules)) as model:
        private = codex_home(home / "private", model.port)
        config = private / "config.toml"  # Codex itself needs the key, and its commands must not see it
        config.write_text(config.read_text().replace("wire_api", 'env_key = "OPENAI_API_KEY"\nwire_api'))
        settings = {
            **piece.overrides(codex, private),
            "codex.transport": transport,
            "tester.commands": [look],
        }
        told = [
            f"{key}={value if isinstance(value, str) else json.dumps(value)}"
            for key, value in settings.items()
        ]
        asked = [part for each in told for part in ("--set", each)]
        done = sextet(repo, "run", "Look around", "--verbose", *asked, env=SECRETS)
        prompts = json.dumps([request["body"] for request in model.requests])
        sent = [
            request["headers"].get("authorization") or request["headers"]["Authorization"]
            for request in model.requests
        ]
    assert set(sent) == {f"Bearer {SECRETS['OPENAI_API_KEY']}"}, "Codex does have its key"
    assert f"{MARK}" in prompts, "the agent did look"
    logs = list((run_folder(repo) / "attempts").rglob("test-1.log"))
    assert logs
    assert all(MARK in path.read_text() for path in logs), "the tests did look"
    for name, value in SECRETS.items():
        forms = (value, base64.b64encode(value.encode()).decode())
        for form in forms:
            assert form not in done.said, name
            assert form not in prompts, name
            found = [place for place, data in places(home) if form.encode() in data]
            assert not found, (name, found)
