"""The client as the server speaks to it: notifications, requests with their answers, what it has open."""

from __future__ import annotations

import asyncio
import functools
import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import unquote

import attrs
from cattrs import Converter
from lsprotocol.converters import get_converter
from pygls.uris import to_fs_path
from pygls.workspace import PositionCodec

from sextet.lsp import frames
from sextet.lsp.frames import Said
from sextet.lsp.wire import Writer

_OURS: Final = "sextet-"
"""What the ids of our requests begin with, so that they are never taken for pygls' own."""


_UTF16: Final = PositionCodec()
"""How positions are counted unless a client says otherwise."""


class RefusedError(Exception):
    """The client answered a request of ours with an error."""


class Open(Protocol):
    """A document that the client has open."""

    uri: str
    version: int | None
    touched: bool
    """Whether it was changed since it was opened or saved."""

    @property
    def source(self) -> str:
        """Its text."""
        ...


@functools.cache
def _converter() -> Converter:
    return get_converter()


def plain(value: Any) -> Any:
    """What goes over the wire: types of the protocol as JSON values, everything else as it is."""
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return _converter().unstructure(value) if attrs.has(type(value)) else value


class Client:
    """How the server speaks to its client; lives on the event loop.

    Args:
        writer: where it goes.
        documents: what is open there, by URI.
        units: the length of a text as the client counts positions in a line.
    """

    def __init__(
        self,
        writer: Writer,
        documents: Mapping[str, Open],
        units: Callable[[str], int] = _UTF16.client_num_units,
    ) -> None:
        self.writer = writer
        self.units = units
        self._documents = documents
        self._numbers = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._gone = False

    def tell(self, method: str, params: Any) -> None:
        """Send a notification."""
        self.writer.send(frames.notification(method, plain(params)))

    async def ask(self, method: str, params: Any) -> Any:
        """Send a request and wait for its result, however long a person takes; cancelling withdraws it.

        Raises:
            RefusedError: the client says that it cannot, or it is about to go.
        """
        if self._gone:
            raise RefusedError("The session ends.")
        request_id = f"{_OURS}{next(self._numbers)}"
        future = self._waiting[request_id] = asyncio.get_running_loop().create_future()
        asked = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": plain(params)}
        self.writer.send(frames.encode(asked))
        try:
            return await future
        except asyncio.CancelledError:
            self.tell("$/cancelRequest", {"id": request_id})
            raise
        finally:
            self._waiting.pop(request_id, None)

    def hang_up(self) -> None:
        """Ask nothing any more; who waits for an answer gets none."""
        self._gone = True
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(RefusedError("The session ends."))

    def answered(self, said: Said) -> bool:
        """Whether a response belongs to a request of ours; whoever waits for it goes on then."""
        if not str(said.request_id).startswith(_OURS):
            return False
        future = self._waiting.get(str(said.request_id))
        if future is not None and not future.done():
            error = said.message.get("error")
            if error is None:
                future.set_result(said.message.get("result"))
            else:
                words = error.get("message") if isinstance(error, dict) else error
                future.set_exception(RefusedError(str(words)[:1_000]))
        return True

    def open_files(self) -> dict[Path, Open]:
        """Each document that is open and is a file."""
        found: dict[Path, Open] = {}
        for document in self._documents.values():
            path = to_fs_path(document.uri) if document.uri.startswith("file:") else None
            if path:
                found[Path(path)] = document
        return found

    def open_texts(self) -> dict[Path, str]:
        """The text of each file that is open, as it stands in the editor."""
        return {path: document.source for path, document in self.open_files().items()}

    def document(self, uri: str) -> Open | None:
        """An open document; None when it is not open."""
        return self._documents.get(unquote(uri))  # as pygls keeps them

    def text(self, uri: str) -> str | None:
        """The text of an open document; None when it is not open."""
        document = self.document(uri)
        return None if document is None else document.source
