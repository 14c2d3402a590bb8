"""Rehearsal: Agents whose words come from a scenario; worktrees, commands, git and merges are real."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from sextet.codex import environment
from sextet.codex.turn import (
    Activity,
    CommandResult,
    Fence,
    Listener,
    ModelInfo,
    Purpose,
    TurnError,
    TurnHandle,
    TurnRequest,
    TurnResult,
)
from sextet.errors import ProcessError
from sextet.model.task import Failure, FailureKind
from sextet.roles.scenario import Cue, Scenario
from sextet.roles.scene import Scene, run_script

MODEL: Final = "rehearsal"
"""The name of the model, in every view."""


class Rehearsal:
    """A stand-in for Codex: deterministic, without a model, and it says so in every log.

    Commands of testers and of scenarios run for real, as this user and without a sandbox: a rehearsal plays
    the scenario that the person chose, on commands that the person trusted.

    Args:
        scenario: what is said.
        scale: factor on delays; None: the scenario's own.
    """

    def __init__(self, scenario: Scenario, *, scale: float | None = None) -> None:
        self.scenario = scenario
        self.scale = scenario.scale if scale is None else scale
        self._turns: Counter[tuple[str, int]] = Counter()

    def needs_checkout(self, purpose: Purpose) -> bool:
        """Whether any cue for this purpose reads or writes files; else no worktree need be made for it."""
        return any(cue.touches_files for cue in self.scenario.cues if _fits(cue, purpose))

    async def turn(
        self, request: TurnRequest, listener: Listener, handle: TurnHandle | None = None
    ) -> TurnResult:
        """Play the cue for this purpose and answer with its words.

        Raises:
            TurnError: the cue says so, or the scenario has no cue for this.
        """
        purpose = request.purpose
        key = (purpose.task_id, purpose.epoch)
        self._turns[key] += 1
        thread = request.thread or f"rehearsal-{purpose.task_id}-{purpose.epoch}-{self._turns[key]}"
        scene = Scene(request, listener, self.scale, thread)
        await listener.started(thread)
        cue = self._cue(request, self._turns[key], thread)
        listener.activity(
            Activity(
                "other", f"This is a rehearsal: no model is asked, the scenario is {self.scenario.name!r}."
            )
        )
        await scene.perform(cue, handle or TurnHandle())
        return TurnResult(text=scene.answer(cue), thread=thread, usage=scene.usage, model=MODEL)

    async def command(
        self,
        script: str,
        fence: Fence,
        *,
        env: Mapping[str, str],
        timeout: float,
        output: Callable[[bytes], None],
    ) -> CommandResult:
        """Run a shell script for real, without a sandbox; it ends 1 s after the process itself ended.

        Raises:
            TurnError: there is no bash.
        """
        started = time.monotonic()
        full = environment.for_commands(os.environ, tmpdir=fence.tmpdir, network=fence.network, extra=env)
        try:
            async with asyncio.timeout(timeout) as limit:
                code: int | None = await run_script(script, fence, full, output)
        except TimeoutError:
            if not limit.expired():
                raise
            code = None
        except ProcessError as error:
            raise TurnError(Failure(kind=FailureKind.SANDBOX, cause=str(error))) from error
        return CommandResult(code, time.monotonic() - started)

    async def models(self) -> tuple[ModelInfo, ...]:
        """One model, which is none."""
        return (ModelInfo(MODEL, default=True),)

    async def close(self) -> None:
        """Nothing is kept open."""

    def _cue(self, request: TurnRequest, turn: int, thread: str) -> Cue:
        fitting = [
            cue for cue in self.scenario.cues if _fits(cue, request.purpose) and _asked(cue, request, turn)
        ]
        if not fitting:
            purpose = request.purpose
            raise TurnError(
                Failure(
                    kind=FailureKind.INTERNAL,
                    cause=f"The scenario {self.scenario.name!r} has no cue for {purpose.role} "
                    f"{purpose.slot} (task {purpose.task_id}, item {purpose.item or 'none'}, "
                    f"rework {purpose.rework}, turn {turn}).",
                    next_step="Add a cue to the scenario.",
                ),
                thread=thread,
            )
        return max(fitting, key=lambda cue: cue.conditions)


def _fits(cue: Cue, purpose: Purpose) -> bool:
    wanted = (
        (cue.slot, purpose.slot),
        (cue.item, purpose.item),
        (cue.rework, purpose.rework),
        (cue.epoch, purpose.epoch),
    )
    return cue.role == purpose.role and all(want is None or want == given for want, given in wanted)


def _asked(cue: Cue, request: TurnRequest, turn: int) -> bool:
    return (
        cue.model in {None, request.model}
        and cue.turn in {None, turn}
        and (cue.prompt_has is None or cue.prompt_has in request.prompt)
    )
