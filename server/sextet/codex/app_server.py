"""AppServer: all turns through one `codex app-server`, which is started again when it dies or hangs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from sextet.codex import commands, failures
from sextet.codex.conversation import Attempt, LostError, once
from sextet.codex.install import SandboxProbe
from sextet.codex.pool import Limits, Pool
from sextet.codex.turn import (
    CommandResult,
    Fence,
    Listener,
    ModelInfo,
    TurnError,
    TurnHandle,
    TurnRequest,
    TurnResult,
)
from sextet.codex.wire import GoneError, RpcError
from sextet.errors import CodexError
from sextet.model.settings import CodexSettings

TRIES: Final = 3
"""App-servers that one turn is tried on before it counts as lost."""


class AppServer:
    """Agents behind one app-server process; nothing runs before the first turn or `warm`.

    Args:
        settings: which Codex.
        env: the server's environment; what agents get of it is an allow-list.
        limits: how long to be patient.
    """

    def __init__(
        self, settings: CodexSettings, env: Mapping[str, str], *, limits: Limits | None = None
    ) -> None:
        self._pool = Pool(settings, env, limits or Limits())

    async def warm(self) -> None:
        """Find Codex and start the app-server, so that the first turn does not wait for it.

        Raises:
            CodexError: Codex cannot be used.
        """
        await self._pool.connection()

    async def sandbox(self, folder: Path) -> SandboxProbe:
        """Whether commands can be fenced on this machine, tried in an existing folder.

        Raises:
            CodexError: Codex cannot be used.
        """
        return await self._pool.sandbox(folder)

    async def turn(
        self, request: TurnRequest, listener: Listener, handle: TurnHandle | None = None
    ) -> TurnResult:
        """Ask and wait for the answer; when the app-server dies, the conversation goes on on the next one.

        Raises:
            TurnError: there is no answer.
        """
        attempt = Attempt(request, listener, handle or TurnHandle())
        for number in range(1, TRIES + 1):
            connection = await self._pool.usable(request.fence)
            try:
                return await once(self._pool, connection, attempt)
            except LostError as lost:
                said = str(lost)
            await asyncio.sleep(self._pool.limits.pause * number)
        raise TurnError(failures.lost(said), thread=attempt.thread, lost=True, usage=attempt.spent)

    async def command(
        self,
        script: str,
        fence: Fence,
        *,
        env: Mapping[str, str],
        timeout: float,
        output: Callable[[bytes], None],
    ) -> CommandResult:
        """Run a shell script in the sandbox, streaming its output; see `Agents.command`."""
        try:
            found = await self._pool.found()
        except CodexError as error:
            raise TurnError(failures.unusable(error)) from error
        order = commands.Order(script, fence, env, timeout)
        return await commands.run(found, self._pool.env, order, output)

    async def models(self) -> tuple[ModelInfo, ...]:
        """The models that the installed Codex offers; empty when it cannot tell."""
        try:
            answer = await (await self._pool.connection()).wire.call("model/list", {})
        except (CodexError, RpcError, GoneError):
            return ()
        rows = answer.get("data") if isinstance(answer, dict) else None
        return tuple(_model(row) for row in rows or () if isinstance(row, dict) and row.get("model"))

    async def account(self) -> Mapping[str, Any]:
        """What Codex says about its login: `account` (or None) and `requiresOpenaiAuth`.

        Raises:
            CodexError: it cannot be asked.
        """
        try:
            answer = await (await self._pool.connection()).wire.call("account/read", {})
        except (RpcError, GoneError) as error:
            raise CodexError(
                f"Codex could not be asked about its login: {error}", next_step="Run `codex login`."
            ) from error
        return answer if isinstance(answer, dict) else {}

    async def close(self) -> None:
        """End every process; running turns fail."""
        await self._pool.close()


def _model(row: Mapping[str, Any]) -> ModelInfo:
    told = row.get("supportedReasoningEfforts")
    efforts = [each.get("reasoningEffort") for each in told or () if isinstance(each, dict)]
    names = tuple(each for each in efforts if isinstance(each, str))
    return ModelInfo(str(row["model"]), names, default=row.get("isDefault") is True)
