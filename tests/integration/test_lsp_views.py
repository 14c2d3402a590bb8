"""What an editor without a pane shows of a run: progress, questions, findings, the patch and its hunks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from support import repos
from support.lsp import SILENCE, Editor
from support.runs import scenario, shell, wait, write

ABLE = {
    "window": {"workDoneProgress": True, "showDocument": {"support": True}, "showMessage": {}},
    "workspace": {"codeLens": {"refreshSupport": True}},
}
BASE = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n"
WRONG = BASE.replace("two", "TWO").replace("nine", "NINE")
REPORT = 'if grep -q TWO a.txt; then echo "a.txt:2: error: loud"; echo "a.txt:6: error: six"; exit 1; fi'


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return repos.make(tmp_path / "repo", {"a.txt": BASE})


def play(tmp_path: Path, name: str = "play", **more: Any) -> str:
    file = tmp_path / f"{name}.json"
    file.write_text(json.dumps(scenario(**more)))
    return str(file)


def red_then_green(tmp_path: Path, gate: Path) -> str:
    """Tests fail first; the reviewer asks for a change, and the second attempt waits for the gate."""
    roles = {"tester": {"sandbox": "off"}, "implementer": {"sandbox": "workspace-write"}}
    settings = {"tester": {"commands": [REPORT], "sandbox": False}, "roles": roles}
    remark = {"file": "a.txt", "line": 9, "severity": "major", "message": "Why NINE?", "items": ["one"]}
    asks = {"verdict": "changes_requested", "summary": "s", "findings": [remark]}
    done = {"status": "done", "summary": "done"}
    ready = shell(f"while [ ! -e {gate} ]; do sleep 0.05; done")
    cues = (
        {
            "role": "implementer",
            "item": "one",
            "epoch": 1,
            "actions": [write("a.txt", WRONG)],
            "answer": done,
        },
        {
            "role": "implementer",
            "item": "one",
            "epoch": 2,
            "actions": [ready, write("a.txt", BASE + "new\n")],
            "answer": done,
        },
        {"role": "reviewer", "epoch": 1, "answer": asks},
    )
    return play(tmp_path, items={"one": {"actions": []}}, settings=settings, cues=cues)


def start(editor: Editor, file: str, **more: Any) -> str:
    asked = {"goal": "a goal", "executor": "rehearsal", "scenario": file, **more}
    return editor.call("sextet/run/start", **asked)["runId"]


def completed(editor: Editor, run_id: str) -> None:
    editor.event(run_id, lambda event: event.get("state") == "completed")


def shown(editor: Editor, uri: str, wanted) -> list[Any]:
    """The diagnostics of a document, once they are as wanted."""
    params = editor.heard(
        "textDocument/publishDiagnostics",
        lambda said: said["uri"] == uri and wanted(said["diagnostics"]),
        9.0,
    )
    return params["diagnostics"]


def document(uri: str) -> str:
    return Path(unquote(urlsplit(uri).path)).read_text()


def at(line: int) -> dict[str, Any]:
    return {"line": line, "character": 0}


def opened(editor: Editor, uri: str, text: str | None = None) -> str:
    """Open a document as an editor does; its text."""
    text = document(uri) if text is None else text
    editor.tell(
        "textDocument/didOpen", textDocument={"uri": uri, "languageId": "x", "version": 1, "text": text}
    )
    return text


def asked(editor: Editor, method: str, uri: str, **more: Any) -> Any:
    return editor.call(f"textDocument/{method}", textDocument={"uri": uri}, **more)


def line_of(text: str, words: str) -> int:
    return next(number for number, line in enumerate(text.split("\n")) if words in line)


# Progress -----------------------------------------------------------------------------------------
def test_a_run_is_not_shown_as_progress_or_its_progress_has_no_end(top, tmp_path):
    handlers = {"window/workDoneProgress/create": lambda _: None}
    with Editor.start(top) as editor:
        editor.handlers |= handlers
        editor.hello(top, capabilities=ABLE)
        run_id = start(editor, play(tmp_path))
        completed(editor, run_id)
        end = editor.heard("$/progress", lambda said: said["value"]["kind"] == "end")
        told = [each["value"] for each in editor.told("$/progress") if each["token"] == end["token"]]
        assert (told[0]["kind"], told[0]["title"]) == ("begin", "Sextet: a goal")
        assert [each["kind"] for each in told].count("end") == 1
        assert told[-1]["message"].startswith("completed")


def test_a_run_that_is_cancelled_in_the_editor_goes_on(top, tmp_path):
    handlers = {"window/workDoneProgress/create": lambda _: None}
    with Editor.start(top) as editor:
        editor.handlers |= handlers
        editor.hello(top, capabilities=ABLE)
        run_id = start(editor, play(tmp_path, analyst=[wait(600)]))
        begun = editor.heard("$/progress", lambda said: said["value"]["kind"] == "begin")
        editor.tell("window/workDoneProgress/cancel", token="nobody's")
        editor.tell("window/workDoneProgress/cancel", token=begun["token"])
        ended = editor.event(run_id, lambda event: event.get("state") == "stopped")
        assert ended["event"]["event"]["reason"] == "cancelled in the editor"


def test_an_editor_that_cannot_show_progress_is_asked_for_it(top, tmp_path):
    with Editor.ready(top) as editor:
        completed(editor, start(editor, play(tmp_path)))
        assert not [each for each in editor.messages if "method" in each and "id" in each]
        assert editor.told("$/progress") == []


# Questions ----------------------------------------------------------------------------------------
def failing_setup(tmp_path: Path) -> str:
    roles = {"tester": {"sandbox": "off"}}
    settings = {"worktree": {"setupCommand": "exit 3"}, "tester": {"sandbox": False}, "roles": roles}
    return play(tmp_path, settings=settings)


def test_a_question_does_not_reach_the_person_or_their_answer_not_the_run(top, tmp_path):
    heard = []

    def answer(params: Any) -> Any:
        heard.append(params)
        return next((each for each in params["actions"] if each["title"].startswith("Go on")), None)

    with Editor.start(top) as editor:
        editor.handlers["window/showMessageRequest"] = answer
        editor.hello(top, capabilities={"window": {}})
        run_id = start(editor, failing_setup(tmp_path))
        given = editor.event(run_id, lambda event: event["kind"] == "question_answered")
        assert given["event"]["event"]["answer"] == "go-on"
        assert "set-up command fails" in heard[0]["message"]
        assert heard[0]["actions"][0]["title"] == "Stop the run", "the harmless one comes first"


def test_a_question_that_somebody_else_answered_stays_on_the_screen(top, tmp_path):
    with Editor.start(top) as editor:
        editor.handlers["window/showMessageRequest"] = lambda _: SILENCE
        editor.hello(top, capabilities={"window": {}})
        run_id = start(editor, failing_setup(tmp_path))
        request = editor.until(lambda said: said.get("method") == "window/showMessageRequest")
        question = editor.event(run_id, lambda event: event["kind"] == "question_asked")
        named = question["event"]["event"]["question"]["id"]
        editor.call("sextet/question/answer", runId=run_id, questionId=named, answer="stop")
        gone = editor.heard("$/cancelRequest")
        assert gone["id"] == request["id"]


@pytest.mark.parametrize("option", ["extension", "inbox"])
def test_an_editor_that_puts_questions_by_itself_is_asked_in_boxes_too(top, tmp_path, option):
    with Editor.start(top) as editor:
        editor.hello(top, capabilities={"window": {}}, **{option: True})
        run_id = start(editor, failing_setup(tmp_path))
        editor.event(run_id, lambda event: event["kind"] == "question_asked")
        editor.call("sextet/run/stop", runId=run_id)
        editor.event(run_id, lambda event: event.get("state") in {"stopped", "failed"})
        assert editor.told("window/showMessageRequest") == []


def test_an_editor_that_puts_questions_by_itself_is_not_asked_about_what_it_has_just_asked_for(top, tmp_path):
    with Editor.start(top) as editor:
        editor.handlers["window/showMessageRequest"] = lambda params: params["actions"][1]
        editor.hello(top, capabilities={"window": {}}, inbox=True)
        run_id = start(editor, play(tmp_path, items={"one": {"actions": [write("a.txt", WRONG)]}}))
        completed(editor, run_id)
        (top / "a.txt").write_text(BASE + "mine\n")
        apply = {"command": "sextet.patch.apply", "arguments": [{"runId": run_id, "patchId": "patch-1"}]}
        editor.call("workspace/executeCommand", **apply)
        assert (top / "a.txt").read_text() == WRONG + "mine\n"
        [asked_for] = editor.told("window/showMessageRequest")
        assert [each["title"] for each in asked_for["actions"]] == ["Cancel", "Merge and apply"]


def test_a_patch_that_is_ready_is_not_offered_or_the_button_does_nothing(top, tmp_path):
    def show(params: Any) -> Any:
        return params["actions"][0] if "tested" in params["message"] else None

    with Editor.start(top) as editor:
        editor.handlers |= {
            "window/showMessageRequest": show,
            "window/showDocument": lambda _: {"success": True},
        }
        editor.handlers["workspace/codeLens/refresh"] = lambda _: None
        editor.handlers["window/workDoneProgress/create"] = lambda _: None
        editor.hello(top, capabilities=ABLE)
        run_id = start(editor, play(tmp_path))
        asked_for = editor.heard("window/showDocument")
        assert asked_for["uri"].endswith(f"/{run_id}/patch-1.diff")
        assert "one.txt" in document(asked_for["uri"])
        editor.heard("workspace/codeLens/refresh", lambda _: True)


# Findings -----------------------------------------------------------------------------------------
def test_findings_are_not_where_they_belong_or_stay_when_their_cause_is_gone(top, tmp_path):
    gate = tmp_path / "gate"
    mine, user = (top / "a.txt").as_uri(), {}
    with Editor.ready(top) as editor:
        run_id = start(editor, red_then_green(tmp_path, gate))
        editor.event(run_id, lambda event: event["kind"] == "rework_started")
        [six] = shown(editor, mine, lambda found: len(found) == 1)
        assert (six["range"]["start"], six["range"]["end"]) == (at(5), {"line": 5, "character": 3})
        assert (six["severity"], six["source"], six["code"]) == (1, "sextet", "test")
        log = six["relatedInformation"][0]["location"]["uri"]
        assert "error: six" in document(log)
        page = editor.call("sextet/patch/open", runId=run_id, patchId="patch-1")["uri"]
        found = shown(editor, page, lambda found: len(found) == 2)
        text = document(page).split("\n")
        lines = {each["code"]: text[each["range"]["start"]["line"]] for each in found}
        assert lines == {"test": "+TWO", "review": "+NINE"}
        assert {each["code"]: each["severity"] for each in found} == {"test": 1, "review": 2}
        user = asked(editor, "codeAction", page, range=found[0]["range"], context={"diagnostics": []})
        gate.touch()
        completed(editor, run_id)
        assert shown(editor, mine, lambda found: found == []) == []
        assert shown(editor, page, lambda found: found == []) == []
    titles = [each["title"] for each in user]
    assert "Ask implement-1-1 to fix this" in titles
    assert "Open the conversation of implement-1-1" in titles


def test_a_finding_in_a_file_that_the_user_is_editing_is_shown_on_the_wrong_line(top, tmp_path):
    mine = (top / "a.txt").as_uri()
    with Editor.ready(top) as editor:
        opened(editor, mine, "new first line\n" + BASE)
        run_id = start(editor, red_then_green(tmp_path, tmp_path / "gate"))
        [six] = shown(editor, mine, lambda found: len(found) == 1)
        assert six["range"]["start"] == at(6)
        change = {"textDocument": {"uri": mine, "version": 2}, "contentChanges": [{"text": "all else\n"}]}
        editor.tell("textDocument/didChange", **change)
        assert shown(editor, mine, lambda found: found == []) == []
        editor.call("sextet/run/stop", runId=run_id)


def test_asking_to_fix_a_finding_does_not_reach_the_implementer(top, tmp_path):
    note = {"file": "one.txt", "line": 1, "severity": "minor", "message": "Say two.", "items": []}
    verdict = {"verdict": "approve", "summary": "s", "findings": [note]}
    with Editor.ready(top) as editor:
        cue = {"role": "reviewer", "epoch": 1, "answer": verdict}
        run_id = start(editor, play(tmp_path, cues=(cue,)))
        completed(editor, run_id)
        page = editor.call("sextet/patch/open", runId=run_id, patchId="patch-1")["uri"]
        [found] = shown(editor, page, lambda found: len(found) == 1)
        assert found["severity"] == 3
        actions = asked(editor, "codeAction", page, range=found["range"], context={"diagnostics": []})
        [fix] = [each["command"] for each in actions if each["title"].startswith("Ask implement-1-1")]
        editor.call("workspace/executeCommand", command=fix["command"], arguments=fix["arguments"])
        again = lambda event: event["kind"] == "task_claimed" and event["taskId"] == "implement-1-1"  # noqa: E731
        editor.event(run_id, lambda event: again(event) and event["epoch"] == 2)
        prompt = top / "codex-runs" / run_id / "attempts" / "implement-1-1" / "2" / "prompt.md"
        editor.event(run_id, lambda event: event["kind"] == "task_finished" and event["epoch"] == 2)
        assert "one.txt:1: Say two." in prompt.read_text()


def test_findings_stay_when_the_patch_was_taken_or_a_later_window_hears_nothing_of_it(top, tmp_path):
    note = {"file": "one.txt", "line": 1, "severity": "minor", "message": "Say two.", "items": []}
    cue = {
        "role": "reviewer",
        "epoch": 1,
        "answer": {"verdict": "approve", "summary": "s", "findings": [note]},
    }
    with Editor.ready(top) as editor:
        run_id = start(editor, play(tmp_path, cues=(cue,)))
        completed(editor, run_id)
        assert editor.goodbye() == 0
    with Editor.ready(top) as editor:
        assert editor.heard("sextet/resync")["runId"] == run_id
        page = editor.call("sextet/patch/open", runId=run_id, patchId="patch-1")["uri"]
        [found] = shown(editor, page, lambda found: len(found) == 1)
        assert found["message"] == "Say two."
        opened(editor, page)
        asked(editor, "hover", page, position=at(0))
        told = [each for each in editor.told("textDocument/publishDiagnostics") if each["uri"] == page]
        assert [each["diagnostics"] for each in told] == [[found], [found]], "Eglot forgets what is not open"
        editor.call("sextet/patch/apply", runId=run_id, patchId="patch-1")
        assert shown(editor, page, lambda found: found == []) == []


def test_positions_are_counted_in_an_encoding_that_only_one_side_knows(top):
    with Editor.start(top) as editor:
        general = {"positionEncodings": ["utf-8", "utf-16"]}
        told = editor.hello(top, capabilities={"general": general})
        assert told["capabilities"]["positionEncoding"] == "utf-16"


# The patch ----------------------------------------------------------------------------------------
TWO_ITEMS = {
    "top": {"actions": [write("a.txt", BASE.replace("two", "TWO"))], "files": ["a.txt"]},
    "new": {"actions": [write("b.txt", "b\n")]},
}


@pytest.fixture
def ready(top, tmp_path):
    """An editor with a complete run, and its patch open."""
    with Editor.ready(top) as editor:
        run_id = start(editor, play(tmp_path, items=TWO_ITEMS))
        completed(editor, run_id)
        page = editor.call("sextet/patch/open", runId=run_id, patchId="patch-1")["uri"]
        yield editor, run_id, page, opened(editor, page)
        assert editor.goodbye() == 0
        assert editor.problems == []
        assert b"sextet:" not in editor.errors


def commands(lenses: list[Any], line: int) -> dict[str, Any]:
    return {
        each["command"]["title"]: each["command"] for each in lenses if each["range"]["start"]["line"] == line
    }


def do(editor: Editor, command: Any) -> Any:
    return editor.call("workspace/executeCommand", command=command["command"], arguments=command["arguments"])


def test_a_hunk_cannot_be_accepted_rejected_or_applied_by_its_lenses(ready, top):
    editor, _, page, text = ready
    head = line_of(text, "+1,5 @@ hunk")
    offered = commands(asked(editor, "codeLens", page), head)
    assert list(offered) == ["implement-1-1 · Do top · R1", "Accept", "Reject", "Apply this hunk"]
    starts = [each["range"]["start"] for each in asked(editor, "codeLens", page)]
    columns = [each["character"] for each in starts if each["line"] == head]
    assert columns == [0, 1, 2, 3], "an editor that sorts them loses their order"
    do(editor, offered["Accept"])
    offered = commands(asked(editor, "codeLens", page), head)
    [undo] = [title for title in offered if title.startswith("Accepted by ")]
    whole = commands(asked(editor, "codeLens", page), 0)
    assert list(whole) == ["Apply patch-1", "Apply the accepted hunk"]
    do(editor, offered[undo])
    assert list(commands(asked(editor, "codeLens", page), 0)) == ["Apply patch-1"]
    applied = do(editor, offered["Apply this hunk"])["applied"]
    assert (applied["kind"], applied["files"]) == ("partial", ["a.txt"])
    assert (top / "a.txt").read_text() == BASE.replace("two", "TWO")
    assert not (top / "b.txt").exists()
    assert list(commands(asked(editor, "codeLens", page), head))[1:] == ["Applied"]
    whole = commands(asked(editor, "codeLens", page), 0)
    assert list(whole) == ["Apply patch-1", "Test what I kept", "Take back what is applied"]
    do(editor, whole["Apply patch-1"])
    assert (top / "b.txt").exists()
    [back] = commands(asked(editor, "codeLens", page), 0).values()
    assert back["title"] == "Take patch-1 back"


def test_an_old_document_offers_a_hunk_that_is_not_in_the_patch_any_more(ready):
    editor, _, page, text = ready
    other = page.replace("patch-1.diff", "patch-2.diff")
    assert asked(editor, "codeLens", other) == []
    assert asked(editor, "codeLens", "file:///etc/passwd") == []
    assert asked(editor, "codeLens", "untitled:x") == []
    stale = text.replace("+1,5 @@ hunk ", "+1,5 @@ hunk 0").replace("\n+TWO", "\n+THREE")
    stale = "\n".join(
        line[:-1] if line.startswith("@@") and "hunk 0" in line else line for line in stale.split("\n")
    )
    change = {"textDocument": {"uri": page, "version": 2}, "contentChanges": [{"text": stale}]}
    editor.tell("textDocument/didChange", **change)
    offered = asked(editor, "codeLens", page)
    lines = {each["range"]["start"]["line"] for each in offered}
    assert lines == {0, line_of(stale, "+1,1 @@ hunk")}


def test_hover_does_not_tell_who_wrote_a_hunk_in_the_patch_and_in_the_file(ready, top):
    editor, run_id, page, text = ready
    told = asked(editor, "hover", page, position=at(line_of(text, "+TWO")))["contents"]
    assert told["kind"] == "plaintext"
    first, second, third, *_ = told["value"].split("\n")
    assert first == "implement-1-1: Do top"
    assert second.startswith("  by implementer-")
    assert third == "R1: t"
    assert asked(editor, "hover", page, position=at(0)) is None
    mine = (top / "a.txt").as_uri()
    opened(editor, mine, BASE)
    assert asked(editor, "hover", mine, position=at(1)) is None
    editor.call("sextet/patch/apply", runId=run_id, patchId="patch-1")
    change = {"textDocument": {"uri": mine, "version": 2}}
    text = "mine\n" + (top / "a.txt").read_text()
    editor.tell("textDocument/didChange", **change, contentChanges=[{"text": text}])
    assert asked(editor, "hover", mine, position=at(2))["contents"]["value"].startswith("implement-1-1: ")
    assert asked(editor, "hover", mine, position=at(0)) is None
    assert asked(editor, "hover", mine, position=at(3)) is None


def test_links_of_a_conversation_lead_nowhere_or_are_made_of_what_others_said(ready, top):
    editor, run_id, _, _ = ready
    said = {"runId": run_id, "taskId": "implement-1-1", "text": "see `a.txt`"}
    editor.call("sextet/task/comment", **said)
    page = editor.call("sextet/task/open", runId=run_id, taskId="implement-1-1")["uri"]
    text = opened(editor, page)
    found = asked(editor, "documentLink", page)
    targets = {text.split("\n")[each["range"]["start"]["line"]]: each["target"] for each in found}
    folder = top / "codex-runs" / run_id / "attempts" / "implement-1-1" / "1"
    assert targets["- `a.txt`"] == (top / "a.txt").as_uri()
    assert folder.as_uri() in targets.values()
    assert "> see `a.txt`" not in targets
    assert all(Path(unquote(urlsplit(each).path)).exists() for each in targets.values())


@pytest.mark.parametrize(
    ("method", "params", "path"),
    [
        ("hover", {"textDocument": {"uri": 1}, "position": at(0)}, "textDocument.uri"),
        ("hover", {}, "textDocument.uri"),
        ("hover", {"textDocument": {"uri": "file:///x"}, "position": {"line": True}}, "position"),
        ("hover", {"textDocument": {"uri": "file:///x"}}, "position"),
        ("codeAction", {"textDocument": {"uri": "file:///x"}, "range": {"start": at(0)}}, "range.end"),
        ("codeAction", {"textDocument": {"uri": "file:///x"}, "range": []}, "range.start"),
        ("codeLens", {"textDocument": []}, "textDocument.uri"),
    ],
)
def test_params_of_the_protocol_that_do_not_fit_are_not_refused_with_their_place(top, method, params, path):
    with Editor.ready(top) as editor:
        error = editor.refused(f"textDocument/{method}", **params)
        assert (error["code"], error["data"]["facts"]["path"]) == (-32602, path)
        assert editor.goodbye() == 0
