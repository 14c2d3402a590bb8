"""Views: what runs have made, shown with the protocol's own means, so that any editor shows it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from lsprotocol import types as lsp
from lsprotocol.types import Position, Range

from sextet.errors import UsageError
from sextet.lsp import hovers, lenses, links
from sextet.lsp.client import Client, plain
from sextet.lsp.desk import Desk
from sextet.lsp.findings import Findings
from sextet.lsp.follow import Follower, Listener
from sextet.lsp.frames import Said
from sextet.lsp.progress import Progress
from sextet.lsp.published import Published
from sextet.lsp.questions import Command, Questions
from sextet.lsp.sheets import Sheet, Sheets, path_of
from sextet.lsp.wishes import Wishes
from sextet.model.task import Task
from sextet.pipeline.view import RunView
from sextet.runtime.bus import Message
from sextet.service import pages

Handler = Callable[[str, Mapping[str, Any]], Awaitable[Any]]

_DOCUMENTS: Final = frozenset(
    {
        lsp.TEXT_DOCUMENT_DID_OPEN,
        lsp.TEXT_DOCUMENT_DID_CHANGE,
        lsp.TEXT_DOCUMENT_DID_CLOSE,
        lsp.TEXT_DOCUMENT_DID_SAVE,
    }
)

_LARGEST: Final = 2**31 - 1
"""The largest line or character that the protocol knows."""


class Views:
    """Everything that a client is shown of runs beside our own notifications.

    Args:
        wishes: what the client can do.
        client: where it is shown.
        published: the diagnostics that it shows.
        desk: knows the work tree and its runs.
        command: carries out a verb as if the person had typed the command.
    """

    def __init__(
        self,
        wishes: Wishes,
        client: Client,
        published: Published,
        desk: Desk,
        command: Command,
    ) -> None:
        self._client = client
        self._published = published
        self._command = command
        self._jobs: set[asyncio.Task[Any]] = set()
        listeners: list[Listener] = []
        self._follower = Follower(desk.view, listeners)
        self._sheets = Sheets(desk.place, self._follower.views)
        self._findings = Findings(client, published, self._sheets, self._follower.views)
        self._progress = Progress(client, self._stop)
        self._questions = Questions(client, command)
        listeners.append(self._findings)
        if wishes.can.progress:
            listeners.append(self._progress)
        if wishes.can.asks and not wishes.inbox:
            listeners.append(self._questions)
        if wishes.can.refreshes_lenses:
            listeners.append(Refresh(client))
        self._handlers: Mapping[str, Handler] = {
            lsp.TEXT_DOCUMENT_CODE_LENS: self._lenses,
            lsp.TEXT_DOCUMENT_CODE_ACTION: self._actions,
            lsp.TEXT_DOCUMENT_HOVER: self._hover,
            lsp.TEXT_DOCUMENT_DOCUMENT_LINK: self._links,
        }

    def take(self, message: Message) -> None:
        """Something happened."""
        self._follower.take(message)

    def told(self, said: Said) -> None:
        """A notification about documents or progress."""
        if said.method == lsp.TEXT_DOCUMENT_DID_OPEN:
            self._published.opened(_member(_member(said.message.get("params"), "textDocument"), "uri"))
        if said.method in _DOCUMENTS and self._follower.views:
            self._findings.stale()
        elif said.method == lsp.WINDOW_WORK_DONE_PROGRESS_CANCEL:
            self._progress.cancelled(said.message.get("params"))

    async def answer(self, method: str, params: Any) -> Any:
        """The answer to a request of the protocol about a document, as JSON values.

        Raises:
            UsageError: the params do not name a document, or no place in it.
            SextetError: git or the disk refuses.
        """
        uri = _member(_member(params, "textDocument"), "uri")
        if not isinstance(uri, str):
            raise UsageError("textDocument.uri: Input should be a valid string.", path="textDocument.uri")
        return plain(await self._handlers[method](uri, params))

    async def close(self) -> None:
        """Show nothing more."""
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        for each in (self._follower, self._findings, self._progress, self._questions):
            await each.close()

    # Requests -------------------------------------------------------------------------------------
    async def _lenses(self, uri: str, _: Mapping[str, Any]) -> Any:
        found, text = await self._sheets.at(uri), self._text(uri)
        return lenses.lenses(found, text or found.page.text) if isinstance(found, Sheet) else []

    async def _actions(self, uri: str, params: Mapping[str, Any]) -> Any:
        wanted = _range(params)
        found = [each for it in self._findings.at(uri, wanted) for each in lenses.on_finding(it)]
        about = await self._sheets.at(uri)
        if isinstance(about, Sheet):
            found += lenses.actions(about, self._text(uri) or about.page.text, wanted)
        elif isinstance(about, Task):
            view = self._follower.views[_run_of(uri)]
            found += lenses.on_task(view, about)
        return found

    async def _hover(self, uri: str, params: Mapping[str, Any]) -> Any:
        line = _position(params.get("position"), "position").line
        about = await self._sheets.at(uri)
        if isinstance(about, Sheet):
            return hovers.on_sheet(about, self._text(uri) or about.page.text, line)
        path, text = path_of(uri), self._text(uri)
        applied = await self._sheets.about(path) if path and text is not None else None
        if applied is None or text is None:
            return None
        sheet, name = applied
        return hovers.in_file(sheet, name, (await self._sheets.text_of(sheet, name), text), line)

    async def _links(self, uri: str, _: Mapping[str, Any]) -> Any:
        about, text = await self._sheets.at(uri), self._text(uri)
        if about is None or text is None:
            return []
        place = await self._sheets.place()
        run_id = _run_of(uri)
        view = self._follower.views[run_id]
        for name in {each for each in view.tasks if f"`{each}`" in text}:
            await pages.write(place.state, run_id, name, pages.task_page(view, view.tasks[name]))

        def task_uri(name: str) -> str | None:
            return pages.path_of(place.state, run_id, name).as_uri() if name in view.tasks else None

        return links.links(text, place.top, task_uri)

    def _text(self, uri: str) -> str | None:
        return self._client.text(uri)

    def _stop(self, run_id: str) -> None:
        """The person cancelled a run's progress."""
        reason = {"runId": run_id, "reason": "cancelled in the editor"}
        job: asyncio.Task[Any] = asyncio.ensure_future(self._command("run/stop", reason))
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)


