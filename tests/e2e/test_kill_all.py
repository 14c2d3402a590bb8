"""Supervisor and keepers killed at once: what they started is ended by the next supervisor."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from support.kills import Victim
from support.runs import scenario, shell, wait, write


def keepers_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.timeout(120)
def test_invariant_3_what_survives_supervisor_and_keeper_is_ended_at_the_next_start_and_nothing_else(
    tmp_path,
):
    pids = tmp_path / "pids"
    script = f"sleep 300 & echo $! >> {pids}; setsid sleep 300 & echo $! >> {pids}; echo over >> {pids}; wait"
    items = {"one": {"actions": [write("one.txt", "1\n"), shell(script), wait(60)]}}
    again = {
        "role": "implementer",
        "item": "one",
        "epoch": 2,
        "actions": [],
        "answer": {"status": "done", "summary": "done"},
    }
    victim = Victim.make(tmp_path / "victim", scenario(items, cues=(again,)))
    supervisor = victim.start()
    while not pids.exists() or "over" not in pids.read_text():
        assert not supervisor.over, supervisor.errors
        time.sleep(0.02)
    left = [int(line) for line in pids.read_text().split() if line.isdigit()]
    bystander = subprocess.Popen(["sleep", "300"], start_new_session=True, env={})
    try:
        os.kill(supervisor.process.pid, signal.SIGSTOP)  # so that it cannot clean up after its keepers
        for keeper in keepers_of(supervisor.process.pid):
            os.kill(keeper, signal.SIGKILL)
        supervisor.process.send_signal(signal.SIGKILL)
        supervisor.process.wait()
        assert any(map(alive, left)), "nothing survived, so this shows nothing"
        view = victim.finish(survivors=True)
        assert view.state.value == "completed"
        assert not any(map(alive, left))
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
        supervisor.wait()
