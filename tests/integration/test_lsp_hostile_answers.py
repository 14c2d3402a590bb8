"""A client that answers in every wrong way what the server asks of it: work goes on, and nothing leaks."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from support import repos
from support.lsp import SILENCE, Editor, frame
from support.runs import scenario, wait, write

CANARY = "sk-canary-0123456789"
ABLE = {
    "window": {"workDoneProgress": True, "showDocument": {"support": True}, "showMessage": {}},
    "workspace": {
        "codeLens": {"refreshSupport": True},
        "configuration": True,
        "didChangeConfiguration": {"dynamicRegistration": True},
    },
}
ASKED = (
    "window/workDoneProgress/create",
    "window/showMessageRequest",
    "window/showDocument",
    "workspace/codeLens/refresh",
    "workspace/configuration",
    "client/registerCapability",
)
"""All that the server asks of a client."""

Shape = Callable[[Any], list[Any]]
"""From the id of a request to the messages that come back."""


def result(value: Any) -> Shape:
    return lambda number: [{"id": number, "result": value}]


def error(value: Any) -> Shape:
    return lambda number: [{"id": number, "error": value}]


REFUSAL = {"code": -32601, "message": CANARY}
SHAPES: dict[str, Shape] = {
    "a number": result(7),
    "a text": result(CANARY),
    "truth": result(True),
    "lists": result([[CANARY]]),
    "many": result([{}] * 1_000),
    "an object": result({"title": {"x": CANARY}, "success": "yes", "__proto__": {}, "jsonrpc": "2.0"}),
    "a title that is none of the buttons": result({"title": CANARY}),
    "a title that is a number": result({"title": 7}),
    "a megabyte": result({"title": "x" * 1_000_000}),
    "nothing at all": lambda _: [],
    "an error": error(REFUSAL),
    "an error that is a text": error(CANARY),
    "an error that is a list": error([CANARY]),
    "an error that is none": error(None),
    "an error without words": error({"code": "x", "message": {"x": 1}}),
    "a result and an error": lambda number: [{"id": number, "result": 1, "error": REFUSAL}],
    "neither": lambda number: [{"id": number}],
    "twice": lambda number: [{"id": number, "result": None}] * 2,
    "with a method": lambda number: [{"id": number, "method": "window/showDocument", "result": None}],
    "under the id of another": lambda _: [{"id": f"sextet-{n}", "result": None} for n in (0, 1, 10**6)],
    "under ids of no one": lambda _: [
        {"id": each, "result": 1} for each in (None, 0, -1, "", "sextet-", 1.5, {})
    ],
}


def answer(editor: Editor, shape: Shape) -> None:
    """Let everything that the server asks be answered so."""

    def handler(_: Any) -> Any:
        for said in shape(editor.messages[-1]["id"]):
            editor.write(frame(json.dumps({"jsonrpc": "2.0", **said}).encode()))
        return SILENCE

    editor.handlers |= dict.fromkeys(ASKED, handler)


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Iterator[Editor]:
    where = tmp_path_factory.mktemp("answers")
    top = repos.make(where / "repo", {"a.txt": "a\n"})
    with Editor.start(top) as editor:
        editor.where = where
        answer(editor, result(None))
        editor.hello(top, capabilities=ABLE)
        yield editor
        assert editor.goodbye() == 0
        assert editor.problems == [], "something on stdout that is no message"
        assert b"Traceback" not in editor.errors
        assert CANARY.encode() not in editor.errors, "content in the log"


@pytest.fixture
def editor(shared: Editor) -> Iterator[Editor]:
    yield shared
    answer(shared, result(None))
    assert "runs" in shared.call("sextet/run/list")


def begin(editor: Editor, **said: Any) -> str:
    where: Path = editor.where
    number = editor.last_id
    said.setdefault("items", {"one": {"actions": [write(f"made-{number}.txt", "1\n")]}})
    file = where / f"{number}.json"
    file.write_text(json.dumps(scenario(**said)))
    asked = {"goal": "a goal", "executor": "rehearsal", "scenario": str(file)}
    return editor.call("sextet/run/start", **asked)["runId"]


BAD_SETUP = {
    "worktree": {"setupCommand": "exit 3"},
    "tester": {"sandbox": False},
    "roles": {"tester": {"sandbox": "off"}},
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_an_answer_of_another_shape_stops_a_run_or_counts_as_a_word_of_the_person(editor, shape):
    answer(editor, shape)
    editor.tell("workspace/didChangeConfiguration", settings=None)
    run_id = begin(editor, settings=BAD_SETUP)
    asked = editor.event(run_id, lambda event: event["kind"] == "question_asked")
    question = asked["event"]["event"]["question"]["id"]
    named = {"runId": run_id, "questionId": question}
    editor.call("sextet/question/answer", **named, answer="go-on", by="ada")
    answered = editor.event(run_id, lambda event: event["kind"] == "question_answered")
    assert answered["event"]["event"]["by"] == "ada"
    editor.event(run_id, lambda event: event.get("state") == "completed")
    page = {"runId": run_id, "patchId": "patch-1"}
    shown = editor.ask("workspace/executeCommand", command="sextet.patch.open", arguments=[page])
    if is_an_answer(shape):
        assert editor.answer(shown)["result"]["uri"].endswith("patch-1.diff")


def is_an_answer(shape: Shape) -> bool:
    """Whether a request gets one at all, so that whoever waits for it goes on."""
    said = shape("it")
    return bool(said) and said[0]["id"] == "it" and "method" not in said[0] and len(said[0]) > 1


# Progress -----------------------------------------------------------------------------------------
TOKENS: list[Any] = [None, [], {}, 7, True, 1.5, "", "sextet-", "x" * 100_000, {"token": "x"}, ["sextet"], -1]


def test_an_odd_token_stops_a_run_or_hides_the_right_one(editor):
    run_id = begin(editor, analyst=[wait(600)])
    started = {"title": "Sextet: a goal", "kind": "begin"}
    tokens = [each["token"] for each in editor.told("$/progress")]
    begun = editor.heard(
        "$/progress",
        lambda said: said["token"] not in tokens and started.items() <= said["value"].items(),
    )
    for token in TOKENS:
        editor.tell("window/workDoneProgress/cancel", token=token)
    for params in (None, [], 7, {}, {"token": begun["token"] + "x"}, [begun["token"]], begun["token"]):
        said = {"jsonrpc": "2.0", "method": "window/workDoneProgress/cancel", "params": params}
        editor.write(frame(json.dumps(said).encode()))
    assert editor.call("sextet/run/snapshot", runId=run_id)["state"] in {"bootstrapping", "running"}
    editor.tell("window/workDoneProgress/cancel", token=begun["token"])
    ended = editor.event(run_id, lambda event: event.get("state") == "stopped")
    assert ended["event"]["event"]["reason"] == "cancelled in the editor"


# Settings (corpus S) ------------------------------------------------------------------------------
DANGER = ["-c", "sandbox_mode=danger-full-access", "--cd", "/"]
SETTINGS: dict[str, tuple[str, Any]] = {
    "35 a text": ("tester.commands", "make"),
    "35 an argv": ("tester.commands", [["make", "test"]]),
    "36 none": ("roles.analyst.workers", -1),
    "36 a billion": ("roles.analyst.workers", 10**9),
    "36 a half": ("roles.analyst.workers", 2.5),
    "36 a text": ("roles.analyst.workers", "3"),
    "36 truth": ("roles.analyst.workers", True),
    "37 too many": ("roles.analyst.models", ["m"] * 10_000),
    "37 a shell": ("roles.analyst.models", ["$(id)"]),
    "37 an option": ("roles.analyst.models", ["--dangerously-bypass-approvals-and-sandbox"]),
    "38 arguments": ("codex.extraArgs", DANGER),
    "39 a path of the repository": ("codex.path", "./node_modules/.bin/codex"),
    "40 an environment": ("codex.env", {"LD_PRELOAD": "/tmp/x.so", "PATH": "/tmp"}),
    "42 no role": ("roles.analist.workers", 3),
    "42 another type": ("roles", []),
    "43 a substitution": ("codex.path", "${workspaceFolder}${env:X}"),
}


def nested(key: str, value: Any) -> Mapping[str, Any]:
    for name in reversed(key.split(".")):
        value = {name: value}
    return value


def roles_once(editor: Editor, wanted: Callable[[Any], bool]) -> Any:
    """The roles as they are once the latest settings are followed."""
    deadline = time.monotonic() + 15
    while not wanted(found := editor.call("sextet/roles/get")):
        assert time.monotonic() < deadline, found["problems"]
    return found


@pytest.mark.parametrize("number", SETTINGS)
def test_a_hostile_value_is_used_or_not_told(editor, number):
    key, value = SETTINGS[number]
    before = roles_once(editor, lambda found: not found["problems"])["roles"]
    answer(editor, result([nested(key, value)]))
    editor.tell("workspace/didChangeConfiguration", settings=None)
    found = roles_once(editor, lambda found: found["problems"])
    assert found["roles"] == before
    assert {each["key"].removeprefix("sextet.").split(".")[0] for each in found["problems"]} == {
        key.split(".")[0]
    }
    answer(editor, result([None]))
    editor.tell("workspace/didChangeConfiguration", settings=None)
    roles_once(editor, lambda found: not found["problems"])
