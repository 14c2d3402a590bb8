"""The editor as the second writer of a work tree: what is open in it, and what it is asked to write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Buffer:
    """A file that is open in the editor, as it stands there; it may hold what is not saved yet."""

    uri: str
    """As the editor calls it."""
    text: str
    version: int | None = None
    touched: bool = False
    """Changed since it was opened or saved, so that it may differ from the disk."""
    clear: bool = True
    """False: it is open twice, with different texts."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What the editor is asked to make of a file that is open in it."""

    path: str
    buffer: Buffer
    """As it stood when the change was planned; another version is refused."""
    text: str
    """As it is to be."""
    label: str = ""
    """What the change is called there."""


class Editor(Protocol):
    """What an apply wants of an editor."""

    @property
    def writes(self) -> bool:
        """Whether it can be asked to change what is open in it."""
        ...

    async def look(self, top: Path) -> Mapping[str, Buffer]:
        """Everything below `top` that is open, by path from there."""
        ...

    async def write(self, title: str, rewrites: Sequence[Rewrite]) -> None:
        """Let it change all of these, and look whether it did.

        Raises:
            ApplyError: it did not; whatever it did change is taken back.
        """
        ...

    async def take_back(self, rewrites: Sequence[Rewrite]) -> tuple[str, ...]:
        """Let it undo what it wrote, where nothing else was changed since; the paths that were left."""
        ...

    async def save(self, uris: Sequence[str]) -> None:
        """Let it save these without formatting, when it can; whether it did is seen on the disk."""
        ...

    def remind(self, paths: Sequence[str]) -> None:
        """Tell the person which files wait for being saved."""
        ...

    def tell(self, sentence: str) -> None:
        """Tell the person what happened to their files while nobody looked."""
        ...
