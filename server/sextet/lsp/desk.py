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
from sextet.model.settings import Problem
from sextet.pipeline.view import RunView
from sextet.runtime.bus import Bus, Message, Resync, Subscription
from sextet.service.dispatch import Dispatcher
from sextet.service.editor_settings import EditorSettings
from sextet.service.methods import METHODS
from sextet.service.orchestrator import Orchestrator
from sextet.service.place import Place
from sextet.service.viewing import at_hand, read_view
from sextet.store.lock import SupervisorLock
from sextet.system.whoami import whoami
from sextet.workspace.editor import Editor

_SETTING: Final = frozenset({"run/start", "run/resume", "roles/get", "clean", "models/list", "doctor"})
"""Verbs that wait for what the editor says in its settings."""

WATCH: Final = 2.0
"""Seconds between two looks for a supervisor that began elsewhere."""
_PATIENCE: Final = 5.0
"""Seconds for which a holder of the lock may be silent: it just begins, or is about to end."""
_PAUSE: Final = 0.05
_COURTESY: Final = 0.1
"""Seconds that views wait before they read a long run, so that a client's first request goes before."""


class Desk:
    """The verbs for one editor.

    Args:
        wishes: its folders, and what may be done there.
        tell: gets everything that happens; must not wait.
        editor: what it says in its settings.
        second: writes what is open in it, whoever asks a supervisor here to apply a patch.
    """

    def __init__(
        self,
        wishes: Wishes,
        tell: Callable[[Message], None],
        editor: EditorSettings,
        second: Editor | None = None,
    ) -> None:
        self._second = second
        self._wishes = wishes
        self._tell = tell
        self.editor = editor
        self.folder = wishes.folders[0] if wishes.folders else None
        """The folder of the window that has the work tree."""
        self._bus = Bus()
        self._found: Place | None = None
        """The work tree as it was found first; good enough to read."""
        self._disk: Dispatcher | None = None
        self._own: Supervisor | None = None
        self._there: Attached | None = None
        self._choosing = asyncio.Lock()
        self._finding = asyncio.Lock()
        self._jobs: set[asyncio.Task[None]] = set()
        self._closed = False
        self._readers = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
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
        """Name the runs that a person has to do with, so that the client knows what to ask for."""
        place = await self._known()
        await self._for_reading()
        for run_id, seq in await asyncio.to_thread(at_hand, place):
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
        if method in _SETTING:
            await self.editor.ready()
        if METHODS[method].reads:
            return await self._read(method, params)
        if not self._wishes.trusted:
            raise TrustError(
                "This folder is not trusted, so nothing is started or changed in it.",
                next_step="Trust the folder in your editor.",
            )
        params = _signed(method, params)
        door = await self._for_change()
        if isinstance(door, Attached) and self._second is not None:
            await unsaved.refuse(self._second, await self._known(), door, (method, params))
        return await door.call(method, params)

    async def settings_changed(self) -> tuple[Problem, ...]:
        """Let the runs that are worked on here follow the settings; returns what is not trusted.

        A supervisor elsewhere has settings of its own.
        """
        own = self._own
        return () if own is None or own.closing else await own.settings_changed()

    async def place(self) -> Place:
        """The work tree, good enough to read.

        Raises:
            RepositoryError: there is none.
        """
        return await self._known()

    async def view(self, run_id: str, patient: bool) -> RunView:  # noqa: FBT001 -- as the follower calls it
        """The view of a run, read from the disk; raises SextetError when it cannot be."""
        if patient:
            await asyncio.sleep(_COURTESY)
            with suppress(TimeoutError):  # whoever asked for something goes first
                await asyncio.wait_for(self._quiet.wait(), _PATIENCE)
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
        self._readers += 1
        self._quiet.clear()
        try:
            return await self._read_now(method, params)
        finally:
            self._readers -= 1
            if not self._readers:
                self._quiet.set()

    async def _read_now(self, method: str, params: Mapping[str, Any]) -> Record:
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
        place = await Place.open((await self._known()).top, self.editor)
        return replace(place, second_writer=self._second)

    async def _known(self) -> Place:
        """The work tree of the first folder that has one.

        Raises:
            RepositoryError: there is none.
        """
        async with self._finding:
            self._found = self._found or await self._find()
            return self._found

    async def _find(self) -> Place:
        problem: SextetError = RepositoryError(
            "No folder is open.", next_step="Open a folder with a git repository."
        )
        for number, folder in enumerate(self._wishes.folders):
            try:
                found = await Place.open(folder, self.editor)
            except SextetError as error:
                problem = error if number == 0 else problem
            else:
                self.folder = folder
                return found
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


def _signed(method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """The params with the name of the person, where the verb wants one and none is given."""
    unsigned = "by" in METHODS[method].params.model_fields and "by" not in params
    return {**params, "by": whoami()} if unsigned else params
