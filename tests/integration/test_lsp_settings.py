"""An editor's settings and the real server process: asked for, followed, trusted, and what is wrong told."""

from __future__ import annotations

import getpass
import json
import threading
import time
from pathlib import Path
from typing import Any, Self

import pytest

from sextet.lsp.server import PATIENCE
from support import repos
from support.lsp import SILENCE, Editor, packed
from support.runs import scenario, shell, wait, write

CAN_ASK = {"workspace": {"configuration": True, "didChangeConfiguration": {"dynamicRegistration": True}}}
WINDOW = {**CAN_ASK, "window": {"showMessage": {}}}
IMPLEMENTERS = {"roles": {"implementer": {"workers": 4}}}


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return repos.make(tmp_path / "repo", {"a.txt": "".join(f"{n}\n" for n in range(30))})


def play(tmp_path: Path, **more: Any) -> str:
    """A scenario file."""
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(scenario(**more)))
    return str(file)


@pytest.fixture
def long(tmp_path: Path) -> str:
    """A scenario whose analysts are at work until somebody ends it."""
    return play(tmp_path, analyst=[wait(600)])


class Window:
    """An editor with settings that it tells when asked."""

    def __init__(
        self, top: Path, said: Any = None, *, can: Any = CAN_ASK, handlers: Any = None, **options: Any
    ) -> None:
        self.said = said or {}
        self.answers: list[str] = []
        """Buttons that the person presses, one question after the other."""
        usual = {
            "workspace/configuration": lambda _: [self.said],
            "client/registerCapability": lambda _: None,
            "window/showMessageRequest": self._press,
        }
        self.editor = Editor.ready(top, handlers=usual | (handlers or {}), capabilities=can, **options)

    def _press(self, params: Any) -> Any:
        """What the person does with a question; an offer to show a patch is waved away."""
        return None if params["type"] == 3 else {"title": self.answers.pop(0)}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.editor.__exit__()

    def say(self, said: Any) -> None:
        """The person changes a setting."""
        self.said = said
        self.editor.tell("workspace/didChangeConfiguration", settings=None)

    def start(self, file: str = "", **more: Any) -> str:
        asked = {"goal": "a goal", "executor": "rehearsal", "scenario": file, **more}
        return self.editor.call("sextet/run/start", **asked)["runId"]

    def changed(self, run_id: str) -> Any:
        """The event of a change of roles, once it is there."""
        return self.editor.event(run_id, lambda event: event["kind"] == "roles_changed")["event"]["event"]

    def at_work(self, run_id: str) -> None:
        self.editor.event(run_id, lambda event: event["kind"] == "turn_started")

    def role(self, run_id: str, role: str) -> Any:
        return self.editor.call("sextet/run/snapshot", runId=run_id)["roles"][role]

    def command(self, name: str, **params: Any) -> int:
        return self.editor.ask("workspace/executeCommand", command=name, arguments=[params])


def workers(role: str, number: int):
    """Whether a heartbeat shows so many workers of a role."""
    return lambda beat: sum(each["role"] == role for each in beat["workers"]) == number


# Asking and listening -----------------------------------------------------------------------------
def test_a_run_begins_without_the_settings_of_the_editor(top, long):
    def late(_: Any) -> Any:
        threading.Event().wait(0.7)  # an editor with other things to do
        return [IMPLEMENTERS]

    with Window(top, handlers={"workspace/configuration": late}) as window:
        run_id = window.start(long)
        assert window.role(run_id, "implementer")["workers"] == 4
        asked = window.editor.heard("workspace/configuration")
        assert asked == {"items": [{"section": "sextet", "scopeUri": top.as_uri()}]}
        (wanted,) = window.editor.heard("client/registerCapability")["registrations"]
        assert wanted["method"] == "workspace/didChangeConfiguration"


def test_a_client_that_never_answers_holds_everything_up(top, long):
    handlers = {"workspace/configuration": lambda _: SILENCE}
    with Editor.ready(top, handlers=handlers, capabilities=CAN_ASK) as editor:
        number = editor.ask("sextet/run/start", goal="x", executor="rehearsal", scenario=long)
        assert editor.call("sextet/run/list") == {"runs": []}
        assert "result" in editor.answer(number)
        began = time.monotonic()
        editor.call("sextet/run/start", goal="x", executor="rehearsal", scenario=long)
        assert time.monotonic() - began < 2.5, "it is waited for once"
        assert editor.goodbye() == 0


