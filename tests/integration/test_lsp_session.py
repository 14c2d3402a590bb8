"""A whole session with the real server process: a run, its events, every kind of refusal, a second window."""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

import pytest

from sextet import __version__
from sextet.errors import BusyError
from sextet.lsp.supervisor import LINGER
from sextet.service.methods import METHODS
from sextet.store.layout import RunFolder
from sextet.store.lock import SupervisorLock
from sextet.store.state import State
from support import repos
from support.kills import Supervisor
from support.lsp import Editor, packed
from support.runs import check_journal, scenario, shell, wait, write


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return repos.make(tmp_path / "repo", {"a.txt": "a\n"})


@pytest.fixture
def long(tmp_path: Path) -> str:
    """A scenario whose analysts are at work until somebody ends it."""
    file = tmp_path / "long.json"
    file.write_text(json.dumps(scenario(analyst=[wait(600)])))
    return str(file)


def start(editor: Editor, file: str = "", **more) -> str:
    return editor.call("sextet/run/start", goal="a goal", executor="rehearsal", scenario=file, **more)[
        "runId"
    ]


def state(wanted: str):
    return lambda event: event.get("state") == wanted


# A run --------------------------------------------------------------------------------------------
def test_a_rehearsal_cannot_be_started_watched_and_applied_from_an_editor(top):
    with Editor.ready(top) as editor:
        run_id = start(editor)
        last = editor.event(run_id, state("completed"))
        events = editor.told("sextet/event")
        numbers = [each["seq"] for each in events]
        assert numbers == list(range(numbers[0], last["seq"] + 1))
        assert all(each["event"]["seq"] == each["seq"] for each in events)
        page = editor.call("sextet/run/events", runId=run_id, after=numbers[0] - 1)
        assert page["entries"] == [each["event"] for each in events]
        snapshot = editor.call("sextet/run/snapshot", runId=run_id)
        assert (snapshot["state"], snapshot["seq"]) == ("completed", last["seq"])
        applied = editor.call("sextet/patch/apply", runId=run_id, patchId="patch-1")["applied"]
        assert all((top / name).is_file() for name in applied["files"])
        assert editor.goodbye() == 0
        assert editor.problems == []
        check_journal(RunFolder(top / "codex-runs" / run_id))


def test_log_lines_do_not_come_or_differ_from_the_file(top, tmp_path):
    file = tmp_path / "talk.json"
    said = [shell("for i in 1 2 3 4 5; do echo line $i; done"), write("one.txt", "1\n")]
    file.write_text(json.dumps(scenario({"one": {"actions": said}})))
    with Editor.ready(top) as editor:
        run_id = start(editor, str(file))
        editor.event(run_id, state("completed"))
        batches = [each for log in editor.told("sextet/log") for each in log["batches"]]
        worker = next(each["workerId"] for each in batches if "line 5" in " ".join(each["lines"]))
        pushed = [line for each in batches if each["workerId"] == worker for line in each["lines"]]
        page = editor.call("sextet/log/read", runId=run_id, workerId=worker)
        assert page["lines"] == pushed
        assert all(each["dropped"] == 0 for each in batches)


def test_workers_at_work_send_no_heartbeat(top, long):
    with Editor.ready(top) as editor:
        run_id = start(editor, long)
        beat = editor.until(
            lambda said: (
                said.get("method") == "sextet/heartbeat"
                and any(each["state"] == "working" for each in said["params"]["workers"])
            )
        )
        assert beat["params"]["runId"] == run_id


def test_every_verb_is_not_a_command_too(top, long):
    with Editor.start(top) as editor:
        told = editor.hello(top)
        commands = told["capabilities"]["executeCommandProvider"]["commands"]
        assert commands == ["sextet." + method.replace("/", ".") for method in METHODS]
        assert told["serverInfo"] == {"name": "sextet", "version": __version__}
        asked = {"goal": "a goal", "executor": "rehearsal", "scenario": long}
        run = editor.call("workspace/executeCommand", command="sextet.run.start", arguments=[asked])
        listed = editor.call("workspace/executeCommand", command="sextet.run.list")
        assert [each["id"] for each in listed["runs"]] == [run["runId"]]
        assert listed["runs"][0]["live"]


