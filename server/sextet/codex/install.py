"""Install: finds the native codex program, its version and home, and checks what agents need of it."""

from __future__ import annotations

import platform
import re
import shutil
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sextet.codex import environment
from sextet.errors import CodexError, ProcessError
from sextet.model.settings import CodexSettings
from sextet.system import processes
from sextet.system.lines import plain

OLDEST: Final = (0, 169, 0)
"""The oldest version that is used at all."""

TESTED: Final = (0, 169)
"""The newest minor version that the tests have run against."""

PATIENCE: Final = 15.0
"""Seconds that a codex program may take to say its version or to try its sandbox."""

_LARGEST_CONFIG: Final = 4 * 1024 * 1024
_VERSION: Final = re.compile(rb"^codex(?:-cli)? (\d{1,6})\.(\d{1,6})\.(\d{1,6})(?:[-+ ].*)?\s*$")
_SERVER: Final = re.compile(r"^[A-Za-z0-9_-]{1,100}$")
_NPM: Final = "Install it with `npm install -g @openai/codex`, or set `sextet.codex.path`."
_UPDATE: Final = "Update it with `npm install -g @openai/codex@latest`."
_NATIVE: Final = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")


@dataclass(frozen=True, slots=True)
class Install:
    """A codex program that can be used."""

    path: Path
    """The native program, never a wrapper: killing a wrapper would leave codex running."""
    version: tuple[int, int, int]
    home: Path | None
    """CODEX_HOME; None leaves Codex its default."""
    keys: tuple[str, ...] = ()
    """Variables that configured model providers read their keys from."""
    servers: tuple[str, ...] = ()
    """Names of the MCP servers in the user's config."""
    key: str = ""
    """Which of `keys` the chosen model provider needs; empty when it needs none."""

    @property
    def newer(self) -> bool:
        """Whether it is newer than what was tested."""
        return self.version[:2] > TESTED

    @property
    def name(self) -> str:
        """Version in words: `0.169.0`."""
        return ".".join(map(str, self.version))

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """The environment of its processes."""
        return environment.for_codex(base, home=self.home, keys=self.keys)


@dataclass(frozen=True, slots=True)
class SandboxProbe:
    """Whether commands can be fenced on this machine; `said` is what went wrong."""

    works: bool
    said: str = ""


async def find(settings: CodexSettings, env: Mapping[str, str]) -> Install:
    """Find Codex and learn its version.

    Args:
        settings: path and home; empty ones mean PATH and the user's home.
        env: the server's environment.

    Raises:
        CodexError: it is missing, too old, hangs, or is not Codex at all.
    """
    path = _native(_locate(settings, env))
    home = home_of(settings, env)
    version = await _version(path, env)
    if version < OLDEST:
        told, least = (".".join(map(str, each)) for each in (version, OLDEST))
        raise CodexError(f"Codex {told} is too old: {least} or newer is needed.", next_step=_UPDATE)
    config = _config(home, env)
    return Install(path, version, home, _keys(config), server_names(config), _key(config))


def home_of(settings: CodexSettings, env: Mapping[str, str]) -> Path | None:
    """CODEX_HOME from the settings or the environment; None for Codex's default.

    Raises:
        CodexError: the folder does not exist.
    """
    named = settings.home or env.get("CODEX_HOME", "")
    if not named:
        return None
    home = Path(named)
    if not home.is_absolute() or not home.is_dir():
        raise CodexError(
            f"The Codex home {plain(named)} is not an existing folder.",
            next_step="Create it, or change `sextet.codex.home` (or CODEX_HOME).",
        )
    return home


def server_names(config: object) -> tuple[str, ...]:
    """The MCP servers that a configuration of Codex names."""
    servers = config.get("mcp_servers") if isinstance(config, dict) else None
    return tuple(name for name in servers if _SERVER.match(name)) if isinstance(servers, dict) else ()


