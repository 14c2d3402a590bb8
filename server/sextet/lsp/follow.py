"""Follower: the views of the runs that a client is told of, kept by the same fold as everywhere."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from sextet.errors import SextetError
from sextet.model.events import Entry
from sextet.model.live import Heartbeat
from sextet.pipeline.fold import apply
from sextet.pipeline.view import RunView
from sextet.runtime.bus import Message, Resync, StateChanged

KEPT: Final = 20
"""Runs that are followed at most; then one that has ended is forgotten."""


class Listener(Protocol):
    """Somebody who shows something of runs."""

    def changed(self, view: RunView, entries: Sequence[Entry], /) -> None:
        """A run has changed; `entries` is empty when it was read anew. Must not wait."""
        ...

    def beat(self, heartbeat: Heartbeat, /) -> None:
        """Somebody works on a run."""
        ...


class Follower:
    """Keeps the views of runs and tells its listeners when they change; lives on the event loop.

    Args:
        load: reads the view of a run from the disk; patiently, when nothing happens in it just now.
        listeners: who is told; a defect of one of them is written down and hurts nobody else.
    """

    def __init__(
        self, load: Callable[[str, bool], Awaitable[RunView]], listeners: Sequence[Listener]
    ) -> None:
        self._load = load
        self._listeners = listeners
        self._loading: dict[str, asyncio.Task[None]] = {}
        self._queued: dict[str, list[Entry]] = {}
        self.views: dict[str, RunView] = {}
        """By run id."""

    def take(self, message: Message) -> None:
        """Follow what happened."""
        if isinstance(message, Heartbeat):
            for listener in self._listeners:
                self._guarded(lambda: listener.beat(message), listener)  # noqa: B023 -- called at once
        elif isinstance(message, StateChanged):
            self._follow(message.run_id, message.entry)
        elif isinstance(message, Resync):
            self._read(message.run_id, patient=True)

    def tell(self) -> None:
        """Let everything be shown anew, as after a change of what is open or set."""
        for view in tuple(self.views.values()):
            self._tell(view, ())

    async def close(self) -> None:
        """Read nothing more."""
        for task in self._loading.values():
            task.cancel()
        await asyncio.gather(*self._loading.values(), return_exceptions=True)

    def _follow(self, run_id: str, entry: Entry) -> None:
        view = self.views.get(run_id)
        if run_id in self._loading:
            self._queued.setdefault(run_id, []).append(entry)
        elif view is None or entry.seq > view.seq + 1:
            self._queued[run_id] = [entry]
            self._read(run_id)
        elif entry.seq == view.seq + 1:
            apply(view, entry)
            self._tell(view, (entry,))

    def _read(self, run_id: str, *, patient: bool = False) -> None:
        if run_id not in self._loading:
            task = asyncio.create_task(self._begin(run_id, patient=patient))
            self._loading[run_id] = task

    async def _begin(self, run_id: str, *, patient: bool) -> None:
        try:
            view = await self._load(run_id, patient)
            news = self._queued.pop(run_id, [])  # also those that the disk had already: they were heard
            for entry in news:
                if entry.seq > view.seq:
                    apply(view, entry)
        except SextetError as error:  # damaged, or gone meanwhile: whoever asks for it is told why
            self.views.pop(run_id, None)
            print(f"sextet: run {run_id} cannot be followed: {error.what}"[:1_000], file=sys.stderr)  # noqa: T201
        else:
            self._keep(run_id, view)
            self._tell(view, news)
        finally:
            self._loading.pop(run_id, None)
            self._queued.pop(run_id, None)

    def _keep(self, run_id: str, view: RunView) -> None:
        self.views[run_id] = view
        ended = [name for name, each in self.views.items() if each.ended and name != run_id]
        for name in ended[: max(0, len(self.views) - KEPT)]:
            del self.views[name]

    def _tell(self, view: RunView, entries: Sequence[Entry]) -> None:
        for listener in self._listeners:
            self._guarded(lambda: listener.changed(view, entries), listener)  # noqa: B023 -- called at once

    @staticmethod
    def _guarded(call: Callable[[], None], listener: Listener) -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001 -- what shows a run never stops what works on it
            print(f"sextet: {type(listener).__name__}: {error!r}"[:1_000], file=sys.stderr)  # noqa: T201
