"""Invariant 7: opening a hostile repository runs nothing; what it ships is shown and never obeyed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.hostile import (
    PATIENCE,
    Untouched,
    does,
    program,
    rehearse,
    run_folder,
    runs_script,
    scenario,
    sextet,
)
from support.repos import fingerprint, git, make

SEXTET = Path(sys.executable).with_name("sextet")
"""The installed command: `python -m` would look for modules in the hostile folder first."""

HOOKS = [
    "applypatch-msg",
    "pre-applypatch",
    "post-applypatch",
    "pre-commit",
    "prepare-commit-msg",
    "commit-msg",
    "post-commit",
    "pre-rebase",
    "post-checkout",
    "post-merge",
    "pre-push",
    "pre-receive",
    "update",
    "proc-receive",
    "post-receive",
    "post-update",
    "push-to-checkout",
    "reference-transaction",
    "pre-auto-gc",
    "post-rewrite",
    "sendemail-validate",
    "fsmonitor-watchman",
    "post-index-change",
]

PROGRAMS = [
    "core.fsmonitor",
    "core.editor",
    "core.pager",
    "core.sshCommand",
    "core.askPass",
    "core.gitProxy",
    "core.alternateRefsCommand",
    "diff.external",
    "diff.x.textconv",
    "diff.x.command",
    "merge.x.driver",
    "filter.x.clean",
    "filter.x.smudge",
    "filter.x.process",
    "credential.helper",
    "gpg.program",
    "gpg.ssh.program",
    "sequence.editor",
    "interactive.diffFilter",
    "uploadpack.packObjectsHook",
    "remote.origin.uploadpack",
    "remote.origin.receivepack",
    "remote.origin.vcs",
    "browser.x.cmd",
    "man.x.cmd",
    "difftool.x.cmd",
    "trailer.x.command",
    "pager.diff",
    "pager.status",
    "submodule.x.update",
    "init.templateDir",
]
"""Keys of a repository's config that name a program."""

ALLOWED = {"git", "python3.11", "python3", "python", "sextet", "codex", "uname", "ldconfig", "bwrap", "true"}
"""Programs that may run: git and its helpers, Python, Codex and what it needs to fence in."""

Trap = Callable[[str], str]


@pytest.fixture
def canary(home: Path) -> Path:
    return home / "canary"


@pytest.fixture
def repo(home: Path, canary: Path) -> Path:
    """A repository in which everything that can name a program names one that leaves a trace."""
    bite = program(home / "bite", f'echo "$0 $*" >> "{canary}"\ncat 2>/dev/null')
    call = f"touch {canary}; false"
    shadow = dict.fromkeys(("git", "codex", "bash", "sh", "python3", "evil-codex"), f"#!/bin/sh\n{call}\n")
    modules = dict.fromkeys(
        ("sitecustomize.py", "click.py", "json.py", "pydantic.py"), f"open({str(canary)!r}, 'w')\n"
    )
    settings = {
        "sextet.tester.commands": [f"touch {canary}"],
        "sextet.worktree.setupCommand": f"touch {canary}",
        "sextet.codex.path": str(bite),
        "sextet.tester.sandbox": False,
    }
    files = {
        ".gitattributes": "* filter=x diff=x merge=x text eol=crlf\n",
        ".vscode/settings.json": json.dumps(settings),
        ".envrc": call,
        ".env": f"CODEX_HOME=.\nPATH=.\nBASH_ENV={bite}\n",
        ".codex/config.toml": f'notify = ["{bite}"]\n',
        "a.txt": "a\n",
        **shadow,
        **modules,
    }
    repo = make(home / "repo", files)
    for name in shadow:
        (repo / name).chmod(0o755)
    for name in HOOKS:
        shutil.copy(bite, repo / ".git" / "hooks" / name)
    git(repo, "config", "remote.origin.url", f"ext::sh -c touch% {canary}")
    git(repo, "config", "remote.origin.promisor", "true")
    for key in ("alias.rev-parse", "alias.clone", "alias.add", "alias.config"):
        git(repo, "config", key, f"!touch {canary}")
    for key in PROGRAMS:
        git(repo, "config", key, str(bite))
    return repo