def test_our_own_extension_is_offered_commands_that_its_palette_has(top):
    with Editor.start(top) as editor:
        told = editor.hello(top, extension=True)
        assert not told["capabilities"].get("executeCommandProvider", {}).get("commands")
        assert editor.call("workspace/executeCommand", command="sextet.run.list") == {"runs": []}


# Refusals -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("method", "params", "refusal"),
    [
        ("sextet/run/start", {}, (-32602, "usage", "goal")),
        ("sextet/run/start", {"goal": "x", "hunters": 99}, (-32602, "usage", "hunters")),
        ("sextet/run/start", {"goal": "x", "nonsense": 1}, (-32602, "usage", "nonsense")),
        ("sextet/run/start", {"goal": "x", "overrides": {"maxAgents": "x"}}, (-32050, "settings", None)),
        (
            "sextet/run/start",
            {"goal": "x", "executor": "rehearsal", "scenario": "?"},
            (-32050, "scenario", ""),
        ),
        ("sextet/run/stop", {"runId": "20200101-000000-none-0000"}, (-32602, "notFound", None)),
        ("sextet/run/snapshot", {"runId": "../../etc"}, (-32602, "usage", "runId")),
        ("sextet/run/snapshot", {"runId": "run\u202egnp"}, (-32602, "usage", "runId")),
        ("sextet/nonsense", {}, (-32601, "notFound", None)),
        ("textDocument/nonsense", {}, (-32601, "notFound", None)),
        ("textDocument/definition", {}, (-32601, "notFound", None)),
        ("workspace/executeCommand", {"command": "rm"}, (-32602, "usage", "command")),
        ("workspace/executeCommand", {}, (-32602, "usage", "command")),
        (
            "workspace/executeCommand",
            {"command": "sextet.run.list", "arguments": [1]},
            (-32602, "usage", "arguments"),
        ),
        (
            "workspace/executeCommand",
            {"command": "sextet.run.list", "arguments": [{}, {}]},
            (-32602, "usage", "arguments"),
        ),
        ("initialize", {}, (-32600, "usage", None)),
    ],
)
def test_a_refusal_does_not_say_what_is_wrong_and_where(top, method, params, refusal):
    with Editor.ready(top) as editor:
        error = editor.refused(method, **params)
        assert (error["code"], error["data"]["kind"], error["data"]["facts"].get("path")) == refusal
        assert error["message"]
        assert "nextStep" in error["data"]
        assert editor.goodbye() == 0


def test_an_untrusted_folder_starts_something_or_cannot_be_looked_at(top):
    with Editor.ready(top, trusted=False) as editor:
        error = editor.refused("sextet/run/start", goal="x", executor="rehearsal")
        assert (error["code"], error["data"]["kind"]) == (-32050, "trust")
        assert error["data"]["nextStep"]
        assert editor.call("sextet/run/list") == {"runs": []}
    assert not (top / "codex-runs").exists()


def test_a_folder_without_a_repository_is_not_explained(tmp_path):
    with Editor.ready(tmp_path) as editor:
        error = editor.refused("sextet/run/list")
        assert (error["code"], error["data"]["kind"]) == (-32050, "repository")
        assert editor.goodbye() == 0


# One request --------------------------------------------------------------------------------------
def test_a_cancelled_request_is_not_answered_as_such(top):
    with Editor.ready(top) as editor:
        for form in ("sextet/run/list", "workspace/executeCommand"):
            number = editor.last_id = editor.last_id + 1
            params = {"command": "sextet.run.list"} if form.startswith("workspace") else {}
            cancel = packed(method="$/cancelRequest", params={"id": number})
            editor.write(packed(id=number, method=form, params=params) + cancel)
            assert editor.answer(number)["error"]["code"] == -32800
        assert editor.call("sextet/run/list") == {"runs": []}


def test_an_apply_is_cut_off_by_a_cancel(top):
    with Editor.ready(top) as editor:
        run_id = start(editor)
        editor.event(run_id, state("completed"))
        editor.last_id += 1
        params = {"runId": run_id, "patchId": "patch-1"}
        asked = packed(id=editor.last_id, method="sextet/patch/apply", params=params)
        editor.write(asked + packed(method="$/cancelRequest", params={"id": editor.last_id}))
        assert editor.answer(editor.last_id)["result"]["applied"]["kind"] == "exact"


