"""Doctor: each thing that is missing is named with its next step, and hides nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sextet.model.settings import CodexSettings, Settings
from sextet.service.doctor import Check, examine


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
