"""Our copy of an open document follows the client, whatever other programs take for the end of a line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types as lsp
from pygls.workspace import PositionCodec, Workspace

from sextet.lsp.client import plain
from sextet.lsp.documents import opened, saved
from sextet.lsp.edits import line_edits
from support.textedits import applied

URI = "file:///a%2541%23.txt"
PIECES = ["a\n", "x\x0cy\n", "\u2028\n", "z\x85\n", "🦊\r\n", "\x1c", "\x0b", "b\r", "\n"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=10).map("".join)


def document(text: str) -> tuple[Workspace, lsp.TextDocumentItem]:
    workspace = Workspace(None)
    opened(workspace, lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(URI, "c", 1, text)))
    [found] = workspace.text_documents.values()
    return workspace, found


@given(before=TEXTS, after=TEXTS)
def test_the_copy_of_a_document_differs_from_the_original(before, after):
    workspace, copy = document(before)
    edits = line_edits(before, after, PositionCodec().client_num_units)
    for edit in reversed(edits):
        change = lsp.TextDocumentContentChangePartial(range=edit.range, text=edit.new_text)
        workspace.update_text_document(lsp.VersionedTextDocumentIdentifier(2, URI), change)
    assert applied(before, plain(edits)) == after
    assert copy.source == after


def test_a_changed_document_counts_as_saved_or_a_saved_one_as_changed():
    workspace, copy = document("a\n")
    assert not copy.touched
    change = lsp.TextDocumentContentChangeWholeDocument("b\n")
    workspace.update_text_document(lsp.VersionedTextDocumentIdentifier(2, URI), change)
    assert copy.touched
    saved(workspace, lsp.DidSaveTextDocumentParams(lsp.TextDocumentIdentifier(URI)))
    assert not copy.touched
    saved(workspace, lsp.DidSaveTextDocumentParams(lsp.TextDocumentIdentifier("file:///other")))
