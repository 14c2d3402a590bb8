"""Environments by allow-list: what Codex gets, and what an agent's commands get."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

COOKIE: Final = "SEXTET_COOKIE"
"""Carried by every process that Sextet starts; a survivor is recognised by it."""

_COMMON: Final = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TZ", "TERM", "LANG", "LANGUAGE", "COLORTERM"),
        *(
            "JAVA_HOME",
            "GOPATH",
            "GOROOT",
            "CARGO_HOME",
            "RUSTUP_HOME",
            "PYENV_ROOT",
            "NVM_DIR",
            "VOLTA_HOME",
        ),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "NIX_PATH", "NIX_SSL_CERT_FILE", COOKIE),
    }
)

_NETWORK: Final = frozenset(
    {
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
    }
)

_CODEX_ONLY: Final = frozenset(
    {"CODEX_HOME", "CODEX_CA_CERTIFICATE", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "RUST_LOG"}
)
"""What Codex needs for itself (its home, the keyring) and no command of an agent does."""

_SHELL: Final = {
    "SHLVL": "2",  # where sockets are forbidden, bash takes itself for a remote login and reads .bashrc
    "PYTHONDONTWRITEBYTECODE": "1",  # else running Python leaves files that git sees as part of the change
}
"""Set for every shell of an agent and every test command."""

_SECRET: Final = ("*KEY*", "*SECRET*", "*TOKEN*", "*PASSWORD*", "*PASSWD*", "*CREDENTIAL*")


def for_codex(base: Mapping[str, str], *, home: Path | None, keys: Iterable[str] = ()) -> dict[str, str]:
    """The environment of a codex process.

    Args:
        base: the server's own environment.
        home: CODEX_HOME; None leaves Codex its default.
        keys: variables that a configured model provider reads its key from; Codex keeps them to itself.
    """
    names = _COMMON | _NETWORK | _CODEX_ONLY | frozenset(keys)
    result = {name: value for name, value in base.items() if name in names or name.startswith("LC_")}
    result.pop("CODEX_HOME", None)
    if home is not None:
        result["CODEX_HOME"] = str(home)
    return result


def for_commands(
    base: Mapping[str, str], *, tmpdir: Path, network: bool, extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment of a command that runs code which agents wrote.

    Args:
        base: the server's own environment.
        tmpdir: the command's own temporary folder.
        network: whether it may use the network; only then it learns of a proxy.
        extra: what the user configured for it; stands above the rest.
    """
    names = _COMMON | _NETWORK if network else _COMMON
    result = {name: value for name, value in base.items() if name in names or name.startswith("LC_")}
    result |= shell_variables(tmpdir)
    result |= extra or {}
    return result


def shell_variables(tmpdir: Path) -> dict[str, str]:
    """What is set for every shell of an agent."""
    return {"TMPDIR": str(tmpdir), "TMP": str(tmpdir), "TEMP": str(tmpdir), **_SHELL}


def hidden_from_shell(keys: Iterable[str], *, network: bool) -> list[str]:
    """Patterns of variables that Codex has and its agents' shell must not see."""
    hidden = {*_SECRET, *_CODEX_ONLY, *keys}
    return sorted(hidden if network else hidden | _NETWORK)