def test_the_traps_of_this_repository_snap(repo: Path, canary: Path) -> None:
    git(repo, "status", ok=(0, 1, 128))
    assert canary.exists(), "the other tests would prove nothing"


def traced(home: Path, repo: Path, *args: str) -> tuple[int, str, list[list[str]]]:
    """Call the command under strace: its code, what it said, and the argv of every program that began."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    log = home / "strace.log"
    argv = ["strace", "-f", "-qq", "-s", "300", "-e", "trace=execve", "-o", str(log), str(SEXTET), *args]
    done = subprocess.run(
        argv, cwd=repo, capture_output=True, stdin=subprocess.DEVNULL, timeout=PATIENCE, check=False
    )
    begun = re.findall(r'execve\("[^"]*", \[(.*?)\](?:\.\.\.)?, .*\) = 0', log.read_text(errors="replace"))
    said = (done.stdout + done.stderr).decode(errors="replace")
    assert "Traceback" not in said, said
    return done.returncode, said, [re.findall(r'"((?:[^"\\]|\\.)*)"', each) for each in begun]


def strangers(begun: list[list[str]]) -> list[list[str]]:
    """Programs that nobody allowed; a shell may only start git's own other side."""
    found = []
    for argv in begun:
        name = Path(argv[0]).name
        helper = name == "sh" and argv[1:2] == ["-c"] and argv[2].startswith("git-upload-pack ")
        if not (helper or name in ALLOWED or name.startswith("git-")):
            found.append(argv)
    return found


@pytest.mark.slow
def test_looking_at_a_hostile_repository_runs_git_and_python_and_nothing_of_it(
    home: Path, repo: Path, canary: Path
) -> None:
    before = Untouched.of(repo)
    for args in (["list"], ["doctor"], ["recover"], ["clean", "--yes"], ["patch", "list"], ["show"]):
        _, said, begun = traced(home, repo, *args)
        assert not strangers(begun), (args, strangers(begun), said)
        assert not canary.exists(), (args, canary.read_text(), said)
    before.check()


@pytest.mark.slow
def test_a_run_in_a_hostile_repository_waits_for_trust_and_then_runs_what_was_shown(
    home: Path, repo: Path, canary: Path
) -> None:
    before = Untouched.of(repo)
    asked = ["run", "Attack", "--executor", "rehearsal", "--scenario", str(scenario(home))]
    code, said, begun = traced(home, repo, *asked)
    assert code == 3, said
    assert "not trusted" in said
    assert f"touch {canary}" in said, "what would be executed is shown"
    assert "--trust" in said
    assert not strangers(begun), strangers(begun)
    assert not (repo / "codex-runs").exists()

    quiet = ["--set", "tester.commands=[]", "--set", "worktree.setupCommand=", "--set", "tester.sandbox=true"]
    code, said, begun = traced(home, repo, *asked, *quiet)
    assert code == 0, said
    assert "sextet.codex.path" in said, "a repository cannot choose the program"
    assert not strangers(begun), strangers(begun)
    assert not canary.exists(), canary.read_text()
    before.check()

    rehearse(repo, scenario(home), "--trust", env={"PYTHONSAFEPATH": "1"}).expect(0)
    assert canary.exists(), "the user agreed"
    before.check()


def test_a_module_in_the_folder_is_not_taken_for_one_of_ours(home: Path, canary: Path) -> None:
    repo = make(
        home / "repo",
        dict.fromkeys(("click.py", "pydantic.py", "sextet_x.py"), f"open({str(canary)!r}, 'w')"),
    )
    sextet(repo, "list").expect(0, "There are no runs here")
    assert not canary.exists()


