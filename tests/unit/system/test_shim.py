from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sextet.system import shim
from sextet.system.processes import SHIM
from support.processes import PYTHON, gone, running


class Keeper:
    """The shim as a server sees it: a process and a socket."""

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket) -> None:
        self.process = process
        self.control = control
        self.words = control.makefile("r", encoding="ascii")

    def hear(self) -> list[str]:
        return self.words.readline().split()


@contextmanager
def kept(*argv: str, linger: float = 0.0, env: dict[str, str] | None = None) -> Iterator[Keeper]:
    ours, theirs = socket.socketpair()
    with ours:
        ours.settimeout(10)
        command = [*PYTHON, str(SHIM), str(theirs.fileno()), repr(linger), *argv]
        with subprocess.Popen(
            command, pass_fds=(theirs.fileno(),), env=env, stdout=subprocess.PIPE, stdin=subprocess.PIPE
        ) as process:
            theirs.close()
            keeper = Keeper(process, ours)
            try:
                yield keeper
            finally:
                keeper.words.close()
                ours.close()
                process.wait(10)


def test_the_server_does_not_hear_of_start_and_end():
    with kept("sh", "-c", "exit 3") as keeper:
        verb, pid = keeper.hear()
        assert verb == "started"
        assert int(pid) != keeper.process.pid
        assert keeper.hear() == ["exit", "3"]
        assert keeper.process.wait(10) == 0


def test_the_server_does_not_hear_why_a_command_did_not_start():
    with kept("there-is-no-such-program") as keeper:
        assert keeper.hear() == ["failed", "2"]
        assert keeper.process.wait(10) == 0


def test_a_signal_from_the_server_is_lost_or_hits_the_keeper():
    with kept("sleep", "1000") as keeper:
        keeper.hear()
        keeper.control.send(bytes([signal.SIGTERM]))
        assert keeper.hear() == ["exit", "-15"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_a_keeper_can_be_talked_into_leaving_its_tree(number):
    with kept("cat") as keeper:
        _, pid = keeper.hear()
        keeper.process.send_signal(number)
        keeper.control.shutdown(socket.SHUT_WR)
        assert keeper.hear() == ["exit", "-9"]
        assert keeper.process.wait(10) == 0
        assert running([int(pid)]) == []


def test_a_hung_up_line_keeps_the_tree():
    with kept("sh", "-c", "setsid sleep 1000 & echo $!; wait") as keeper:
        _, main = keeper.hear()
        assert keeper.process.stdout
        pid = int(keeper.process.stdout.readline())
        keeper.words.close()
        keeper.control.close()
        assert gone([pid, int(main), keeper.process.pid]) == []


def test_the_keeper_holds_the_pipes_of_its_command_open():
    with kept("sh", "-c", "exec >&- 2>&- <&-; exec sleep 1000") as keeper:
        assert keeper.process.stdout
        assert keeper.process.stdout.read() == b""
        assert keeper.process.poll() is None


def test_the_command_gets_another_environment_than_the_keeper():
    with kept("/usr/bin/env", env={"ODD": "a=b=c", "EMPTY": "", "LANG": "C"}) as keeper:
        assert keeper.process.stdout
        assert keeper.process.stdout.read() == b"ODD=a=b=c\nEMPTY=\nLANG=C\n"


def test_a_short_linger_is_for_ever():
    with kept("sh", "-c", "sleep 1000 & echo $!", linger=0.05) as keeper:
        assert keeper.process.stdout
        pid = int(keeper.process.stdout.readline())
        assert gone([pid, keeper.process.pid]) == []


def test_a_keeper_lingers_when_nothing_is_left():
    with kept("true", linger=1000) as keeper:
        assert keeper.process.wait(10) == 0


def test_a_high_descriptor_cannot_be_watched():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        high = os.dup2(theirs.fileno(), 1500, inheritable=True)
        try:
            with subprocess.Popen([*PYTHON, str(SHIM), "1500", "0", "true"], pass_fds=(high,)) as process:
                assert process.wait(10) == 0
        finally:
            os.close(high)
        assert b"exit 0" in ours.recv(100)


def test_a_child_of_this_process_is_not_seen():
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        assert process.pid in shim.descendants()
        process.kill()
    assert process.pid not in shim.descendants()
    assert shim.children(process.pid) == []


def test_without_a_list_of_children_nothing_is_below_us(monkeypatch):
    monkeypatch.setattr(shim, "children", lambda _: [])
    monkeypatch.setattr(os.path, "exists", lambda _: False)
    with subprocess.Popen(["sh", "-c", "sleep 1000 & echo $!; wait"], stdout=subprocess.PIPE) as process:
        assert process.stdout
        below = int(process.stdout.readline())
        assert {process.pid, below} <= set(shim.descendants())
        assert os.getpid() not in shim.descendants()
        os.kill(below, signal.SIGKILL)


def test_a_process_that_is_gone_cannot_be_signalled():
    with subprocess.Popen(["true"]) as process:
        process.wait()
    shim.signal_quietly(process.pid, signal.SIGKILL)
