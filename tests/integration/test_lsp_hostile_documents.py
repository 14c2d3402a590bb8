"""Hostile shapes of the protocol's own messages: every id is answered, the session goes on, nothing leaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from support import repos
from support.lsp import Editor, frame
from support.runs import scenario, write

CANARY = "sk-canary-0123456789"
"""Stands in every text: it may come back to the client and is never written to the server's log."""
BIG = 2**31
URIS: dict[str, Any] = {
    "outside": "file:///etc/passwd",
    "up": "file:///tmp/../../etc/passwd",
    "up, encoded": "file:///%2e%2e%2f%2e%2e%2fetc/passwd",
    "a NUL": "file:///a%00b",
    "a host": "file://example.invalid/share/x",
    "half a bracket": "file://[/x",
    "another scheme": "vscode-remote://ssh+host/x",
    "untitled": "untitled:Untitled-1",
    "none": "",
    "no scheme": "a.txt",
    "a long one": "file:///" + "a/" * 50_000,
    "a long name": "file:///" + "a" * 5_000,
    "half a character": "file:///\ud800",
    "bytes that are no UTF-8": "file:///%ff%fe",
    "controls": "file:///a\n\x1b[31m\x9b",
    "a device": "file:///dev/zero",
    "a folder": "file:///",
    "a process": "file:///proc/self/mem",
}
NO_URIS: list[Any] = [None, 7, 1.5, True, [], {}, ["file:///x"], {"uri": "file:///x"}]


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Iterator[Editor]:
    """An editor with a complete run, whose page it has open."""
    where = tmp_path_factory.mktemp("hostile")
    top = repos.make(where / "repo", {"a.txt": "a\n"})
    file = where / "scenario.json"
    file.write_text(json.dumps(scenario({"one": {"actions": [write("one.txt", "1\n")]}})))
    with Editor.ready(top) as editor:
        asked = {"goal": "a goal", "executor": "rehearsal", "scenario": str(file)}
        run_id = editor.call("sextet/run/start", **asked)["runId"]
        editor.event(run_id, lambda event: event.get("state") == "completed")
        editor.page = editor.call("sextet/patch/open", runId=run_id, patchId="patch-1")["uri"]
        yield editor
        assert editor.goodbye() == 0
        assert editor.problems == [], "something on stdout that is no message"
        assert b"Traceback" not in editor.errors
        assert CANARY.encode() not in editor.errors, "content in the log"


@pytest.fixture
def editor(shared: Editor) -> Iterator[Editor]:
    """The session goes on after whatever was said."""
    yield shared
    assert shared.call("sextet/run/list")["runs"]
    # what nobody asked for would be an answer to nobody
    assert not [each for each in shared.messages if "method" not in each and each.get("id") is None]


def say(editor: Editor, method: str, params: Any) -> None:
    editor.write(frame(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}).encode()))


def answered(editor: Editor, method: str, params: Any) -> None:
    """It gets a result, or an error that is the client's fault and says no innards."""
    editor.last_id += 1
    message = {"jsonrpc": "2.0", "id": editor.last_id, "method": method, "params": params}
    editor.write(frame(json.dumps(message).encode()))
    error = editor.answer(editor.last_id).get("error", {})
    assert error.get("code", -32602) in {-32602, -32050}, error
    assert "Traceback" not in error.get("message", "")
    assert len(error.get("message", "")) < 2_000


def document(uri: Any, version: Any = 1, text: Any = CANARY) -> dict[str, Any]:
    return {"textDocument": {"uri": uri, "languageId": "x", "version": version, "text": text}}


def at(line: Any, character: Any = 0) -> dict[str, Any]:
    return {"line": line, "character": character}


def span(start: Any, end: Any) -> dict[str, Any]:
    return {"start": start, "end": end}


