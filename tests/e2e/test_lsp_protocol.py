"""The protocol's own means, seen by pytest-lsp's client with the capabilities of a real editor."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import pytest_asyncio
import pytest_lsp
from lsprotocol import types as lsp
from lsprotocol.converters import get_converter
from pytest_lsp import client_capabilities

from sextet import __version__
from sextet.service.methods import METHODS
from support import isolation, repos
from support.pane import Pane, Stage, server
from support.runs import write

SERVER = server()
NOTE = {"file": "one.txt", "line": 1, "severity": "minor", "message": "Say two.", "items": []}
APPROVES = {
    "role": "reviewer",
    "epoch": 1,
    "answer": {"verdict": "approve", "summary": "s", "findings": [NOTE]},
}


@pytest.fixture(scope="module", autouse=True)
def machine():
    """The home of the server; nothing of it is left at the end."""
    made = isolation.make_home()
    SERVER.server_env = isolation.environment(made, os.environ)
    yield made
    left = isolation.leftovers(made)
    isolation.remove_home(made)
    assert not left, left


def capabilities() -> lsp.ClientCapabilities:
    """What VS Code can, but counting in bytes rather than in UTF-16 units, as Neovim would like to."""
    found = client_capabilities("visual-studio-code")
    found.general.position_encodings = [lsp.PositionEncodingKind.Utf8, lsp.PositionEncodingKind.Utf16]
    return found


async def opened(pane: Pane, where: Path) -> None:
    """A repository of its own, open in the editor."""
    top = repos.make(where / "repo", {"a.txt": "a\n"})
    folder = lsp.WorkspaceFolder(uri=top.as_uri(), name="repo")
    hello = lsp.InitializeParams(capabilities=capabilities(), workspace_folders=[folder])
    pane.set_configuration({"sextet": {"maxAgents": 3}})
    pane.hello = await pane.initialize_session(hello)
    pane.stage = Stage(pane, top, where)


@pytest_lsp.fixture(scope="module", config=SERVER)
async def client(pane: Pane, tmp_path_factory):
    await opened(pane, tmp_path_factory.mktemp("protocol"))
    yield
    await pane.shutdown_session()


@pytest_asyncio.fixture(loop_scope="module")
async def stage(client):
    client.press = lambda _: None
    yield client.stage
    await client.stage.settle()


@pytest_lsp.fixture(scope="module", config=SERVER)
async def reader(pane: Pane, tmp_path_factory):
    """An editor with one run, which is complete; its reviewer has remarked something."""
    await opened(pane, tmp_path_factory.mktemp("page"))
    items = {"one": {"actions": [write("one.txt", "1\n")]}}
    pane.stage.shared = run_id = await pane.stage.begin(items=items, cues=(APPROVES,))
    await pane.state(run_id, "completed")
    yield
    await pane.shutdown_session()


@pytest_asyncio.fixture(loop_scope="module")
async def page(reader) -> str:
    """The page of its patch, open."""
    uri = (await reader.verb("patch/open", {"runId": reader.stage.shared, "patchId": "patch-1"}))["uri"]
    show(reader, uri)
    return uri


def path_of(uri: str) -> Path:
    return Path(unquote(urlsplit(uri).path))


def show(client: Pane, uri: str) -> None:
    item = lsp.TextDocumentItem(uri=uri, language_id="diff", version=1, text=path_of(uri).read_text())
    client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))


def line_of(uri: str, whole: str) -> lsp.Position:
    lines = path_of(uri).read_text().split("\n")
    return lsp.Position(lines.index(whole), 0)


def named(uri: str) -> lsp.TextDocumentIdentifier:
    return lsp.TextDocumentIdentifier(uri)


# Hello --------------------------------------------------------------------------------------------
CAPABILITIES = {
    "positionEncoding": "utf-16",
    "textDocumentSync": {
        "openClose": True,
        "change": 1,
        "willSave": False,
        "willSaveWaitUntil": False,
        "save": {"includeText": False},
    },
    "hoverProvider": True,
    "codeActionProvider": {"codeActionKinds": ["quickfix"]},
    "codeLensProvider": {"resolveProvider": False},
    "documentLinkProvider": {"resolveProvider": False},
    "executeCommandProvider": {"commands": [f"sextet.{each.replace('/', '.')}" for each in METHODS]},
    "workspace": {
        "workspaceFolders": {"supported": True, "changeNotifications": True},
        "fileOperations": {},
    },
}


@pytest.mark.asyncio(loop_scope="module")
async def test_the_server_offers_something_else_than_it_did(client):
    told = get_converter().unstructure(client.hello)
    assert told["serverInfo"] == {"name": "sextet", "version": __version__}
    assert told["capabilities"] == CAPABILITIES


# Settings -----------------------------------------------------------------------------------------
@pytest.mark.asyncio(loop_scope="module")
async def test_settings_are_not_asked_for_or_a_change_is_not_followed_or_told(client):
    assert await client.until(lambda: lsp.WORKSPACE_DID_CHANGE_CONFIGURATION in client.registered)
    wanted = {"maxAgents": 3, "roles": {"reviewer": {"effort": "low", "workers": 99}}}
    client.set_configuration({"sextet": wanted})
    client.workspace_did_change_configuration(lsp.DidChangeConfigurationParams(settings=None))
    said = await client.until(lambda: [each for each in client.messages if "workers" in each.message])
    assert said[0].type is lsp.MessageType.Warning
    found = await client.verb("roles/get", {})
    assert found["sources"] == {"roles.reviewer.effort": "editor"}
    client.set_configuration({"sextet": {"maxAgents": 3}})
    client.workspace_did_change_configuration(lsp.DidChangeConfigurationParams(settings=None))


# Runs ---------------------------------------------------------------------------------------------
@pytest.mark.asyncio(loop_scope="module")
async def test_a_run_has_no_progress_with_beginning_and_end(client, stage):
    before = set(client.progress_reports)
    await stage.complete()
    new = await client.until(lambda: client.progress_reports.keys() - before)
    reports = client.progress_reports[new.pop()]
    await client.until(lambda: reports and isinstance(reports[-1], lsp.WorkDoneProgressEnd))
    assert isinstance(reports[0], lsp.WorkDoneProgressBegin)
    assert reports[0].title == "Sextet: a goal"
    assert reports[-1].message.startswith("completed")


@pytest.mark.asyncio(loop_scope="module")
async def test_the_button_under_a_patch_that_is_ready_does_nothing(client, stage):
    def apply(params: lsp.ShowMessageRequestParams) -> lsp.MessageActionItem | None:
        return next((each for each in params.actions or () if each.title == "Apply it"), None)

    client.press = apply
    run_id = await stage.complete()
    applied = await client.happened(run_id, lambda event: event["kind"] == "patch_applied")
    files = applied["event"]["event"]["applied"]["files"]
    assert files
    assert all((stage.top / name).is_file() for name in files)


@pytest.mark.asyncio(loop_scope="module")
async def test_what_the_reviewer_remarked_is_not_published(reader, page):
    [found] = await reader.until(lambda: reader.diagnostics.get(page))
    assert (found.source, found.code, found.message) == ("sextet", "review", "Say two.")
    assert found.range.start == line_of(page, "+1")
    assert found.severity is lsp.DiagnosticSeverity.Information


@pytest.mark.asyncio(loop_scope="module")
async def test_lenses_of_a_patch_are_missing_or_carry_no_command(reader, page):
    lenses = await reader.text_document_code_lens_async(lsp.CodeLensParams(named(page)))
    assert lenses[0].command.title == "Apply patch-1"
    offered = {each.command.command for each in lenses if each.command.command}
    assert offered <= set(reader.hello.capabilities.execute_command_provider.commands)
    assert await reader.until(lambda: reader.refreshed)


@pytest.mark.asyncio(loop_scope="module")
async def test_actions_of_a_remark_do_not_reach_who_wrote_it(reader, page):
    await reader.until(lambda: reader.diagnostics.get(page))
    place = lsp.Range(line_of(page, "+1"), line_of(page, "+1"))
    asked = lsp.CodeActionParams(named(page), place, lsp.CodeActionContext(diagnostics=[]))
    found = await reader.text_document_code_action_async(asked)
    assert "Ask implement-1-1 to fix this" in {each.title for each in found}


@pytest.mark.asyncio(loop_scope="module")
async def test_hover_over_a_hunk_does_not_tell_whose_it_is(reader, page):
    found = await reader.text_document_hover_async(lsp.HoverParams(named(page), line_of(page, "+1")))
    assert found.contents.kind is lsp.MarkupKind.PlainText
    assert found.contents.value.startswith("implement-1-1: ")


@pytest.mark.asyncio(loop_scope="module")
async def test_links_of_a_task_lead_nowhere(reader, page):
    asked = {"runId": reader.stage.shared, "taskId": "implement-1-1"}
    uri = (await reader.verb("task/open", asked))["uri"]
    show(reader, uri)
    found = await reader.text_document_document_link_async(lsp.DocumentLinkParams(named(uri)))
    assert found
    assert all(path_of(each.target).exists() for each in found)
    reader.text_document_did_close(lsp.DidCloseTextDocumentParams(named(uri)))
