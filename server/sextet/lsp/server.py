"""The language server: which message goes where, and that every one of them is answered."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol

from lsprotocol.types import INITIALIZE, InitializeParams

from sextet.lsp import frames
from sextet.lsp.client import Client
from sextet.lsp.frames import Broken, Said
from sextet.lsp.standard import HEARD, VIEWS, Body, count_in_utf16, create_standard, is_request, never
from sextet.lsp.wire import Writer
from sextet.lsp.wishes import Wishes, wishes_of
from sextet.service import codes
from sextet.service.names import VERBS

PATIENCE: Final = 1.5
"""Seconds that putting the work down may take; editors kill a server after two."""

EXECUTE: Final = "workspace/executeCommand"
_OURS: Final = "sextet/"
_UNDIVIDED: Final = ("patch/apply", "patch/revert", "patch.apply", "patch.revert")
"""Ends of verbs that write into the work tree: once begun they are carried through, cancelled or not."""

_GOODBYE: Final = "shutdown"
_HEAVY: Final = "sextet.lsp.verbs"
"""Everything that an answer to `initialize` does not need: loaded behind it, in a thread."""


class Verbs(Protocol):
    """What `sextet.lsp.verbs` offers."""

    async def begin(self) -> None:
        """The client is ready."""
        ...

    async def answer(self, said: Said) -> bytes:
        """The answer to a request."""
        ...

    def told(self, said: Said) -> None:
        """Look at a notification of `HEARD`."""
        ...

    async def close(self, reason: str) -> None:
        """Put everything down."""
        ...


class Server:
    """One client's session; lives on the event loop.

    Args:
        writer: where answers go.
        stop: called when the client has said its last word, or nothing more of it can be understood.
    """

    def __init__(self, writer: Writer, stop: Callable[[], None]) -> None:
        self._writer = writer
        self._stop = stop
        self._standard = create_standard(self._hello)
        self._standard.protocol.set_writer(Body(writer), include_headers=False)
        self._client: Client | None = None
        self._wishes: Wishes | None = None
        self._verbs: asyncio.Task[Verbs] | None = None
        self._requests: dict[int | str, asyncio.Task[None]] = {}
        self._lasting: set[int | str] = set()
        """Requests that are not cancelled any more."""
        self._begun: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._patience = 0.0
        self.shut_down = False
        """True once `shutdown` was asked for."""

    # What comes in --------------------------------------------------------------------------------
    def take(self, said: Said | Broken) -> None:
        """Work on a message; never raises."""
        if isinstance(said, Broken):
            self._writer.send(frames.failure(said.request_id, said.code, said.words))
            if said.fatal:
                self._stop()
        elif not said.method:
            if self._client is None or not self._client.answered(said):
                self._pass_on(said)
        elif said.request_id is None:
            self._told(said)
        else:
            self._asked(said, said.request_id)

    def _told(self, said: Said) -> None:
        """A notification; one that nobody expects is passed over."""
        if said.method == "exit":
            self._stop()
        elif said.method == "$/cancelRequest":
            self._cancel(said.message.get("params"))
        elif self._wishes is None or self.shut_down:
            return
        elif said.method == "initialized":
            if self._begun is None:
                self._begun = asyncio.create_task(self._begin())
        elif self._is_known(said.method):
            self._pass_on(said)
        if said.method in HEARD:
            self._let_hear(said)

    def _let_hear(self, said: Said) -> None:
        """Let the views look at a notification, as soon as they are there."""
        verbs = self._verbs
        if verbs is not None and not verbs.done():
            verbs.add_done_callback(lambda _: self._let_hear(said))
        elif verbs is not None and not verbs.cancelled() and verbs.exception() is None:
            verbs.result().told(said)

    def _asked(self, said: Said, request_id: int | str) -> None:
        refused = self._refusal(said, request_id)
        if refused is not None:
            code, words = refused
            self._writer.send(frames.failure(request_id, code, words))
        elif said.method == "shutdown":
            self.shut_down = True
            self._spawn(request_id, self._shut_down(request_id))
        elif said.method == EXECUTE or said.method in VIEWS or said.method.startswith(_OURS):
            if _name(said).endswith(_UNDIVIDED):
                self._lasting.add(request_id)
            self._spawn(request_id, self._carry_out(said))
        else:
            self._pass_on(said)

    def _refusal(self, said: Said, request_id: int | str) -> tuple[int, str] | None:
        """Code and words for a request that comes at the wrong moment, or that nobody knows."""
        if request_id in self._requests:
            return codes.INVALID, "A request with this id is being worked on."
        if self.shut_down:
            return codes.INVALID, "The server is shutting down."
        if self._wishes is None and said.method != INITIALIZE:
            return codes.NOT_INITIALIZED, "The first request is `initialize`."
        if self._wishes is not None and said.method == INITIALIZE:
            return codes.INVALID, "The server was initialized before."
        ours = said.method in {EXECUTE, "shutdown"} or said.method.startswith(_OURS)
        if not ours and not (self._is_known(said.method) and is_request(said.method)):
            return codes.NO_METHOD, f"There is no method {said.method[:80]!r}."
        return None

    def _is_known(self, method: str) -> bool:
        manager = self._standard.protocol.fm
        return method in manager.builtin_features or method in manager.features

    def _pass_on(self, said: Said) -> None:
        """Let pygls work on a message of the protocol itself; nested objects are data, whatever they hold."""
        protocol = self._standard.protocol
        try:
            message = protocol.structure_message(dict(said.message))
            if said.method == INITIALIZE:
                count_in_utf16(message.params)
            protocol.handle_message(message)
        except Exception as error:  # noqa: BLE001 -- whatever pygls makes of hostile params ends the message alone
            if said.method and said.request_id is not None:
                words = f"The params of {said.method[:80]} cannot be used: {error.__cause__ or error}"[:1_000]
                self._writer.send(frames.failure(said.request_id, codes.PARAMS, words))

    def _cancel(self, params: Any) -> None:
        named = params.get("id") if isinstance(params, dict) else None
        if isinstance(named, (int, str)) and named not in self._lasting:
            task = self._requests.get(named)
            if task is not None:
                task.cancel()

    # Hello and goodbye ----------------------------------------------------------------------------
    def _hello(self, params: InitializeParams) -> None:
        """`initialize`: keep what the client wants, and load behind the answer what its requests need."""
        self._wishes = wishes = wishes_of(params)
        self._client = Client(self._writer, self._standard.documents, self._standard.units)
        self._verbs = asyncio.create_task(self._load(wishes))
        if not wishes.extension:
            for method in VERBS:
                self._standard.command(f"sextet.{method.replace('/', '.')}")(never)

    async def _load(self, wishes: Wishes) -> Verbs:
        module = await asyncio.to_thread(importlib.import_module, _HEAVY)
        made: Verbs = module.Verbs(wishes, self._client)
        return made

    async def _begin(self) -> None:
        if self._verbs is not None:
            await (await asyncio.shield(self._verbs)).begin()

    async def _shut_down(self, request_id: int | str) -> None:
        await self.close("the editor was closed")
        self._writer.send(frames.result(request_id, None))

    async def close(self, reason: str) -> bool:
        """Cancel what is asked for, put the work down so that it can be resumed; again is allowed.

        Returns:
            False when it was not done within `PATIENCE` of the first call.
        """
        loop = asyncio.get_running_loop()
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(reason))
            self._patience = loop.time() + PATIENCE
        done, _ = await asyncio.wait({self._closing}, timeout=max(0, self._patience - loop.time()))
        return bool(done) and self._closing.exception() is None

    async def _close(self, reason: str) -> None:
        asked = {key: task for key, task in self._requests.items() if task.get_name() != _GOODBYE}
        for request_id, task in asked.items():
            if request_id not in self._lasting:
                task.cancel()
        if self._begun is not None:
            self._begun.cancel()
        if self._client is not None:
            self._client.hang_up()
        if self._verbs is not None and not self._verbs.done():
            self._verbs.cancel()  # nothing has begun, and loading takes as long as it takes
        await asyncio.gather(*asked.values(), return_exceptions=True)
        if self._verbs is not None:
            verbs = (await asyncio.gather(self._verbs, return_exceptions=True))[0]
            if not isinstance(verbs, BaseException):
                await verbs.close(reason)

    # Requests of ours -----------------------------------------------------------------------------
    def _spawn(self, request_id: int | str, work: Coroutine[Any, Any, None]) -> None:
        name = _GOODBYE if self.shut_down else "request"
        task: asyncio.Task[None] = asyncio.create_task(work, name=name)
        self._requests[request_id] = task
        task.add_done_callback(lambda done: self._done(request_id, done))

    def _done(self, request_id: int | str, task: asyncio.Task[None]) -> None:
        """A request that was cut off is answered too, whatever cut it off."""
        self._requests.pop(request_id, None)
        self._lasting.discard(request_id)
        if task.cancelled():
            self._writer.send(frames.failure(request_id, codes.CANCELLED, "The request was cancelled."))
        elif task.exception() is not None:
            words = f"The request could not be carried out: {task.exception()!r}"[:2_000]
            self._writer.send(frames.failure(request_id, codes.INTERNAL, words))

    async def _carry_out(self, said: Said) -> None:
        assert self._verbs is not None  # noqa: S101 -- a request before `initialize` was refused
        verbs = await asyncio.shield(self._verbs)
        self._writer.send(await verbs.answer(said))


def _name(said: Said) -> str:
    params = said.message.get("params")
    named = params.get("command") if said.method == EXECUTE and isinstance(params, dict) else said.method
    return str(named)
