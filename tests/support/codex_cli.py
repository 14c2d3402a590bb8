"""The real Codex CLI in tests: where it is, and a private home that points at the scripted model."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

import pytest

_FOLDER = Path(__file__).parents[1] / "codex-cli"
_WHY = "the Codex CLI is not installed: npm ci --prefix tests/codex-cli"


def find() -> Path | None:
    """The native program: SEXTET_TEST_CODEX, else what npm put below tests/codex-cli."""
    named = os.environ.get("SEXTET_TEST_CODEX")
    if named:
        return Path(named)
    machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    package = _FOLDER / "node_modules" / "@openai" / f"codex-{sys.platform}-{machine}"
    return next(iter(sorted(package.glob("vendor/*/bin/codex"))), None)


@pytest.fixture
def codex() -> Path:
    """The native program; a test that needs it fails in CI without it and is skipped elsewhere."""
    path = find()
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail(_WHY)
        pytest.skip(_WHY)
    return path


def codex_home(folder: Path, port: int, *, extra: str = "") -> Path:
    """Make a private CODEX_HOME for the scripted model.

    Args:
        folder: where it is made.
        port: of the scripted model.
        extra: further TOML tables.
    """
    home = folder / "codex-home"
    home.mkdir(parents=True)
    (home / "config.toml").write_text(
        f"""model_provider = "scripted"
model = "gpt-5.5"
check_for_update_on_startup = false

[model_providers.scripted]
name = "scripted"
base_url = "http://127.0.0.1:{port}/v1"
wire_api = "responses"
request_max_retries = 1
stream_max_retries = 1
stream_idle_timeout_ms = 60000

[analytics]
enabled = false
{extra}"""
    )
    return home
