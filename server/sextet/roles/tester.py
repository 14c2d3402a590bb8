"""Tester: the commands that count as evidence, run on a tree; only their exit codes decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sextet.model.answers import TestCommands
from sextet.model.names import Severity
from sextet.model.outcome import CommandRun, Finding, TestOutcome
from sextet.model.run import Run
from sextet.roles.agent import Interview
from sextet.roles.commands import Bench, Ran, Teller
from sextet.roles.desk import Desk, command_fence
from sextet.roles.executor import Assignment, Sink
from sextet.roles.findings import finding
from sextet.roles.prompts import fill


@dataclass(frozen=True, slots=True)
class Tester:
    """The tester: configured commands, or those that an agent finds when none is configured."""

    desk: Desk

    async def execute(self, assignment: Assignment, sink: Sink) -> TestOutcome:
        """Test `assignment.tree`.

        Raises:
            AttemptFailedError: the commands could not be run at all, and why.
        """
        settings = assignment.run.settings
        self.desk.workshop.share_ahead(assignment.tree)  # the reviewer reads it next, whatever comes out
        commands = settings.tester.commands or await self._find(assignment, sink)
        if not commands:
            summary = "No test command is configured or could be found, so nothing was tested."
            return TestOutcome(tree=assignment.tree, passed=True, untested=True, summary=summary)
        async with self.desk.worktree(assignment, assignment.tree) as own:
            fence = command_fence(settings, own, trusted=bool(settings.tester.commands))
            bench = Bench(self.desk.agents, fence, settings, sink)
            _, ran = await _all(bench, commands)
        return judge(assignment.tree, ran, assignment.baseline)

    async def _find(self, assignment: Assignment, sink: Sink) -> tuple[str, ...]:
        async with self.desk.reading(assignment) as fence:
            interview = Interview(self.desk.agents, assignment, sink)
            answer = await interview.ask(TestCommands, fill(assignment), fence)
        sink.log("sextet", answer.summary)
        return tuple(command for command in answer.commands if command.strip())


async def baseline(desk: Desk, run: Run, tree: str, teller: Teller) -> tuple[CommandRun | None, TestOutcome]:
    """Run set-up and test commands on a tree that no agent has touched.

    Args:
        desk: with the tester's agents.
        run: the run, for its settings.
        tree: the base.
        teller: told under `test`; logs are `setup.log` and `test-<n>.log`.

    Returns:
        The set-up command as it ended (None: not configured), and what fails, marked as baseline.

    Raises:
        AttemptFailedError: the commands could not be run at all, and why.
    """
    settings = run.settings
    if not settings.tester.commands and not settings.worktree.setup_command:
        return None, TestOutcome(tree=tree, passed=True, untested=True, summary="There is no command to run.")
    set_up, ran = await _on(desk, run, f"baseline-{tree[:12]}", tree, teller)
    outcome = judge(tree, ran, None)
    marked = tuple(each.model_copy(update={"baseline": True}) for each in outcome.findings)
    runs = tuple(run.model_copy(update={"baseline": run.exit_code != 0}) for run in outcome.commands)
    outcome = outcome.model_copy(update={"findings": marked, "commands": runs})
    return set_up.run if set_up else None, outcome


async def retest(desk: Desk, assignment: Assignment, teller: Teller) -> TestOutcome:
    """Run the configured commands on `assignment.tree`, which no task of the run made.

    Raises:
        AttemptFailedError: the commands could not be run at all, and why.
    """
    run, tree = assignment.run, assignment.tree
    if not run.settings.tester.commands:
        return TestOutcome(tree=tree, passed=True, untested=True, summary="No test command is configured.")
    _, ran = await _on(desk, run, f"retest-{tree[:12]}", tree, teller)
    return judge(tree, ran, assignment.baseline)


async def _on(desk: Desk, run: Run, name: str, tree: str, teller: Teller) -> tuple[Ran | None, list[Ran]]:
    """Set-up and every command on a tree, in a worktree that is removed then."""
    left = desk.workshop.open(run.id, name, 1)
    if left is not None:  # of a server that was killed
        await desk.workshop.discard(left, lost_ok=True)
    own = await desk.workshop.attempt(run.id, name, 1, tree)
    try:
        await desk.workshop.prepare(own, run.settings.worktree)
        bench = Bench(desk.agents, command_fence(run.settings, own), run.settings, teller)
        return await _all(bench, run.settings.tester.commands)
    finally:
        await desk.workshop.discard(own, lost_ok=True)


async def _all(bench: Bench, commands: Sequence[str]) -> tuple[Ran | None, list[Ran]]:
    """Set-up (which stands in the report when it fails), then every command, also after one that fails."""
    set_up = await bench.set_up()
    ran = [set_up] if set_up is not None and set_up.run.exit_code != 0 else []
    for number, command in enumerate(commands, 1):
        ran.append(await bench.run(command, f"test-{number}.log"))
    return set_up, ran


def judge(tree: str, ran: Sequence[Ran], base: TestOutcome | None) -> TestOutcome:
    """The outcome for a tree: failures that the base has as well count for nothing (pure)."""
    runs: list[CommandRun] = []
    findings: list[Finding] = []
    for each in ran:
        found = _findings(each)
        fresh = _fresh(each.run, found, base)
        same = each.run.exit_code != 0 and not fresh
        runs.append(each.run.model_copy(update={"baseline": same}))
        findings += fresh
    failed = sum(run.exit_code != 0 and not run.baseline for run in runs)
    before = sum(run.baseline for run in runs)
    untested = not runs
    summary = f"{len(runs) - failed - before} of {len(runs)} commands passed"
    summary += f", {before} failed as on the base" if before else ""
    summary = "There is no command to run" if untested else summary
    return TestOutcome(
        tree=tree,
        passed=not failed,
        untested=untested,
        summary=f"{summary}.",
        commands=tuple(runs),
        findings=tuple({each.fingerprint: each for each in reversed(findings)}.values())[::-1],
    )


def _findings(ran: Ran) -> list[Finding]:
    if ran.run.exit_code == 0:
        return []
    if not ran.failing:
        return [_whole(ran.run)]
    return [
        finding("test", each.message, file=each.file, line=each.line, severity=Severity.BLOCKING)
        for each in ran.failing
    ]


def _whole(run: CommandRun) -> Finding:
    ended = (
        "was killed at its time limit" if run.exit_code is None else f"ended with exit code {run.exit_code}"
    )
    last = "\n".join(run.tail.splitlines()[-15:])
    found = finding("test", f"`{run.command}` {ended}.", severity=Severity.BLOCKING)
    return found.model_copy(update={"message": f"{found.message}\n{last}"[:4_000].strip()})


def _fresh(run: CommandRun, found: list[Finding], base: TestOutcome | None) -> list[Finding]:
    """Those of a command's failures that the base does not have."""
    if base is None or run.exit_code == 0:
        return found
    before = next((each for each in base.commands if each.command == run.command), None)
    if before is None or before.exit_code == 0:
        return found
    known = {each.fingerprint for each in base.findings}
    fresh = [each for each in found if each.fingerprint not in known]
    if not fresh and before.exit_code != run.exit_code:
        return [_whole(run)]
    return fresh
