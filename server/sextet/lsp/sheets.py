"""Sheets: the patches of followed runs as documents on the disk, with all that is shown on them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sextet.errors import SextetError
from sextet.model.patch import Patch, PatchHunk
from sextet.model.task import Task
from sextet.pipeline.view import RunView
from sextet.service import inbox, pages
from sextet.service.place import Place
from sextet.workspace.mirror import Mirror


@dataclass(frozen=True, slots=True)
class Sheet:
    """A patch as a document."""

    view: RunView
    patch: Patch
    page: pages.Page
    hunks: dict[str, PatchHunk]
    """By id, in the order of the document."""
    path: Path

    @property
    def uri(self) -> str:
        """Where it is."""
        return self.path.as_uri()


def path_of(uri: str) -> Path | None:
    """The path of a `file:` URI; None for any other."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    return Path(unquote(parts.path)) if parts.scheme == "file" and not parts.netloc else None


class Sheets:
    """Finds and writes sheets.

    Args:
        place: finds the work tree; raises SextetError when there is none.
        views: the runs that are followed, by id.
    """

    def __init__(self, place: Callable[[], Awaitable[Place]], views: dict[str, RunView]) -> None:
        self.place = place
        self._views = views
        self._writing = asyncio.Lock()

    async def of(self, view: RunView, patch: Patch) -> Sheet:
        """The sheet of a patch as it is now; its document is written when it is another one.

        Raises:
            SextetError: git or the disk refuses.
        """
        place = await self.place()
        mirror = await Mirror.open(place.repository, place.state.path)
        async with self._writing:
            drawn = await place.inbox.draw(mirror, view, patch)
            page = pages.patch_page(view, patch, drawn)
            path = await pages.write(place.state, view.the_run.id, patch.id, page.text)
        hunks = {each.id: each for each in inbox.inbox(drawn, view, patch)}
        return Sheet(view, patch, page, hunks, path)

    async def at(self, uri: str) -> Sheet | Task | None:
        """What a document of ours is about: a patch or a task of a run; None for any other document."""
        path = path_of(uri)
        named = pages.named((await self.place()).state, path) if path else None
        if named is None:
            return None
        view = self._views.get(named[0])
        if view is None:
            return None
        for patch in view.patches.values():
            if patch.id == named[1]:
                return await self.of(view, patch)
        return view.tasks.get(named[1])

    async def about(self, path: Path) -> tuple[Sheet, str] | None:
        """The latest sheet whose patch, or a part of it, is applied to this file of the user; and its name.

        Only a patch that stands in the work tree tells about a file.
        """
        top = (await self.place()).top
        if not path.is_relative_to(top):
            return None
        name = path.relative_to(top).as_posix()
        for view in sorted(self._views.values(), key=lambda each: each.the_run.id, reverse=True):
            for patch in reversed(view.patches.values()):
                if any(name in each.files for each in patch.standing):
                    return await self.of(view, patch), name
        return None

    async def text_of(self, sheet: Sheet, name: str) -> str:
        """A file as the patch has it; empty when it has none, or it is no text."""
        place = await self.place()
        mirror = await Mirror.open(place.repository, place.state.path)
        try:
            done = await mirror.git("cat-file", "blob", f"{sheet.patch.tree}:{name}")
        except SextetError:
            return ""
        return done.decode("utf-8", "replace")
