"""Every verb of the contract over stdio, as a request and as a command, with a client that is not ours."""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
import pytest_lsp
from lsprotocol.types import ClientCapabilities, InitializeParams, WorkspaceFolder

from sextet.service.methods import METHODS
from sextet.service.results import Done
from support import fake_codex, isolation, repos
from support.pane import FORMS, Pane, Stage, server

SERVER = server()

# What each verb needs -----------------------------------------------------------------------------
Case = Callable[[Stage], Awaitable[dict[str, Any]]]
"""Gets a run into the state that a verb needs; returns the verb's params."""


def no_params(**params: Any) -> Case:
    async def case(_: Stage) -> dict[str, Any]:
        return params

    return case


def of(state: Callable[[Stage], Awaitable[str]], **params: Any) -> Case:
    async def case(stage: Stage) -> dict[str, Any]:
        return {"runId": await state(stage), **params}

    return case


async def answer(stage: Stage) -> dict[str, Any]:
    run_id, question = await stage.asking()
    return {"runId": run_id, "questionId": question, "answer": "go-on"}


async def mark(stage: Stage) -> dict[str, Any]:
    run_id = await stage.done()
    return {"runId": run_id, "patchId": PATCH, "hunks": [(await stage.hunk(run_id))["id"]], "as": "accepted"}


async def remark(stage: Stage) -> dict[str, Any]:
    run_id = await stage.done()
    return {"runId": run_id, "patchId": PATCH, "hunk": (await stage.hunk(run_id))["id"], "text": "Good."}


async def settle(stage: Stage) -> dict[str, Any]:
    run_id = await stage.done()
    return {"runId": run_id, "patchId": PATCH, "file": (await stage.hunk(run_id))["path"], "take": "mine"}


PATCH, ITEM = "patch-1", "implement-1-1"
CASES: dict[str, Case] = {
    "run/start": no_params(goal="a goal", executor="rehearsal", autoStart=False),
    "run/resume": of(Stage.make),
    "run/stop": of(Stage.make, reason="enough"),
    "run/list": no_params(),
    "run/snapshot": of(Stage.at_work),
    "run/events": of(Stage.done, after=2),
    "run/collisions": of(Stage.at_work),
    "run/followUp": of(Stage.complete, text="and more"),
    "workers/start": of(Stage.at_work, roles=["reviewer"]),
    "workers/stop": of(Stage.at_work, roles=["reviewer"], how="now"),
    "roles/get": of(Stage.done),
    "roles/set": of(Stage.at_work, roles={"reviewer": {"effort": "high"}}),
    "task/approve": of(Stage.done, taskId="review-1", by="ada"),
    "task/requestChanges": of(Stage.complete, taskId=ITEM, text="Do it again."),
    "task/comment": of(Stage.done, taskId=ITEM, text="Good."),
    "task/retry": of(Stage.in_trouble, taskId=ITEM),
    "task/steer": of(Stage.at_work, taskId="analysis-1-1", text="Look at a.txt."),
    "task/interrupt": of(Stage.at_work, taskId="analysis-1-1", text="Enough."),
    "question/answer": answer,
    "log/read": of(Stage.done, workerId="implementer-1"),
    "artifact/read": of(Stage.done, taskId=ITEM, name="prompt.md"),
    "patch/list": of(Stage.done),
    "patch/get": of(Stage.done, patchId=PATCH),
    "patch/check": of(Stage.done, patchId=PATCH),
    "patch/apply": of(Stage.complete, patchId=PATCH),
    "patch/mark": mark,
    "patch/comment": remark,
    "patch/resolve": settle,
    "patch/retest": of(Stage.done, patchId=PATCH),
    "patch/open": of(Stage.done, patchId=PATCH),
    "task/open": of(Stage.done, taskId=ITEM),
    "patch/revert": of(Stage.applied, patchId=PATCH),
    "recover/list": no_params(),
    "clean": no_params(dryRun=True),
    "models/list": no_params(),
    "doctor": no_params(),
}


def test_a_verb_of_the_contract_has_no_case_here():
    assert CASES.keys() == METHODS.keys()


# One server for all -------------------------------------------------------------------------------
@pytest.fixture(scope="module", autouse=True)
def machine():
    """The home of the server, with a Codex that offers models; nothing of it is left at the end."""
    made = isolation.make_home()
    SERVER.server_env = isolation.environment(made, os.environ)
    fake_codex.choose(made, fake_codex.make(made / "codex"))
    yield made
    left = isolation.leftovers(made)
    isolation.remove_home(made)
    assert not left, left


@pytest.fixture(scope="module")
def top(tmp_path_factory):
    """The repository; its `.git` stays as it is."""
    made = repos.make(tmp_path_factory.mktemp("methods") / "repo", {"a.txt": "a\n"})
    before = repos.fingerprint(made / ".git")
    yield made
    assert repos.fingerprint(made / ".git") == before, "invariant 4: the user's .git is byte-identical"


@pytest_lsp.fixture(scope="module", config=SERVER)
async def client(pane: Pane, top):
    folder = WorkspaceFolder(uri=top.as_uri(), name="repo")
    hello = InitializeParams(capabilities=ClientCapabilities(), workspace_folders=[folder])
    await pane.initialize_session(hello)
    yield
    await pane.shutdown_session()


@pytest.fixture(scope="module")
def all_runs(client, top, tmp_path_factory):
    return Stage(client, top, tmp_path_factory.mktemp("scenarios"))


@pytest_asyncio.fixture(loop_scope="module")
async def stage(all_runs):
    yield all_runs
    await all_runs.settle()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("method", METHODS)
async def test_a_verb_fails_or_answers_with_something_else_than_its_record(stage, method, form):
    params = await CASES[method](stage)
    result = await stage.client.verb(method, params, form)
    kind = METHODS[method].result
    record = kind.model_validate_json(json.dumps(result), strict=True, by_alias=True, by_name=False)
    assert record.model_dump(mode="json", by_alias=True) == result, "left out, or not what it stands for"
    if isinstance(record, Done):
        entries = (await stage.client.verb("run/events", {"runId": params["runId"]}))["entries"]
        assert 0 < record.seq <= entries[-1]["seq"], "an answer without what it is true from"
