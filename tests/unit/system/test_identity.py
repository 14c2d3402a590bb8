from __future__ import annotations

import os
import signal
import subprocess

import pytest

from sextet.system import identity
from sextet.system.identity import Identity


def test_we_are_dead_or_somebody_else():
    mine = identity.me()
    assert mine.pid == os.getpid()
    assert mine == identity.of(os.getpid())
    assert identity.alive(mine)


def test_an_identity_does_not_survive_being_stored():
    mine = identity.me()
    assert Identity.model_validate_json(mine.to_json()) == mine


@pytest.mark.parametrize(
    "change", [{"start_ticks": 0}, {"boot_id": "another"}, {"boot_id": ""}, {"pid": 2**22 + 1}], ids=str
)
def test_another_process_is_taken_for_us(change):
    assert not identity.alive(identity.me().model_copy(update=change))


@pytest.mark.parametrize("pid", [0, -1, 2**22 + 1])
def test_a_pid_that_cannot_be_has_an_identity(pid):
    assert identity.of(pid) is None


def test_a_process_that_ended_and_was_not_collected_is_alive():
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        who = identity.of(process.pid)
        assert who
        assert identity.alive(who)
        process.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert identity.of(process.pid) == who
        assert not identity.alive(who)
    assert identity.of(process.pid) is None
    assert not identity.alive(who)


def test_a_stopped_process_is_dead():
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        who = identity.of(process.pid)
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        assert who
        assert identity.alive(who)
        process.kill()


def test_a_name_with_brackets_and_blanks_is_read_as_fields(tmp_path):
    program = tmp_path / "a) R 1 (b"
    program.symlink_to("/bin/cat")
    with subprocess.Popen([program], stdin=subprocess.PIPE) as process:
        fields = identity.stat_fields(process.pid)
        assert int(fields[1]) == os.getpid()
        process.kill()


def test_without_proc_a_process_cannot_be_told_by_ps(monkeypatch):
    monkeypatch.setattr(
        identity,
        "_output_of",
        lambda *argv: "Ss   Sat Nov 22 12:00:00 2025" if str(os.getpid()) in argv else "",
    )
    assert identity._seconds_from_ps(os.getpid()) == identity._seconds_from_ps(os.getpid())
    assert (identity._seconds_from_ps(os.getpid()) or 0) > 1_700_000_000
    assert identity._seconds_from_ps(os.getpid() + 1) is None
    monkeypatch.setattr(identity, "_output_of", lambda *_: "Z    Sat Nov 22 12:00:00 2025")
    assert identity._seconds_from_ps(os.getpid()) is None  # a zombie


def test_a_missing_program_is_not_an_empty_answer():
    assert identity._output_of("/nowhere/ps") == ""
    assert identity._output_of("/bin/echo", "here") == "here"
