"""What a Codex gets that is missing, too old, broken, silent, locked out or talking nonsense."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support import piece, scripted_model
from support.codex_cli import codex, codex_home
from support.hostile import Called, Untouched, events, program, reasons, run_folder, sextet
from support.repos import make

__all__ = ["codex"]

VERSION = '[ "$1" = --version ] && { echo "codex-cli 0.169.0"; exit 0; }\n'
FENCED = VERSION + '[ "$1" = sandbox ] && exit 0\n'
"""The beginning of a program that looks like Codex."""

INSTALL = "npm install -g @openai/codex"


@pytest.fixture
def repo(home: Path) -> Path:
    return make(home / "repo", piece.FILES)


def run(repo: Path, *args: str, **env: str) -> Called:
    before = Untouched.of(repo)
    done = sextet(repo, "run", "Let add() add", *args, env=env)
    before.check()
    return done


def with_fake(repo: Path, body: str, *args: str) -> Called:
    fake = program(repo.parent / "bin" / "codex", body)
    return run(repo, "--set", f"codex.path={fake}", *args)


def resumable(repo: Path, *words: str) -> None:
    """The journal holds cause and next step, and the run can go on."""
    told = [cause + step for cause, step in reasons(repo) if all(word in cause + step for word in words)]
    assert told, reasons(repo)
    assert events(repo, "run_state_changed")[-1]["state"] == "interrupted"


def test_a_missing_codex_is_told_how_to_be_installed_and_the_run_waits_for_it(repo: Path) -> None:
    done = run(repo, PATH="/usr/bin:/bin").expect(1, "The codex program was not found on PATH.", INSTALL)
    assert f"Next:     sextet resume {run_folder(repo).name}" in done.out
    resumable(repo, "not found on PATH", INSTALL)


def test_a_codex_that_is_too_old_is_named_with_its_version(repo: Path) -> None:
    done = with_fake(repo, "echo codex-cli 0.42.0")
    done.expect(1, "Codex 0.42.0 is too old: 0.169.0 or newer is needed.", "@latest", "sextet resume")
    resumable(repo, "too old", "@latest")


@pytest.mark.parametrize(
    "body", ["echo hello", "exit 3", "head -c 3000000 /dev/urandom", "printf '\\033]0;x\\007'"]
)
def test_a_program_that_is_not_codex_is_recognized(repo: Path, body: str) -> None:
    done = with_fake(repo, body).expect(1, "codex", INSTALL)
    assert all(letter.isprintable() or letter == "\n" for letter in done.said), done.said
    assert len(done.said) < 3_000
    resumable(repo, INSTALL)


def test_a_codex_without_the_right_to_run(repo: Path) -> None:
    fake = program(repo.parent / "bin" / "codex", "exit 0")
    fake.chmod(0o644)
    run(repo, "--set", f"codex.path={fake}").expect(1, "Permission denied", INSTALL)
    resumable(repo, "Permission denied")


@pytest.mark.parametrize("value", ["./codex", "codex", "/nowhere/codex"])
def test_a_path_that_was_asked_for_is_never_replaced_by_another_codex(repo: Path, value: str) -> None:
    done = run(repo, "--set", f"codex.path={value}")
    done.expect(1 if value.startswith("/") else 2, "codex.path", value)


@pytest.mark.slow
def test_a_codex_that_hangs_is_given_up_once_and_ended(repo: Path) -> None:
    calls = repo.parent / "calls"
    done = with_fake(repo, f"echo x >> {calls}; exec sleep 1000")
    done.expect(1, "did not end within 15 s", INSTALL)
    resumable(repo, "did not end within 15 s")
    assert calls.read_text() == "x\n", "it is waited for once, not for each who wants to know"


@pytest.mark.slow
def test_an_app_server_that_hangs_is_given_up_once_and_ended(repo: Path) -> None:
    calls = repo.parent / "calls"
    done = with_fake(repo, f"{FENCED}echo x >> {calls}; exec sleep 1000")
    done.expect(1, "did not answer initialize within 20 s", "sextet doctor", INSTALL)
    resumable(repo, "app-server", "sextet doctor")
    assert calls.read_text() == "x\n", "it is waited for once, not for each who wants to know"


@pytest.mark.parametrize(
    "body",
    [
        "head -c 3000000 /dev/urandom",
        "yes rubbish",
        "exit 0",
        'echo \'{"id":1,"result":[]}\'; sleep 4',
        "echo [[[[[[[",
    ],
    ids=["bytes", "endless", "nothing", "message", "brackets"],
)
def test_an_app_server_that_prints_garbage_is_told_in_words(repo: Path, body: str) -> None:
    done = with_fake(repo, FENCED + body)
    done.expect(1, "its app-server does not work", "sextet doctor")
    assert all(letter.isprintable() or letter == "\n" for letter in done.said), done.said
    assert "\ufffd" not in done.said
    assert len(done.said) < 3_000
    resumable(repo, "app-server")


@pytest.mark.parametrize("transport", ["appServer", "exec"])
def test_a_broken_sandbox_lets_no_agent_loose(repo: Path, transport: str) -> None:
    broken = (
        VERSION
        + '[ "$1" = sandbox ] && { echo "bwrap: Creating new namespace failed" >&2; exit 1; }\nsleep 99'
    )
    done = with_fake(repo, broken, "--set", f"codex.transport={transport}")
    done.expect(
        1, "sandbox does not work on this machine", "bwrap: Creating new namespace failed", "user namespaces"
    )
    resumable(repo, "sandbox", "sextet.tester.sandbox")


# The real Codex -----------------------------------------------------------------------------------
@pytest.fixture
def model(request: pytest.FixtureRequest) -> Iterator[scripted_model.Server]:
    with scripted_model.start(piece.piece(*request.param)) as server:
        yield server


def with_codex(repo: Path, codex: Path, model: scripted_model.Server, *args: str) -> Called:
    home = codex_home(repo.parent / "private", model.port)
    settings = piece.overrides(codex, home)
    told = [
        f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in settings.items()
    ]
    return run(repo, *(part for each in told for part in ("--set", each)), *args)


def answers(role: str, *steps: Any) -> tuple[piece.Rule, ...]:
    return (piece.says("bad", role, *steps),)


LOCKED_OUT = answers("You are", {"http": 401, "body": {"error": {"message": "bad key"}}})
PROSE = answers("You are the splitter", {"text": "I would rather talk about it."})
TWICE = '{"verdict": "changes_requested", "summary": "no", "findings": [], "verdict": "approve"}'
DUPLICATE = answers("You are the reviewer", {"text": TWICE})
EXTRA = answers(
    "You are the reviewer",
    {"json": {"verdict": "approve", "summary": "", "findings": [], "approvedBy": "human"}},
)
COERCED = answers(
    "You are the consensus",
    {"json": {**piece.LEDGER, "requirements": [{**piece.LEDGER["requirements"][0], "support": ["1", True]}]}},
)
APPROVES_A_FLAW = answers("You are the reviewer", piece.verdict("approve", piece.FINDING))


@pytest.mark.codex
@pytest.mark.parametrize("model", [LOCKED_OUT], indirect=True)
def test_a_codex_that_is_not_logged_in_stops_the_run_with_a_question(
    repo: Path, codex: Path, model: scripted_model.Server
) -> None:
    done = with_codex(repo, codex, model)
    done.expect(3, "401", "codex login", "sextet answer", "sextet resume")
    assert any("codex login" in cause + step for cause, step in reasons(repo))


@pytest.mark.codex
@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "task"),
    [(PROSE, "split-1"), (DUPLICATE, "review-1"), (EXTRA, "review-1"), (COERCED, "consensus-1")],
    indirect=["model"],
    ids=["prose", "duplicate keys", "extra keys", "coercion"],
)
def test_an_answer_that_breaks_its_schema_is_asked_for_once_more_and_never_bent(
    repo: Path, codex: Path, model: scripted_model.Server, task: str
) -> None:
    done = with_codex(repo, codex, model)
    assert done.code in {1, 3}, done.said
    done.expect(done.code, task, "sextet")
    failed = [event for event in events(repo, "task_failed") if event["taskId"] == task]
    assert {event["failure"]["kind"] for event in failed} == {"answer"}
    assert all(event["failure"]["nextStep"] for event in failed)
    asked = [request for request in model.requests if request["rule"] == "bad"]
    assert len(asked) == 2 * len(failed), "one more question for each attempt"
    assert not events(repo, "patch_proposed")


@pytest.mark.codex
@pytest.mark.slow
@pytest.mark.parametrize("model", [APPROVES_A_FLAW], indirect=True)
def test_an_approval_with_blocking_findings_is_none(
    repo: Path, codex: Path, model: scripted_model.Server
) -> None:
    done = with_codex(repo, codex, model, "--set", "review.maxReworks=1", "--apply")
    assert done.code in {1, 3}, done.said
    verdicts = [
        event["outcome"]["verdict"]
        for event in events(repo, "task_finished")
        if event["taskId"] == "review-1"
    ]
    assert set(verdicts) == {"changes_requested"}
    assert not events(repo, "patch_proposed")
