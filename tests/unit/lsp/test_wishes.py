"""What a client says when it says hello, and what it might have meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol.types import ClientCapabilities, ClientInfo, InitializeParams, WorkspaceFolder

from sextet.lsp.wishes import EXTENSION, wishes_of
from sextet.service.params import InitializationOptions


def said(**more):
    return wishes_of(InitializeParams(capabilities=ClientCapabilities(), **more))


def test_folders_lose_their_order_or_are_decoded_wrongly():
    folders = [WorkspaceFolder("file:///a%20b", "b"), WorkspaceFolder("file:///c", "c")]
    assert said(root_uri="file:///z", workspace_folders=folders).folders == (Path("/a b"), Path("/c"))
    assert said(root_uri="file:///z").folders == (Path("/z"),)
    assert said(root_path="/old").folders == (Path("/old"),)
    assert said().folders == ()


@pytest.mark.parametrize(
    "uri",
    ["untitled:x", "vscode-remote://ssh/a", "file://host/a", "http://a/b", "file:///a%00b", "x", "", "file:"],
)
def test_a_folder_that_is_not_here_is_looked_for(uri):
    assert said(root_uri=uri).folders == ()


@pytest.mark.parametrize("value", [False, None, 0, 1, "true", "false", {}, []])
def test_a_folder_is_trusted_although_nobody_said_so(value):
    assert not said(initialization_options={"trusted": value}).trusted


@pytest.mark.parametrize("options", [None, {}, {"trusted": True}, [], "x"])
def test_a_client_that_knows_no_trust_can_start_nothing(options):
    assert said(initialization_options=options).trusted


def test_our_extension_is_not_recognised_or_another_one_taken_for_it():
    assert said(client_info=ClientInfo(EXTENSION)).extension
    assert said(initialization_options={"extension": True}).extension
    assert not said(client_info=ClientInfo("Neovim")).extension
    assert not said(initialization_options={"extension": "yes"}).extension


def test_an_option_of_the_contract_is_not_heeded_or_has_another_default():
    other = {"trusted": False, "resume": "20261122-143005-fix-add-7f3a"}
    other |= {"extension": True, "inbox": True}
    assert InitializationOptions.model_validate(other).model_dump(by_alias=True) == other
    for option, default in InitializationOptions().model_dump(by_alias=True).items():
        assert getattr(said(), option) == default
        assert getattr(said(initialization_options={option: other[option]}), option) == other[option]


def test_an_editor_that_puts_questions_by_itself_passes_for_our_extension_or_is_not_recognised():
    there = said(initialization_options={"inbox": True})
    assert there.inbox
    assert not there.extension
    assert said(client_info=ClientInfo(EXTENSION)).inbox
    assert not said(initialization_options={"inbox": "yes"}).inbox


def test_a_run_to_go_on_with_that_is_no_text_is_taken():
    assert said(initialization_options={"resume": ["x"]}).resume == ""
    assert said(initialization_options={"resume": "x"}).resume == "x"
