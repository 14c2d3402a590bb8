"""What a disk gets that is full or read-only, and a folder of runs that is gone, a link or a file."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.hostile import (
    Untouched,
    argv,
    does,
    events,
    rehearse,
    run_folder,
    runs_script,
    scenario,
    sextet,
)
from support.repos import make

NEXT = "Free some space"


@pytest.fixture
def repo(home: Path) -> Path:
    return make(home / "repo", {"a.txt": "a\n", ".gitignore": "codex-runs\n"})


@contextmanager
def small_disk(folder: Path, options: str) -> Iterator[None]:
    """A file system of its own at `folder`."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("this machine mounts no small disk: " + done.stderr.decode().strip())
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("size", ["16k", "24k", "64k"])
def test_a_run_on_a_disk_that_fills_up_stops_with_a_sentence_and_goes_on_when_there_is_room(
    repo: Path, home: Path, size: str
) -> None:
    runs = repo / "codex-runs"
    before = Untouched.of(repo)
    with small_disk(runs, f"size={size},mode=700"):
        done = rehearse(repo, scenario(home, does(runs_script("seq 9999 > made.txt"))))
        done.expect(1, "the disk is full", NEXT)
        assert "running" not in done.out.rpartition("Run:")[2].splitlines()[0], "nobody works on it any more"
        before.check()
        sextet(repo, "list").expect(0)
        if not list(runs.glob("2*")):  # not even a beginning had room
            return
        sextet(repo, "show").expect(0)
        assert not events(repo, "worker_crashed"), (
            "a full disk is nobody's crash, and nothing is tried for ever"
        )
        subprocess.run(["mount", "-o", "remount,size=50m", str(runs)], check=True)
        sextet(repo, "resume").expect(0, "completed")
        sextet(repo, "patch", "apply").expect(0)
        assert len((repo / "made.txt").read_text().splitlines()) == 9_999


def test_a_full_state_folder_is_told_with_a_way_out(repo: Path, home: Path) -> None:
    state = home / "small"
    before = Untouched.of(repo)
    with small_disk(state, "size=100k,mode=700"):
        done = rehearse(repo, scenario(home), env={"SEXTET_STATE_HOME": str(state)})
        assert done.code in {1, 3}, done.said
        done.expect(done.code, NEXT)
    before.check()


@pytest.mark.slow
def test_a_state_folder_that_fills_up_in_the_middle_loses_nothing(repo: Path, home: Path) -> None:
    state = home / "small"
    story = scenario(
        home,
        does(runs_script("head -c 1500000 /dev/urandom > big.bin; echo done > made.txt")),
    )
    before = Untouched.of(repo)
    with small_disk(state, "size=2500k,mode=700"):
        env = {"SEXTET_STATE_HOME": str(state)}
        done = rehearse(repo, story, env=env)
        assert done.code in {1, 3}, done.said
        done.expect(done.code, "sextet")
        before.check()
        assert any(event["failure"]["nextStep"] for event in events(repo, "task_failed")), done.said
        subprocess.run(["mount", "-o", "remount,size=90m", str(state)], check=True)
        for asked in events(repo, "question_asked"):
            sextet(repo, "answer", asked["question"]["id"], "retry", env=env).expect(0)
        done = sextet(repo, "resume", env=env)
        done.expect(0, "completed")
        sextet(repo, "patch", "apply", env=env).expect(0)
        assert (repo / "big.bin").stat().st_size == 1_500_000


@pytest.mark.parametrize("verb", ["run", "list", "show"])
def test_a_read_only_folder_of_runs(repo: Path, home: Path, verb: str) -> None:
    with small_disk(repo / "codex-runs", "ro"):
        if verb == "run":
            rehearse(repo, scenario(home)).expect(1, "the file system is read-only", "Next: Make it writable")
        else:
            assert "Traceback" not in sextet(repo, verb).said


@pytest.mark.parametrize("what", ["link", "file", "dangling"])
def test_a_folder_of_runs_that_is_none_is_not_followed(repo: Path, home: Path, what: str) -> None:
    elsewhere = home / "elsewhere"
    if what == "file":
        (repo / "codex-runs").write_text("x")
    else:
        (repo / "codex-runs").symlink_to(elsewhere)
    if what == "link":
        elsewhere.mkdir()
    for done in (rehearse(repo, scenario(home)), sextet(repo, "list")):
        done.expect(
            1,
            f"{repo / 'codex-runs'}: a file or a symbolic link stands in its place",
            "Next: Put a real folder",
        )
    assert not elsewhere.exists() or not list(elsewhere.iterdir())


def test_runs_that_are_deleted_under_a_live_run_end_it_with_a_sentence(repo: Path, home: Path) -> None:
    fifo = home / "fifo"
    os.mkfifo(fifo)
    story = scenario(home, does(runs_script(f"echo ready > {fifo}; cat {fifo}; echo made > made.txt")))
    command = argv("run", "Attack", "--executor", "rehearsal", "--scenario", str(story))
    before = Untouched.of(repo)
    with subprocess.Popen(
        command, cwd=repo, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as run:
        assert fifo.read_text() == "ready\n"
        shutil.rmtree(repo / "codex-runs")
        fifo.write_text("go\n")
        said = run.communicate(timeout=30)[0].decode()
    assert run.returncode == 1, said
    assert "Traceback" not in said
    assert "defect" not in said
    assert "no longer there" in said
    assert "start a new run" in said
    before.check()
    sextet(repo, "list").expect(0)
    rehearse(repo, scenario(home)).expect(0)
    assert run_folder(repo)
