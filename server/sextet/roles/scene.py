"""Scene: one turn of a rehearsal being played, action by action."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn, TypeVar

from sextet.codex import environment
from sextet.codex.turn import Activity, ApprovalRequest, Fence, Listener, TurnError, TurnHandle, TurnRequest
from sextet.model.task import Failure, FailureKind, Usage
from sextet.roles import scenario as play
from sextet.roles.scenario import Action, Cue
from sextet.roles.stage_files import StageError, StageFiles
from sextet.roles.wording import clean
from sextet.system import processes

T = TypeVar("T")

SCRIPT_LIMIT: Final = 60.0
"""Seconds that an agent's command of a scenario may take."""

LINGER: Final = 1.0
"""Seconds that what a command left running may go on."""

SHOWN: Final = 20_000
"""Characters of the output of a turn's commands that are shown."""


async def run_script(
    script: str, fence: Fence, env: Mapping[str, str], output: Callable[[bytes], None]
) -> int:
    """Run a script without a sandbox, its output streamed; its exit code, or minus its signal.

    Raises:
        ProcessError: it could not be started.
    """
    child = await processes.spawn(
        ["bash", "-c", script], cwd=fence.cwd, env=env, merge=True, tree=True, linger=LINGER
    )
    async with child:
        async for data in child.chunks():
            output(data)
        return await child.wait()


