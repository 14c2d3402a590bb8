"""The tester: exit codes count, the base's failures do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sextet.model import settings as knobs
from sextet.model.names import Role
from sextet.model.outcome import CommandRun, TestOutcome
from sextet.model.settings import Settings, WorktreeSettings
from sextet.model.task import FailureKind
from sextet.roles.cast import Cast
from sextet.roles.commands import _PIECE, SHOWN, TAIL_LIMIT, Ran, _Recorder
from sextet.roles.executor import AttemptFailedError
from sextet.roles.rehearsal import Rehearsal
from sextet.roles.tester import baseline, judge
from sextet.roles.testlog import Failing
from sextet.workspace import snapshot
from sextet.workspace.worktree import Workshop
from support import repos
from support.rehearsals import TREE, FakeAgents, Remembering, broken, make_assignment, make_run, own_scenario


def ran(code: int | None, *failing: str, command: str = "make test") -> Ran:
    run = CommandRun(command=command, exit_code=code, seconds=1.0, tail="boom\n")
    return Ran(run, tuple(Failing(name, "t.py", 3) for name in failing))


# Judging ------------------------------------------------------------------------------------------
def test_all_green_passes() -> None:
    outcome = judge(TREE, [ran(0), ran(0)], None)
    assert outcome.passed
    assert outcome.findings == ()
    assert outcome.summary == "2 of 2 commands passed."


@pytest.mark.parametrize("code", [1, 137, -9, None])
def test_any_other_exit_code_fails_even_when_no_test_is_named(code: int | None) -> None:
    outcome = judge(TREE, [ran(0), ran(code)], None)
    assert not outcome.passed
    assert "boom" in outcome.findings[0].message


def test_a_green_command_is_green_whatever_it_prints() -> None:
    assert judge(TREE, [ran(0, "test_a fails.")], None).passed


def test_what_failed_before_in_the_same_way_is_no_finding() -> None:
    base = judge(TREE, [ran(1, "test_a fails.")], None)
    outcome = judge(TREE, [ran(1, "test_a fails.")], base)
    assert outcome.passed
    assert outcome.commands[0].baseline
    assert outcome.findings == ()


def test_a_failure_on_another_line_is_the_same_failure() -> None:
    base = judge(TREE, [ran(1, "test_a fails: line 12")], None)
    assert judge(TREE, [ran(1, "test_a fails: line 14")], base).passed


def test_a_new_failure_beside_an_old_one_is_the_only_finding() -> None:
    base = judge(TREE, [ran(1, "old")], None)
    outcome = judge(TREE, [ran(1, "old", "new")], base)
    assert not outcome.passed
    assert [each.message for each in outcome.findings] == ["new"]
    assert not outcome.commands[0].baseline


def test_another_exit_code_is_another_failure() -> None:
    base = judge(TREE, [ran(1, "old")], None)
    outcome = judge(TREE, [ran(139, "old")], base)
    assert not outcome.passed
    assert "exit code 139" in outcome.findings[0].message


def test_the_failure_of_another_command_is_no_excuse() -> None:
    base = judge(TREE, [ran(1, "old", command="make lint")], None)
    assert not judge(TREE, [ran(1, "old")], base).passed


def test_failing_fewer_tests_than_the_base_passes() -> None:
    base = judge(TREE, [ran(1, "old", "older")], None)
    assert judge(TREE, [ran(1, "old")], base).passed


def test_a_crash_without_named_tests_is_compared_by_its_exit_code() -> None:
    base = judge(TREE, [ran(2)], None)
    assert judge(TREE, [ran(2)], base).passed
    assert not judge(TREE, [ran(3)], base).passed
    assert not judge(TREE, [ran(None)], base).passed


# Running ------------------------------------------------------------------------------------------
class Site:
    """A repository with a failing and a passing script, and a tester."""

    def __init__(self, workshop: Workshop, tree: str) -> None:
        self.workshop, self.tree = workshop, tree
        self.sink = Remembering()
        self.agents: Any = FakeAgents([])

    @classmethod
    async def build(cls, folder: Path) -> Site:
        top = repos.make(folder / "repo", {"a.txt": "a\n", ".gitignore": "ready\n"})
        workshop = await repos.workshop(top, folder / "state")
        base = await snapshot.take(workshop.mirror, workshop.repository, run_id=make_run().id)
        return cls(workshop, base.tree)

    def cast(self) -> Cast:
        return Cast(self.workshop, {Role.TESTER: self.agents})

    async def test(
        self, *commands: str, set_up: str = "", base: TestOutcome | None = None, **more: Any
    ) -> TestOutcome:
        run = make_run(settings(*commands, set_up=set_up, **more), tree=self.tree)
        assignment = make_assignment(Role.TESTER, run, baseline=base)
        outcome: Any = await self.cast().executor(Role.TESTER).execute(assignment, self.sink)
        assert self.workshop.leftovers(run.id) == ()
        return outcome


def settings(*commands: str, set_up: str = "", **more: Any) -> Settings:
    return Settings(
        tester=knobs.TesterSettings(commands=commands, **more),
        worktree=WorktreeSettings(setup_command=set_up),
    )


def real() -> Rehearsal:
    return Rehearsal(own_scenario({"role": "tester", "answer": {"summary": "", "commands": []}}))


@pytest.fixture
async def site(tmp_path: Path) -> Site:
    return await Site.build(tmp_path)


async def test_every_command_runs_in_a_worktree_of_its_own_after_set_up(site: Site) -> None:
    site.agents = real()
    outcome = await site.test("echo no; exit 4", "cat a.txt ready; echo $TMPDIR", set_up="echo yes > ready")
    assert [each.exit_code for each in outcome.commands] == [4, 0]
    assert outcome.commands[1].tail.startswith("a\nyes\n/")
    assert outcome.commands[1].log == "test-2.log"
    assert bytes(site.sink.artifacts["test-2.log"]).startswith(b"a\nyes\n")
    assert "$ cat a.txt" in site.sink.text("test")
    assert site.sink.text("test").count("(exit code") == 3
    assert outcome.summary == "1 of 2 commands passed."


async def test_a_failing_set_up_stands_in_the_report_and_the_commands_still_run(site: Site) -> None:
    site.agents.results = {"deps": (1, b"")}
    outcome = await site.test("make test", set_up="deps")
    assert [(each.command, each.exit_code) for each in outcome.commands] == [("deps", 1), ("make test", 0)]
    assert not outcome.passed


async def test_commands_are_fenced_in_and_have_no_network(site: Site) -> None:
    await site.test("make test")
    _, fence, env = site.agents.commands[0]
    assert (fence.mode, fence.network) == ("workspace-write", False)
    assert env["TMPDIR"] == str(fence.tmpdir)


async def test_settings_open_the_fence(site: Site) -> None:
    await site.test("make test", sandbox=False, network=True)
    _, fence, _ = site.agents.commands[0]
    assert (fence.mode, fence.network) == ("off", True)


async def test_an_agent_finds_commands_when_none_is_configured_and_they_stay_fenced_in(site: Site) -> None:
    site.agents = FakeAgents(
        [{"summary": "As the README says.", "commands": ["make check", " "]}],
        results={"make check": (2, b"")},
    )
    outcome = await site.test(sandbox=False, network=True)
    assert [each.command for each in outcome.commands] == ["make check"]
    assert not outcome.passed  # whatever the agent said
    _, fence, _ = site.agents.commands[0]
    assert (fence.mode, fence.network) == ("workspace-write", False)


async def test_without_any_command_the_tree_is_untested(site: Site) -> None:
    site.agents = FakeAgents([{"summary": "There are no tests.", "commands": []}])
    outcome = await site.test()
    assert outcome.untested
    assert outcome.passed
    assert outcome.tree == site.tree


async def test_a_broken_sandbox_fails_the_attempt_and_blames_no_test(site: Site) -> None:
    class Broken(FakeAgents):
        async def command(self, *_: Any, **__: Any) -> Any:
            raise broken(FailureKind.SANDBOX, "No user namespaces.")

    site.agents = Broken([])
    with pytest.raises(AttemptFailedError) as failed:
        await site.test("make test")
    assert failed.value.failure.kind is FailureKind.SANDBOX


async def test_a_long_noisy_log_is_kept_in_bounds(site: Site) -> None:
    noise = ("\x1b[31mé\x1b[0m" * 50 + "\n").encode() * 3_000
    site.agents.results = {"noise": (1, noise)}
    outcome = await site.test("noise")
    assert len(outcome.commands[0].tail) <= SHOWN
    assert "\x1b" not in outcome.commands[0].tail + site.sink.text("test")
    assert bytes(site.sink.artifacts["test-1.log"]) == noise


def test_the_end_of_an_output_is_too_long_or_too_short_however_it_came() -> None:
    for size in (7, 3_000, 50_000):
        recorder = _Recorder(Remembering(), "test-1.log")
        data = bytes(number % 251 for number in range(TAIL_LIMIT + 3 * size))
        for start in range(0, len(data), size):
            recorder.feed(data[start : start + size])
        assert recorder.tail == data[-TAIL_LIMIT:]
        assert recorder._held < TAIL_LIMIT + max(size, _PIECE + size)


async def test_a_character_cut_in_two_pieces_is_one_character(site: Site) -> None:
    class Slow(FakeAgents):
        async def command(self, *_: Any, output: Any, **__: Any) -> Any:
            for byte in "größer".encode():
                output(bytes([byte]))
            return await super().command("x", None, env={}, timeout=1.0, output=output)  # type: ignore[arg-type]

    site.agents = Slow([])
    await site.test("x")
    assert "größer" in site.sink.text("test").splitlines()


# Baseline -----------------------------------------------------------------------------------------
async def test_the_baseline_marks_what_failed_before_and_the_tester_forgives_it(site: Site) -> None:
    site.agents = real()
    commands = ("grep -q b a.txt", "true")
    run = make_run(settings(*commands, set_up="false"), tree=site.tree)
    set_up, base = await baseline(site.cast().desk(Role.TESTER), run, site.tree, site.sink)
    assert set_up is not None
    assert set_up.exit_code == 1
    assert all(each.baseline for each in base.findings)
    assert [each.baseline for each in base.commands] == [True, True, False]
    assert site.workshop.leftovers(run.id) == ()
    outcome = await site.test(*commands, set_up="false", base=base)
    assert outcome.passed
    assert outcome.findings == ()


async def test_a_baseline_without_commands_makes_no_worktree(site: Site) -> None:
    set_up, base = await baseline(site.cast().desk(Role.TESTER), make_run(tree="c" * 40), "c" * 40, site.sink)
    assert set_up is None
    assert base.untested


async def test_a_baseline_that_a_crash_cut_off_is_run_again(site: Site) -> None:
    run = make_run(settings("true"), tree=site.tree)
    await site.workshop.attempt(run.id, f"baseline-{site.tree[:12]}", 1, site.tree)
    _, base = await baseline(site.cast().desk(Role.TESTER), run, site.tree, site.sink)
    assert base.passed
