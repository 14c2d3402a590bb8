"""Verbs and views as requests of an editor: from a message to its answer; loaded after the first hello."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sextet.errors import SextetError, UsageError
from sextet.lsp import asking, frames
from sextet.lsp.client import Client, RefusedError
from sextet.lsp.configuration import Configuration
from sextet.lsp.desk import Desk
from sextet.lsp.frames import Said
from sextet.lsp.problems import Problems
from sextet.lsp.published import Published
from sextet.lsp.push import Push
from sextet.lsp.second_writer import SecondWriter
from sextet.lsp.standard import VIEWS
from sextet.lsp.telemetry import Telemetry
from sextet.lsp.views import Views
from sextet.lsp.wishes import Wishes
from sextet.model.base import Record
from sextet.runtime.bus import Message
from sextet.service import codes, control_wire
from sextet.service.editor_settings import EditorSettings
from sextet.service.methods import METHODS
from sextet.service.results import Opened

COMMANDS: Final = {f"sextet.{method.replace('/', '.')}": method for method in METHODS}
"""Every verb as a command for `workspace/executeCommand`."""


class Verbs:
    """Carries out what an editor asks for.

    Args:
        wishes: its folders, and what may be done there.
        client: whom events, log lines and views are told.
    """

    def __init__(self, wishes: Wishes, client: Client) -> None:
        self._wishes = wishes
        self._client = client
        self._asks = wishes.can.asks and not wishes.extension
        self._push = Push(client.writer)
        editor = EditorSettings()
        self._second = SecondWriter(wishes, client)
        self._desk = Desk(wishes, self._hear, editor, self._second)
        self._published = Published(client)
        self._configuration = Configuration(wishes, client, self._desk, Problems(client, self._published))
        self._views = Views(wishes, client, self._published, self._desk, self._command)
        self._hearers = (Telemetry(client, editor).take, self._push.take, self._views.take)

    def _hear(self, message: Message) -> None:
        """Something happens, here or at a supervisor elsewhere; never waits."""
        for hear in self._hearers:
            hear(message)

    async def begin(self) -> None:
        """The editor is ready: tell which runs there are, and go on with the one that it named."""
        self._configuration.begin()
        try:
            await self._desk.begin()
        except SextetError as error:
            self._client.tell("window/showMessage", {"type": 1, "message": str(error)})

    def told(self, said: Said) -> None:
        """A notification about documents, settings or progress."""
        self._configuration.told(said)
        self._second.told(said)
        self._views.told(said)

    async def answer(self, said: Said) -> bytes:
        """The answer to a request, whatever becomes of it.

        Args:
            said: `sextet/<verb>`, `workspace/executeCommand`, or one of `standard.VIEWS`.
        """
        try:
            if said.method in VIEWS:
                found = await self._views.answer(said.method, said.message.get("params"))
                return frames.result(said.request_id, found)
            method, params = _asked(said)
            commanded = not said.method.startswith(control_wire.PREFIX)
            done = await (self._command if commanded else self._desk.call)(method, params)
            return frames.result(said.request_id, done)
        except SextetError as error:
            return frames.encode(control_wire.refusal(said.request_id, error))
        except Exception as error:  # noqa: BLE001 -- a defect behind a verb ends the verb, not the session
            words = f"{type(error).__name__}: {error}"[:2_000]
            return frames.failure(said.request_id, codes.INTERNAL, words)

    async def close(self, reason: str) -> None:
        """Put everything down so that it can be resumed."""
        await self._configuration.close()
        try:
            await self._views.close()
            await self._desk.close(reason)
        finally:
            self._push.close()

    async def _command(self, method: str, params: Mapping[str, Any]) -> Record:
        """Carry out a verb for a person: asked where a program is refused, and shown what was written."""
        if self._asks:
            done = await asking.through(self._client, self._desk.call, method, params)
        else:
            done = await self._desk.call(method, params)
        if isinstance(done, Opened) and self._wishes.can.documents:
            try:
                await self._client.ask("window/showDocument", {"uri": done.uri, "takeFocus": True})
            except RefusedError as error:
                self._client.tell("window/logMessage", {"type": 2, "message": str(error)})
        return done


def _asked(said: Said) -> tuple[str, dict[str, Any]]:
    """Verb and params of a request, read strictly.

    Raises:
        UsageError: the params are no object, hold a key twice, or name no command.
    """
    if said.message.get("params") is None:
        params: dict[str, Any] = {}
    else:
        try:
            _, _, params = control_wire.parse(said.body)
        except control_wire.RequestError as error:
            raise UsageError(
                f"The params cannot be used: {error.__cause__ or error}", path="params"
            ) from error
    if said.method.startswith(control_wire.PREFIX):
        return said.method.removeprefix(control_wire.PREFIX), params
    return _commanded(params)


def _commanded(params: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    command, arguments = params.get("command"), params.get("arguments")
    if not isinstance(command, str) or command not in COMMANDS:
        raise UsageError(f"command: There is no command {str(command)[:80]!r}.", path="command")
    if arguments is None or arguments == []:
        return COMMANDS[command], {}
    if not isinstance(arguments, list) or len(arguments) != 1 or not isinstance(arguments[0], dict):
        raise UsageError("arguments: A command takes one object.", path="arguments")
    return COMMANDS[command], arguments[0]
