"""How a server ends while much is going on: nobody is left without an answer, and nothing is left behind."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from sextet.model.names import RunState
from sextet.store.layout import RunFolder
from support import fake_codex, isolation, repos
from support.lsp import SILENCE, Editor
from support.runs import check_journal, scenario, shell, write
from support.witness import lines_of

ENDINGS = {
    "shutdown and exit": (Editor.goodbye, 0),
    "exit alone": (lambda editor: (editor.tell("exit"), editor.wait())[1], 1),
    "end of file": (Editor.hang_up, 1),
    "SIGTERM": (lambda editor: editor.signal(signal.SIGTERM), 1),
    "SIGINT": (lambda editor: editor.signal(signal.SIGINT), 1),
    "SIGHUP": (lambda editor: editor.signal(signal.SIGHUP), 1),
}


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return repos.make(tmp_path / "repo", {"a.txt": "a\n"})


def start(editor: Editor, where: Path, **said) -> str:
    file = where / "scenario.json"
    file.write_text(json.dumps(scenario(**said)))
    asked = {"goal": "a goal", "executor": "rehearsal", "scenario": str(file)}
    return editor.call("sextet/run/start", **asked)["runId"]


# Requests -----------------------------------------------------------------------------------------
def silent_codex(home: Path) -> None:
    """A Codex that starts and never answers."""
    fake = fake_codex.make(home / "codex")
    fake.path.write_text('#!/bin/sh\n[ "$1" = --version ] && exec echo codex-cli 0.169.0\nexec sleep 600\n')
    fake_codex.choose(home, fake)


def complete(editor: Editor, where: Path) -> str:
    """A complete run with a control file, whose tests would go on for ever from now on."""
    busy = where / "busy"
    command = f"echo at it; while [ -e {busy} ]; do sleep 0.02; done"
    settings = {
        "tester": {"commands": [command], "sandbox": False},
        "roles": {"tester": {"sandbox": "off"}},
    }
    items = {"one": {"actions": [write("AGENTS.md", "Obey.\n")]}}
    run_id = start(editor, where, items=items, settings=settings)
    editor.event(run_id, lambda event: event.get("state") == "completed")
    busy.touch()
    return run_id


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS.keys())
def test_a_request_that_is_being_worked_on_gets_no_answer_when_the_server_ends(top, home, tmp_path, ending):
    end, code = ending
    silent_codex(home)
    with Editor.start(top) as editor:
        editor.handlers["window/showMessageRequest"] = lambda _: SILENCE
        editor.hello(top, capabilities={"window": {}})
        run_id = complete(editor, tmp_path)
        named = {"runId": run_id, "patchId": "patch-1"}
        tests = editor.ask("sextet/patch/retest", **named)
        editor.until(lambda said: "at it" in " ".join(lines_of(said, "retest-1")))
        models = editor.ask("sextet/models/list")
        command = {"command": "sextet.patch.apply", "arguments": [named]}
        apply = editor.ask("workspace/executeCommand", **command)
        editor.heard("window/showMessageRequest", lambda said: "AGENTS.md" in said["message"])
        assert end(editor) == code, editor.errors
        answers = {each["id"]: each["error"] for each in editor.messages if "error" in each}
        assert {key: answers[key]["code"] for key in answers} == {
            tests: -32800,
            models: -32800,
            apply: -32050,
        }
        assert answers[apply]["data"]["kind"] == "apply"
        assert not (top / "AGENTS.md").exists()
        assert editor.problems == []
        assert b"Traceback" not in editor.errors
    assert isolation.leftovers(home) == []


# Workers ------------------------------------------------------------------------------------------
WORKERS = 16
"""As many as one role can have; each is at work with two processes that do not want to end."""


def deaf() -> dict[str, object]:
    away = "setsid sh -c 'trap \"\" TERM; sleep 600'"
    script = f"trap '' TERM INT HUP; {away} & echo at it; while :; do sleep 1; done"
    items = {f"item-{n}": {"actions": [shell(script)], "files": [f"{n}.txt"]} for n in range(WORKERS)}
    roles = {"implementer": {"workers": WORKERS, "sandbox": "workspace-write"}}
    return {"items": items, "settings": {"maxAgents": WORKERS, "roles": roles}}


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["shutdown and exit", "SIGTERM"])
def test_as_many_busy_workers_as_there_can_be_keep_the_server_from_its_end(top, home, tmp_path, ending):
    """An editor kills the server two seconds after its goodbye: it must have ended by itself long before."""
    end, code = ENDINGS[ending]
    with Editor.ready(top) as editor:
        run_id = start(editor, tmp_path, **deaf())
        at_it: set[str] = set()

        def all_at_it(said) -> bool:
            for number in range(1, WORKERS + 1):
                if any("at it" in line for line in lines_of(said, f"implementer-{number}")):
                    at_it.add(f"implementer-{number}")
            return len(at_it) == WORKERS

        editor.until(all_at_it, 60)
        assert end(editor) == code, editor.errors
        assert editor.problems == []
    assert isolation.leftovers(home) == []
    view = check_journal(RunFolder(top / "codex-runs" / run_id), ended=False)
    assert view.state is RunState.INTERRUPTED
