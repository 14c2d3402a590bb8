"""Connection: one running app-server, the threads that it has loaded and the turns that it works on."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final, Self

from sextet import __version__
from sextet.codex import policy
from sextet.codex.install import Install, server_names
from sextet.codex.turn import TurnRequest
from sextet.codex.wire import GoneError, RpcError, Wire
from sextet.system import processes

MOST_LOADED: Final = 32
"""Idle threads that stay loaded; older ones are given back and resumed when they are needed again."""

_START: Final = 20.0


class Connection:
    """One app-server. Made by `start`."""

    def __init__(self, wire: Wire, install: Install, *, user_tools: bool) -> None:
        self.wire = wire
        self.busy: set[str] = set()
        """Threads with a turn."""
        self.idle = asyncio.Event()
        self.idle.set()
        self.retired = False
        self._install = install
        self._user_tools = user_tools
        self._servers: tuple[str, ...] = ()
        self._loaded: OrderedDict[str, Mapping[str, Any]] = OrderedDict()

    @classmethod
    async def start(cls, install: Install, env: Mapping[str, str], *, user_tools: bool) -> Self:
        """Start an app-server and shake hands.

        Raises:
            GoneError: it ended or did not answer.
            RpcError: it does not know this protocol.
            ProcessError: it could not be started.
        """
        argv = [str(install.path), "app-server", *policy.arguments(policy.BASE)]
        child = await processes.spawn(argv, env=install.environment(env), stdin=True)
        self = cls(Wire(child), install, user_tools=user_tools)
        try:
            await self._shake_hands()
        except BaseException:
            await self.wire.close(grace=0.5)
            raise
        return self

    async def _shake_hands(self) -> None:
        client = {"name": "sextet", "title": "Sextet", "version": __version__}
        able = {"experimentalApi": True, "requestAttestation": False}
        await self.wire.call("initialize", {"clientInfo": client, "capabilities": able}, timeout=_START)
        await self.wire.notify("initialized")
        if not self._user_tools:
            answer = await self.wire.call("config/read", {"includeLayers": False}, timeout=_START)
            self._servers = server_names(answer.get("config") if isinstance(answer, dict) else None)

    async def thread(self, request: TurnRequest, thread: str) -> tuple[str, Mapping[str, Any]]:
        """Load the conversation of a turn.

        Args:
            request: whose fence, model and instructions it gets.
            thread: the one to go on with; empty starts a new one.

        Returns:
            Its id, and what the app-server tells about it (empty when it was loaded already).

        Raises:
            GoneError: the app-server is gone.
            RpcError: the thread cannot be started or resumed.
        """
        config = policy.overrides(
            request, keys=self._install.keys, servers=self._servers, user_tools=self._user_tools
        )
        if thread and self._loaded.get(thread) == config:
            self._loaded.move_to_end(thread)
            return thread, {}
        if thread in self._loaded:  # loaded with another fence: only a fresh load takes a new configuration
            await self._unload(thread)
        params: dict[str, Any] = {
            "cwd": str(request.fence.cwd),
            "sandbox": "read-only",  # anything else marks the folder as trusted in the user's config.toml
            "approvalPolicy": "never",
            "config": config,
        }
        if request.model:
            params["model"] = request.model
        if request.instructions:
            params["developerInstructions"] = request.instructions
        if thread:
            params["threadId"] = thread
        answer = await self.wire.call("thread/resume" if thread else "thread/start", params, timeout=60.0)
        told = answer.get("thread") if isinstance(answer, dict) else None
        if not isinstance(told, dict) or not isinstance(told.get("id"), str):
            raise RpcError({"message": "It answered without a conversation."})
        self._loaded[told["id"]] = config
        return told["id"], told

    def enter(self, thread: str) -> None:
        """A turn of this thread begins."""
        self.busy.add(thread)
        self.idle.clear()

    def leave(self, thread: str) -> None:
        """The turn of this thread is over."""
        self.busy.discard(thread)
        if not self.busy:
            self.idle.set()

    async def trim(self) -> None:
        """Give idle threads back, the oldest first, when too many are loaded."""
        for thread in [each for each in self._loaded if each not in self.busy][:-MOST_LOADED]:
            await self._unload(thread)

    async def clean(self, thread: str, *, timeout: float = 5.0) -> None:
        """End the commands that a thread left running; `timeout` in seconds.

        Raises:
            GoneError: the app-server is gone or does not answer.
        """
        try:
            await self.wire.call("thread/backgroundTerminals/clean", {"threadId": thread}, timeout=timeout)
        except RpcError:  # the thread is not loaded: then nothing of it runs
            return

    async def _unload(self, thread: str) -> None:
        if self._loaded.pop(thread, None) is None:  # somebody else is at it
            return
        try:
            await self.wire.call("thread/unsubscribe", {"threadId": thread}, timeout=5.0)
        except (RpcError, GoneError):  # it is only to save memory
            return