# A run that came with the repository --------------------------------------------------------------
@pytest.fixture
def shipped(home: Path) -> tuple[Path, Path]:
    """A clone with somebody else's interrupted run, whose commands touch a canary; the canary."""
    canary = home / "canary"
    theirs = make(home / "theirs", {"a.txt": "a\n"})
    story = scenario(
        home,
        does({"do": "ask", "text": "\x1b]0;owned\x07May I?\u202e"}, runs_script(f"touch {canary}")),
        settings={"tester": {"commands": [f"touch {canary}"], "sandbox": False}},
    )
    rehearse(theirs, story, "--trust").expect(3)
    canary.unlink(missing_ok=True)
    ours = home / "ours"
    git(home, "clone", "-q", str(theirs), str(ours))
    shutil.copytree(theirs / "codex-runs", ours / "codex-runs")
    return ours, canary


def test_a_shipped_run_is_shown_and_never_executed(shipped: tuple[Path, Path]) -> None:
    repo, canary = shipped
    run_id, before = run_folder(repo).name, fingerprint(repo / "codex-runs")
    sextet(repo, "list").expect(0, run_id, "it was not made here")
    shown = sextet(repo, "show", run_id).expect(0, "interrupted")
    assert "\x1b" not in shown.said
    assert "\u202e" not in shown.said
    sextet(repo, "logs", run_id).expect(0)
    for args in (
        ["resume", run_id],
        ["approve", "review-1", run_id],
        ["answer", "ask-implement-1-1-1-1", "yes", run_id],
        ["retry", "implement-1-1", run_id],
        ["comment", "implement-1-1", "hi", run_id],
        ["follow-up", "more", run_id],
        ["stop", run_id],
    ):
        sextet(repo, *args).expect(
            3, "was not made here, so nothing in it is executed", f"sextet adopt {run_id}"
        )
    assert not canary.exists()
    assert fingerprint(repo / "codex-runs") == before, "read-only"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["run.json", "events.jsonl"])
def test_a_shipped_run_of_impossible_files_is_told_in_a_sentence(
    shipped: tuple[Path, Path], name: str
) -> None:
    repo, canary = shipped
    run_id, file = run_folder(repo).name, run_folder(repo) / name
    whole = file.read_bytes()
    for what in ("link", "fifo", "huge", "deep", "garbage", "folder"):
        spoil(file, what)
        shown = sextet(repo, "show", run_id)
        assert "Traceback" not in shown.said, (what, shown.said)
        assert "defect" not in shown.said, (what, shown.said)
        assert "root:" not in shown.said, "nothing is read through a link"
        assert shown.code == 0 or "Next: " in shown.said, (what, shown.said)
        if file.is_dir():
            file.rmdir()
        else:
            file.unlink()
        file.write_bytes(whole)
    spoil(file, "garbage")
    sextet(repo, "list").expect(0, run_id)
    gone_on = sextet(repo, "resume", run_id)
    assert gone_on.code in {2, 3}
    assert "was not made here" in gone_on.said or "is damaged from its beginning" in gone_on.said
    assert not canary.exists()


def spoil(path: Path, what: str) -> None:
    """Put something impossible in the place of a file."""
    path.unlink()
    if what == "link":
        path.symlink_to("/etc/passwd")
    elif what == "fifo":
        os.mkfifo(path)
    elif what == "huge":
        with path.open("wb") as file:
            file.truncate(3 << 30)
    elif what == "deep":
        path.write_text("[" * 400_000)
    elif what == "garbage":
        path.write_bytes(bytes(range(256)) * 99)
    else:
        path.mkdir()


@pytest.mark.parametrize("what", ["link", "fifo", "huge", "deep", "garbage", "folder", "linked folder"])
def test_impossible_settings_are_a_note_and_the_run_goes_on(home: Path, what: str) -> None:
    repo = make(home / "repo", {"a.txt": "a\n", ".gitignore": ".vscode\n", ".vscode/settings.json": "{}\n"})
    if what == "linked folder":
        (repo / ".vscode/settings.json").write_text('{"sextet.tester.commands": ["false"]}')
        (repo / ".vscode").rename(home / "elsewhere")
        (repo / ".vscode").symlink_to(home / "elsewhere")
    else:
        spoil(repo / ".vscode" / "settings.json", what)
    done = rehearse(repo, scenario(home))
    done.expect(0, "settings.json is not used")
    assert "root:" not in done.said
