"""Applying and taking back with the real server while files are open in an editor that may also misbehave."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sextet.store.layout import RunFolder
from support import repos
from support.lsp import Editor
from support.runs import check_journal, scenario, shell, wait, write
from support.windows import Window

LINES = [f"line {number}" for number in range(1, 41)]


def text(**changed: str) -> str:
    """Forty lines, some of them others."""
    return "".join(f"{changed.get(f'l{number}', line)}\n" for number, line in enumerate(LINES, 1))


FILES = {"a.txt": text(), "b.txt": "b\n", "c.txt": "c\n"}
PATCH = {"a.txt": text(l2="two 🦊", l38="last"), "b.txt": "B\n", "c.txt": "C\n", "made/d.txt": "d\n"}
ITEMS = {
    "one": {"actions": [write("a.txt", PATCH["a.txt"])], "files": ["a.txt"]},
    "two": {"actions": [write(name, PATCH[name]) for name in ("b.txt", "c.txt", "made/d.txt")]},
}


def disk(top: Path) -> dict[str, str]:
    """The files of the work tree, what Sextet keeps there left out."""
    return {
        name: data.decode() for name, data in repos.read(top).items() if not name.startswith("codex-runs/")
    }


class Scene:
    """A complete run, and a window in which it is applied."""

    def __init__(self, top: Path, run_id: str) -> None:
        self.top, self.run_id = top, run_id
        self.window = Window(top)
        self.one = {"runId": run_id, "patchId": "patch-1"}

    def start(self, **options) -> Editor:
        return self.window.start(**options)

    def apply(self, **more):
        return self.window.editor.call("sextet/patch/apply", **self.one, **more)["applied"]

    def refused(self, method: str = "apply", **more):
        return self.window.editor.refused(f"sextet/patch/{method}", **self.one, **more)

    def revert(self):
        return self.window.editor.call("sextet/patch/revert", **self.one)

    def work(self) -> None:
        """Let this window be the supervisor until it is closed."""
        file = self.top.parent / "long.json"
        file.write_text(json.dumps(scenario(analyst=[wait(600)])))
        said = {"goal": "another goal", "executor": "rehearsal", "scenario": str(file)}
        self.window.editor.call("sextet/run/start", **said)

    def patch(self):
        [found] = self.window.editor.call("sextet/patch/list", runId=self.run_id)["patches"]
        return found


@pytest.fixture
def scene(tmp_path) -> Scene:
    top = repos.make(tmp_path / "repo", FILES)
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(scenario(ITEMS)))
    with Editor.ready(top) as editor:
        said = {"goal": "a goal", "executor": "rehearsal", "scenario": str(file)}
        run_id = editor.call("sextet/run/start", **said)["runId"]
        editor.event(run_id, lambda event: event.get("state") == "completed")
        assert editor.goodbye() == 0
    return Scene(top, run_id)


# Taken --------------------------------------------------------------------------------------------
def test_unsaved_work_is_lost_or_kept_out_of_the_result(scene):
    with scene.start() as editor:
        scene.window.open("a.txt")
        scene.window.type("a.txt", text(l20="mine, not saved"))
        scene.window.open("b.txt")
        assert "would merge" in scene.refused()["message"]
        applied = scene.apply(merge=True)
        assert scene.window.text("a.txt") == text(l2="two 🦊", l20="mine, not saved", l38="last")
        assert scene.window.text("b.txt") == "B\n"
        assert disk(scene.top) == FILES | {"c.txt": "C\n", "made/d.txt": "d\n"}
        assert (applied["kind"], applied["unsaved"]) == ("merged", ["a.txt", "b.txt"])
        assert scene.patch()["applied"][0]["unsaved"] == ["a.txt", "b.txt"]
        assert "save them: a.txt, b.txt" in editor.heard("window/showMessage")["message"]
        [asked] = scene.window.asked
        labels = {each["label"] for each in asked["edit"]["changeAnnotations"].values()}
        assert labels == {"Do one", "Do two"}
        assert not any("needsConfirmation" in each for each in asked["edit"]["changeAnnotations"].values())
        versions = [each["textDocument"]["version"] for each in asked["edit"]["documentChanges"]]
        assert versions == [2, 1]
        assert editor.goodbye() == 0
    check_journal(RunFolder(scene.top / "codex-runs" / scene.run_id))


def test_an_editor_without_versions_or_edits_cannot_apply(scene):
    with scene.start(can={"workspace": {"applyEdit": True}}):
        scene.window.open("a.txt")
        scene.apply()
        [asked] = scene.window.asked
        assert list(asked["edit"]) == ["changes"]
        assert scene.window.text("a.txt") == PATCH["a.txt"]
    with scene.start(can={}):
        scene.window.open("a.txt")
        scene.revert()
        assert len(scene.window.asked) == 1
        assert disk(scene.top) == FILES


def test_taking_back_does_not_go_through_the_editor(scene):
    with scene.start():
        scene.window.open("a.txt")
        scene.apply()
        scene.window.type("a.txt", text(l2="two 🦊", l20="mine", l38="last"))
        found = scene.revert()
        assert scene.window.text("a.txt") == text(l20="mine")
        assert disk(scene.top) == FILES
        assert (found["merged"], found["unsaved"]) == (["a.txt"], ["a.txt"])
        assert scene.patch()["state"] == "reverted"


def test_our_extension_does_not_save_or_what_saving_changed_is_not_told(scene):
    scene.window.formatter = lambda text: text.replace("last", "last, formatted")
    with scene.start(client="sextet-vscode"):
        for name in ("a.txt", "b.txt"):
            scene.window.open(name)
        applied = scene.apply()
        assert (applied["kind"], applied["altered"], applied["unsaved"]) == ("exact", ["a.txt"], [])
        assert disk(scene.top) == PATCH | {"a.txt": text(l2="two 🦊", l38="last, formatted")}
        assert scene.patch()["applied"][0]["altered"] == ["a.txt"]


def test_an_extension_that_does_not_save_is_believed(scene):
    scene.window.saves = False
    with scene.start(client="sextet-vscode"):
        scene.window.open("a.txt")
        assert scene.apply()["unsaved"] == ["a.txt"]


def test_a_test_or_a_follow_up_overlooks_what_is_applied_and_not_saved(scene):
    with scene.start() as editor:
        scene.window.open("a.txt")
        scene.apply()
        more = {"runId": scene.run_id, "text": "More."}
        for error in (scene.refused("retest"), editor.refused("sextet/run/followUp", **more)):
            assert "a.txt is not on the disk yet" in error["message"]
        scene.window.save("a.txt")
        assert editor.call("sextet/patch/retest", **scene.one)["outcome"]


# Not taken ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("manner", "why"),
    [
        ("refuse", "somebody is typing"),
        ("lie", "says that it has changed"),
        ("half", "says that it has changed"),
    ],
)
def test_an_editor_that_refuses_or_lies_leaves_a_half_or_no_reason(scene, manner, why):
    scene.window.manners = [manner]
    with scene.start() as editor:
        for name in ("a.txt", "b.txt"):
            scene.window.open(name)
        assert why in scene.refused()["message"]
        assert (scene.window.text("a.txt"), scene.window.text("b.txt")) == (FILES["a.txt"], FILES["b.txt"])
        assert disk(scene.top) == FILES
        assert scene.patch()["state"] == "proposed"
        noted = editor.event(scene.run_id, lambda event: event["kind"] == "noted")["event"]["event"]
        assert "patch-1 was not applied" in noted["text"]
        assert why in noted["text"]
        assert scene.apply()["kind"] == "exact"


def test_an_editor_that_never_answers_is_waited_for_without_end(scene):
    scene.window.manners = ["silent"]
    with scene.start():
        scene.window.open("a.txt")
        assert "did not answer within 5 seconds" in scene.refused()["message"]
        assert disk(scene.top) == FILES
        scene.window.close("a.txt")
        scene.apply()
        assert disk(scene.top) == PATCH


def test_typing_while_the_patch_is_applied_is_written_over(scene):
    scene.window.before = lambda: scene.window.type("a.txt", text(l2="typed"))
    with scene.start():
        scene.window.open("a.txt")
        assert "did not take" in scene.refused()["message"]
        assert scene.window.text("a.txt") == text(l2="typed")
        assert disk(scene.top) == FILES


def test_a_file_on_the_disk_that_cannot_be_written_leaves_the_editors_part_behind(scene):
    (scene.top / "made").write_text("in the way")
    with scene.start():
        scene.window.open("a.txt")
        assert "made/d.txt cannot be written" in scene.refused()["message"]
        assert scene.window.asked == []
    (scene.top / "made").unlink()
    assert disk(scene.top) == FILES


@pytest.mark.parametrize("name", ["a.txt", "b.txt"])
def test_a_deletion_takes_unsaved_work_with_it(tmp_path, name):
    top = repos.make(tmp_path / "repo", FILES)
    file = tmp_path / "scenario.json"
    items = {"one": {"actions": [shell("git mv a.txt moved.txt || mv a.txt moved.txt; rm b.txt")]}}
    settings = {"roles": {"implementer": {"sandbox": "workspace-write"}}}
    file.write_text(json.dumps(scenario(items, settings=settings)))
    window = Window(top)
    with window.start() as editor:
        said = {"goal": "a goal", "executor": "rehearsal", "scenario": str(file)}
        run_id = editor.call("sextet/run/start", **said)["runId"]
        editor.event(run_id, lambda event: event.get("state") == "completed")
        window.open(name)
        window.type(name, "mine\n")
        asked = {"runId": run_id, "patchId": "patch-1", "merge": True}
        error = editor.refused("sextet/patch/apply", **asked)
        assert name in error["message"]
        assert "Save or close" in error["data"]["nextStep"]
        assert disk(top) == FILES
        window.close(name)
        editor.call("sextet/patch/apply", **asked)
        assert disk(top) == {"c.txt": "c\n", "moved.txt": FILES["a.txt"]}


# Killed -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("reopened", [True, False])
def test_a_kill_between_the_editors_answer_and_the_record_leaves_a_half(scene, reopened):
    scene.window.after = lambda: scene.window.editor.process.send_signal(signal.SIGKILL)
    with scene.start() as editor:
        scene.window.open("a.txt")
        editor.ask("sextet/patch/apply", **scene.one)
        editor.wait()
    assert disk(scene.top) == FILES | {name: PATCH[name] for name in ("b.txt", "c.txt", "made/d.txt")}
    held, scene.window.after = scene.window.text("a.txt"), lambda: None
    assert held == PATCH["a.txt"]
    with scene.start() as editor:
        if reopened:
            scene.window.open("a.txt", held)
        comment = {"runId": scene.run_id, "taskId": "review-1", "text": "Hello."}
        editor.call("sextet/task/comment", **comment)
        assert disk(scene.top) == (PATCH | {"a.txt": FILES["a.txt"]} if reopened else FILES)
        applied = scene.apply()
        assert applied["unsaved"] == (["a.txt"] if reopened else [])
        assert len(scene.window.asked) == 1
        assert [each["id"] for each in scene.patch()["applied"]] == [applied["id"]]
        if reopened:
            scene.window.save("a.txt")
        assert disk(scene.top) == PATCH


# Other doors --------------------------------------------------------------------------------------
def test_a_second_window_writes_over_what_it_has_not_saved(scene):
    with scene.start():
        scene.window.open("a.txt")
        scene.work()
        second = Window(scene.top)
        with second.start() as other:
            second.open("b.txt")
            second.type("b.txt", "mine\n")
            second.open("c.txt")
            for verb in ("apply", "revert"):
                error = other.refused(f"sextet/patch/{verb}", **scene.one)
                assert "Another window works on this folder, and b.txt has changes" in error["message"]
            assert disk(scene.top) == FILES
            second.close("b.txt")
            applied = other.call("sextet/patch/apply", **scene.one)["applied"]
            assert (applied["unsaved"], second.asked) == (["a.txt"], [])
            assert scene.window.text("a.txt") == PATCH["a.txt"]
            assert disk(scene.top) == PATCH | {"a.txt": FILES["a.txt"]}


def test_a_terminal_writes_over_what_the_editor_has_not_saved(scene):
    with scene.start():
        scene.window.open("a.txt")
        scene.window.type("a.txt", text(l20="mine"))
        scene.work()
        command = ["-m", "sextet", "patch", "apply", "--merge", "patch-1", scene.run_id]
        done = subprocess.run(
            [sys.executable, *command], cwd=scene.top, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert scene.window.text("a.txt") == text(l2="two 🦊", l20="mine", l38="last")
        assert "a.txt waits in the editor" in done.stdout


def test_a_cancelled_apply_is_cut_in_two(scene):
    with scene.start() as editor:
        scene.window.open("a.txt")
        scene.window.before = lambda: editor.tell("$/cancelRequest", id=asked)
        asked = editor.last_id + 1
        applied = scene.apply()
        assert applied["kind"] == "exact"
        assert scene.window.text("a.txt") == PATCH["a.txt"]
