"""Checks: whether agents can work here, for `sextet doctor`; each with what to do when they cannot."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sextet.codex import install
from sextet.codex.app_server import AppServer
from sextet.codex.install import Install
from sextet.errors import CodexError
from sextet.model.settings import CodexSettings
from sextet.system.lines import plain


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `ok` is None when it could not be found out or is only worth a warning."""

    name: str
    ok: bool | None
    what: str
    next_step: str = ""


async def check(settings: CodexSettings, env: Mapping[str, str], folder: Path) -> tuple[Check, ...]:
    """Look at everything that agents need of Codex; never raises for what it finds, never shows secrets.

    Args:
        settings: which Codex.
        env: the server's environment.
        folder: any existing folder, to try the sandbox in.
    """
    try:
        found = await install.find(settings, env)
    except CodexError as error:
        return (Check("codex", ok=False, what=error.what, next_step=error.next_step),)
    home = _home(found, env)
    checks = [_version(found), home]
    if home.ok is not False:
        checks.append(await _login(found, settings, env))
    return (*checks, await _sandbox(found, env, folder))


def _version(found: Install) -> Check:
    what = f"Codex {found.name} at {found.path}."
    if not found.newer:
        return Check("codex", ok=True, what=what)
    tested = ".".join(map(str, install.TESTED))
    step = f"Sextet was tested up to {tested}; if agents fail, install that version."
    return Check("codex", ok=None, what=f"{what} It is newer than what was tested.", next_step=step)


def _home(found: Install, env: Mapping[str, str]) -> Check:
    home = found.home or Path(env.get("HOME", "/")) / ".codex"
    there = home if home.exists() else home.parent
    if os.access(there, os.W_OK | os.X_OK):
        return Check("home", ok=True, what=f"Codex's home {home} is writable.")
    step = "Make it writable for you, or choose another one with `sextet.codex.home`."
    return Check("home", ok=False, what=f"Codex's home {home} is not writable.", next_step=step)


async def _login(found: Install, settings: CodexSettings, env: Mapping[str, str]) -> Check:
    if found.key and not env.get(found.key):
        what = f"The model provider reads its key from {found.key}, which is not set."
        return Check("login", ok=False, what=what, next_step=f"Set {found.key} before the server starts.")
    agents = AppServer(settings, env)
    try:
        return _account(await agents.account())
    except CodexError as error:
        return Check("login", ok=False, what=error.what, next_step=error.next_step)
    finally:
        await agents.close()


def _account(told: Mapping[str, Any]) -> Check:
    account = told.get("account")
    if isinstance(account, dict):
        kind = {"chatgpt": "a ChatGPT account", "apiKey": "an API key"}.get(str(account.get("type")))
        return Check(
            "login", ok=True, what=f"Codex is logged in with {kind or plain(str(account.get('type')))}."
        )
    if told.get("requiresOpenaiAuth") is False:
        return Check("login", ok=True, what="The configured model provider needs no login.")
    return Check("login", ok=False, what="Codex is not logged in.", next_step="Run `codex login`.")


async def _sandbox(found: Install, env: Mapping[str, str], folder: Path) -> Check:
    probe = await install.probe_sandbox(found, folder, env)
    if probe.works:
        return Check("sandbox", ok=True, what="Commands can be fenced in.")
    what = f"Codex cannot fence commands in here: {probe.said or 'it does not say why'}"
    step = "Allow user namespaces, or run Sextet in a container of its own with the sandbox set to off."
    return Check("sandbox", ok=False, what=what, next_step=step)
