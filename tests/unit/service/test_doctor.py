"""Doctor: each thing that is missing is named with its next step, and hides nothing else."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from sextet.model.settings import CodexSettings, Settings
from sextet.service.doctor import examine, report
from sextet.service.upkeep_results import Check
from support import fake_codex


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    return tmp_path


async def checks(folder: Path, codex: str = "/nowhere/codex") -> dict[str, Check]:
    found = await examine(folder, Settings(codex=CodexSettings(path=codex)))
    return {check.name: check for check in found}


async def test_a_good_machine_is_ill(repository: Path, home: Path) -> None:
    found = await checks(repository)
    assert [name for name, check in found.items() if not check.ok] == ["codex"]
    assert "main" in found["repository"].what
    assert str(home) in found["state"].what
    assert list((home / "state").iterdir()) == []


async def test_a_missing_codex_has_no_next_step(repository: Path) -> None:
    found = await checks(repository)
    assert "sextet.codex.path" in found["codex"].next_step
    assert "sandbox" not in found


async def test_a_program_that_is_no_codex_is_taken_for_one(repository: Path) -> None:
    found = await checks(repository, "/bin/true")
    assert not found["codex"].ok


async def test_a_folder_without_git_hides_the_other_checks(tmp_path: Path) -> None:
    found = await checks(tmp_path)
    assert not found["repository"].ok
    assert "git init" in found["repository"].next_step
    assert found["git"].ok
    assert found["state"].ok


async def test_a_rebase_in_progress_is_no_obstacle(repository: Path) -> None:
    (repository / ".git/rebase-merge").mkdir()
    found = await checks(repository)
    assert "rebase" in found["repository"].what


async def test_a_state_folder_that_cannot_be_made_is_an_exception(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SEXTET_STATE_HOME", str(tmp_path / "file"))
    found = await checks(repository)
    assert not found["state"].ok


async def test_a_repository_chooses_what_is_started_to_look_at_codex(
    repository: Path, home: Path, tmp_path: Path
) -> None:
    settings = repository / ".vscode" / "settings.json"
    settings.parent.mkdir()
    bait = fake_codex.make(tmp_path / "bait")
    settings.write_text(json.dumps({"sextet.codex.path": str(bait.path), "sextet.codex.mcpServers": True}))
    own = fake_codex.make(tmp_path / "own")
    fake_codex.choose(home, own)
    found = await report(repository)
    assert "config/read" in own.asked, "with the user's tools nobody asks which ones to leave out"
    assert str(tmp_path / "own") in {check.name: check for check in found.checks}["codex"].what
    assert [problem.key for problem in found.problems] == ["sextet.codex.path"]
    assert bait.starts == 0


async def test_settings_are_not_looked_at_where_there_is_no_repository(tmp_path: Path, home: Path) -> None:
    fake_codex.choose(home, fake_codex.make(tmp_path / "own"), **{"sextet.maxAgents": "many"})
    found = await report(tmp_path)
    assert not {check.name: check for check in found.checks}["repository"].ok
    assert [problem.key for problem in found.problems] == ["sextet.maxAgents"]
