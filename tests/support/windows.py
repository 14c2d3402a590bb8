"""A window of an editor for tests: documents, edits with versions, saving; it may also misbehave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.lsp import SILENCE, Editor
from support.textedits import applied

CAN = {
    "workspace": {
        "applyEdit": True,
        "workspaceEdit": {"documentChanges": True, "changeAnnotationSupport": {}},
    }
}


@dataclass
class Window:
    """What an editor has open, and how it takes edits; use `editor` to speak to the server."""

    top: Path
    editor: Editor = field(init=False)
    texts: dict[str, str] = field(default_factory=dict)
    """By URI."""
    versions: dict[str, int] = field(default_factory=dict)
    asked: list[Mapping[str, Any]] = field(default_factory=list)
    """Params of each `workspace/applyEdit`."""
    saved: list[str] = field(default_factory=list)
    manners: list[str] = field(default_factory=list)
    """How the next edits are taken: `take`, `refuse`, `lie`, `half`, `silent`; then as it should."""
    before: Callable[[], None] = lambda: None
    """Done before an edit is looked at."""
    after: Callable[[], None] = lambda: None
    """Done after an edit was taken, before that is said."""
    formatter: Callable[[str], str] = lambda text: text
    """What saving makes of a text."""
    saves: bool = True
    asked_once: threading.Event = field(default_factory=threading.Event)

    def start(self, *, can: Mapping[str, Any] | None = None, **options: Any) -> Editor:
        """The editor after hello; close it as a context."""
        self.editor = Editor.start(self.top)
        self.editor.handlers |= {"workspace/applyEdit": self._edit, "sextet/save": self._save}
        self.editor.hello(self.top, capabilities=CAN if can is None else can, **options)
        return self.editor

    def uri(self, name: str) -> str:
        return (self.top / name).as_uri()

    def text(self, name: str) -> str:
        return self.texts[self.uri(name)]

    # What a person does ---------------------------------------------------------------------------
    def open(self, name: str, text: str | None = None) -> None:
        """Open a file, perhaps with what was not saved."""
        uri = self.uri(name)
        text = (self.top / name).read_bytes().decode() if text is None else text
        self.texts[uri], self.versions[uri] = text, 1
        document = {"uri": uri, "languageId": "plaintext", "version": 1, "text": text}
        self.editor.tell("textDocument/didOpen", textDocument=document)

    def type(self, name: str, text: str) -> None:
        """Change what is open, without saving."""
        self._changed(self.uri(name), text, [{"text": text}])

    def save(self, name: str) -> None:
        self._write(self.uri(name))

    def close(self, name: str) -> None:
        """Close it; what is not saved is thrown away."""
        uri = self.uri(name)
        del self.texts[uri], self.versions[uri]
        self.editor.tell("textDocument/didClose", textDocument={"uri": uri})

    # What the server asks -------------------------------------------------------------------------
    def _edit(self, params: Any) -> Any:
        self.asked.append(params)
        self.asked_once.set()
        manner = self.manners.pop(0) if self.manners else "take"
        self.before()
        if manner == "refuse":
            return {"applied": False, "failureReason": "somebody is typing"}
        if manner == "silent":
            return SILENCE
        if manner == "lie":
            return {"applied": True}
        changes = _changes(params["edit"])
        if any(version not in {None, self.versions[uri]} for uri, version, _ in changes):
            return {"applied": False}
        for uri, _, edits in changes[:1] if manner == "half" else changes:
            back = sorted(edits, key=lambda each: tuple(each["range"]["start"].values()), reverse=True)
            said = [{"range": each["range"], "text": each["newText"]} for each in back]
            self._changed(uri, applied(self.texts[uri], edits), said)
        self.after()
        return {"applied": True}

    def _save(self, params: Any) -> Any:
        if not self.saves:
            return {"saved": []}
        for uri in params["uris"]:
            self.texts[uri] = self.formatter(self.texts[uri])
            self._write(uri)
        return {"saved": params["uris"]}

    def _changed(self, uri: str, text: str, changes: list[Any]) -> None:
        self.texts[uri] = text
        self.versions[uri] += 1
        document = {"uri": uri, "version": self.versions[uri]}
        self.editor.tell("textDocument/didChange", textDocument=document, contentChanges=changes)

    def _write(self, uri: str) -> None:
        self.saved.append(uri)
        name = next(each for each in self.top.rglob("*") if each.is_file() and each.as_uri() == uri)
        name.write_bytes(self.texts[uri].encode())
        self.editor.tell("textDocument/didSave", textDocument={"uri": uri})


def _changes(edit: Mapping[str, Any]) -> list[tuple[str, int | None, list[Any]]]:
    if "documentChanges" in edit:
        return [
            (each["textDocument"]["uri"], each["textDocument"]["version"], each["edits"])
            for each in edit["documentChanges"]
        ]
    return [(uri, None, edits) for uri, edits in edit["changes"].items()]