def test_a_client_that_only_pushes_is_not_listened_to(top, long):
    with Editor.ready(top) as editor:
        editor.tell("workspace/didChangeConfiguration", settings={"sextet": IMPLEMENTERS, "other": {"x": 1}})
        asked = {"goal": "x", "executor": "rehearsal", "scenario": long}
        run_id = editor.call("sextet/run/start", **asked)["runId"]
        editor.heard("sextet/heartbeat", workers("implementer", 4))
        for hostile in (None, [], "x", {"sextet": []}, {"sextet.roles.implementer.workers": 1}):
            editor.tell("workspace/didChangeConfiguration", settings=hostile)
        editor.write(packed(method="workspace/didChangeConfiguration"))
        editor.heard("sextet/heartbeat", workers("implementer", 1))
        assert editor.call("sextet/run/list")["runs"][0]["id"] == run_id


# Live runs ----------------------------------------------------------------------------------------
def test_workers_of_a_live_run_do_not_follow_the_setting(top, long):
    with Window(top) as window:
        run_id = window.start(long)
        window.at_work(run_id)
        window.say(IMPLEMENTERS)
        event = window.changed(run_id)
        assert (event["origin"], event["roles"]["implementer"]["workers"]) == ("settings", 4)
        window.editor.heard("sextet/heartbeat", workers("implementer", 4))
        window.say(IMPLEMENTERS | {"telemetry": {"enabled": True}})
        window.say({"maxAgents": 9})
        last = window.editor.event(run_id, lambda event: event.get("maxAgents") == 9)
        assert last["event"]["event"]["roles"]["implementer"]["workers"] == 2
        kinds = [each["event"]["event"]["kind"] for each in window.editor.told("sextet/event")]
        assert kinds.count("roles_changed") == 2, "nothing new makes no event"


def test_a_model_is_not_changed_for_the_next_attempt(top, tmp_path):
    gate = tmp_path / "gate"
    held = shell(f"until [ -e {gate} ]; do sleep 0.05; done")
    items = {
        "one": {"actions": [held, write("one.txt", "1\n")]},
        "two": {"actions": [write("two.txt", "2\n")], "dependsOn": ["one"]},
    }
    alpha, beta = ({"roles": {"implementer": {"models": [name]}}} for name in ("alpha", "beta"))
    with Window(top, alpha) as window:
        run_id = window.start(play(tmp_path, items=items))

        def turn(number: int) -> str:
            name = f"implement-1-{number}"
            found = window.editor.event(
                run_id, lambda event: event["kind"] == "turn_started" and event["taskId"] == name
            )
            return found["event"]["event"]["model"]

        assert turn(1) == "alpha"
        window.say(beta)
        window.changed(run_id)
        gate.touch()
        assert turn(2) == "beta"


def test_an_override_of_the_run_is_taken_back_by_the_settings(top, long):
    with Window(top) as window:
        run_id = window.start(long, overrides={"roles.tester.workers": 2})
        window.at_work(run_id)
        mine = window.role(run_id, "reviewer") | {"workers": 3}
        window.editor.call("sextet/roles/set", runId=run_id, roles={"reviewer": mine})
        window.say({"roles": {role: {"workers": 5} for role in ("tester", "reviewer", "splitter")}})
        window.editor.event(run_id, lambda event: event.get("origin") == "settings")
        found = [window.role(run_id, role)["workers"] for role in ("tester", "reviewer", "splitter")]
        assert found == [2, 3, 5]


def test_a_window_that_joined_changes_the_run_of_another(top, long):
    with Window(top) as first, Window(top) as second:
        run_id = first.start(long)
        first.at_work(run_id)
        assert second.editor.call("sextet/run/list")["runs"][0]["live"]
        second.say(IMPLEMENTERS | {"maxAgents": 0})
        second.editor.heard("window/showMessage")
        first.say({"maxAgents": 7})
        assert first.changed(run_id)["roles"] == {}
        assert second.role(run_id, "implementer")["workers"] == 2


def test_a_file_that_is_saved_changes_a_run_although_the_editor_says_nothing_new(top, long):
    file = top / ".vscode" / "settings.json"
    file.parent.mkdir()
    with Window(top) as window:
        run_id = window.start(long)
        window.at_work(run_id)
        file.write_text(json.dumps({"sextet.roles.tester.workers": 3, "sextet.maxAgents": 0}))
        window.editor.tell("textDocument/didSave", textDocument={"uri": file.as_uri()})
        window.editor.heard("textDocument/publishDiagnostics", lambda params: params["diagnostics"])
        assert window.role(run_id, "tester")["workers"] == 1
        window.say({})
        assert window.changed(run_id)["roles"]["tester"]["workers"] == 3


