"""The verbs for what is kept and what there is to work with, in a supervisor and through an editor."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from sextet.errors import BusyError, NotFoundError, StoreError
from sextet.model import events as ev
from sextet.model.names import RunState
from sextet.service.dispatch import Dispatcher
from sextet.service.methods import METHODS
from sextet.service.orchestrator import Orchestrator
from sextet.service.place import Place
from sextet.store.layout import RunFolder
from sextet.store.state import State
from sextet.store.trust import Trust
from support import fake_codex, repos
from support.lsp import Editor
from support.runs import Shop, scenario, shop, wait, write


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return repos.make(tmp_path / "repo", {"a.txt": "a\n"})


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    """A scenario that needs no time."""
    file = tmp_path / "quick.json"
    file.write_text(json.dumps(scenario()))
    return file


@pytest.fixture
def long(tmp_path: Path) -> Path:
    """A scenario whose one implementer writes half of it and is then at work until somebody ends it."""
    file = tmp_path / "long.json"
    file.write_text(json.dumps(scenario({"one": {"actions": [write("half.txt", "half\n"), wait(600)]}})))
    return file


def keep_one(home: Path) -> None:
    config = home / ".config" / "sextet"
    config.mkdir(parents=True, exist_ok=True)
    (config / "settings.json").write_text('{"sextet.runs.keep": 1}')


async def two(it: Shop, file: Path) -> list[str]:
    """Two complete runs, as they are listed from the end: the first one goes first."""
    found = [await it.start(file) for _ in range(2)]
    for run_id in found:
        await it.orchestrator.wait(run_id)
    return sorted(found)


def start(editor: Editor, file: Path, until: str = "completed") -> str:
    params = {"goal": "a goal", "executor": "rehearsal", "scenario": str(file)}
    run_id = editor.call("sextet/run/start", **params)["runId"]
    editor.event(run_id, lambda event: until in {event.get("state"), event.get("taskId")})
    return run_id


# Who may do what ----------------------------------------------------------------------------------
async def test_something_is_changed_without_the_lock(top: Path, quick: Path) -> None:
    async with shop(top) as it:
        run_id = await it.start(quick, autoStart=False)
    dispatcher = Dispatcher(Orchestrator(await Place.open(top)))
    for method in ("run/stop", "run/resume", "run/followUp", "clean", "models/list"):
        params = {"text": "more"} if method == "run/followUp" else {}
        named = {"runId": run_id} if method.startswith("run/") else {}
        with pytest.raises(BusyError, match=method):
            await dispatcher.call(method, params | named)
    assert (await dispatcher.call("run/snapshot", {"runId": run_id})).state is RunState.QUEUED


def test_a_folder_that_is_not_trusted_cannot_be_looked_at_or_is_changed(
    top: Path, home: Path, quick: Path
) -> None:
    fake = fake_codex.make(home / "codex")
    fake_codex.choose(home, fake)
    with Editor.ready(top, trusted=False) as editor:
        for method in ("clean", "models/list"):
            error = editor.refused(f"sextet/{method}")
            assert (error["code"], error["data"]["kind"]) == (-32050, "trust")
        assert fake.starts == 0
        for method in ("roles/get", "recover/list", "doctor"):
            assert METHODS[method].reads
            assert editor.call(f"sextet/{method}")
        assert editor.goodbye() == 0
    assert not (top / "codex-runs").exists()


# Roles --------------------------------------------------------------------------------------------
def test_a_window_is_not_told_how_the_roles_work_and_why(top: Path, quick: Path) -> None:
    settings = {"sextet.roles.reviewer.effort": "high", "sextet.roles.analyst.workers": 99}
    repos.write(top, {".vscode/settings.json": json.dumps(settings)})
    with Editor.ready(top) as editor:
        found = editor.call("sextet/roles/get")
        assert found["roles"]["reviewer"]["effort"] == "high"
        assert found["sources"] == {"roles.reviewer.effort": "repository"}
        assert [problem["key"] for problem in found["problems"]] == ["sextet.roles.analyst.workers"]
        run_id = start(editor, quick)
        chosen = found["roles"]["reviewer"] | {"effort": "low", "models": ["gpt-small"]}
        editor.call("sextet/roles/set", runId=run_id, roles={"reviewer": chosen})
        of_run = editor.call("sextet/roles/get", runId=run_id)
        assert of_run["roles"]["reviewer"] == chosen
        assert of_run["sources"]["roles.reviewer.effort"] == "run"
        assert of_run["sources"]["roles.reviewer.models"] == "run"
        assert editor.call("sextet/roles/get") == found, "an override has got out of its run"
        error = editor.refused("sextet/roles/get", runId="20200101-000000-none-0000")
        assert error["data"]["kind"] == "notFound"


# What attempts left behind ------------------------------------------------------------------------
def test_a_window_cannot_read_what_an_attempt_left_behind(top: Path, quick: Path) -> None:
    with Editor.ready(top) as editor:
        run_id = start(editor, quick)
        which = {"runId": run_id, "taskId": "implement-1-1"}
        editor.call("sextet/task/comment", **which, text="Look at a.txt")
        listed = editor.call("sextet/artifact/read", **which)
        folder = RunFolder(top / "codex-runs" / run_id).attempt("implement-1-1", 1)
        assert listed["epoch"] == 1
        sizes = {each["name"]: each["size"] for each in listed["names"]}
        assert "conversation.md" in sizes
        assert {path.name: path.stat().st_size for path in folder.iterdir()} == {
            name: size for name, size in sizes.items() if name != "conversation.md"
        }
        page = editor.call("sextet/artifact/read", **which, name="prompt.md", limit=64)
        assert 0 < page["next"] <= 64 < page["size"]
        rest = editor.call("sextet/artifact/read", **which, name="prompt.md", offset=page["next"])
        assert page["text"] + rest["text"] == (folder / "prompt.md").read_text()
        assert rest["next"] == rest["size"] == sizes["prompt.md"]
        talk = editor.call("sextet/artifact/read", **which, name="conversation.md")
        assert "> Look at a.txt" in talk["text"]


@pytest.mark.parametrize(
    ("params", "refusal"),
    [
        ({"name": "../../../run.json"}, (-32050, "unsafePath")),
        ({"name": "/etc/passwd"}, (-32050, "unsafePath")),
        ({"name": "."}, (-32050, "unsafePath")),
        ({"name": "nothing.md"}, (-32602, "notFound")),
        ({"taskId": "implement-9-9"}, (-32602, "notFound")),
        ({"taskId": "../tasks"}, (-32602, "usage")),
        ({"epoch": 7, "name": "prompt.md"}, (-32602, "notFound")),
        ({"epoch": 0}, (-32602, "usage")),
        ({"limit": (1 << 20) + 1}, (-32602, "usage")),
        ({"offset": -1}, (-32602, "usage")),
        ({"offset": 1 << 62}, (-32602, "usage")),
    ],
)
def test_a_hostile_wish_for_an_artifact_is_not_refused(top: Path, quick: Path, params, refusal) -> None:
    with Editor.ready(top) as editor:
        run_id = start(editor, quick, until="analysis-1-1")
        error = editor.refused(
            "sextet/artifact/read", **{"runId": run_id, "taskId": "analysis-1-1", **params}
        )
        assert (error["code"], error["data"]["kind"]) == refusal


# Recover ------------------------------------------------------------------------------------------
def test_a_window_is_not_told_what_a_crash_left(top: Path, long: Path) -> None:
    with Editor.ready(top) as editor:
        run_id = start(editor, long, until="implement-1-1")
        assert editor.call("sextet/recover/list")["runs"] == [], "it is at work"
        editor.process.kill()
        editor.wait()
    state = State.of(top)
    home = state.applies / "apply-00000001"
    home.mkdir()
    (home / "journal.json").write_text("{")
    with Editor.ready(top, trusted=False) as editor:
        found = editor.call("sextet/recover/list")
        assert [run["id"] for run in found["runs"]] == [run_id]
        assert "damaged" in found["applies"][0]
        assert found["mirror"] == str(state.mirror)
    assert RunFolder(top / "codex-runs" / run_id).journal.read_bytes().count(b"interrupted") == 0


async def test_work_that_was_captured_is_not_listed(top: Path, long: Path) -> None:
    async with shop(top) as it:
        run_id = await it.start(long)
        state = it.orchestrator.place.state
        half = state.worktrees / run_id / "implement-1-1-1" / "work" / "half.txt"
        while not half.exists():  # noqa: ASYNC110 -- the disk tells it
            await asyncio.sleep(0.02)
        await it.orchestrator.interrupt(run_id, "enough")
        found = await it.call("recover/list")
    assert [run.id for run in found.runs] == [run_id]
    (left,) = found.salvaged
    assert (left.run_id, left.task_id, left.epoch) == (run_id, "implement-1-1", 1)
    assert "+half" in repos.git(state.mirror, "show", left.commit)


# Clean --------------------------------------------------------------------------------------------
def test_a_window_removes_what_it_only_looks_at_or_the_other_way_round(
    top: Path, home: Path, quick: Path, long: Path
) -> None:
    keep_one(home)
    with Editor.ready(top) as editor:
        old, new = sorted(start(editor, quick) for _ in range(2))
        seen = editor.call("sextet/clean")
        assert not seen["removed"]
        (waste,) = seen["found"]
        assert (waste["path"], old in waste["what"]) == (str(top / "codex-runs" / old), True)
        assert waste["bytes"] > 0
        assert (top / "codex-runs" / old / "events.jsonl").exists()
        live = start(editor, long, until="implement-1-1")
        for dry in (True, False):
            error = editor.refused("sextet/clean", dryRun=dry)
            assert error["data"]["kind"] == "busy"
            assert live in error["message"]
        editor.call("sextet/run/stop", runId=live)
        done = editor.call("sextet/clean", dryRun=False, by="Ada")
        assert (done["removed"], done["kept"]) == (True, [])
        *gone, kept = sorted((old, new, live))
        assert [run["id"] for run in editor.call("sextet/run/list")["runs"]] == [kept]
        for run_id in gone:
            assert not (top / "codex-runs" / run_id).exists()
            assert editor.refused("sextet/run/snapshot", runId=run_id)["data"]["kind"] == "notFound"


async def test_a_run_that_was_removed_is_still_open(top: Path, home: Path, quick: Path) -> None:
    keep_one(home)
    async with shop(top) as it:
        old, new = await two(it, quick)
        session = (await it.orchestrator.open(old)).session
        assert (await it.call("clean", dryRun=False)).removed
        with pytest.raises(StoreError, match="closed"):
            await session.record(ev.Noted(text="still there"))
        with pytest.raises(NotFoundError, match="no run"):
            await it.call("run/followUp", runId=old, text="more")
        assert it.view(new).state is RunState.COMPLETED


async def test_what_cannot_be_removed_counts_as_removed(
    top: Path, home: Path, quick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_one(home)
    async with shop(top) as it:
        old, _ = await two(it, quick)

        def refuse(*_: object) -> None:
            raise PermissionError("not yours")

        monkeypatch.setattr("sextet.store.runs.remove", refuse)
        found = await it.call("clean", dryRun=False)
        assert found.found == ()
        assert f"run {old}" in found.kept[0]
        assert "not yours" in found.kept[0]


async def test_looking_for_waste_makes_a_mirror(top: Path) -> None:
    async with shop(top) as it:
        assert (await it.call("clean")).found == ()
        assert not it.orchestrator.place.state.mirror.exists()


# Models and the machine ---------------------------------------------------------------------------
def test_a_window_is_not_told_which_models_there_are_or_why_not(top: Path, home: Path) -> None:
    fake = fake_codex.make(home / "codex")
    fake_codex.choose(home, fake)
    with Editor.ready(top) as editor:
        (large, small) = editor.call("sextet/models/list")["models"]
        assert large == {"name": "gpt-large", "efforts": ["low", "high"], "default": True}
        assert small["name"] == "gpt-small"
        assert not small["default"]
        fake.path.unlink()
        fake_codex.choose(home, fake_codex.Fake(home / "none"))
        error = editor.refused("sextet/models/list")
        assert error["data"]["kind"] == "codex"
        assert error["data"]["nextStep"]
        assert editor.goodbye() == 0


def test_what_an_editor_says_is_passed_over_or_started_before_it_is_trusted(top: Path, home: Path) -> None:
    own, said = fake_codex.make(home / "own"), fake_codex.make(home / "said")
    fake_codex.choose(home, own)
    section = {"codex": {"path": str(said.path)}, "roles": {"reviewer": {"effort": "low"}}}
    hears = {
        "workspace/configuration": lambda _: [section],
        "client/registerCapability": lambda _: None,
    }
    can = {"workspace": {"configuration": True}}

    def codex_of(found):
        checks = {check["name"]: check for check in found["checks"]}
        return checks["codex"]["what"], "trust" in checks

    with Editor.ready(top, handlers=hears, capabilities=can) as editor:
        roles = editor.call("sextet/roles/get")
        assert roles["sources"] == {"roles.reviewer.effort": "editor"}
        what, doubtful = codex_of(editor.call("sextet/doctor"))
        assert (str(own.path) in what, doubtful, said.starts) == (True, True, 0)
        assert editor.refused("sextet/models/list")["data"]["kind"] == "trust"
        Trust(State.of(top)).trust("codex.path", str(said.path), "Ada")
        what, doubtful = codex_of(editor.call("sextet/doctor"))
        assert (str(said.path) in what, doubtful) == (True, False)
        assert len(editor.call("sextet/models/list")["models"]) == 2
        assert editor.goodbye() == 0


def test_a_window_is_not_told_what_the_machine_lacks(top: Path, home: Path) -> None:
    fake_codex.choose(home, fake_codex.Fake(home / "none"))
    repos.write(top, {".vscode/settings.json": '{"sextet.maxAgents": "many"}'})
    with Editor.ready(top) as editor:
        found = editor.call("sextet/doctor")
        checks = {check["name"]: check for check in found["checks"]}
        assert checks["repository"]["ok"]
        assert checks["codex"]["ok"] is False
        assert "sextet.codex.path" in checks["codex"]["nextStep"]
        assert [problem["key"] for problem in found["problems"]] == ["sextet.maxAgents"]
