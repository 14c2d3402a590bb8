"""The safety net of the tests themselves."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import isolation, lanes


def test_a_test_sees_the_users_home(home: Path, outside) -> None:
    assert Path.home() == home
    assert outside["HOME"] != os.environ["HOME"]
    assert all(
        os.environ[key].startswith(str(home)) for key in ("XDG_STATE_HOME", "SEXTET_STATE_HOME", "CODEX_HOME")
    )


def test_git_takes_the_users_identity(tmp_path: Path) -> None:
    answer = subprocess.run(
        ["git", "config", "--get", "user.email"], cwd=tmp_path, capture_output=True, check=True
    )
    assert answer.stdout == b"tess@example.invalid\n"


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "example.invalid"])
def test_a_test_reaches_the_network(host: str) -> None:
    with pytest.raises(ConnectionRefusedError, match="only to this machine"):
        socket.create_connection((host, 9))


def test_loopback_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass


def test_a_daemon_that_outlives_its_test_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "GRACE", 0.0)
    away = isolation.make_home()
    env = isolation.environment(away, os.environ)
    daemon = "import os, time; os.setsid(); os.fork() and os._exit(0); time.sleep(60)"
    subprocess.run([sys.executable, "-c", daemon], env=env, check=True)
    try:
        left = isolation.leftovers(away)
        assert len(left) == 1
        assert "sleep(60)" in left[0].command
        monkeypatch.setattr(isolation, "GRACE", 3.0)
        assert isolation.leftovers(away) == []
    finally:
        isolation.remove_home(away)


@given(st.text())
def test_hypothesis_refuses_the_isolation(text: str) -> None:
    assert isinstance(text, str)


@pytest.mark.parametrize(
    ("ci", "reason", "fails"),
    [("true", "no strace", True), ("true", "opt-in: RUN_REAL_CODEX_E2E=1", False), ("", "no strace", False)],
)
def test_a_lane_is_left_out_quietly_in_ci(
    monkeypatch: pytest.MonkeyPatch, ci: str, reason: str, fails: bool
) -> None:
    monkeypatch.setenv("CI", ci)
    assert bool(lanes.forbidden(("file", 1, f"Skipped: {reason}"))) == fails


def test_the_summary_hides_how_many_tests_were_left_out() -> None:
    assert lanes.summary([("f", 1, "Skipped: no tmux"), ("f", 2, "Skipped: no tmux")]) == [
        "no tmux (2 tests)"
    ]
