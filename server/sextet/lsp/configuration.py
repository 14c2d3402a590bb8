"""The editor's settings: asked for and listened to, and everything that follows from a change."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from lsprotocol.types import (
    CLIENT_REGISTER_CAPABILITY,
    TEXT_DOCUMENT_DID_SAVE,
    WORKSPACE_CONFIGURATION,
    WORKSPACE_DID_CHANGE_CONFIGURATION,
    MessageType,
)
from pygls.uris import to_fs_path

from sextet.errors import SextetError
from sextet.lsp.client import Client, RefusedError
from sextet.lsp.desk import Desk
from sextet.lsp.frames import Said
from sextet.lsp.problems import Problems
from sextet.lsp.wishes import Wishes
from sextet.model.settings import Problem
from sextet.service import settings_files
from sextet.service.editor_settings import EditorSettings
from sextet.service.place import Place

SECTION: Final = "sextet"
_REGISTRATION: Final = {
    "id": "sextet-settings",
    "method": WORKSPACE_DID_CHANGE_CONFIGURATION,
    "registerOptions": {"section": SECTION},
}


class Configuration:
    """Keeps the editor's layer of settings as the editor tells it; lives on the event loop.

    Args:
        wishes: what the client can.
        client: the editor.
        desk: whose runs follow.
        problems: where what cannot be used is told.
    """

    def __init__(self, wishes: Wishes, client: Client, desk: Desk, problems: Problems) -> None:
        self._wishes = wishes
        self._client = client
        self._desk = desk
        self._editor = desk.editor
        self._problems = problems
        self._news = asyncio.Event()
        self._outdated = wishes.can.settings
        """True when the editor is to be asked (again)."""
        self._changed = True
        """True when it has spoken since runs followed the last time."""
        self._waiting: tuple[Problem, ...] = ()
        """What the latest change brought that is not trusted."""
        self._jobs: list[asyncio.Task[None]] = []
        if wishes.can.settings:
            self._editor.expect()

    def begin(self) -> None:
        """The client is ready: ask it, and for being told of changes."""
        self._news.set()
        self._jobs.append(asyncio.create_task(self._follow()))
        if self._wishes.can.watches_settings:
            self._jobs.append(asyncio.create_task(self._register()))

    def told(self, said: Said) -> None:
        """Look at a notification: of changed settings, or of a saved document."""
        params = said.message.get("params")
        if said.method == WORKSPACE_DID_CHANGE_CONFIGURATION:
            if self._wishes.can.settings:
                self._outdated = True
            else:
                self._editor.say(pushed(params))
            self._changed = True
            self._news.set()
        elif said.method == TEXT_DOCUMENT_DID_SAVE and _is_settings_file(params):
            self._news.set()

    async def close(self) -> None:
        """Follow no more."""
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)

    async def _register(self) -> None:
        with suppress(RefusedError):
            await self._client.ask(CLIENT_REGISTER_CAPABILITY, {"registrations": [_REGISTRATION]})

    async def _follow(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                place = await self._place()
                if not self._outdated or await self._pull():
                    await self._apply(place)
            except Exception as error:  # noqa: BLE001 -- a defect with one change ends not those that follow
                words = f"The settings could not be followed: {type(error).__name__}: {error}"[:2_000]
                self._client.tell("window/logMessage", {"type": MessageType.Error.value, "message": words})

    async def _place(self) -> Place | None:
        with suppress(SextetError):
            return await self._desk.place()
        return None

    async def _pull(self) -> bool:
        """Ask the editor; False when there is news before it has answered."""
        self._outdated = False
        asking = asyncio.create_task(self._ask())
        news = asyncio.create_task(self._news.wait())
        try:
            await asyncio.wait({asking, news}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                self._outdated = True
                return False
            self._editor.say(asking.result())
            return True
        finally:
            asking.cancel()
            news.cancel()
            await asyncio.gather(asking, news, return_exceptions=True)

    async def _ask(self) -> Mapping[str, Any] | None:
        folder = self._desk.folder
        item = {"section": SECTION, **({"scopeUri": folder.as_uri()} if folder else {})}
        try:
            return pulled(await self._client.ask(WORKSPACE_CONFIGURATION, {"items": [item]}))
        except RefusedError:
            return None

    async def _apply(self, place: Place | None) -> None:
        """Let runs follow, and tell what cannot be used."""
        if self._changed:
            self._changed = False
            self._waiting = await self._desk.settings_changed()
        problems, texts = await asyncio.to_thread(_look, place, self._editor)
        self._problems.tell((*problems, *self._waiting), texts)


def _look(place: Place | None, editor: EditorSettings) -> tuple[tuple[Problem, ...], dict[Path, str]]:
    """Problems of all layers, and the settings files as text."""
    resolved = settings_files.load(None, editor=editor.values) if place is None else place.settings()
    return resolved.problems, settings_files.texts(None if place is None else place.top)


# What a client says -------------------------------------------------------------------------------
def pulled(answer: object) -> Mapping[str, Any] | None:
    """The section in an answer to `workspace/configuration`; None when it says nothing that can be used."""
    if not isinstance(answer, list) or len(answer) != 1:
        return None
    return {} if answer[0] is None else _section(answer[0])


def pushed(params: object) -> Mapping[str, Any] | None:
    """The section in a `workspace/didChangeConfiguration`; None when it says nothing that can be used."""
    settings = params.get("settings") if isinstance(params, dict) else None
    if not isinstance(settings, dict):
        return None
    return {
        name: value
        for name, value in settings.items()
        if name.startswith(f"{SECTION}.") or (name == SECTION and isinstance(value, dict))
    }


def _section(found: object) -> Mapping[str, Any] | None:
    return found if isinstance(found, dict) else None


def _is_settings_file(params: object) -> bool:
    """Whether a saved document is one; its repository is not looked at, the name says enough."""
    document = params.get("textDocument") if isinstance(params, dict) else None
    uri = document.get("uri") if isinstance(document, dict) else None
    if not isinstance(uri, str):
        return False
    with suppress(ValueError):
        return Path(to_fs_path(uri) or "").name == "settings.json"
    return False