@dataclass(slots=True)
class Scene:
    """One turn being played."""

    request: TurnRequest
    listener: Listener
    scale: float
    thread: str
    usage: Usage = field(default_factory=Usage)
    _heard: int = 0
    _limit: asyncio.Timeout | None = None

    def answer(self, cue: Cue) -> str:
        """The cue's answer with its placeholders filled."""
        if isinstance(cue.answer, dict):
            return self._fill(json.dumps(cue.answer, ensure_ascii=False))
        return self._fill(cue.answer or "")

    async def perform(self, cue: Cue, handle: TurnHandle) -> None:
        """Play all actions; a person may steer (it is logged) and interrupt."""
        playing = asyncio.ensure_future(self._all(cue.actions))
        stopped = False

        async def interrupt() -> None:
            nonlocal stopped
            stopped = True
            playing.cancel()

        async def steer(text: str) -> None:
            self._tell("message", f"Understood: {clean(text, 2_000)}")

        handle.interrupt, handle.steer = interrupt, steer
        try:
            async with asyncio.timeout(self.request.timeout) as self._limit:
                await playing
        except TimeoutError:
            self._fail(FailureKind.TIMEOUT, f"The turn took longer than {self.request.timeout:g} s.")
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not stopped or (task is not None and task.cancelling()):
                raise
            self._fail(FailureKind.STOPPED, "A person interrupted the turn.")
        finally:
            handle.interrupt = handle.steer = None

    async def _all(self, actions: tuple[Action, ...]) -> None:
        for action in actions:
            try:
                await _PLAY[type(action)](self, action)
            except StageError as error:
                self._fail(FailureKind.INTERNAL, f"The scenario cannot be played: {error}")

    async def say(self, action: play.Say) -> None:
        """Say it."""
        self._tell(action.kind, self._fill(action.text))

    async def wait(self, action: play.Wait) -> None:
        """Let time pass."""
        await asyncio.sleep(action.seconds * self.scale)

    async def hang(self, _: play.Hang) -> None:
        """Be silent until the turn counts as stuck."""
        await asyncio.sleep(self.request.silence)
        self._fail(FailureKind.TIMEOUT, f"There was no sign of life for {self.request.silence:g} s.")

    async def write(self, action: play.Write) -> None:
        """Write a file."""
        path = self._fill(action.path)
        self._files.write(path, self._fill(action.text))
        self._tell("file", f"write {path}")

    async def append(self, action: play.Append) -> None:
        """Add to a file."""
        path = self._fill(action.path)
        self._files.append(path, self._fill(action.text))
        self._tell("file", f"update {path}")

    async def replace(self, action: play.Replace) -> None:
        """Change a file."""
        path = self._fill(action.path)
        self._files.replace(path, self._fill(action.old), self._fill(action.new))
        self._tell("file", f"update {path}")

    async def delete(self, action: play.Delete) -> None:
        """Remove a file."""
        path = self._fill(action.path)
        self._files.delete(path)
        self._tell("file", f"delete {path}")

    async def script(self, action: play.RunScript) -> None:
        """Run the agent's command."""
        script = self._fill(action.script)
        self.listener.activity(Activity("command", script, done=False))
        fence = self.request.fence
        env = environment.for_commands(os.environ, tmpdir=fence.tmpdir, network=fence.network)
        code: int | None = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SCRIPT_LIMIT):
                code = await run_script(script, fence, env, self._hear)
        self.listener.activity(Activity("command", script, exit_code=code))

    def _hear(self, data: bytes) -> None:
        if self._heard < SHOWN:
            text = clean(data.decode(errors="replace"), SHOWN - self._heard)
            self._heard += len(text)
            self.listener.activity(Activity("output", text, done=False))

    async def spend(self, action: play.Spend) -> None:
        """Count tokens."""
        self.usage = self.usage.plus(
            Usage(input=action.input, cached=action.cached, output=action.output, reasoning=action.reasoning)
        )
        self.listener.activity(Activity("usage", "", usage=self.usage))

    async def approve(self, action: play.Approve) -> None:
        """Ask a person for approval."""
        wish = ApprovalRequest(action.kind, self._fill(action.text), self._fill(action.reason))
        decision = await self._unhurried(self.listener.approve(wish))
        if decision == "cancel":
            self._fail(FailureKind.STOPPED, "A person stopped the turn when it asked for approval.")
        self._tell("other", f"{decision}: {wish.text}")
        if decision == "accept":
            await self._all(action.actions)

    async def ask(self, action: play.Ask) -> None:
        """Ask a person."""
        answer = await self._unhurried(self.listener.ask(self._fill(action.text)))
        self._tell("message", f"The answer was: {clean(answer, 2_000)}")

    async def end(self, action: play.Fail) -> None:
        """End without an answer."""
        raise TurnError(
            Failure(kind=action.kind, cause=self._fill(action.cause), next_step=action.next_step),
            thread=self.thread,
            retry_after=action.retry_after,
            lost=action.lost,
            usage=self.usage,
        )

    async def _unhurried(self, asking: Awaitable[T]) -> T:
        """Wait for a person; the turn's clock stands still."""
        limit, began = self._limit, asyncio.get_running_loop().time()
        due = limit.when() if limit is not None else None
        if limit is None or due is None:
            return await asking
        limit.reschedule(None)
        answer = await asking
        limit.reschedule(due + asyncio.get_running_loop().time() - began)
        return answer

    @property
    def _files(self) -> StageFiles:
        fence = self.request.fence
        return StageFiles(fence.cwd, writable=fence.mode != "read-only")

    def _tell(self, kind: Any, text: str) -> None:
        self.listener.activity(Activity(kind, text))

    def _fail(self, kind: FailureKind, cause: str) -> NoReturn:
        raise TurnError(Failure(kind=kind, cause=cause), thread=self.thread, usage=self.usage)

    def _fill(self, text: str) -> str:
        if "{{" not in text:
            return text
        purpose = self.request.purpose
        for name, value in (
            ("role", purpose.role),
            ("task", purpose.task_id),
            ("slot", purpose.slot),
            ("item", purpose.item),
            ("epoch", purpose.epoch),
            ("rework", purpose.rework),
        ):
            text = text.replace(f"{{{{{name}}}}}", str(value))
        return text


_PLAY: Final[Mapping[type, Callable[[Scene, Any], Awaitable[None]]]] = {
    play.Say: Scene.say,
    play.Wait: Scene.wait,
    play.Hang: Scene.hang,
    play.Write: Scene.write,
    play.Append: Scene.append,
    play.Replace: Scene.replace,
    play.Delete: Scene.delete,
    play.RunScript: Scene.script,
    play.Spend: Scene.spend,
    play.Approve: Scene.approve,
    play.Ask: Scene.ask,
    play.Fail: Scene.end,
}
