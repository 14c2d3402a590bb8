"""Policy: a fence in the words of Codex, for threads, turns, `codex exec` and `codex sandbox`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from sextet.codex import environment
from sextet.codex.turn import Fence, TurnRequest

BASE: Final[Mapping[str, Any]] = {
    "features.unbounded_connection_retries": False,  # else an unreachable network is waited for without end
    "features.shell_snapshot": False,  # else each thread starts a login shell, which outlives a killed Codex
    "features.goals": False,
    "features.apps": False,
    "features.plugins": False,
    "features.memories": False,
    "features.skill_mcp_dependency_install": False,
    "agents.enabled": False,  # children's events and tokens would be invisible
    "web_search": "disabled",
    "check_for_update_on_startup": False,
    "suppress_unstable_features_warning": True,  # else every agent that may ask begins with it
    "allow_login_shell": False,
    "shell_environment_policy.ignore_default_excludes": False,
}
"""What holds for every agent, whatever the user's config says."""


def overrides(
    request: TurnRequest, *, keys: Iterable[str], servers: Iterable[str], user_tools: bool
) -> dict[str, Any]:
    """Configuration of one agent, by dotted key.

    Args:
        request: what it may touch, and whether it may ask.
        keys: variables that its shell must not see.
        servers: names of the user's MCP servers.
        user_tools: whether the user's MCP servers and hooks stay on.
    """
    fence = request.fence
    asks = request.approvals == "onRequest"
    result: dict[str, Any] = {
        **BASE,
        "shell_environment_policy.inherit": "all",
        "shell_environment_policy.exclude": environment.hidden_from_shell(keys, network=fence.network),
        "shell_environment_policy.set": environment.shell_variables(fence.tmpdir),
    }
    result["features.default_mode_request_user_input"] = asks
    result["tools.experimental_request_user_input.enabled"] = asks
    if not user_tools:
        result["features.hooks"] = False
        result |= {f"mcp_servers.{name}.enabled": False for name in servers}
    return result


def sandbox_policy(fence: Fence) -> dict[str, Any]:
    """The fence as `sandboxPolicy` of a turn."""
    if fence.mode == "off":
        return {"type": "dangerFullAccess"}
    if fence.mode == "read-only":
        return {"type": "readOnly", "networkAccess": fence.network}
    return {
        "type": "workspaceWrite",
        "writableRoots": _roots(fence),
        "networkAccess": fence.network,
        "excludeTmpdirEnvVar": True,  # the process has one TMPDIR, its agents have one each
        "excludeSlashTmp": True,
    }


def sandbox_overrides(fence: Fence) -> dict[str, Any]:
    """The fence as configuration, for `codex exec` and `codex sandbox`."""
    if fence.mode == "off":
        return {"sandbox_mode": "danger-full-access"}
    if fence.mode == "read-only":
        return {"sandbox_mode": "read-only"}
    return {
        "sandbox_mode": "workspace-write",
        "sandbox_workspace_write.writable_roots": _roots(fence),
        "sandbox_workspace_write.network_access": fence.network,
        "sandbox_workspace_write.exclude_tmpdir_env_var": True,
        "sandbox_workspace_write.exclude_slash_tmp": True,
    }


def arguments(settings: Mapping[str, Any]) -> list[str]:
    """Configuration as `-c key=value` arguments; values are TOML."""
    return [part for key, value in settings.items() for part in ("-c", f"{key}={_toml(value)}")]


def _roots(fence: Fence) -> list[str]:
    return [str(root) for root in (fence.tmpdir, *fence.extra_roots)]


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_toml(str(key))} = {_toml(each)}" for key, each in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list):
        return f"[{', '.join(_toml(each) for each in value)}]"
    written = json.dumps(value, ensure_ascii=False)  # strings, booleans and numbers are written alike
    return written.replace("\x7f", "\\u007f")  # but for this one
