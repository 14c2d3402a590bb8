"""What pygls does: the protocol's own messages, its copy of open documents, and what a client is offered."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from lsprotocol import types as lsp
from lsprotocol.types import INITIALIZE, METHOD_TO_TYPES, InitializeParams
from pygls.lsp.server import LanguageServer

from sextet import __version__
from sextet.lsp import documents, frames
from sextet.lsp.documents import Document
from sextet.lsp.wire import Writer

VIEWS: Final = frozenset(
    {
        lsp.TEXT_DOCUMENT_CODE_LENS,
        lsp.TEXT_DOCUMENT_CODE_ACTION,
        lsp.TEXT_DOCUMENT_HOVER,
        lsp.TEXT_DOCUMENT_DOCUMENT_LINK,
    }
)
"""Requests of the protocol that are answered from what runs have made."""

HEARD: Final = frozenset(
    {
        lsp.WORKSPACE_DID_CHANGE_CONFIGURATION,
        lsp.TEXT_DOCUMENT_DID_OPEN,
        lsp.TEXT_DOCUMENT_DID_CHANGE,
        lsp.TEXT_DOCUMENT_DID_CLOSE,
        lsp.TEXT_DOCUMENT_DID_SAVE,
        lsp.WINDOW_WORK_DONE_PROGRESS_CANCEL,
    }
)
"""Notifications that the views look at, after pygls has."""

_OFFERED: Final[Mapping[str, Any]] = {
    lsp.TEXT_DOCUMENT_DID_CLOSE: None,
    lsp.TEXT_DOCUMENT_CODE_LENS: lsp.CodeLensOptions(resolve_provider=False),
    lsp.TEXT_DOCUMENT_CODE_ACTION: lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix]),
    lsp.TEXT_DOCUMENT_HOVER: None,
    lsp.TEXT_DOCUMENT_DOCUMENT_LINK: lsp.DocumentLinkOptions(resolve_provider=False),
}
"""Features beside pygls' own, with their options."""


class Standard(LanguageServer):
    """The part that pygls does: the protocol's own messages; its errors go to stderr, never to a box."""

    @property
    def documents(self) -> Mapping[str, Document]:
        """What the client has open."""
        return cast("Mapping[str, Document]", self.workspace.text_documents)

    def units(self, text: str) -> int:
        """The length of a text as the client counts positions in a line."""
        return int(self.workspace.position_codec.client_num_units(text))

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Write down that a message could not be handled."""
        print(f"sextet: {source}: {error}"[:2_000], file=sys.stderr)  # noqa: T201 -- the log of a server


class Body:
    """Gives bodies that pygls wrote a header and their place in the queue."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def write(self, data: bytes) -> None:
        """Put a body in the queue."""
        self._writer.send(frames.frame(data))

    def close(self) -> None:
        """The queue is closed by whoever made it."""


def create_standard(hello: Callable[[InitializeParams], None]) -> Standard:
    """The server as pygls sees it.

    Args:
        hello: called with the params of `initialize` before the capabilities are told.
    """
    logging.getLogger("pygls").setLevel(logging.CRITICAL)  # it would write every message down
    # whole texts: pygls goes through the text once for each of perhaps thousands of changes in a message
    standard = Standard("sextet", __version__, text_document_sync_kind=lsp.TextDocumentSyncKind.Full)

    def greet(params: InitializeParams) -> None:  # pygls writes onto its handlers: a method will not do
        hello(params)

    standard.feature(INITIALIZE)(greet)
    for name, options in _OFFERED.items():
        standard.feature(name, options)(lambda _: None)
    _keep_documents(standard)
    return standard


def count_in_utf16(params: InitializeParams) -> None:
    """Let pygls choose UTF-16 for positions, which every client knows: all our ranges are counted so."""
    if params.capabilities.general is not None:
        params.capabilities.general.position_encodings = None


def _keep_documents(standard: Standard) -> None:
    """Let documents be ours, which count lines as the protocol does and know whether they are saved."""
    standard.feature(lsp.TEXT_DOCUMENT_DID_OPEN)(lambda params: documents.opened(standard.workspace, params))
    standard.feature(lsp.TEXT_DOCUMENT_DID_SAVE, lsp.SaveOptions(include_text=False))(
        lambda params: documents.saved(standard.workspace, params)
    )


def never(*_: object) -> None:
    """Commands are carried out before pygls sees them; it only tells the client which there are."""


def is_request(method: str) -> bool:
    """Whether a method of the protocol has answers at all; pygls gives none to a notification with an id."""
    return METHOD_TO_TYPES.get(method, (None, None))[1] is not None
