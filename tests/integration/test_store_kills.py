"""kill -9 at every call that touches the disk: nothing acknowledged is lost, nothing half-made is seen."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from sextet.model.events import Entry, RunCreated, TaskAdded, TaskClaimed, TaskFinished, TaskReleased
from sextet.model.names import Kind, TaskState
from sextet.model.outcome import ImplementOutcome
from sextet.model.run import Run
from sextet.model.task import Task
from sextet.pipeline.fold import fold
from sextet.store import runs
from sextet.store.claims import TaskClaimStore
from sextet.store.journal import Journal
from sextet.store.layout import RunFolder
from sextet.store.state import State
from sextet.system.disk import DISK, Disk
from support.disks import RUN_ID, DeadlyDisk, FaultyDisk, a_run

TASK = "implement-1-a"
STRACE = shutil.which("strace")


def put(journal, event):
    """Append an event and say so once it may be relied on."""
    journal.append([Entry(seq=journal.seq + 1, time=1.0, actor="sextet", event=event).to_json()])
    os.write(1, b"%d\n" % journal.seq)


def work(folder: RunFolder, disk: Disk) -> None:
    """Recover, then claim the task, finish it, release it; goes on wherever a former life ended."""
    journal = Journal.open(folder, disk)
    claims = TaskClaimStore(folder, disk)
    view = fold(journal.entries)
    claims.reap()
    task = view.tasks[TASK]
    if task.state is TaskState.IN_PROGRESS:
        put(journal, TaskReleased(task_id=TASK, epoch=task.epoch, reason="its owner died"))
    if task.state is not TaskState.DONE:
        token = claims.claim(TASK, claims.latest(TASK) + 1, "implementer-1")
        assert token is not None
        put(journal, TaskClaimed(task_id=TASK, epoch=token.epoch, worker_id="implementer-1"))
        outcome = ImplementOutcome(summary="done", change=None)
        put(journal, TaskFinished(task_id=TASK, epoch=token.epoch, outcome=outcome))
        claims.release(token)
    claims.close()
    journal.close()


def prepare(path: Path) -> RunFolder:
    path.mkdir()
    folder = RunFolder(path)
    journal = Journal.create(folder)
    task = Task(id=TASK, kind=Kind.IMPLEMENT, title="a", patch=1)
    for seq, event in enumerate((RunCreated(run=a_run()), TaskAdded(task=task)), 1):
        journal.append([Entry(seq=seq, time=1.0, actor="sextet", event=event).to_json()])
    journal.close()
    return folder


def in_child(job) -> tuple[int, list[int]]:
    """Run `job` in a forked process; its exit status and the numbers that it acknowledged."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.dup2(writer, 1)
            job()
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        acknowledged = [int(line) for line in pipe.read().split()]
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), acknowledged


def check(folder: RunFolder, acknowledged: list[int]) -> None:
    journal = Journal.open(folder)
    journal.close()
    assert journal.seq >= max(acknowledged, default=0)
    assert TASK in fold(journal.entries).tasks
    finished = [entry for entry in journal.entries if isinstance(entry.event, TaskFinished)]
    assert len(finished) <= 1
    claims = TaskClaimStore(folder)
    for epoch in range(1, claims.latest(TASK) + 1):
        assert claims.owner(TASK, epoch) is not None
    claims.close()


def counted(folder: RunFolder, tmp_path: Path) -> int:
    """How many calls a life makes that begins as `folder` is."""
    shutil.copytree(folder.path, tmp_path / "counted")
    disk = FaultyDisk()
    out = os.dup(1)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    try:
        work(RunFolder(tmp_path / "counted"), disk)
    finally:
        os.dup2(out, 1)
        os.close(out)
        os.close(null)
        shutil.rmtree(tmp_path / "counted")
    return disk.calls


def test_invariant_2_killed_at_any_call_and_at_any_call_of_the_recovery(tmp_path):
    calls = counted(prepare(tmp_path / "first"), tmp_path)
    assert calls > 10
    for first in range(1, calls + 1):
        for second in (0, 1 + first * 5 % calls):
            one_life_after_another(prepare(tmp_path / f"{first}-{second}"), first, second)


def one_life_after_another(folder: RunFolder, first: int, second: int) -> None:
    """Kill the first life at one call, the second (which recovers) at another; the third comes to an end."""
    status, acknowledged = in_child(lambda: work(folder, DeadlyDisk(first)))
    assert status == -signal.SIGKILL
    check(folder, acknowledged)
    if second:
        status, more = in_child(lambda: work(folder, DeadlyDisk(second)))
        assert status in {0, -signal.SIGKILL}
        check(folder, acknowledged + more)
    assert in_child(lambda: work(folder, DISK))[0] == 0
    journal = Journal.open(folder)
    journal.close()
    assert fold(journal.entries).tasks[TASK].state is TaskState.DONE
    assert not [path for path in folder.claims.iterdir() if path.name.startswith(".prepared-")]


def test_invariant_2_killed_at_any_call_of_creating_a_run(tmp_path):
    root = tmp_path / "tree"
    root.mkdir()
    state = State.of(root, tmp_path / "state")
    status = -signal.SIGKILL
    at = 0
    while status:
        at += 1
        shutil.rmtree(root / "codex-runs", ignore_errors=True)
        state.run(RUN_ID).unlink(missing_ok=True)
        status, _ = in_child(partial(runs.create, root, state, a_run(), DeadlyDisk(at)))
        assert status in {0, -signal.SIGKILL}
        if not runs.list_runs(root, state):
            runs.create(root, state, a_run())
        folder = runs.open_run(root, state, RUN_ID)
        assert Run.model_validate_json(folder.run.read_bytes()) == a_run()
        Journal.open(folder).close()
    assert at > 15


@pytest.mark.slow
@pytest.mark.skipif(STRACE is None, reason="strace is not installed")
@pytest.mark.parametrize("call", ["mkdirat", "write", "fdatasync", "renameat", "linkat"])
def test_invariant_2_killed_by_the_kernel_at_any_system_call(tmp_path, call):
    number = 0
    status = -signal.SIGKILL
    while status:
        number += 1
        folder = prepare(tmp_path / str(number))
        argv = [STRACE, "-f", "-o", "/dev/null", "-e", f"trace={call}"]
        argv += ["-e", f"inject={call}:signal=SIGKILL:when={number}"]
        argv += [sys.executable, "-B", __file__, str(folder.path)]
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        )
        status = done.returncode
        assert status in {0, -signal.SIGKILL, 128 + signal.SIGKILL}, done.stderr
        check(folder, [int(line) for line in done.stdout.split()])
        assert in_child(partial(work, folder, DISK))[0] == 0
    assert number > 1


if __name__ == "__main__":
    work(RunFolder(Path(sys.argv[1])), DISK)
