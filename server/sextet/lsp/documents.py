"""Documents: pygls' copy of what the client has open, with lines as the protocol counts them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote

from lsprotocol import types as lsp
from pygls.workspace import TextDocument, Workspace

LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")


class Document(TextDocument):
    """An open document. No form feed or U+2028 ends a line in it: the copy would differ from the original."""

    touched = False
    """Whether it was changed since it was opened or saved."""

    @property
    def lines(self) -> Sequence[str]:
        """Its lines with their ends."""
        return tuple(LINE.findall(self.source))

    def apply_change(self, change: lsp.TextDocumentContentChangeEvent) -> None:
        """Follow the client."""
        super().apply_change(change)
        self.touched = True


def opened(workspace: Workspace, params: lsp.DidOpenTextDocumentParams) -> None:
    """Keep a document that was opened as one of ours."""
    said = params.text_document
    workspace.text_documents[unquote(said.uri)] = Document(
        said.uri, said.text, said.version, said.language_id, position_codec=workspace.position_codec
    )


def saved(workspace: Workspace, params: lsp.DidSaveTextDocumentParams) -> None:
    """Remember that a document is on the disk."""
    document = workspace.text_documents.get(unquote(params.text_document.uri))
    if isinstance(document, Document):
        document.touched = False