# Documents ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("uri", [*URIS.values(), *NO_URIS], ids=[*URIS, *map(str, NO_URIS)])
def test_a_document_with_an_odd_name_ends_the_session_or_is_read(editor, uri):
    named = {"textDocument": {"uri": uri}}
    say(editor, "textDocument/didOpen", document(uri))
    change = {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": CANARY}]}
    say(editor, "textDocument/didChange", change)
    say(editor, "textDocument/didSave", named)
    answered(editor, "textDocument/codeLens", named)
    answered(editor, "textDocument/documentLink", named)
    answered(editor, "textDocument/hover", {**named, "position": at(0)})
    asked = {**named, "range": span(at(0), at(0)), "context": {"diagnostics": []}}
    answered(editor, "textDocument/codeAction", asked)
    say(editor, "textDocument/didClose", named)


CHANGES: dict[str, Any] = {
    "no list": 7,
    "nothing": None,
    "no change": [],
    "no text": [{}],
    "a number as text": [{"text": 7}],
    "nothing as text": [{"text": None}],
    "a range that is none": [{"range": [], "text": CANARY}],
    "half a range": [{"range": {"start": at(0)}, "text": CANARY}],
    "backwards": [{"range": span(at(5), at(1)), "text": CANARY}],
    "far away": [{"range": span(at(BIG), at(BIG, BIG)), "text": CANARY}],
    "beyond any number": [{"range": span(at(10**29), at(10**29)), "text": CANARY}],
    "before the beginning": [{"range": span(at(-1, -1), at(-5, -5)), "text": CANARY}],
    "a wide character": [{"range": span(at(0), at(0, BIG)), "text": CANARY}],
    "fractions": [{"range": span(at(0.5), at(1.5)), "text": CANARY}],
    "texts": [{"range": span(at("0"), at("1")), "text": CANARY}],
    "truth": [{"range": span(at(True), at(False)), "text": CANARY}],
    "a length that lies": [{"range": span(at(0), at(0)), "rangeLength": -5, "text": CANARY}],
    "a hundred changes": [{"range": span(at(0), at(0)), "text": CANARY}] * 100,
    "half a character": [{"text": "\ud800" + CANARY}],
    "other keys": [{"text": CANARY, "__proto__": {}, "jsonrpc": "2.0", "method": "exit"}],
}


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_of_another_shape_ends_the_session_or_hides_what_follows(editor, changes):
    say(editor, "textDocument/didOpen", document(editor.page))
    for version in (2, -1, None, "2", BIG, 1.5, {}):
        named = {"uri": editor.page, "version": version}
        say(editor, "textDocument/didChange", {"textDocument": named, "contentChanges": changes})
    whole = {
        "textDocument": {"uri": editor.page, "version": 9},
        "contentChanges": [{"text": "one `a.txt`\n"}],
    }
    say(editor, "textDocument/didChange", whole)
    named = {"textDocument": {"uri": editor.page}}
    [link] = editor.call("textDocument/documentLink", **named)
    assert link["range"] == span(at(0, 5), at(0, 10))
    answered(editor, "textDocument/codeLens", named)
    say(editor, "textDocument/didClose", named)


ODD: list[Any] = [
    None,
    [],
    {},
    7,
    "x",
    True,
    {"textDocument": None},
    {"textDocument": []},
    {"textDocument": 7},
]


@pytest.mark.parametrize("method", ["didOpen", "didChange", "didSave", "didClose"])
def test_a_notification_of_another_shape_ends_the_session(editor, method):
    for params in ODD:
        say(editor, f"textDocument/{method}", params)
    for version in (-1, None, "1", 2**40, 1.5):
        say(editor, f"textDocument/{method}", document(editor.page, version))
    for text in (None, 7, [], {}):
        say(editor, f"textDocument/{method}", document(editor.page, 1, text))
    say(editor, f"textDocument/{method}", document(editor.page) | {"reason": CANARY, "contentChanges": []})


PLACES: list[Any] = [at(BIG, BIG), at(10**29), at(-1), at(0.5), at("0"), at(True), at(None), [], 7, None, {}]


@pytest.mark.parametrize("method", ["codeLens", "codeAction", "hover", "documentLink"])
def test_a_request_about_a_document_of_another_shape_is_not_answered(editor, method):
    say(editor, "textDocument/didOpen", document(editor.page))
    named = {"textDocument": {"uri": editor.page}}
    for params in ODD:
        answered(editor, f"textDocument/{method}", params)
    for place in PLACES:
        answered(editor, f"textDocument/{method}", {**named, "position": place})
        for end in (place, at(0)):
            context = {"diagnostics": [{"message": CANARY}], "only": 7}
            asked = {**named, "range": span(place, end), "context": context, "position": place}
            answered(editor, f"textDocument/{method}", asked)
    say(editor, "textDocument/didClose", named)
