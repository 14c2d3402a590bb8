"""Every other command, as real processes: looking, talking, patches, clearing up."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from support import repos
from support.terminal import COMMAND, background, json_lines, play, sextet, terminal

ASK = {"do": "ask", "text": "Which colour?"}
HANG = {"do": "hang"}


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repos.make(tmp_path / "repo", {"a.txt": "a\n"})


def rehearse(repo: Path, file: Path, *more: str) -> tuple[str, ...]:
    played = ("--executor", "rehearsal", "--scenario", str(file))
    return ("run", "Write a note", *played, "--repo", str(repo), *more)


def runs(repo: Path) -> list[str]:
    return sorted(path.name for path in (repo / "codex-runs").iterdir() if path.is_dir())


# Looking ------------------------------------------------------------------------------------------
def test_looking_at_a_run_shows_less_than_there_is(repo: Path, tmp_path: Path) -> None:
    assert "There are no runs here" in sextet("list", "--repo", repo).stdout
    assert sextet(*rehearse(repo, play(tmp_path))).returncode == 0
    (run,) = runs(repo)
    assert run in sextet("list", "--repo", repo).stdout
    shown = sextet("show", run[:12], "--repo", repo).stdout
    for words in (
        run,
        "completed",
        "rehearsal: no model is asked",
        "review-1",
        "approve: as seen",
        "patch-1",
    ):
        assert words in shown
    (snapshot,) = json_lines(sextet("show", "--json", "--repo", repo).stdout)
    assert snapshot["runId"] == run
    assert "Write NOTE.md" in json.dumps(snapshot)
    diff = sextet("patch", "show", "--repo", repo).stdout
    assert "+noted" in diff
    assert "+noted" not in sextet("patch", "show", "--stat", "--repo", repo).stdout
    assert "implementer-" in sextet("logs", "latest", "--repo", repo).stdout
    one = sextet("logs", run, "analyst-1", "--repo", repo).stdout
    assert ", attempt 1: Draft the requirements" in one.splitlines()[0]


def test_the_schema_is_not_json() -> None:
    found = json.loads(sextet("schema").stdout)
    assert {"methods", "notifications", "events", "settings", "errors"} <= set(found)
    assert "sextet/run/start" in found["methods"]


def test_the_doctor_finds_codex_where_there_is_none(repo: Path) -> None:
    done = sextet("doctor", "--json", "--repo", repo, PATH="/usr/bin:/bin")
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["git"]["ok"]
    if not checks["codex"]["ok"]:
        assert done.returncode == 1
        assert "rehearsal" in checks["codex"]["nextStep"]


# Talking ------------------------------------------------------------------------------------------
def test_a_follower_of_logs_misses_lines_or_does_not_end(repo: Path, tmp_path: Path) -> None:
    with background(*rehearse(repo, play(tmp_path, work=[ASK]), "--wait")) as live:
        live.until("Which colour?")
        with background("logs", "latest", "-f", "--repo", repo) as follower:
            follower.until("implementer-")
            assert sextet("answer", "ask-implement-1-1-1-1", "red", "--repo", repo).returncode == 0
            assert follower.wait() == 0
        assert live.wait() == 0
    lines = [line for line in follower.text.splitlines() if line.startswith("reviewer-1")]
    assert any("attempt 1: Review the patch" in line for line in lines)
    assert len(lines) == len(set(lines)), "a line is there twice"


def test_one_task_cannot_be_stopped_and_tried_again(repo: Path, tmp_path: Path) -> None:
    file = play(tmp_path, work=[{"do": "wait", "seconds": 1}, ASK])
    with background(*rehearse(repo, file, "--wait")) as live:
        live.until("Which colour?")
        done = sextet("interrupt", "implement-1-1", "--reason", "wrong way", "--repo", repo)
        assert done.returncode == 0, done.stderr
        live.until("stopped: wrong way")
        assert sextet("steer", "implement-1-1", "left", "--repo", repo).returncode == 2
        live.wait()


def test_changes_are_asked_for_in_vain(repo: Path, tmp_path: Path) -> None:
    assert sextet(*rehearse(repo, play(tmp_path))).returncode == 0
    done = sextet("request-changes", "implement-1-1", "Once more", "--apply", "--repo", repo)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "implement-1-1    taken by" in done.stdout
    assert (repo / "NOTE.md").read_text() == "noted\nnoted\n"


def test_a_follow_up_begins_from_something_else_than_the_work_tree(repo: Path, tmp_path: Path) -> None:
    assert sextet(*rehearse(repo, play(tmp_path), "--apply")).returncode == 0
    repos.write(repo, {"NOTE.md": "mine\n"})
    done = sextet("follow-up", "And another", "--apply", "--repo", repo)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (repo / "NOTE.md").read_text() == "mine\nnoted\n"
    assert "patch-2 applied" in done.stdout


def test_a_stopped_run_goes_on_by_itself_or_not_at_all(repo: Path, tmp_path: Path) -> None:
    done = sextet(*rehearse(repo, play(tmp_path, work=[ASK])))
    assert done.returncode == 3
    assert sextet("stop", "--repo", repo).returncode == 0
    assert "stopped" in sextet("list", "--repo", repo).stdout
    with background("resume", "latest", "--wait", "--repo", repo) as live:
        live.until("Which colour?")
        (question,) = json_lines(sextet("show", "latest", "--json", "--repo", repo).stdout)[0]["questions"]
        assert sextet("answer", question["id"], "red", "--repo", repo).returncode == 0
        assert live.wait() == 0, live.text


# Ends ---------------------------------------------------------------------------------------------
def test_a_reader_that_leaves_keeps_the_run_going(repo: Path, tmp_path: Path) -> None:
    command = [*COMMAND, *rehearse(repo, play(tmp_path, work=[HANG]), "--json")]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert child.stdout is not None
    assert '"type":"run"' in child.stdout.readline()
    child.stdout.close()
    assert child.wait(40) != 0
    assert "interrupted" in sextet("list", "--repo", repo).stdout


def test_a_closed_terminal_keeps_the_run_going(repo: Path, tmp_path: Path) -> None:
    with terminal(*rehearse(repo, play(tmp_path, work=[HANG]))) as live:
        live.until("implement-1-1")
        os.kill(live.pid, signal.SIGHUP)
        assert live.wait() == 130
    assert "interrupted" in sextet("list", "--repo", repo).stdout


def test_a_second_ctrl_c_is_not_heard(repo: Path, tmp_path: Path) -> None:
    deaf = {"do": "run", "script": "trap '' TERM INT; echo deaf; sleep 30; sleep 30"}
    with background(*rehearse(repo, play(tmp_path, work=[deaf]), "-v")) as live:
        live.until("| deaf")
        live.interrupt()
        live.until("Press Ctrl-C again")
        live.interrupt()
        assert live.wait() == 130


def test_the_process_behind_a_queued_run_is_missed(repo: Path, tmp_path: Path) -> None:
    with background(*rehearse(repo, play(tmp_path, work=[HANG]))) as first:
        first.until("implement-1-1    taken")
        quick = tmp_path / "quick"
        quick.mkdir()
        with background(*rehearse(repo, play(quick))) as second:
            second.until("queued")
            first.kill()
            first.wait()
            assert second.wait() == 0, second.text
    assert "this one goes on with it" in second.text


# Clearing up --------------------------------------------------------------------------------------
def kept_in(state: Path) -> set[str]:
    """Runs of which the mirror has refs."""
    refs = repos.git(state / "mirror.git", "for-each-ref", "--format=%(refname)").split()
    return {ref.split("/")[2] for ref in refs if ref.startswith("refs/sextet/")}


def test_clean_removes_without_asking_or_more_than_it_may(repo: Path, tmp_path: Path, home: Path) -> None:
    config = home / ".config" / "sextet"
    config.mkdir(parents=True)
    (config / "settings.json").write_text('{"sextet.runs.keep": 1}')
    for _ in range(2):
        assert sextet(*rehearse(repo, play(tmp_path))).returncode == 0
    old, new = runs(repo)
    with terminal("clean", "--repo", repo) as asked:
        asked.until("Remove it?")
        asked.type("n")
        assert asked.wait() == 0
    assert runs(repo) == [old, new]
    assert old in asked.text
    (state,) = (path.parent for path in (home / "state").glob("*/mirror.git"))
    assert {path.name for path in (state / "runs").iterdir()} == kept_in(state) == {old, new}
    done = sextet("clean", "--yes", "--repo", repo)
    assert done.returncode == 0, done.stderr
    assert runs(repo) == [new]
    assert {path.name for path in (state / "runs").iterdir()} == kept_in(state) == {new}
    assert "nothing to remove" in sextet("clean", "--yes", "--repo", repo).stdout


def test_clean_removes_a_run_whose_work_was_not_captured(repo: Path, tmp_path: Path, home: Path) -> None:
    config = home / ".config" / "sextet"
    config.mkdir(parents=True)
    (config / "settings.json").write_text('{"sextet.runs.keep": 1}')
    for _ in range(2):
        assert sextet(*rehearse(repo, play(tmp_path))).returncode == 0
    old, new = runs(repo)
    (state,) = (path.parent for path in (home / "state").glob("*/mirror.git"))
    left = state / "worktrees" / old / "implement-1-1-9"
    (left / "work").mkdir(parents=True)
    tree = repos.git(repo, "rev-parse", "HEAD^{tree}")
    facts = {"run_id": old, "task_id": "implement-1-1", "epoch": 9, "tree": tree}
    (left / "start.json").write_text(json.dumps({**facts, "origin_tree": tree, "origin": tree}))
    done = sextet("clean", "--yes", "--repo", repo)
    assert "not captured" in done.stdout
    assert runs(repo) == [old, new]
    assert (left / "work").is_dir()
    (left / "captured").touch()
    assert sextet("clean", "--yes", "--repo", repo).returncode == 0
    assert runs(repo) == [new]
    assert not left.exists()


def test_clean_in_json_removes_unasked_or_does_not_say_what(repo: Path, tmp_path: Path, home: Path) -> None:
    config = home / ".config" / "sextet"
    config.mkdir(parents=True)
    (config / "settings.json").write_text('{"sextet.runs.keep": 1}')
    for _ in range(2):
        assert sextet(*rehearse(repo, play(tmp_path))).returncode == 0
    old, new = runs(repo)
    done = sextet("clean", "--json", "--repo", repo)
    (seen,) = json_lines(done.stdout)
    assert (done.returncode, seen["type"], seen["removed"]) == (3, "clean", False)
    assert [old in each["path"] for each in seen["found"]] == [True]
    assert runs(repo) == [old, new]
    done = sextet("clean", "--json", "--yes", "--repo", repo)
    (gone,) = json_lines(done.stdout)
    assert (done.returncode, gone["removed"]) == (0, True)
    assert gone["found"] == seen["found"]
    assert runs(repo) == [new]


def test_clean_or_recover_disturbs_a_run_in_another_terminal(repo: Path, tmp_path: Path) -> None:
    assert sextet(*rehearse(repo, play(tmp_path))).returncode == 0
    with background(*rehearse(repo, play(tmp_path, work=[ASK]), "--wait")) as live:
        live.until("Which colour?")
        before = runs(repo)
        done = sextet("clean", "--yes", "--repo", repo)
        assert done.returncode != 0
        assert "A run is at work" in done.stderr
        assert "Next:" in done.stderr
        done = sextet("recover", "--repo", repo)
        assert done.returncode == 0, done.stderr
        assert "is at work on this folder" in done.stdout
        assert "sextet resume" not in done.stdout
        assert runs(repo) == before
        assert sextet("answer", "ask-implement-1-1-1-1", "red", "--repo", repo).returncode == 0
        assert live.wait() == 0, live.text


def test_adopting_is_not_enough_to_go_on(repo: Path, tmp_path: Path) -> None:
    assert sextet(*rehearse(repo, play(tmp_path, verdict="blocked"))).returncode == 3
    (run,) = runs(repo)
    other = tmp_path / "other"
    subprocess.run(["cp", "-a", repo, other], check=True)
    assert sextet("answer", "review-1-1", "retry", "latest", "--repo", other).returncode == 3
    assert sextet("adopt", run, "--repo", other).returncode == 0
    assert sextet("answer", "review-1-1", "stop", "latest", "--repo", other).returncode == 0
