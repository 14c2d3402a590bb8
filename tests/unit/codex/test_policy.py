from __future__ import annotations

import fnmatch
import tomllib
from pathlib import Path

import pytest

from sextet.codex import environment, policy
from sextet.codex.turn import Fence, TurnRequest
from support.codex_bench import PURPOSE

BASE = {"PATH": "/bin", "HOME": "/h", "LC_ALL": "C", "AWS_SECRET_ACCESS_KEY": "1", "GITHUB_TOKEN": "2",
        "OPENAI_API_KEY": "3", "LD_PRELOAD": "4", "SSH_AUTH_SOCK": "5", "HTTPS_PROXY": "http://u:p@x",
        "CODEX_HOME": "/other", "GIT_DIR": "6"}  # fmt: skip


def fence(mode: str = "workspace-write", *, network: bool = False) -> Fence:
    return Fence(mode, Path("/w"), Path("/t"), network=network, extra_roots=(Path("/x"),))


def test_codex_gets_an_allow_list_and_the_key_of_its_provider():
    given = environment.for_codex(BASE, home=Path("/c"), keys=("GITHUB_TOKEN",))
    assert set(given) == {"PATH", "HOME", "LC_ALL", "HTTPS_PROXY", "CODEX_HOME", "GITHUB_TOKEN"}
    assert given["CODEX_HOME"] == "/c"
    assert "CODEX_HOME" not in environment.for_codex(BASE, home=None)


@pytest.mark.parametrize("network", [False, True])
def test_commands_learn_of_a_proxy_only_with_the_network(network):
    given = environment.for_commands(BASE, tmpdir=Path("/t"), network=network, extra={"MINE": "1"})
    assert ("HTTPS_PROXY" in given) is network
    assert (given["TMPDIR"], given["MINE"]) == ("/t", "1")
    assert not {"CODEX_HOME", "GITHUB_TOKEN", "LD_PRELOAD", "GIT_DIR", "SSH_AUTH_SOCK"} & set(given)


def test_what_codex_keeps_to_itself_is_hidden_from_the_shell_of_its_agents():
    patterns = environment.hidden_from_shell(("ODD_NAME",), network=False)
    for name in ("ODD_NAME", "CODEX_HOME", "HTTPS_PROXY", "MY_API_KEY", "DB_PASSWORD"):
        assert any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns), name
    for name in ("PATH", "HOME", "TMPDIR", environment.COOKIE):
        assert not any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns), name


def test_no_fence_leaves_the_shared_tmp_open():
    turn = policy.sandbox_policy(fence())
    assert turn["excludeSlashTmp"]
    assert turn["excludeTmpdirEnvVar"]
    assert turn["writableRoots"] == ["/t", "/x"]
    assert turn["networkAccess"] is False
    assert policy.sandbox_policy(fence("read-only"))["type"] == "readOnly"
    assert policy.sandbox_policy(fence("off")) == {"type": "dangerFullAccess"}


def test_the_network_of_a_read_only_agent_is_what_its_fence_says():
    assert policy.sandbox_policy(fence("read-only", network=True))["networkAccess"] is True


def test_arguments_are_toml_whatever_stands_in_them():
    hostile = 'a"b\\c\nd\x7f\U0001f600'
    settings = {
        "s": hostile,
        "t": {"TMPDIR": "/t", "with space": "x"},
        "l": ["a", hostile],
        "b": True,
        "n": 3,
    }
    arguments = policy.arguments(settings)
    assert arguments[::2] == ["-c"] * len(settings)
    read = {}
    for each in arguments[1::2]:
        read |= tomllib.loads(each)
    assert read == settings


@pytest.mark.parametrize("allowed", [False, True])
def test_the_users_mcp_servers_and_hooks_are_off_unless_allowed(allowed):
    request = TurnRequest("p", fence(), PURPOSE)
    told = policy.overrides(request, keys=(), servers=("theirs",), user_tools=allowed)
    assert ("mcp_servers.theirs.enabled" in told) is not allowed
    assert ("features.hooks" in told) is not allowed
    assert told["agents.enabled"] is False
    assert told["features.unbounded_connection_retries"] is False


@pytest.mark.parametrize(("approvals", "asks"), [("never", False), ("onRequest", True)])
def test_only_an_agent_that_may_ask_has_the_tool_for_questions(approvals, asks):
    request = TurnRequest("p", fence(), PURPOSE, approvals=approvals)
    told = policy.overrides(request, keys=(), servers=(), user_tools=False)
    assert told["tools.experimental_request_user_input.enabled"] is asks
