"""ExecAgents: turns through `codex exec --json`, one process per attempt; no approvals, no steering."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from sextet.codex import activity, commands, failures, install, policy
from sextet.codex.install import Install, SandboxProbe
from sextet.codex.running import RunningTurn
from sextet.codex.turn import (
    Activity,
    CommandResult,
    Fence,
    Listener,
    ModelInfo,
    TurnError,
    TurnHandle,
    TurnRequest,
    TurnResult,
)
from sextet.errors import CodexError, ProcessError
from sextet.model.settings import CodexSettings
from sextet.model.task import Failure, Usage
from sextet.system import processes
from sextet.system.lines import plain
from sextet.system.processes import Child

_KNOWN_THREADS: Final = 1_000
"""Threads whose sum of tokens is remembered."""

_LONGEST_ARGUMENT: Final = 50_000
_INTERRUPT_GRACE: Final = 5.0


class ExecAgents:
    """Agents as one `codex exec` process each.

    A human can interrupt such a turn but not steer it, and it never asks for approval. The first turn of a
    thread that an earlier server started counts the tokens of the whole thread.

    Args:
        settings: which Codex.
        env: the server's environment; what agents get of it is an allow-list.
    """

    def __init__(self, settings: CodexSettings, env: Mapping[str, str]) -> None:
        self._settings = settings
        self._env = env
        self._install: Install | None = None
        self._sandbox = False
        self._sums: OrderedDict[str, Usage] = OrderedDict()
        self._children: set[Child] = set()

    async def turn(
        self, request: TurnRequest, listener: Listener, handle: TurnHandle | None = None
    ) -> TurnResult:
        """Ask and wait for the answer; see `Agents.turn`.

        Raises:
            TurnError: there is no answer.
        """
        found = await self._usable(request.fence)
        with tempfile.TemporaryDirectory(prefix="sextet-") as folder:
            argv = _argv(found, request, Path(folder), user_tools=self._settings.mcp_servers)
            async with self._running(found, argv, request.fence.cwd) as child:
                told = _Told(request, listener)
                if handle is not None:
                    handle.interrupt = partial(_interrupt, child, told)
                try:
                    await _converse(child, request, told)
                finally:
                    if handle is not None:
                        handle.interrupt = None
        return self._result(request, told)

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
        order = commands.Order(script, fence, env, timeout)
        return await commands.run(await self._found(), self._env, order, output)

    async def warm(self) -> None:
        """Find Codex; there is nothing else to be prepared.

        Raises:
            CodexError: Codex cannot be used.
        """
        if self._install is None:
            self._install = await install.find(self._settings, self._env)

    async def sandbox(self, folder: Path) -> SandboxProbe:
        """Whether commands can be fenced on this machine, tried in an existing folder.

        Raises:
            CodexError: Codex cannot be used.
        """
        if self._sandbox:
            return SandboxProbe(works=True)
        await self.warm()
        probe = await install.probe_sandbox(await self._found(), folder, self._env)
        self._sandbox = probe.works
        return probe

    async def models(self) -> tuple[ModelInfo, ...]:
        """Empty: `codex exec` cannot tell."""
        return ()

    async def close(self) -> None:
        """End every process."""
        await asyncio.gather(*(child.stop(1.0, interrupt=True) for child in tuple(self._children)))

    @contextlib.asynccontextmanager
    async def _running(self, found: Install, argv: list[str], cwd: Path) -> AsyncIterator[Child]:
        try:
            child = await processes.spawn(argv, cwd=cwd, env=found.environment(self._env), stdin=True)
        except ProcessError as error:
            raise TurnError(failures.internal(error.what)) from error
        async with child:
            self._children.add(child)
            try:
                yield child
            finally:
                self._children.discard(child)

    async def _found(self) -> Install:
        try:
            if self._install is None:
                self._install = await install.find(self._settings, self._env)
        except CodexError as error:
            raise TurnError(failures.unusable(error)) from error
        return self._install

    async def _usable(self, fence: Fence) -> Install:
        found = await self._found()
        if fence.mode != "off" and not (probe := await self.sandbox(fence.cwd)).works:
            raise TurnError(failures.no_sandbox(probe.said))
        return found

    def _result(self, request: TurnRequest, told: _Told) -> TurnResult:
        usage = Usage()
        if told.sum is not None:
            usage = activity.minus(told.sum, self._sums.get(told.thread, Usage()))
            self._sums[told.thread] = told.sum
            while len(self._sums) > _KNOWN_THREADS:
                self._sums.popitem(last=False)
            told.listener.activity(Activity(kind="usage", text=f"{usage.total} tokens", usage=usage))
        if told.failure is not None:
            pause = failures.pause_of(told.failure.cause)
            raise TurnError(told.failure, thread=told.thread, retry_after=pause, usage=usage)
        return TurnResult(told.text, told.thread, usage, request.model)


class _Told:
    """What one process has told so far."""

    def __init__(self, request: TurnRequest, listener: Listener) -> None:
        self.listener = listener
        self.thread = request.thread
        self.text = ""
        self.sum: Usage | None = None
        self.failure: Failure | None = None
        self.completed = False
        self.stopped = False
        self.clock = RunningTurn(request.thread, request, listener)
        """Only its clocks and its count of commands are used."""
        self.stderr: deque[str] = deque(maxlen=40)

    async def line(self, line: bytes) -> None:
        """Take in one line of stdout; what is no event is tolerated."""
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            return
        if not isinstance(event, dict):
            return
        self.clock.sign_of_life()
        for each in activity.of_event(event):
            self.listener.activity(each)
        await self._note(event)

    async def _note(self, event: Mapping[str, Any]) -> None:
        kind = str(event.get("type"))
        if kind == "thread.started" and isinstance(event.get("thread_id"), str):
            self.thread = event["thread_id"]
            await self.listener.started(self.thread)
        elif kind in {"item.started", "item.completed"} and isinstance(event.get("item"), dict):
            self._note_item(event["item"], done=kind == "item.completed")
        elif kind == "turn.completed":
            self.completed = True
            self.sum = activity.usage_of(event.get("usage"))
        elif kind == "turn.failed":
            error = event.get("error")
            self.failure = failures.of_error(error if isinstance(error, dict) else {})

    def _note_item(self, item: Mapping[str, Any], *, done: bool) -> None:
        if item.get("type") == "command_execution":
            running = self.clock.commands
            (running.discard if done else running.add)(str(item.get("id")))
        elif item.get("type") == "agent_message" and done and isinstance(item.get("text"), str):
            self.text = item["text"]


async def _converse(child: Child, request: TurnRequest, told: _Told) -> None:
    reading = asyncio.gather(_read(child, told), _drain(child, told), _feed(child, _prompt(request)))
    over = asyncio.Event()
    reading.add_done_callback(lambda _: over.set())
    try:
        verdict = await told.clock.wait(over)
        code = await child.wait() if verdict == "gone" else await _stop(child)
    except asyncio.CancelledError:
        await _stop(child)
        raise
    finally:
        await asyncio.gather(reading, return_exceptions=True)
    if told.stopped:
        told.failure = failures.stopped()
    elif verdict in {"silent", "late"}:
        silent = verdict == "silent"
        told.failure = failures.timed_out(request.silence if silent else request.timeout, silent=silent)
    elif not told.completed and told.failure is None:
        told.failure = failures.of_exit(code, "\n".join(told.stderr))


async def _stop(child: Child) -> int:
    """SIGINT ends codex and its commands; what does not obey is killed as a tree."""
    return await child.stop(_INTERRUPT_GRACE, interrupt=True)


async def _interrupt(child: Child, told: _Told) -> None:
    told.stopped = True
    await _stop(child)


async def _feed(child: Child, prompt: str) -> None:
    with contextlib.suppress(ProcessError):  # it ended before it read everything; its exit says why
        await child.write(prompt.encode("utf-8", "replace"))
    child.close_stdin()  # an open input would hang it


async def _read(child: Child, told: _Told) -> None:
    async for line in child.lines("stdout"):
        await told.line(line)


async def _drain(child: Child, told: _Told) -> None:
    async for line in child.lines("stderr", 10_000):
        told.stderr.append(plain(line.decode("utf-8", "replace"))[:500])


def _fits(instructions: str) -> bool:
    """Whether they can be an argument: the kernel takes 128 KiB, and escapes double some characters."""
    return len(instructions.encode("utf-8", "replace")) <= _LONGEST_ARGUMENT


def _prompt(request: TurnRequest) -> str:
    if _fits(request.instructions):
        return request.prompt
    return f"{request.instructions}\n\n{request.prompt}"


def _argv(found: Install, request: TurnRequest, folder: Path, *, user_tools: bool) -> list[str]:
    settings = policy.overrides(
        request, keys=found.keys, servers=found.servers, user_tools=user_tools
    ) | policy.sandbox_overrides(request.fence)
    if request.instructions and _fits(request.instructions):
        settings["developer_instructions"] = request.instructions
    if request.effort:
        settings["model_reasoning_effort"] = request.effort
    argv = [str(found.path), "exec", "--json", "--skip-git-repo-check", "-C", str(request.fence.cwd)]
    argv += policy.arguments(settings)
    if request.model:
        argv += ["-m", request.model]
    if request.schema is not None:
        path = folder / "schema.json"
        path.write_text(json.dumps(request.schema))
        argv += ["--output-schema", str(path)]
    return [*argv, "resume", request.thread, "-"] if request.thread else [*argv, "-"]
