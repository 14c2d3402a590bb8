"""Doors: a run is worked on here, or by another process that is reached through its socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

from sextet.errors import BusyError, NotFoundError, UsageError
from sextet.model.base import Record
from sextet.model.names import RunState
from sextet.pipeline.view import RunView
from sextet.runtime.bus import Bus, Message
from sextet.service import control, control_client, recovery
from sextet.service.dispatch import Dispatcher
from sextet.service.orchestrator import Orchestrator
from sextet.service.place import Place
from sextet.service.results import RunList
from sextet.service.viewing import read_view
from sextet.store import runs
from sextet.store.lock import SupervisorLock

CLOSED = "the command ended"
"""Why a run that was queued behind another one is interrupted."""

_PATIENCE = 5.0
"""Seconds for which a holder of the lock may be silent: it just begins, or is about to end."""
_PAUSE = 0.05


class Door(Protocol):
    """The verbs of one work tree, wherever they are carried out."""

    place: Place
    here: bool
    """True when this process holds the lock."""

    async def call(self, method: str, params: Mapping[str, Any]) -> Record:
        """Carry out a verb; raises what the verb raises."""
        ...

    async def attend(self) -> None:
        """Keep for `listen` whatever happens from now on."""
        ...

    async def listen(self) -> AsyncIterator[Message]:
        """Everything that happens from now on, until the other side or `close` ends it."""
        ...

    def hush(self) -> None:
        """End `listen` once what is queued was read."""
        ...


class Here:
    """This process is the supervisor."""

    here = True

    def __init__(self, orchestrator: Orchestrator) -> None:
        self.place = orchestrator.place
        self.recovered: tuple[str, ...] = ()
        """What was put right of an apply that a crash had cut off, sentence by sentence."""
        self.orchestrator = orchestrator
        self._dispatcher = Dispatcher(orchestrator)
        self._subscription = orchestrator.bus.subscribe()

    @property
    def dispatcher(self) -> Dispatcher:
        """For the socket."""
        return self._dispatcher

    async def call(self, method: str, params: Mapping[str, Any]) -> Record:
        """See `Door.call`."""
        return await self._dispatcher.call(method, params)

    async def attend(self) -> None:
        """See `Door.attend`; this door does so from its beginning."""

    async def listen(self) -> AsyncIterator[Message]:
        """See `Door.listen`."""
        async for message in self._subscription:
            yield message

    def hush(self) -> None:
        """See `Door.hush`."""
        self._subscription.close()


class There:
    """Another process is the supervisor."""

    here = False

    def __init__(self, place: Place, client: control_client.Client) -> None:
        self.place = place
        self.client = client

    async def call(self, method: str, params: Mapping[str, Any]) -> Record:
        """See `Door.call`."""
        return await self.client.call(method, params)

    async def attend(self) -> None:
        """See `Door.attend`."""
        await self.client.subscribe()

    async def listen(self) -> AsyncIterator[Message]:
        """See `Door.listen`."""
        async for message in self.client.listen():
            yield message

    def hush(self) -> None:
        """See `Door.hush`."""
        self.client.hush()


async def place_of(folder: Path) -> Place:
    """The work tree that a folder is in; raises as `Place.open`."""
    if not await asyncio.to_thread(folder.exists):
        raise UsageError(f"There is no folder {str(folder)!r}.", next_step="Name another one with --repo.")
    return await Place.open(folder)


@asynccontextmanager
async def writing(place: Place) -> AsyncIterator[Here | There]:
    """The door to change something: this process when it gets the lock, else whoever has it.

    Raises:
        BusyError: somebody has the lock and does not listen.
    """
    found = await _lock_or_holder(place)
    if isinstance(found, control_client.Client):
        try:
            yield There(place, found)
        finally:
            await found.close()
        return
    try:
        here = Here(found)
        async with control.serving(here.dispatcher, found.bus, place.state.socket):
            here.recovered = await recovery.recover(place)
            yield here
    finally:
        await found.close(CLOSED)


async def _lock_or_holder(place: Place) -> Orchestrator | control_client.Client:
    """The lock, or a connection to its holder; one that just begins or ends is given some time."""
    loop = asyncio.get_running_loop()
    patience = loop.time() + _PATIENCE
    while True:
        try:
            return await Orchestrator(place, Bus()).__aenter__()
        except BusyError as busy:
            named = busy.facts.get("socket")
            problem = busy
        try:
            if isinstance(named, str) and named:
                return await control_client.connect(Path(named))
        except BusyError as silent:
            problem = silent
        if loop.time() > patience:
            raise problem
        await asyncio.sleep(_PAUSE)


@asynccontextmanager
async def reading(place: Place) -> AsyncIterator[Here | There]:
    """The door to look at something; nothing is locked."""
    holder = SupervisorLock(place.state).holder()
    if holder is not None:
        try:
            client = await control_client.connect(Path(holder.socket))
        except BusyError:
            pass  # it does not listen (yet, or any more): the disk says enough
        else:
            try:
                yield There(place, client)
            finally:
                await client.close()
            return
    yield Here(Orchestrator(place, Bus()))


# Which run ----------------------------------------------------------------------------------------
def find_run(place: Place, said: str, *, going: bool = False) -> str:
    """The id of the run that the caller means.

    Args:
        place: the work tree.
        said: an id, the beginning of one, `latest`, or empty.
        going: when nothing is said, runs that have not ended come first; else the newest is meant.

    Raises:
        NotFoundError: there is none.
        UsageError: several are meant.
    """
    known = runs.list_runs(place.top, place.state)
    if not known:
        raise NotFoundError("There are no runs here.", next_step='Start one: `sextet run "<goal>"`.')
    if said == "latest":
        return known[0].id
    if said:
        return _one([run.id for run in known if run.id.startswith(said)], said)
    over = {RunState.COMPLETED, RunState.STOPPED, RunState.FAILED}
    open_ = [run.id for run in known if run.state not in over and run.ours]
    unclear = len(open_) > 1 and known[0].id in open_
    return _one(open_, "") if open_ and (going or unclear) else known[0].id


async def meant(door: Here | There, said: str, *, going: bool = False) -> str:
    """As `find_run`; when nothing is said, the run that is at work elsewhere is meant."""
    if not said and isinstance(door, There):
        listed = await door.call("run/list", {})
        assert isinstance(listed, RunList)  # noqa: S101 -- for mypy
        live = [run.id for run in listed.runs if run.live]
        if len(live) == 1:
            return live[0]
    return find_run(door.place, said, going=going)


def _one(found: list[str], said: str) -> str:
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFoundError(f"There is no run {said[:80]!r} here.", next_step="See `sextet list`.")
    if said in found:
        return said
    listed = ", ".join(found[:8])
    words = f"{said!r} is the beginning of several runs" if said else "Several runs are open"
    raise UsageError(f"{words}: {listed}.", next_step="Name one of them, or `latest`.")


def reread(place: Place, run_id: str) -> RunView:
    """The run as its journal on the disk tells it."""
    return read_view(place, run_id)
