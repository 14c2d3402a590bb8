"""`sextet run` and what belongs to it, as real processes on real repositories."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from support import repos
from support.terminal import background, json_lines, play, sextet, terminal

ASK = {"do": "ask", "text": "Which colour?"}
APPROVE = {"do": "approve", "kind": "command", "text": "make clean", "actions": []}
HANG = {"do": "hang"}


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return repos.make(tmp_path / "repo", {"a.txt": "a\n"})


def rehearse(repo: Path, file: Path, *more: str) -> tuple[str, ...]:
    played = ("--executor", "rehearsal", "--scenario", str(file))
    return ("run", "Write a note", *played, "--repo", str(repo), *more)


# Exit codes ---------------------------------------------------------------------------------------
def test_an_approved_run_is_not_applied_or_git_is_touched_invariant_4(repo: Path, tmp_path: Path) -> None:
    before = repos.fingerprint(repo / ".git")
    done = sextet(*rehearse(repo, play(tmp_path), "--apply"))
    assert done.returncode == 0, done.stderr
    assert (repo / "NOTE.md").read_text() == "noted\n"
    assert "rehearsal: no model is asked" in done.stdout
    assert "patch-1 applied, 1 file, +1 -0" in done.stdout
    assert "Traceback" not in done.stderr
    assert repos.fingerprint(repo / ".git") == before
    shown = sextet("patch", "revert", "--repo", repo)
    assert shown.returncode == 0, shown.stderr
    assert not (repo / "NOTE.md").exists()
    assert repos.fingerprint(repo / ".git") == before


def test_without_apply_the_work_tree_changes(repo: Path, tmp_path: Path) -> None:
    done = sextet(*rehearse(repo, play(tmp_path)))
    assert done.returncode == 0
    assert not (repo / "NOTE.md").exists()
    assert "sextet patch apply patch-1" in done.stdout
    assert sextet("patch", "apply", "--repo", repo).returncode == 0
    assert (repo / "NOTE.md").exists()


def test_nothing_to_do_is_a_failure(repo: Path, tmp_path: Path) -> None:
    file = play(tmp_path, items=[])
    done = sextet(*rehearse(repo, file))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing to do" in done.stdout


def test_a_run_that_a_person_must_decide_ends_with_another_code(repo: Path, tmp_path: Path) -> None:
    done = sextet(*rehearse(repo, play(tmp_path, verdict="blocked")))
    assert done.returncode == 3, done.stdout
    assert "sextet answer review-1-1 <answer>" in done.stdout
    stop = sextet("answer", "review-1-1", "stop", "--repo", repo)
    assert stop.returncode == 0, stop.stderr
    done = sextet("resume", "--repo", repo)
    assert done.returncode == 1, done.stdout
    assert "failed" in done.stdout


def test_usage_is_not_told_from_failure(repo: Path) -> None:
    for wrong in (
        ("run",),
        ("run", "  "),
        ("nonsense",),
        ("run", "x", "--set", "maxAgents"),
        ("show", "no-such-run"),
        ("run", "x", "--executor", "rehearsal", "--scenario", "no such file"),
    ):
        done = sextet(*wrong, cwd=repo)
        assert done.returncode == 2, (wrong, done.stderr)
        assert done.stderr.strip()
        assert "Traceback" not in done.stderr


def test_control_files_are_written_without_a_word(repo: Path, tmp_path: Path) -> None:
    file = play(tmp_path, path=".vscode/tasks.json")
    done = sextet(*rehearse(repo, file, "--apply", "--yes"))
    assert done.returncode == 3, done.stdout
    assert "--control-files" in done.stdout
    assert not (repo / ".vscode").exists()
    done = sextet("patch", "apply", "--control-files", "--repo", repo)
    assert done.returncode == 0, done.stderr
    assert (repo / ".vscode" / "tasks.json").exists()


def test_settings_that_execute_run_untrusted(repo: Path, tmp_path: Path) -> None:
    repos.write(repo, {".vscode/settings.json": '{"sextet.tester.commands": ["touch ran"]}'})
    done = sextet("run", "x", "--executor", "rehearsal", "--repo", repo)
    assert done.returncode == 3
    assert "touch ran" in done.stderr
    assert "--trust" in done.stderr
    assert not (repo / "codex-runs").exists()


# Questions ----------------------------------------------------------------------------------------
def test_yes_answers_an_agents_question_or_no_approval(repo: Path, tmp_path: Path) -> None:
    done = sextet(*rehearse(repo, play(tmp_path, work=[APPROVE]), "--yes"))
    assert done.returncode == 0, done.stdout
    done = sextet(*rehearse(repo, play(tmp_path, work=[ASK]), "--yes"))
    assert done.returncode == 3, done.stdout
    assert "Which colour?" in done.stdout
    assert "sextet resume" in done.stdout


def test_yes_does_not_pass_the_consensus_gate(repo: Path, tmp_path: Path) -> None:
    file = play(tmp_path)
    done = sextet(*rehearse(repo, file, "--set", "approvals.consensus=1"))
    assert done.returncode == 3, done.stdout
    assert "sextet approve consensus-1" in done.stdout
    assert sextet("approve", "consensus-1", "--repo", repo).returncode == 0
    assert sextet("resume", "--repo", repo).returncode == 0
    done = sextet(*rehearse(repo, file, "--set", "approvals.consensus=1", "--yes", "--by", "Ada"))
    assert done.returncode == 0, done.stdout
    assert "approved by Ada" in done.stdout


def test_a_patch_needs_fewer_names_than_asked_for(repo: Path, tmp_path: Path) -> None:
    gate = ("--set", "approvals.patch=2", "--apply", "--by", "Ada")
    done = sextet(*rehearse(repo, play(tmp_path), *gate))
    assert done.returncode == 3, done.stdout
    assert "needs 2 named approvals and has 1 (Ada)" in done.stdout
    assert not (repo / "NOTE.md").exists()
    assert sextet("approve", "review-1", "--by", "Grace", "--repo", repo).returncode == 0
    done = sextet("patch", "apply", "--by", "Ada", "--repo", repo)
    assert done.returncode == 0, done.stderr
    assert (repo / "NOTE.md").exists()


def test_another_terminal_does_not_reach_the_live_run(repo: Path, tmp_path: Path) -> None:
    with background(*rehearse(repo, play(tmp_path, work=[ASK, APPROVE]), "--wait")) as live:
        live.until("ask-implement-1-1-1-1")
        assert "Which colour?" in sextet("show", "--repo", repo).stdout
        assert "at work now" in sextet("list", "--repo", repo).stdout
        assert sextet("comment", "implement-1-1", "Mind the gap", "--repo", repo).returncode == 0
        refused = sextet("answer", "ask-implement-1-1-1-9", "red", "--repo", repo)
        assert refused.returncode == 2, refused.stderr
        assert sextet("answer", "ask-implement-1-1-1-1", "red", "--repo", repo).returncode == 0
        live.until("make clean")
        wrong = sextet("answer", "ask-implement-1-1-1-2", "perhaps", "--repo", repo)
        assert wrong.returncode == 2
        assert "accept, decline" in wrong.stderr
        assert sextet("answer", "ask-implement-1-1-1-2", "accept", "--repo", repo).returncode == 0
        assert live.wait() == 0
    assert "Mind the gap" in live.text


def test_another_terminal_cannot_stop_the_live_run(repo: Path, tmp_path: Path) -> None:
    with background(*rehearse(repo, play(tmp_path, work=[HANG]))) as live:
        live.until("implement-1-1    taken")
        done = sextet("stop", "--reason", "enough", "--repo", repo)
        assert done.returncode == 0, done.stderr
        assert live.wait() == 1
    assert "stopped: enough" in live.text


# Interrupted --------------------------------------------------------------------------------------
def test_ctrl_c_loses_the_run(repo: Path, tmp_path: Path) -> None:
    wait = [{"do": "write", "path": "half.md", "text": "half\n"}, {"do": "wait", "seconds": 3}]
    with background(*rehearse(repo, play(tmp_path, work=wait))) as live:
        live.until("implement-1-1    taken")
        live.interrupt()
        assert live.wait() == 130
    assert "sextet resume" in live.text
    assert "Traceback" not in live.text
    done = sextet("resume", "--apply", "--repo", repo)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (repo / "half.md").read_text() == "half\n"


def test_work_that_was_kept_is_not_found_again(repo: Path, tmp_path: Path, home: Path) -> None:
    half = {"do": "write", "path": "half.md", "text": "half of it\n"}
    work = [half, {"do": "say", "text": "half way"}, HANG]
    with background(*rehearse(repo, play(tmp_path, work=work), "-v")) as live:
        live.until("half way")
        live.interrupt()
        assert live.wait() == 130
    listed = sextet("recover", "--repo", repo).stdout
    assert "implement-1-1, attempt 1, left work in" in listed
    shown = subprocess.run(shlex.split(listed.split("Look at it: ")[1]), capture_output=True, check=True)
    assert b"+half of it" in shown.stdout


def test_a_killed_command_loses_the_run(repo: Path, tmp_path: Path) -> None:
    with background(*rehearse(repo, play(tmp_path, work=[{"do": "wait", "seconds": 2}]))) as live:
        live.until("implement-1-1    taken")
        live.kill()
        live.wait()
    done = sextet("recover", "--repo", repo)
    assert "sextet resume" in done.stdout, done.stderr
    done = sextet("resume", "--repo", repo)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_second_run_is_refused_or_runs_at_the_same_time(repo: Path, tmp_path: Path) -> None:
    quick = tmp_path / "quick"
    quick.mkdir()
    with background(*rehearse(repo, play(tmp_path, work=[ASK]), "--wait")) as one:
        one.until("Which colour?")
        with background(*rehearse(repo, play(quick))) as two:
            two.until("queued: another run is at work")
            run = one.text.split()[1].rstrip(":")
            answer = ("answer", "ask-implement-1-1-1-1", "red", run)
            assert sextet(*answer, "--repo", repo).returncode == 0
            assert one.wait() == 0, one.text
            assert two.wait() == 0, two.text
    assert "running" not in two.text.partition("queued")[0]


# JSON ---------------------------------------------------------------------------------------------
def test_json_is_not_only_json_lines(repo: Path, tmp_path: Path) -> None:
    done = sextet(*rehearse(repo, play(tmp_path), "--json", "--apply"))
    assert done.returncode == 0, done.stderr
    lines = json_lines(done.stdout)
    assert lines[0]["type"] == "run"
    assert lines[-1]["type"] == "result"
    assert lines[-1]["exitCode"] == 0
    assert lines[-1]["patchState"] == "applied"
    assert lines[-1]["rehearsal"] is True
    events = [line for line in lines if line["type"] == "event"]
    assert [event["seq"] for event in events] == list(range(events[0]["seq"], events[-1]["seq"] + 1))
    assert "log" in {line["type"] for line in lines}


# Places -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["with space", "quo'te\"s", "new\nline", "emoji 🎻"])
def test_an_odd_path_cannot_be_worked_on(tmp_path: Path, name: str) -> None:
    repo = repos.make(tmp_path / name, {"a.txt": "a\n"})
    done = sextet("run", "Note it", "--executor", "rehearsal", "--apply", "--repo", repo)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (repo / "REHEARSAL.md").exists()


def test_a_folder_that_cannot_be_worked_on_has_no_sentence(tmp_path: Path, repo: Path) -> None:
    plain, bare, rebasing = tmp_path / "plain", tmp_path / "bare", repo
    plain.mkdir()
    bare.mkdir()
    repos.git(bare, "init", "-q", "--bare")
    (rebasing / ".git" / "rebase-merge").mkdir()
    repos.settle(rebasing)
    for folder in (plain, bare, rebasing, tmp_path / "missing"):
        done = sextet("run", "x", "--executor", "rehearsal", "--repo", folder)
        assert done.returncode == 2, (folder, done.stderr)
        assert "Traceback" not in done.stderr
        assert "Next:" in done.stderr, done.stderr


def test_a_repository_without_commits_cannot_be_worked_on(tmp_path: Path) -> None:
    repo = repos.make(tmp_path / "empty", {"a.txt": "a\n"}, commit=False)
    done = sextet("run", "x", "--executor", "rehearsal", "--apply", "--repo", repo)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (repo / "REHEARSAL.md").exists()


def test_a_run_that_came_with_a_clone_is_executed(repo: Path, tmp_path: Path) -> None:
    wait = play(tmp_path, work=[HANG])
    with background(*rehearse(repo, wait)) as live:
        live.until("implement-1-1    taken")
        live.interrupt()
        live.wait()
    other = tmp_path / "clone"
    shutil.copytree(repo, other)
    shown = sextet("show", "latest", "--repo", other)
    assert shown.returncode == 0, shown.stderr
    assert "Write a note" in shown.stdout
    done = sextet("resume", "latest", "--repo", other)
    assert done.returncode == 3, done.stdout
    assert "sextet adopt" in done.stderr
    assert not (other / "NOTE.md").exists()


# The terminal -------------------------------------------------------------------------------------
@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (140, 40)])
def test_the_live_view_does_not_show_what_matters(
    repo: Path, tmp_path: Path, columns: int, rows: int
) -> None:
    file = play(tmp_path, work=[APPROVE])
    with terminal(*rehearse(repo, file), columns=columns, rows=rows) as live:
        live.until("Your answer [accept | decline]: ")
        live.type("maybe")
        live.until("That is not one of the answers")
        live.type("acc")
        assert live.wait() == 0, live.text
    for words in ("Write a note", "rehearsal: no model is asked", "implement-1-1", "in progress", "Verdict:"):
        assert words in live.text
    assert b"\x1b[3" in live.raw, "there are no colours"


def test_no_color_is_not_honoured(repo: Path, tmp_path: Path) -> None:
    with terminal(*rehearse(repo, play(tmp_path)), NO_COLOR="1") as live:
        assert live.wait() == 0
    assert b"\x1b[3" not in live.raw.replace(b"\x1b[3A", b"")


def test_ctrl_c_on_the_terminal_leaves_it_in_disorder(repo: Path, tmp_path: Path) -> None:
    with terminal(*rehearse(repo, play(tmp_path, work=[HANG]))) as live:
        live.until("implement-1-1")
        live.type("zzz")
        live.until("─", 200)  # at least one more picture
        live.interrupt()
        assert live.wait() == 130, live.text
    assert "zzz" not in live.text
    assert live.raw.rindex(b"\x1b[?25h") > live.raw.rindex(b"\x1b[?25l"), "the cursor stays hidden"
    assert "sextet resume" in live.text


def test_the_demo_does_not_reach_its_end(tmp_path: Path) -> None:
    done = sextet("demo", "--fast", "--keep", tmp_path / "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    for words in ("rehearsal", "no model is asked", "What each role did:", "diff --git", "(exit code 0)"):
        assert words in done.stdout
    assert sextet("demo", "--fast", "--keep", tmp_path / "demo").returncode == 2
