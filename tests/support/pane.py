"""An editor made of pytest-lsp's client that speaks our methods, and runs in the states that verbs need."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls.protocol import (
    JsonRPCNotification,
    JsonRPCRequestMessage,
    JsonRPCResponseMessage,
    default_converter,
)
from pytest_lsp import ClientServerConfig, LanguageClient
from pytest_lsp.client import register_lsp_features
from pytest_lsp.protocol import LanguageClientProtocol

from support.lsp import SERVE
from support.runs import scenario, wait, write

PATIENCE = 5.0
"""Seconds for anything that is waited for; a rehearsal takes about one."""
FORMS = ("request", "command")
"""How a verb can be asked for: as `sextet/<verb>`, or as the command `sextet.<verb>`."""


def _converter() -> Any:
    """As pygls has it, but what is not of the protocol stays a dict."""
    made = default_converter()
    for kind in (JsonRPCRequestMessage, JsonRPCResponseMessage, JsonRPCNotification):
        made.register_structure_hook(kind, lambda said, cls: cls(**said))
    return made


class _Protocol(LanguageClientProtocol):
    """Tells whoever waits that something has come, after it was looked at."""

    def _handle_notification(self, method_name: str, params: Any) -> None:
        super()._handle_notification(method_name, params)
        self._server.news.set()

    def _handle_request(self, msg_id: Any, method_name: str, params: Any) -> None:
        super()._handle_request(msg_id, method_name, params)
        self._server.news.set()


class Pane(LanguageClient):
    """A client that keeps what it is told of runs."""

    def __init__(self) -> None:
        super().__init__(converter_factory=_converter, protocol_cls=_Protocol)
        register_lsp_features(self)
        self.news = asyncio.Event()
        self.hello: lsp.InitializeResult | None = None
        self.told: list[tuple[str, Mapping[str, Any]]] = []
        """Method and params of our notifications, in order."""
        self.press: Callable[[lsp.ShowMessageRequestParams], lsp.MessageActionItem | None] = lambda _: None
        """Which button a person presses."""
        self.registered: list[str] = []
        self.refreshed = 0
        for name in ("event", "log", "heartbeat", "resync"):
            self.feature(f"sextet/{name}")(self._keep(f"sextet/{name}"))
        for method, answer in self._answers().items():
            self.feature(method)(answer)

    def _keep(self, method: str) -> Callable[[Any], None]:
        return lambda params: self.told.append((method, params))

    def _answers(self) -> Mapping[str, Callable[[Any], Any]]:
        """What pytest-lsp does not answer by itself; functions, since pygls writes onto its handlers."""

        def press(params: lsp.ShowMessageRequestParams) -> lsp.MessageActionItem | None:
            return self.press(params)

        def register(params: lsp.RegistrationParams) -> None:
            self.registered += [each.method for each in params.registrations]

        def refresh(_: None) -> None:
            self.refreshed += 1

        return {
            lsp.WINDOW_SHOW_MESSAGE_REQUEST: press,
            lsp.CLIENT_REGISTER_CAPABILITY: register,
            lsp.WORKSPACE_CODE_LENS_REFRESH: refresh,
        }

    async def verb(self, method: str, params: Mapping[str, Any], form: str = "request") -> Any:
        """The result of one of our verbs, as JSON values."""
        if form == "request":
            return await self.protocol.send_request_async(f"sextet/{method}", dict(params))
        command = f"sextet.{method.replace('/', '.')}"
        asked = lsp.ExecuteCommandParams(command=command, arguments=[dict(params)])
        return await self.workspace_execute_command_async(asked)

    async def until(self, found: Callable[[], Any]) -> Any:
        """Wait until something that the client is told makes this true; what it returned then."""
        async with asyncio.timeout(PATIENCE):
            while not (value := found()):
                self.news.clear()
                await self.news.wait()
        return value

    def event(self, run_id: str, wanted: Callable[[Any], bool]) -> Any:
        """The first event of a run that fits and was told; None when there is none yet."""
        events = (said for method, said in self.told if method == "sextet/event" and said["runId"] == run_id)
        return next((each for each in events if wanted(each["event"]["event"])), None)

    async def happened(self, run_id: str, wanted: Callable[[Any], bool]) -> Any:
        """Wait for an event of a run."""
        return await self.until(lambda: self.event(run_id, wanted))

    async def state(self, run_id: str, *states: str) -> None:
        """Wait until a run gets into one of these states."""
        await self.happened(run_id, lambda event: event.get("state") in states)


def server(**more: Any) -> ClientServerConfig:
    """The real server, with this client."""
    return ClientServerConfig(server_command=SERVE, client_factory=Pane, **more)


@dataclass
class Stage:
    """Runs on one repository, each in the state that a verb needs; every run writes a file of its own."""

    client: Pane
    top: Path
    scenarios: Path
    """A folder for scenario files."""
    numbers: Any = field(default_factory=lambda: itertools.count(1))
    begun: list[str] = field(default_factory=list)
    """Runs that may still be at work."""
    shared: str = ""

    async def make(self, **more: Any) -> str:
        """A run that nobody has begun yet; `more` goes to the scenario."""
        number = next(self.numbers)
        more.setdefault("items", {"one": {"actions": [write(f"made-{number}.txt", f"{number}\n")]}})
        file = self.scenarios / f"{number}.json"
        file.write_text(json.dumps(scenario(**more)))
        asked = {"goal": "a goal", "executor": "rehearsal", "scenario": str(file), "autoStart": False}
        run_id = (await self.client.verb("run/start", asked))["runId"]
        self.begun.append(run_id)
        return run_id

    async def begin(self, **more: Any) -> str:
        """A run that is under way."""
        run_id = await self.make(**more)
        await self.client.verb("run/resume", {"runId": run_id})
        return run_id

    async def complete(self) -> str:
        """A new run that is complete."""
        run_id = await self.begin()
        await self.client.state(run_id, "completed")
        return run_id

    async def done(self) -> str:
        """The complete run that is shared by all who leave it so."""
        if not self.shared:
            self.shared = await self.complete()
        return self.shared

    async def at_work(self) -> str:
        """A run whose analysts are at work until somebody ends it."""
        run_id = await self.begin(analyst=[wait(600)])
        both = {"analysis-1-1", "analysis-1-2"}
        for task in both:
            await self.client.happened(run_id, lambda event, task=task: is_turn(event, task))
        return run_id

    async def in_trouble(self) -> str:
        """A run with a task in `error`, and a question about it."""
        fails = [{"do": "fail", "kind": "internal", "cause": "it is a test"}]
        run_id = await self.begin(items={"one": {"actions": fails}})
        await self.client.happened(run_id, lambda event: event["kind"] == "question_asked")
        return run_id

    async def asking(self) -> tuple[str, str]:
        """A run that waits for a person, and the question's id."""
        run_id = await self.begin(settings=BAD_SETUP)
        asked = await self.client.happened(run_id, lambda event: event["kind"] == "question_asked")
        return run_id, asked["event"]["event"]["question"]["id"]

    async def applied(self) -> str:
        """A complete run whose patch is in the work tree."""
        run_id = await self.complete()
        await self.client.verb("patch/apply", {"runId": run_id, "patchId": "patch-1"})
        return run_id

    async def hunk(self, run_id: str) -> Any:
        """The first hunk of a run's patch."""
        found = await self.client.verb("patch/get", {"runId": run_id, "patchId": "patch-1"})
        return found["hunks"][0]

    async def settle(self) -> None:
        """Stop what is at work, so that the next run has its turn at once."""
        while self.begun:
            run_id = self.begun.pop()
            found = await self.client.verb("run/snapshot", {"runId": run_id})
            if found["state"] not in {"completed", "stopped", "failed"}:
                await self.client.verb("run/stop", {"runId": run_id})
        while any(run["live"] for run in (await self.client.verb("run/list", {}))["runs"]):
            pass  # what is stopped still puts its work down


def is_turn(event: Mapping[str, Any], task: str) -> bool:
    """Whether an agent begins to work on a task."""
    return event["kind"] == "turn_started" and event["taskId"] == task


BAD_SETUP = {
    "worktree": {"setupCommand": "exit 3"},
    "tester": {"sandbox": False},
    "roles": {"tester": {"sandbox": "off"}},
}
"""Settings of a scenario whose set-up command fails."""
