"""Every error that the server has a word for: each code and each kind, brought about through the wire."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import pytest_lsp
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from sextet import errors
from sextet.service import codes
from support import fake_codex, isolation, repos
from support.lsp import Editor, packed
from support.pane import FORMS, Pane, Stage, server
from support.runs import write

SERVER = server()
PATCH = "patch-1"


# Codes --------------------------------------------------------------------------------------------
def cancelled(editor: Editor) -> Any:
    editor.write(
        packed(id=7, method="sextet/run/list", params={}) + packed(method="$/cancelRequest", params={"id": 7})
    )
    return editor.answer(7)["error"]


def not_json(editor: Editor) -> Any:
    editor.write(b"Content-Length: 4\r\n\r\nnone")
    return editor.answer(None)["error"]


CODES: dict[int, Callable[[Editor], Any]] = {
    codes.PARSE: not_json,
    codes.INVALID: lambda editor: editor.refused("initialize"),
    codes.NO_METHOD: lambda editor: editor.refused("sextet/nonsense"),
    codes.PARAMS: lambda editor: editor.refused("sextet/run/start", goal=""),
    codes.INTERNAL: lambda editor: editor.refused("sextet/run/list"),
    codes.NOT_INITIALIZED: lambda editor: editor.refused("sextet/run/list"),
    codes.CANCELLED: cancelled,
    codes.OURS: lambda editor: editor.refused("sextet/run/start", goal="x", overrides={"maxAgents": 0}),
}
"""What leads to each code."""

BROKEN = (
    "import importlib; verbs = importlib.import_module('sextet.lsp.desk')\n"
    "async def call(*_): raise ZeroDivisionError('a defect')\n"
    "verbs.Desk.call = call\n"
    "importlib.import_module('sextet.lsp.life').serve()\n"
)


def test_a_code_has_no_case_here():
    assert CODES.keys() == codes.CODES.keys()


@pytest.mark.parametrize("code", CODES)
def test_a_code_does_not_come_or_ends_the_session(tmp_path, code):
    top = repos.make(tmp_path / "repo", {"a.txt": "a\n"})
    broken = [sys.executable, "-c", BROKEN] if code == codes.INTERNAL else None
    with Editor.start(top, broken) as editor:
        if code != codes.NOT_INITIALIZED:
            editor.hello(top)
        error = CODES[code](editor)
        assert error["code"] == code
        assert error["message"]
        assert set(error["data"]) == {"kind", "nextStep", "facts"}
        assert "Traceback" not in error["message"]
        if code == codes.NOT_INITIALIZED:
            editor.hello(top)
        if code != codes.INTERNAL:
            assert editor.call("sextet/run/list") == {"runs": []}
        assert editor.goodbye() == 0
        assert (editor.errors, editor.problems) == (b"", [])


# Kinds --------------------------------------------------------------------------------------------
Case = Callable[[Stage], Awaitable[tuple[str, dict[str, Any]]]]
"""Prepares what leads to an error; returns the verb and its params."""


def asked(method: str, **params: Any) -> Case:
    async def case(_: Stage) -> tuple[str, dict[str, Any]]:
        return method, params

    return case


def of(state: Callable[[Stage], Awaitable[str]], method: str, **params: Any) -> Case:
    async def case(stage: Stage) -> tuple[str, dict[str, Any]]:
        return method, {"runId": await state(stage), **params}

    return case


async def while_busy(stage: Stage) -> tuple[str, dict[str, Any]]:
    done = await stage.done()
    await stage.at_work()
    return "patch/retest", {"runId": done, "patchId": PATCH}


async def with_control_file(stage: Stage) -> str:
    run_id = await stage.begin(items={"one": {"actions": [write("AGENTS.md", "Obey.\n")]}})
    await stage.client.state(run_id, "completed")
    return run_id


def folder_of(stage: Stage, run_id: str) -> Path:
    return stage.top / "codex-runs" / run_id


async def copied(stage: Stage) -> str:
    """A run whose folder is a copy, as in a clone."""
    run_id = await stage.make()
    folder = folder_of(stage, run_id)
    shutil.copytree(folder, folder.with_name("copy"))
    shutil.rmtree(folder)
    folder.with_name("copy").rename(folder)
    stage.begun.remove(run_id)
    return run_id


async def damaged(stage: Stage) -> str:
    run_id = await stage.make()
    journal = folder_of(stage, run_id) / "events.jsonl"
    journal.write_bytes(b"garbage\n" + journal.read_bytes())
    stage.begun.remove(run_id)
    return run_id


async def replaced_by_a_file(stage: Stage) -> str:
    run_id = await stage.make()
    folder = folder_of(stage, run_id)
    shutil.rmtree(folder)
    folder.write_text("no folder")
    stage.begun.remove(run_id)
    return run_id


KINDS: dict[str, tuple[int, Case]] = {
    "usage": (-32602, asked("run/start", goal="x", hunters=0)),
    "notFound": (-32602, asked("run/stop", runId="20200101-000000-none-0000")),
    "settings": (-32050, asked("run/start", goal="x", overrides={"maxAgents": "x"})),
    "scenario": (-32050, asked("run/start", goal="x", executor="rehearsal", scenario="?")),
    "codex": (-32050, asked("models/list")),
    "invalidTransition": (-32050, of(Stage.done, "run/resume")),
    "stale": (-32050, of(Stage.done, "patch/apply", patchId=PATCH, seen="0" * 40)),
    "busy": (-32050, while_busy),
    "apply": (-32050, of(with_control_file, "patch/apply", patchId=PATCH)),
    "foreignRun": (-32050, of(copied, "run/resume")),
    "journalDamaged": (-32050, of(damaged, "run/resume")),
    "store": (-32050, of(replaced_by_a_file, "run/snapshot")),
}
"""Code and case of what can go wrong in a repository that is fit to be worked on."""


def without_git(top: Path) -> None:
    shutil.rmtree(top / ".git")


def with_a_hole(top: Path) -> None:
    tree = repos.git(top, "rev-parse", "HEAD^{tree}")
    (top / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    repos.settle(top)


def with_a_command(top: Path) -> None:
    repos.write(top, {".vscode/settings.json": '{"sextet.tester.commands": ["id"]}'})


ELSEWHERE: dict[str, tuple[int, Callable[[Path], None]]] = {
    "repository": (-32050, without_git),
    "git": (-32050, with_a_hole),
    "trust": (-32050, with_a_command),
}
"""Code, and what makes a repository one in which no run can be started."""

INSIDE = {
    "error": "the base of all others, never raised itself",
    "outcome": "ends an attempt and is told with its task",
    "process": "told as what the process was for: git, codex, a failed attempt",
    "unsafePath": "ids and paths are refused by their shape before; in a patch it is told as apply",
}
"""Kinds that never reach a client as the answer to a request, and why."""


@pytest.fixture(scope="module", autouse=True)
def machine():
    """The home of the server, with a Codex that is gone; nothing of it is left at the end."""
    made = isolation.make_home()
    SERVER.server_env = isolation.environment(made, os.environ)
    fake = fake_codex.make(made / "codex")
    fake_codex.choose(made, fake)
    fake.path.unlink()
    yield made
    left = isolation.leftovers(made)
    isolation.remove_home(made)
    assert not left, left


@pytest_lsp.fixture(scope="module", config=SERVER)
async def client(pane: Pane, tmp_path_factory):
    where = tmp_path_factory.mktemp("errors")
    top = repos.make(where / "repo", {"a.txt": "a\n"})
    folder = lsp.WorkspaceFolder(uri=top.as_uri(), name="repo")
    hello = lsp.InitializeParams(capabilities=lsp.ClientCapabilities(), workspace_folders=[folder])
    await pane.initialize_session(hello)
    pane.stage = Stage(pane, top, where)
    yield
    await pane.shutdown_session()


@pytest_asyncio.fixture(loop_scope="module")
async def stage(client):
    yield client.stage
    await client.stage.settle()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("kind", KINDS)
async def test_a_kind_of_error_does_not_come_or_says_nothing(stage, kind):
    code, case = KINDS[kind]
    method, params = await case(stage)
    for form in FORMS:
        with pytest.raises(JsonRpcException) as caught:
            await stage.client.verb(method, params, form)
        error = caught.value
        assert (error.code, error.data["kind"]) == (code, kind), error
        assert error.message.rstrip().endswith((".", "!", "?")), error.message
        assert set(error.data) == {"kind", "nextStep", "facts"}
        assert not any("_" in key for key in error.data["facts"]), "keys on the wire are camelCase"
        assert code != codes.PARAMS or "path" in error.data["facts"] or kind == "notFound"
    assert (await stage.client.verb("run/list", {})) is not None


@pytest.mark.parametrize("kind", ELSEWHERE)
def test_a_repository_without_hope_is_not_explained(tmp_path, kind):
    code, spoil = ELSEWHERE[kind]
    top = repos.make(tmp_path / "repo", {"a.txt": "a\n"})
    spoil(top)
    with Editor.ready(top) as editor:
        error = editor.refused("sextet/run/start", goal="x", executor="rehearsal")
        assert (error["code"], error["data"]["kind"]) == (code, kind), error
        assert error["data"]["nextStep"]
        assert not any("_" in key for key in error["data"]["facts"])
        assert editor.goodbye() == 0
        assert editor.problems == []


def all_kinds(of_class: type[errors.SextetError]) -> set[str]:
    return {of_class.kind}.union(*(all_kinds(each) for each in of_class.__subclasses__()))


def test_a_kind_of_error_has_no_case_here():
    assert all_kinds(errors.SextetError) == {*KINDS, *ELSEWHERE, *INSIDE}