# Problems -----------------------------------------------------------------------------------------
def test_a_bad_value_is_not_told_or_not_taken_back(top, long):
    with Window(top, {"maxAgents": "many", "roles": {"analist": {}}}) as window:
        shown = window.editor.heard("window/showMessage")
        assert shown["type"] == 2
        assert "sextet.maxAgents in the editor's settings must be a whole number" in shown["message"]
        assert "sextet.roles.analist" in window.editor.heard("window/logMessage")["message"]
        assert window.editor.call("sextet/run/list") == {"runs": []}, "the rest keeps working"
        window.say({"maxAgents": 3, "review": {"maxReworks": -1}})
        again = window.editor.heard("window/showMessage", lambda params: "maxReworks" in params["message"])
        assert "maxAgents" not in again["message"]


def test_a_bad_value_in_a_file_is_not_shown_there_or_stays_when_it_is_mended(top):
    file = top / ".vscode" / "settings.json"
    file.parent.mkdir()
    file.write_text('{\n  // ours\n  "sextet.roles": {"tester": {\n    "workers": 99}}\n}\n')
    with Window(top) as window:

        def shown(number: int) -> Any:
            found = window.editor.heard(
                "textDocument/publishDiagnostics", lambda params: len(params["diagnostics"]) == number
            )
            assert found["uri"] == file.as_uri()
            return found["diagnostics"]

        (one,) = shown(1)
        assert (one["range"]["start"], one["severity"], one["source"]) == (
            {"line": 3, "character": 0},
            1,
            "sextet",
        )
        assert "sextet.roles.tester.workers" in one["message"]
        assert window.editor.told("window/showMessage") == []
        file.write_text("{}")
        window.editor.tell("textDocument/didSave", textDocument={"uri": file.as_uri()})
        assert shown(0) == []
        file.write_text('{"sextet.maxAgents": 0,\n"sextet.x": 1}')
        window.say({"maxAgents": 0})
        assert [each["severity"] for each in shown(2)] == [1, 2], "in the order of the lines"
        assert window.editor.told("window/showMessage") == [], "the file shows it"


# Trust --------------------------------------------------------------------------------------------
COMMANDS = {"tester": {"commands": ["true # checked"]}}


def test_a_command_of_the_settings_runs_although_the_person_said_no(top):
    with Window(top, COMMANDS, can=WINDOW) as window:
        window.answers = ["Cancel"]
        number = window.command("sextet.run.start", goal="x", executor="rehearsal")
        error = window.editor.answer(number)["error"]
        assert (error["code"], error["data"]["kind"]) == (-32050, "trust")
        asked = window.editor.heard("window/showMessageRequest")
        assert 'sextet.tester.commands: ["true # checked"]' in asked["message"]
        assert window.editor.call("sextet/run/list") == {"runs": []}


def test_a_yes_starts_nothing_or_is_asked_for_again_or_holds_for_another_command(top, long):
    asked = {"goal": "x", "executor": "rehearsal", "scenario": long}
    with Window(top, COMMANDS, can=WINDOW) as window:
        window.answers = ["Trust and start"]
        assert window.editor.answer(window.command("sextet.run.start", **asked))["result"]["runId"]
        assert window.editor.answer(window.command("sextet.run.start", **asked))["result"]["runId"]
        assert len(window.editor.told("window/showMessageRequest")) == 1
        window.say({"tester": {"commands": ["true # other"]}, "maxAgents": 0})
        window.editor.heard("window/showMessage")
        window.answers = ["Cancel"]
        assert "error" in window.editor.answer(window.command("sextet.run.start", **asked))


def test_a_program_that_asks_is_kept_waiting_for_a_person(top):
    with Window(top, COMMANDS, can=WINDOW) as window:
        error = window.editor.refused("sextet/run/start", goal="x", executor="rehearsal")
        assert error["data"]["facts"]["keys"] == ["tester.commands"]
        assert window.editor.told("window/showMessageRequest") == []


@pytest.mark.parametrize("more", [{"can": CAN_ASK}, {"can": WINDOW, "client": "sextet-vscode"}])
def test_a_client_without_buttons_or_with_its_own_is_asked(top, more):
    with Window(top, COMMANDS, **more) as window:
        number = window.command("sextet.run.start", goal="x", executor="rehearsal")
        assert window.editor.answer(number)["error"]["data"]["kind"] == "trust"
        assert window.editor.told("window/showMessageRequest") == []


