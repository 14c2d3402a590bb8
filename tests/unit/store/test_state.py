"""The state folder: private, one per work tree whichever path leads to it, with a socket that fits."""

from __future__ import annotations

import os
import socket
import stat

import pytest

from sextet.errors import StoreError, UnsafePathError
from sextet.store.state import State, private_folder, state_home


@pytest.fixture
def tree(tmp_path):
    path = tmp_path / "tree"
    path.mkdir()
    return path


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("SEXTET_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_the_environment_names_the_state_folder_and_the_platform_does_else(home, monkeypatch):
    assert state_home() == home
    monkeypatch.delenv("SEXTET_STATE_HOME")
    assert state_home().name == "sextet"


def test_everything_in_it_is_for_the_user_alone(tree, home):
    state = State.of(tree)
    for path in (home, state.path, state.worktrees, state.applies, state.runs):
        assert mode(path) == 0o700


def test_two_paths_to_a_tree_share_its_state_and_two_trees_do_not(tree, home, tmp_path):
    (tmp_path / "link").symlink_to(tree)
    other = tmp_path / "other"
    other.mkdir()
    assert State.of(tree).path == State.of(tmp_path / "link").path == State.of(tree / ".." / "tree").path
    assert State.of(other).path != State.of(tree).path


def test_a_tree_that_was_moved_keeps_its_state(tree, home, tmp_path):
    before = State.of(tree).path
    tree.rename(tmp_path / "moved")
    assert State.of(tmp_path / "moved").path == before


def test_a_folder_that_others_may_enter_is_closed_to_them(tree, home):
    home.mkdir(mode=0o755)
    State.of(tree)
    assert mode(home) == 0o700


@pytest.mark.parametrize("make", ["file", "link"])
def test_a_state_folder_that_is_none_is_refused(home, tree, tmp_path, make):
    if make == "file":
        home.write_text("")
    else:
        home.symlink_to(tree)
    with pytest.raises(StoreError):
        State.of(tree)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_refused(home, tree):
    home.mkdir()
    os.chown(home, 12_345, 12_345)
    with pytest.raises(StoreError, match="not a folder of yours"):
        State.of(tree)


def test_a_missing_tree_is_an_error_in_words(home, tmp_path):
    with pytest.raises(StoreError):
        State.of(tmp_path / "missing")


@pytest.mark.parametrize("run_id", ["../../etc", "..", "", "a/b", ".git", "x" * 300, "a\0bcdefgh"])
def test_a_run_id_that_is_a_path_is_refused(tree, home, run_id):
    with pytest.raises(UnsafePathError):
        State.of(tree).run(run_id)


class TestSocket:
    def bind(self, path):
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.fspath(path))

    def test_it_is_in_the_state_folder_when_that_is_short_enough(self, tree, tmp_path_factory):
        home = tmp_path_factory.mktemp("h")
        state = State.of(tree, home)
        assert state.socket == state.path / "control.sock"

    def test_a_path_too_long_for_a_socket_gets_a_short_one_that_can_be_bound(
        self, tree, tmp_path, monkeypatch
    ):
        runtime = tmp_path / "r"
        runtime.mkdir(mode=0o700)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
        state = State.of(tree, tmp_path / ("long" * 30))
        assert len(os.fsencode(state.socket)) <= 103
        assert mode(state.socket.parent) == 0o700
        self.bind(state.socket)

    def test_every_process_finds_the_same_also_without_the_environment(self, tree, tmp_path, monkeypatch):
        runtime = tmp_path / "r"
        runtime.mkdir(mode=0o700)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
        home = tmp_path / ("long" * 30)
        first = State.of(tree, home).socket
        monkeypatch.delenv("XDG_RUNTIME_DIR")
        assert State.of(tree, home).socket == first

    def test_a_record_that_leads_nowhere_is_replaced(self, tree, tmp_path, monkeypatch):
        runtime = tmp_path / "r"
        runtime.mkdir(mode=0o700)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
        state = State.of(tree, tmp_path / ("long" * 30))
        for record in (b"/nowhere/at/all.sock", b"relative.sock", b""):
            (state.path / "control.path").write_bytes(record)
            assert state.socket.parent == runtime / "sextet"


def test_a_private_folder_is_not_made_through_a_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(StoreError):
        private_folder(tmp_path / "link")
