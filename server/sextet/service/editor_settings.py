"""What an editor says in its settings, shared by all that resolve them; it may change at any moment."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from sextet.service.settings import Layer, resolve

PATIENCE: Final = 3.0
"""Seconds for which an editor that was asked may be silent, before work begins without its settings."""


class EditorSettings:
    """The editor's layer of a work tree; lives on the event loop. A terminal's stays empty."""

    def __init__(self) -> None:
        self.values: Mapping[str, Any] = {}
        """Its section `sextet`, as JSON and unchecked."""
        self._checked = resolve([])
        self._said = asyncio.Event()
        self._said.set()

    def expect(self) -> None:
        """The editor is going to be asked."""
        self._said.clear()

    def say(self, values: Mapping[str, Any] | None) -> None:
        """The editor has spoken.

        Args:
            values: its section `sextet`; None when it said nothing that can be used, and all stays as it is.
        """
        if values is not None:
            self.values = values
            self._checked = resolve([Layer("editor", values)])
        self._said.set()

    def value(self, key: str) -> Any:
        """What the editor alone says about a setting (without `sextet.`), checked; else its default."""
        return self._checked.value(key)

    async def ready(self) -> None:
        """Wait for what the editor says first, but not for ever."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._said.wait()
        self._said.set()