async def probe_sandbox(install: Install, folder: Path, env: Mapping[str, str]) -> SandboxProbe:
    """Run `true` in Codex's sandbox; `codex doctor` says "ok" where this fails.

    Args:
        install: which Codex.
        folder: any existing folder.
        env: the server's environment.
    """
    argv = [str(install.path), "sandbox", "-P", ":workspace", "-C", str(folder), "--", "true"]
    try:
        done = await processes.run(argv, cwd=folder, env=install.environment(env), timeout=PATIENCE)
    except ProcessError as error:
        return SandboxProbe(works=False, said=error.what)
    said = [line for line in plain(done.stderr.decode("utf-8", "replace")).splitlines() if _matters(line)]
    return SandboxProbe(works=done.exit_code == 0, said="\n".join(said)[-1_000:])


def _matters(line: str) -> bool:
    return bool(line.strip()) and "WARNING: proceeding" not in line


def _locate(settings: CodexSettings, env: Mapping[str, str]) -> Path:
    if settings.path:
        path = Path(settings.path)
        if not path.is_absolute():
            raise CodexError(
                f"`sextet.codex.path` must be an absolute path, not {plain(settings.path)}.", next_step=_NPM
            )
        if not path.is_file():
            raise CodexError(f"There is no codex program at {plain(settings.path)}.", next_step=_NPM)
        return path
    found = shutil.which("codex", path=env.get("PATH", ""))
    if found is None:
        raise CodexError("The codex program was not found on PATH.", next_step=_NPM)
    return Path(found)


def _native(path: Path) -> Path:
    """The program behind npm's wrapper, because a killed wrapper leaves codex and its commands running."""
    resolved = path.resolve()
    try:
        with resolved.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        raise CodexError(f"{path} cannot be read ({error.strerror}).", next_step=_NPM) from error
    if head in _NATIVE or resolved.name != "codex.js":
        return resolved
    package = resolved.parent.parent
    name = f"codex-{sys.platform}-{_machine()}"
    for vendor in (
        package / "node_modules" / "@openai" / name / "vendor",
        package.parent / name / "vendor",
        package / "vendor",
    ):
        for candidate in sorted(vendor.glob("*/bin/codex")):
            return candidate
    raise CodexError(
        f"{path} is npm's wrapper, but the native program for this machine ({name}) is not beside it.",
        next_step=_UPDATE,
    )


def _machine() -> str:
    return {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(platform.machine().lower(), "arm64")


async def _version(path: Path, env: Mapping[str, str]) -> tuple[int, int, int]:
    plainest = environment.for_codex(env, home=None)
    try:
        done = await processes.run([str(path), "--version"], env=plainest, timeout=PATIENCE, limit=1_000_000)
    except ProcessError as error:
        raise CodexError(
            f"{path} could not be asked for its version: {error.what}", next_step=_NPM
        ) from error
    for line in done.stdout.splitlines():
        if match := _VERSION.match(line):
            major, minor, patch = (int(part) for part in match.groups())
            return major, minor, patch
    said = plain(done.stdout[:100].decode("utf-8", "replace")).strip()
    raise CodexError(
        f"{path} does not answer like Codex (exit {done.exit_code}, it said {said!r}).", next_step=_NPM
    )


def _config(home: Path | None, env: Mapping[str, str]) -> Mapping[str, Any]:
    """Codex's own configuration; empty when there is none or it cannot be read (Codex will say so itself)."""
    folder = home or Path(env.get("HOME", "/")) / ".codex"
    try:
        with (folder / "config.toml").open("rb") as file:
            return tomllib.loads(file.read(_LARGEST_CONFIG).decode())
    except (OSError, ValueError):
        return {}


def _key(config: Mapping[str, Any]) -> str:
    providers, chosen = config.get("model_providers"), config.get("model_provider")
    provider = providers.get(chosen) if isinstance(providers, dict) and isinstance(chosen, str) else None
    name = provider.get("env_key") if isinstance(provider, dict) else None
    return name if isinstance(name, str) else ""


def _keys(config: Mapping[str, Any]) -> tuple[str, ...]:
    providers = config.get("model_providers")
    names: set[str] = set()
    for provider in providers.values() if isinstance(providers, dict) else ():
        if not isinstance(provider, dict):
            continue
        headers = provider.get("env_http_headers")
        wanted = [provider.get("env_key"), *(headers.values() if isinstance(headers, dict) else ())]
        names |= {name for name in wanted if isinstance(name, str) and name}
    return tuple(sorted(names))
