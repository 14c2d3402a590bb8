"""All the ways in which a server ends in the middle of a run: nothing is left behind, and the run goes on."""

from __future__ import annotations

import contextlib
import json
import signal
import time
from pathlib import Path

import pytest

from sextet.model.names import RunState
from sextet.store.layout import RunFolder
from support import isolation, repos
from support.lsp import Editor
from support.runs import check_journal, scenario, shell, write


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return repos.make(tmp_path / "repo", {"a.txt": "a\n"})


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """While this file is missing, the implementer of `stubborn` does not come to an end."""
    return tmp_path / "gate"


@pytest.fixture
def stubborn(tmp_path: Path, gate: Path) -> str:
    """A scenario whose implementer starts a process that ignores TERM."""
    loop = f"trap '' TERM; while [ ! -e {gate} ]; do sleep 0.05; done"
    file = tmp_path / "stubborn.json"
    roles = {"implementer": {"sandbox": "workspace-write"}}
    actions = [shell(loop), write("one.txt", "1\n")]
    file.write_text(json.dumps(scenario({"one": {"actions": actions}}, settings={"roles": roles})))
    return str(file)


def at_work(editor: Editor, file: str) -> str:
    """A run whose implementer is at work."""
    asked = {"goal": "a goal", "executor": "rehearsal", "scenario": file}
    run_id = editor.call("sextet/run/start", **asked)["runId"]
    editor.event(
        run_id, lambda event: event["kind"] == "turn_started" and event["taskId"].startswith("implement")
    )
    return run_id


ENDINGS = {
    "shutdown and exit": (Editor.goodbye, 0),
    "exit alone": (lambda editor: (editor.tell("exit"), editor.wait())[1], 1),
    "end of file": (Editor.hang_up, 1),
    "SIGTERM": (lambda editor: editor.signal(signal.SIGTERM), 1),
    "SIGINT": (lambda editor: editor.signal(signal.SIGINT), 1),
    "SIGHUP": (lambda editor: editor.signal(signal.SIGHUP), 1),
    "SIGKILL": (lambda editor: editor.signal(signal.SIGKILL), -9),
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS.keys())
def test_a_server_that_ends_in_the_middle_leaves_a_process_or_a_run_that_cannot_go_on(
    top, home, gate, stubborn, ending
):
    end, code = ending
    with Editor.ready(top) as editor:
        run_id = at_work(editor, stubborn)
        assert end(editor) == code, editor.errors
        assert editor.problems == []
    assert isolation.leftovers(home) == []
    view = check_journal(RunFolder(top / "codex-runs" / run_id), ended=False)
    if code >= 0:
        assert view.state is RunState.INTERRUPTED
    gate.touch()
    with Editor.ready(top, resume=run_id) as editor:
        editor.event(run_id, lambda event: event.get("state") == "completed")
        assert editor.goodbye() == 0


def test_a_server_that_is_started_again_works_without_being_told_to(top, stubborn):
    with Editor.ready(top) as editor:
        run_id = at_work(editor, stubborn)
        editor.signal(signal.SIGKILL)
    with Editor.ready(top) as editor:
        editor.until(lambda said: said.get("method") == "sextet/resync" and said["params"]["runId"] == run_id)
        before = editor.call("sextet/run/snapshot", runId=run_id)
        assert not before["live"]
        assert editor.goodbye() == 0
        assert editor.told("sextet/event") == []
    with Editor.ready(top, resume=run_id, trusted=False) as editor:
        assert editor.call("sextet/run/snapshot", runId=run_id)["seq"] == before["seq"]
        assert editor.told("sextet/event") == []


def test_a_run_that_cannot_go_on_is_not_explained(top):
    with Editor.ready(top, resume="20200101-000000-none-0000") as editor:
        said = editor.until(lambda said: said.get("method") == "window/showMessage")
        assert "20200101-000000-none-0000" in said["params"]["message"]


def test_shutdown_with_busy_workers_leaves_one_or_forgets_the_run(top, home, tmp_path):
    deaf = [shell("trap '' TERM; while :; do sleep 0.1; done")]
    roles = {"implementer": {"workers": 6, "sandbox": "workspace-write"}}
    items = {f"item-{n}": {"actions": deaf, "files": [f"{n}.txt"]} for n in range(6)}
    file = tmp_path / "deaf.json"
    file.write_text(json.dumps(scenario(items, settings={"maxAgents": 6, "roles": roles})))
    with Editor.ready(top) as editor:
        run_id = at_work(editor, str(file))
        editor.until(
            lambda said: (
                said.get("method") == "sextet/heartbeat"
                and sum(each["state"] == "working" for each in said["params"]["workers"]) == 6
            )
        )
        assert editor.goodbye() == 0
    assert isolation.leftovers(home) == []
    assert check_journal(RunFolder(top / "codex-runs" / run_id), ended=False).state is RunState.INTERRUPTED


def test_a_client_that_closes_its_ear_keeps_the_server_alive(top, home, stubborn):
    with Editor.ready(top) as editor:
        run_id = at_work(editor, stubborn)
        editor.deaf = True
        while editor.process.poll() is None:  # each answer is one more attempt to write
            with contextlib.suppress(BrokenPipeError):
                editor.ask("sextet/run/list")
            time.sleep(0.05)
        assert editor.wait() == 1
    assert isolation.leftovers(home) == []
    assert check_journal(RunFolder(top / "codex-runs" / run_id), ended=False).state is RunState.INTERRUPTED


def test_a_client_that_stops_reading_stops_the_work_or_loses_more_than_log_lines(top, tmp_path):
    noise = (
        "i=0; while [ $i -lt 40 ]; do head -c 60000 /dev/zero | tr '\\0' x | fold -w 100; i=$((i+1)); done"
    )
    items = {f"item-{n}": {"actions": [shell(noise), write(f"{n}.txt", "1\n")]} for n in range(1, 4)}
    file = tmp_path / "noisy.json"
    file.write_text(json.dumps(scenario(items)))
    with Editor.ready(top) as editor:
        asked = {"goal": "a goal", "executor": "rehearsal", "scenario": str(file)}
        run_id = editor.call("sextet/run/start", **asked)["runId"]
        editor.reading.clear()
        journal = top / "codex-runs" / run_id / "events.jsonl"
        deadline = time.monotonic() + 5
        while b'"completed"' not in journal.read_bytes() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert b'"completed"' in journal.read_bytes(), "the work waited for the client"
        editor.reading.set()
        editor.event(run_id, lambda event: event.get("state") == "completed")
        numbers = [each["seq"] for each in editor.told("sextet/event")]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        assert editor.goodbye() == 0
        got: dict[str, int] = {}
        for batch in [each for log in editor.told("sextet/log") for each in log["batches"]]:
            expected = got.get(batch["workerId"], 1) + batch["dropped"]
            assert batch["firstSeq"] == expected, "a gap that nobody counted"
            got[batch["workerId"]] = expected + len(batch["lines"])
