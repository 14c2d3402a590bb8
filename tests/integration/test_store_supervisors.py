"""Two supervisors: one work tree has one, and the other is told who it is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from sextet.errors import BusyError
from sextet.store.lock import SupervisorLock
from sextet.store.state import State

HOLD = """
import sys
from pathlib import Path
from sextet.store.lock import SupervisorLock
from sextet.store.state import State
lock = SupervisorLock(State.of(Path(sys.argv[1]), Path(sys.argv[2])))
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def tree(tmp_path):
    path = tmp_path / "tree"
    path.mkdir()
    return path


@pytest.fixture
def state(tree, tmp_path):
    return State.of(tree, tmp_path / "state")


@pytest.fixture
def other(tree, tmp_path):
    argv = [sys.executable, "-c", HOLD, str(tree), str(tmp_path / "state")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_second_is_refused_and_told_the_pid_and_socket_of_the_first(state, other):
    with pytest.raises(BusyError) as caught:
        SupervisorLock(state).acquire()
    assert caught.value.facts == {"pid": other.pid, "socket": str(state.socket)}


def test_a_link_to_the_tree_leads_to_the_same_lock(tree, state, other, tmp_path):
    (tmp_path / "link").symlink_to(tree)
    with pytest.raises(BusyError):
        SupervisorLock(State.of(tmp_path / "link", tmp_path / "state")).acquire()


@pytest.mark.skipif(os.getuid() != 0, reason="mounting needs root")
def test_a_bind_mount_of_the_tree_leads_to_the_same_lock(tree, other, tmp_path):
    mount = tmp_path / "mount"
    mount.mkdir()
    script = (
        f"mount --bind {tree} {mount} || exit 77; exec {sys.executable} -c '{HOLD}' {mount} {tmp_path}/state"
    )
    done = subprocess.run(
        ["unshare", "--mount", "bash", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("bind mounts are not possible here")
    assert "BusyError" in done.stderr


def test_a_supervisor_that_was_killed_holds_nothing(state, other):
    other.send_signal(signal.SIGKILL)
    other.wait()
    lock = SupervisorLock(state)
    assert lock.holder() is None
    with lock:
        assert lock.held
        assert lock.holder().process.pid == os.getpid()


def test_a_paused_supervisor_keeps_the_lock(state, other):
    other.send_signal(signal.SIGSTOP)
    with pytest.raises(BusyError):
        SupervisorLock(state).acquire()
    other.send_signal(signal.SIGCONT)


def test_two_in_one_process_exclude_each_other(state):
    first, second = SupervisorLock(state), SupervisorLock(state)
    first.acquire()
    first.acquire()
    with pytest.raises(BusyError):
        second.acquire()
    first.release()
    first.release()
    with second:
        assert second.held
        assert not first.held


def test_another_tree_has_another_lock(other, tmp_path):
    (tmp_path / "another").mkdir()
    with SupervisorLock(State.of(tmp_path / "another", tmp_path / "state")) as lock:
        assert lock.held


def test_a_lock_file_that_was_removed_is_noticed(state):
    with SupervisorLock(state) as lock:
        state.lock.unlink()
        assert not lock.held


@pytest.mark.parametrize("content", [b"", b"{", b'{"process":{}}', bytes(99)])
def test_a_damaged_record_of_the_holder_keeps_nobody_out_and_lets_nobody_in(state, other, content):
    state.holder.write_bytes(content)
    with pytest.raises(BusyError) as caught:
        SupervisorLock(state).acquire()
    assert caught.value.facts == {}
