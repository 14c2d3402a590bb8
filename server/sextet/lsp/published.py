"""Diagnostics by who found them: the client knows one list per file, for all finders together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lsprotocol.types import TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, Diagnostic, PublishDiagnosticsParams

from sextet.lsp.client import Client


class Published:
    """What the client shows; says something only where that changes."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._found: dict[str, dict[str, list[Diagnostic]]] = {}

    def put(self, finder: str, found: Mapping[str, Sequence[Diagnostic]]) -> None:
        """Replace all that a finder has said before.

        Args:
            finder: any name, the same each time.
            found: diagnostics by the URI of their file; what is not named is mended.
        """
        before = self._found.get(finder, {})
        after = self._found[finder] = {uri: list(each) for uri, each in found.items() if each}
        for uri in before | after:
            if before.get(uri) != after.get(uri):
                self._tell(uri)

    def opened(self, uri: object) -> None:
        """Say it again for a document that is opened now: some clients keep nothing for one that is not."""
        if isinstance(uri, str) and any(uri in each for each in self._found.values()):
            self._tell(uri)

    def _tell(self, uri: str) -> None:
        shown = [one for each in self._found.values() for one in each.get(uri, ())]
        params = PublishDiagnosticsParams(uri=uri, diagnostics=shown)
        self._client.tell(TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, params)