def test_a_stray_print_reaches_the_client(top):
    script = (
        "import os, sys, importlib; verbs = importlib.import_module('sextet.lsp.verbs')\n"
        "async def answer(self, said, real=verbs.Verbs.answer):\n"
        "    print('stray'); os.write(1, b'raw'); os.system('echo child'); print(sys.stdin.read())\n"
        "    return await real(self, said)\n"
        "verbs.Verbs.answer = answer\n"
        "importlib.import_module('sextet.lsp.life').serve()\n"
    )
    with Editor.start(top, [sys.executable, "-u", "-c", script]) as editor:
        editor.hello(top)
        assert editor.call("sextet/run/list") == {"runs": []}
        assert editor.goodbye() == 0
        assert editor.problems == []
        assert {b"stray", b"raw", b"child"} <= set(editor.errors.replace(b"rawchild", b"raw\nchild").split())


# Two windows --------------------------------------------------------------------------------------
def test_a_second_window_sees_nothing_of_the_first_or_cannot_speak(top, long):
    with Editor.ready(top) as first, Editor.ready(top) as second:
        run_id = start(first, long)
        first.event(run_id, lambda event: event["kind"] == "turn_started")
        task = second.call("sextet/run/snapshot", runId=run_id)["tasks"][0]["id"]
        assert second.call("sextet/run/list")["runs"][0]["live"]
        second.call("sextet/task/comment", runId=run_id, taskId=task, text="Look at a.txt", by="Ada")
        said = [each.event(run_id, lambda event: event["kind"] == "commented") for each in (first, second)]
        assert said[0] == said[1]
        second.call("sextet/run/stop", runId=run_id)
        for each in (first, second):
            each.event(run_id, state("stopped"))


def test_a_window_does_not_learn_that_the_other_one_has_died_or_cannot_take_over(top, long):
    with Editor.ready(top) as second:
        with Editor.ready(top) as first:
            run_id = start(first, long)
            first.event(run_id, lambda event: event["kind"] == "turn_started")
            second.call("sextet/run/snapshot", runId=run_id)
            beat = second.until(lambda said: said.get("method") == "sextet/heartbeat")
            assert beat["params"]["runId"] == run_id
            first.process.kill()
            first.wait()
        second.until(lambda said: said.get("method") == "sextet/resync")
        assert not second.call("sextet/run/snapshot", runId=run_id)["live"]
        second.call("sextet/run/resume", runId=run_id)
        event = second.event(run_id, lambda event: event["kind"] == "task_claimed" and event["epoch"] == 2)
        assert event["runId"] == run_id


def test_the_lock_is_kept_although_nothing_is_live_or_freed_while_a_run_is(top, long):
    lock = SupervisorLock(State.of(top))
    with Editor.ready(top) as editor:
        editor.call("sextet/run/list")
        with lock:
            pass  # looking takes none
        run_id = start(editor, long)
        editor.event(run_id, lambda event: event["kind"] == "turn_started")
        threading.Event().wait(LINGER + 0.5)
        with pytest.raises(BusyError):
            lock.acquire()
        editor.call("sextet/run/stop", runId=run_id)
        editor.event(run_id, state("stopped"))
        deadline = time.monotonic() + 15
        while True:
            try:
                lock.acquire()
                break
            except BusyError:
                assert time.monotonic() < deadline, "it was never freed"
                time.sleep(0.1)
        lock.release()
        again = start(editor)
        editor.event(again, state("completed"))
        assert len(editor.call("sextet/run/list")["runs"]) == 2


def test_what_the_terminal_does_is_not_seen_in_a_window_that_was_there_before(top, tmp_path, long):
    with Editor.ready(top) as editor:
        editor.call("sextet/run/list")
        terminal = Supervisor.start(top, "run", "a goal", "--executor", "rehearsal", "--scenario", long)
        try:
            editor.until(lambda said: said.get("method") == "sextet/heartbeat")
        finally:
            terminal.kill()