class Refresh:
    """Asks the client to look at lenses again when a patch has changed."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[str, object] = {}
        self._jobs: set[asyncio.Task[Any]] = set()

    def changed(self, view: RunView, _: object) -> None:
        """Ask when something that lenses show is another one."""
        now = (tuple(view.patches.values()), {key: dict(marks) for key, marks in view.marks.items()})
        if self._known.get(view.the_run.id) != now:
            self._known[view.the_run.id] = now
            job = asyncio.create_task(self._ask())
            self._jobs.add(job)
            job.add_done_callback(self._jobs.discard)

    def beat(self, _: object) -> None:
        """Nothing: a heartbeat changes no lens."""

    async def _ask(self) -> None:
        await asyncio.gather(self._client.ask("workspace/codeLens/refresh", None), return_exceptions=True)


# Params -------------------------------------------------------------------------------------------
def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None


def _position(value: Any, path: str) -> Position:
    line, character = _member(value, "line"), _member(value, "character")
    numbers = (line, character)
    if not all(type(each) is int and 0 <= each <= _LARGEST for each in numbers):
        raise UsageError(f"{path}: A position has a line and a character.", path=path)
    return Position(line=line, character=character)


def _range(params: Any) -> Range:
    value = _member(params, "range")
    start = _position(_member(value, "start"), "range.start")
    return Range(start=start, end=_position(_member(value, "end"), "range.end"))


def _run_of(uri: str) -> str:
    path = path_of(uri)
    return path.parent.name if path else ""
