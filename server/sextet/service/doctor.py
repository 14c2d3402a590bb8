"""Doctor: what Sextet needs of this machine and this repository, each with its next step."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import sys
from collections.abc import Awaitable
from pathlib import Path

from sextet.codex import checks
from sextet.errors import SextetError
from sextet.model.settings import Settings
from sextet.service import settings_files
from sextet.service.shown import shown
from sextet.service.upkeep_results import Check, DoctorReport
from sextet.store.state import private_folder, state_home
from sextet.system.durable import Folder
from sextet.workspace import git, repository

LEAST_SPACE = 1 << 30
"""Bytes free below which the state folder gets a warning: worktrees are copies."""

_PROBE = "doctor.probe"


async def report(folder: Path) -> DoctorReport:
    """Everything that a run needs, and what is not used of the settings; works without a repository too.

    It is the terminal's view, which has no editor. Which Codex is looked at is the user's own choice: the
    repository has no say in what is started here, so nothing has to be trusted before.

    Args:
        folder: any existing folder.
    """
    try:
        top = (await repository.inspect(folder)).top
    except SextetError:  # the examination itself tells what is wrong
        top = folder
    own = await asyncio.to_thread(settings_files.load, None)
    resolved = await asyncio.to_thread(settings_files.load, top)
    return DoctorReport(checks=await examine(folder, own.settings), problems=resolved.problems)


async def examine(folder: Path, settings: Settings) -> tuple[Check, ...]:
    """Look at everything that a run needs; nothing is changed and nothing of the repository is run.

    Args:
        folder: any folder in the work tree.
        settings: which Codex is meant.

    Returns:
        The checks in a fixed order; a run can start when all are ok.
    """
    found = await asyncio.gather(
        _guarded("git", _git()),
        _guarded("repository", _repository(folder)),
        _guarded("state", asyncio.to_thread(_state)),
    )
    return _python(), *found, *await _codex(folder, settings)


async def _guarded(name: str, check: Awaitable[Check]) -> Check:
    try:
        return await check
    except SextetError as error:
        return Check(name=name, ok=False, what=error.what, next_step=error.next_step)


def _python() -> Check:
    ok = sys.version_info >= (3, 11)
    step = "" if ok else "Install Python 3.11 or newer."
    return Check(name="python", ok=ok, what=f"Python {platform.python_version()}.", next_step=step)


async def _git() -> Check:
    found = await git.version()
    return Check(name="git", ok=True, what=f"Git {'.'.join(map(str, found))}.")


async def _repository(folder: Path) -> Check:
    found = await repository.inspect(folder)
    found.require_settled()
    where = f"on {found.branch}" if found.branch else "with a detached HEAD"
    facts = {"submodules": found.submodules, "a shallow clone": found.shallow, "LFS": found.lfs}
    extra = "".join(f", {name}" for name, holds in facts.items() if holds)
    head = found.head[:10] if found.head else "no commit yet"
    return Check(name="repository", ok=True, what=f"{shown(found.top)} {where} ({head}{extra}).")


def _state() -> Check:
    home = state_home()
    private_folder(home)
    with Folder.at(home) as inside:
        inside.replace(f"{_PROBE}.{os.getpid()}", b"ok")
        inside.remove(f"{_PROBE}.{os.getpid()}")
    free = shutil.disk_usage(home).free
    step = (
        "" if free >= LEAST_SPACE else "Free some space: each worktree is a copy of the repository's files."
    )
    return Check(
        name="state", ok=True, what=f"{shown(home)} is writable, {free >> 20} MiB free.", next_step=step
    )


async def _codex(folder: Path, settings: Settings) -> list[Check]:
    """Whether agents can be used; a rehearsal needs none of it."""
    found = await checks.check(settings.codex, os.environ, folder)
    told = [Check(name=each.name, ok=each.ok, what=each.what, next_step=each.next_step) for each in found]
    if told[0].ok is False:
        step = f"{told[0].next_step} A rehearsal works without Codex."
        told[0] = told[0].model_copy(update={"next_step": step.strip()})
    return told