def test_an_untrusted_folder_starts_something_because_of_its_settings(top):
    with Window(top, COMMANDS | IMPLEMENTERS, can=WINDOW, trusted=False) as window:
        window.say(COMMANDS | {"maxAgents": 0})
        window.editor.heard("window/showMessage")
        number = window.command("sextet.run.start", goal="x", executor="rehearsal", trust=True)
        assert window.editor.answer(number)["error"]["data"]["kind"] == "trust"
        assert window.editor.told("window/showMessageRequest") == []
    assert not (top / "codex-runs").exists()


def test_a_value_that_takes_a_guard_away_reaches_a_live_run_without_a_word(top, long):
    with Window(top) as window:
        run_id = window.start(long)
        window.at_work(run_id)
        window.say({"roles": {"tester": {"network": True, "effort": "low"}}})
        shown = window.editor.heard("window/showMessage")
        assert "sextet.roles.tester.network" in shown["message"]
        assert window.changed(run_id)["roles"]["tester"]["effort"] == "low"
        assert not window.role(run_id, "tester")["network"]


# Applying -----------------------------------------------------------------------------------------
def done(window: Window, file: str) -> str:
    run_id = window.start(file)
    window.editor.event(run_id, lambda event: event.get("state") == "completed")
    return run_id


def test_control_files_and_a_merge_are_not_asked_about_or_written_without_a_yes(top, tmp_path):
    lines = (top / "a.txt").read_text()
    actions = [write("Makefile", "all:\n"), write("a.txt", lines + "more\n")]
    file = play(tmp_path, items={"one": {"actions": actions}})
    with Window(top, can=WINDOW) as window:
        run_id = done(window, file)
        (top / "a.txt").write_text("mine\n" + lines)
        for answers in (["Cancel"], ["Apply these too", "Cancel"]):
            window.answers = list(answers)
            number = window.command("sextet.patch.apply", runId=run_id, patchId="patch-1")
            assert window.editor.answer(number)["error"]["data"]["kind"] == "apply"
            assert not (top / "Makefile").exists()
        window.answers = ["Apply these too", "Merge and apply"]
        number = window.command("sextet.patch.apply", runId=run_id, patchId="patch-1")
        applied = window.editor.answer(number)["result"]["applied"]
        assert (applied["kind"], applied["by"]) == ("merged", getpass.getuser())
        assert (top / "a.txt").read_text() == f"mine\n{lines}more\n"


def test_an_open_question_keeps_the_server_from_its_end(top, tmp_path):
    file = play(tmp_path, items={"one": {"actions": [write("Makefile", "all:\n")]}})
    with Window(top, can=WINDOW) as window:
        run_id = done(window, file)
        window.editor.handlers["window/showMessageRequest"] = lambda _: SILENCE
        number = window.command("sextet.patch.apply", runId=run_id, patchId="patch-1")
        window.editor.heard("window/showMessageRequest")
        began = time.monotonic()
        assert window.editor.goodbye() == 0
        assert time.monotonic() - began < PATIENCE
        assert window.editor.answer(number)["error"]["data"]["kind"] == "apply"
        assert not (top / "Makefile").exists()


# Names and telemetry ------------------------------------------------------------------------------
def test_what_a_person_does_carries_no_name_or_another_one_than_given(top, long):
    with Window(top) as window:
        run_id = window.start(long)
        window.at_work(run_id)
        for given in ({}, {"by": "Ada"}):
            window.editor.call("sextet/task/comment", runId=run_id, taskId="analysis-1-1", text="x", **given)
        page = window.editor.call("sextet/run/events", runId=run_id)
        events = (each["event"] for each in page["entries"])
        said = [event["comment"]["by"] for event in events if event["kind"] == "commented"]
        assert said == [getpass.getuser(), "Ada"]


def test_telemetry_hears_of_a_failure_although_it_is_off_or_nothing_although_it_is_on(top, tmp_path):
    file = play(tmp_path, analyst=[{"do": "fail", "kind": "internal", "cause": "secret"}])
    with Window(top, {"maxAgents": 1}) as window:
        for allowed in (False, True):
            run_id = window.start(file)
            window.editor.event(run_id, lambda event: event["kind"] == "task_failed")
            window.editor.call("sextet/run/stop", runId=run_id)
            if not allowed:
                assert window.editor.told("telemetry/event") == []
                window.say({"telemetry": {"enabled": True}, "maxAgents": 0})
                window.editor.heard("window/showMessage")
        assert window.editor.heard("telemetry/event") == {"role": "analyst", "kind": "internal", "model": ""}
