"""The desk: where an editor's verbs go; to a supervisor here, to the one elsewhere, or to the disk alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from sextet.errors import BusyError, NotFoundError, RepositoryError, SextetError, TrustError
from sextet.lsp import unsaved
from sextet.lsp.attached import Attached
from sextet.lsp.supervisor import Supervisor
from sextet.lsp.wishes import Wishes
from sextet.model.base import Record
from sextet.model.names import RunState
from sextet.pipeline.view import RunView
from sextet.runtime.bus import Bus, Message, Resync, Subscription
from sextet.service.dispatch import Dispatcher
from sextet.service.methods import METHODS
from sextet.service.orchestrator import Orchestrator, read_view
from sextet.service.place import Place
from sextet.store import runs
from sextet.store.lock import SupervisorLock
from sextet.workspace.editor import Editor

READING: Final = frozenset(
    {
        *("run/list", "run/snapshot", "run/events", "log/read"),
        *("patch/list", "patch/get", "patch/open", "task/open"),
    }
)
"""Verbs that change nothing: they need no lock, and an untrusted folder may see them."""

WATCH: Final = 2.0
"""Seconds between two looks for a supervisor that began elsewhere."""
_PATIENCE: Final = 5.0
"""Seconds for which a holder of the lock may be silent: it just begins, or is about to end."""
_PAUSE: Final = 0.05
_OVER: Final = frozenset({RunState.COMPLETED, RunState.STOPPED, RunState.FAILED})
_SHOWN: Final = 20
"""Runs that are spoken of by themselves at the beginning."""


class Desk:
    """The verbs for one editor.

    Args:
        wishes: its folders, and what may be done there.
        tell: gets everything that happens; must not wait.
        editor: writes what is open in it, whoever asks a supervisor here to apply a patch.
    """

    def __init__(self, wishes: Wishes, tell: Callable[[Message], None], editor: Editor | None = None) -> None:
        self._editor = editor
        self._wishes = wishes
        self._tell = tell
        self._bus = Bus()
        self._found: Place | None = None
        """The work tree as it was found first; good enough to read."""
        self._disk: Dispatcher | None = None
        self._own: Supervisor | None = None
        self._there: Attached | None = None
        self._choosing = asyncio.Lock()
        self._jobs: set[asyncio.Task[None]] = set()
        self._closed = False
        self._spawn(self._pump(self._bus.subscribe()))

    async def begin(self) -> None:
        """Look at the disk and at who is at work; nothing is executed, except that a named run goes on.

        Raises:
            SextetError: the run that was named cannot go on, and why.
        """
        self._spawn(self._watch())
        with suppress(SextetError):
            await self._look()
        if self._wishes.resume and self._wishes.trusted:
            await self.call("run/resume", {"runId": self._wishes.resume})

    async def _look(self) -> None:
        """Name the runs that have not ended, so that the client knows what to ask for."""
        place = await self._known()
        await self._for_reading()
        for run_id, seq in await asyncio.to_thread(_unfinished, place):
            self._tell(Resync(run_id, seq))

    async def call(self, method: str, params: Mapping[str, Any]) -> Record:
        """Carry out a verb.

        Raises:
            NotFoundError: there is no such verb.
            TrustError: the folder is not trusted and the verb could start something.
            SextetError: as the verb raises it.
        """
        if method not in METHODS:
            raise NotFoundError(f"There is no verb {method[:80]!r}.", method=method[:80])
        if method in READING:
            return await self._read(method, params)
        if not self._wishes.trusted:
            raise TrustError(
                "This folder is not trusted, so nothing is started or changed in it.",
                next_step="Trust the folder in your editor.",
            )
        door = await self._for_change()
        if isinstance(door, Attached) and self._editor is not None:
            await unsaved.refuse(self._editor, await self._known(), door, (method, params))
        return await door.call(method, params)

    async def place(self) -> Place:
        """The work tree, good enough to read.

        Raises:
            RepositoryError: there is none.
        """
        return await self._known()

    async def view(self, run_id: str) -> RunView:
        """The view of a run, read from the disk.

        Raises:
            SextetError: there is none, or it cannot be read.
        """
        return await asyncio.to_thread(read_view, await self._known(), run_id)

    async def close(self, reason: str) -> None:
        """Put everything down so that it can be resumed."""
        self._closed = True
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        if self._own is not None:
            await self._own.close(reason)
        if self._there is not None:
            await self._there.close()

    # Where a verb goes ----------------------------------------------------------------------------
    async def _read(self, method: str, params: Mapping[str, Any]) -> Record:
        door = await self._for_reading()
        try:
            return await door.call(method, params)
        except BusyError:
            if isinstance(door, Attached) and door.lost:  # the disk knows as much
                return await (await self._on_disk()).call(method, params)
            raise

    async def _for_reading(self) -> Supervisor | Attached | Dispatcher:
        if self._own is not None and not self._own.closing:
            return self._own
        async with self._choosing:
            return await self._attach_if_held() or await self._on_disk()

    async def _on_disk(self) -> Dispatcher:
        if self._disk is None:
            self._disk = Dispatcher(Orchestrator(await self._known(), Bus()))
        return self._disk

    async def _attach_if_held(self) -> Attached | None:
        """The connection to whoever has the lock now, when there is somebody and it answers."""
        if self._there is not None and not self._there.lost:
            return self._there
        if self._own is not None:
            return None
        await self._let_go()
        holder = SupervisorLock((await self._known()).state).holder()
        if holder is not None:
            with suppress(BusyError):
                self._there = await Attached.begin(Path(holder.socket), self._tell)
        return self._there

    async def _for_change(self) -> Supervisor | Attached:
        async with self._choosing:
            if self._own is not None and self._own.closing:
                await self._own.close("")
                self._own = None
            if self._own is not None:
                return self._own
            if self._there is not None and not self._there.lost:
                return self._there
            await self._let_go()
            return await self._lock_or_holder()

    async def _lock_or_holder(self) -> Supervisor | Attached:
        loop = asyncio.get_running_loop()
        patience = loop.time() + _PATIENCE
        while True:
            try:
                self._own = await Supervisor.begin(await self._open(), self._bus)
            except BusyError as busy:
                problem, named = busy, busy.facts.get("socket")
            else:
                self._spawn(self._free(self._own))
                return self._own
            if isinstance(named, str) and named:
                with suppress(BusyError):
                    self._there = await Attached.begin(Path(named), self._tell)
                    return self._there
            if loop.time() > patience or self._closed:
                raise problem
            await asyncio.sleep(_PAUSE)

    async def _let_go(self) -> None:
        there, self._there = self._there, None
        if there is not None:
            await there.close()

    async def _open(self) -> Place:
        """The work tree as it is now: a supervisor begins with the branch and commit of this moment."""
        return replace(await Place.open((await self._known()).top), second_writer=self._editor)

    async def _known(self) -> Place:
        """The work tree of the first folder that has one.

        Raises:
            RepositoryError: there is none.
        """
        if self._found is not None:
            return self._found
        problem: SextetError = RepositoryError(
            "No folder is open.", next_step="Open a folder with a git repository."
        )
        for number, folder in enumerate(self._wishes.folders):
            try:
                self._found = await Place.open(folder)
            except SextetError as error:
                problem = error if number == 0 else problem
            else:
                return self._found
        raise problem

    # In the background ----------------------------------------------------------------------------
    async def _pump(self, subscription: Subscription) -> None:
        async for message in subscription:
            self._tell(message)

    async def _watch(self) -> None:
        """Attach to a supervisor that began elsewhere, so that its runs are seen here."""
        while True:
            await asyncio.sleep(WATCH)
            if self._own is None and self._found is not None:
                with suppress(SextetError):
                    async with self._choosing:
                        await self._attach_if_held()

    async def _free(self, own: Supervisor) -> None:
        """Free the lock when no run is live."""
        await own.idle()
        await own.close("nothing is at work")
        if self._own is own:
            self._own = None

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)


def _unfinished(place: Place) -> list[tuple[str, int]]:
    """Runs of ours that have not ended, with the number of their last event."""
    found: list[tuple[str, int]] = []
    for run in runs.list_runs(place.top, place.state):
        if run.ours and run.state not in _OVER and len(found) < _SHOWN:
            with suppress(SextetError):
                found.append((run.id, read_view(place, run.id).seq))
    return found
