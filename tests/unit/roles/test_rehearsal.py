"""The rehearsal: lines found by purpose, actions played for real, failures as in the field."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from sextet.codex.turn import Activity, Fence, Listener, Purpose, TurnError, TurnHandle, TurnRequest
from sextet.model.task import FailureKind
from sextet.roles.rehearsal import MODEL, Rehearsal
from support import repos
from support.rehearsals import fence_at, own_scenario

OK = {"status": "done"}


class Heard:
    """A listener that remembers."""

    def __init__(self, decision: Any = "decline", answer: str = "") -> None:
        self.activities: list[Activity] = []
        self.threads: list[str] = []
        self.seen = {kind: asyncio.Event() for kind in ("message", "output")}
        self.go_on = asyncio.Event()
        self.go_on.set()
        self._decision, self._answer = decision, answer

    @property
    def listener(self) -> Listener:
        return Listener(self._started, self._activity, self._approve, self._ask)

    def _activity(self, activity: Activity) -> None:
        self.activities.append(activity)
        if activity.kind in self.seen:
            self.seen[activity.kind].set()

    async def _started(self, thread: str) -> None:
        self.threads.append(thread)

    async def _approve(self, _: Any) -> Any:
        await self.go_on.wait()
        return self._decision

    async def _ask(self, _: str) -> str:
        return self._answer

    def texts(self, kind: str) -> list[str]:
        return [each.text for each in self.activities if each.kind == kind]


def request(fence: Fence, *, prompt: str = "Do it.", model: str = "", **purpose: Any) -> TurnRequest:
    facts = {"role": "implementer", "task_id": "implement-1-a", "epoch": 1, "item": "a", **purpose}
    return TurnRequest(prompt, fence, Purpose(**facts), model=model, timeout=5.0, silence=0.01)


def cue(*actions: Any, answer: Any = OK, role: str = "implementer", **conditions: Any) -> dict[str, Any]:
    return {"role": role, "actions": actions, "answer": answer, **conditions}


async def played(
    tmp_path: Path, *actions: Any, heard: Heard | None = None, mode: str = "workspace-write"
) -> Heard:
    heard = heard or Heard()
    rehearsal = Rehearsal(own_scenario(cue(*actions)))
    await rehearsal.turn(request(fence_at(tmp_path, mode)), heard.listener)
    return heard


async def failing(tmp_path: Path, *actions: Any, mode: str = "workspace-write") -> TurnError:
    with pytest.raises(TurnError) as failed:
        await played(tmp_path, *actions, mode=mode)
    return failed.value


async def test_a_turn_says_that_it_is_a_rehearsal(tmp_path: Path) -> None:
    heard = Heard()
    result = await Rehearsal(own_scenario(cue())).turn(request(fence_at(tmp_path)), heard.listener)
    assert result.model == MODEL
    assert result.thread == heard.threads[0] == "rehearsal-implement-1-a-1-1"
    assert "rehearsal" in heard.texts("other")[0]
    assert [each.name for each in await Rehearsal(own_scenario(cue())).models()] == ["rehearsal"]


@pytest.mark.parametrize(
    ("purpose", "answer"),
    [
        ({"item": "z"}, "any"),
        ({}, "a"),
        ({"rework": 1}, "a, reworked"),
        ({"rework": 1, "epoch": 3}, "a, reworked"),
        ({"item": "z", "slot": 2}, "second"),
        ({"item": "z", "model": "gpt"}, "for gpt"),
        ({"item": "z", "prompt": "The tests failed."}, "after red tests"),
    ],
)
async def test_the_cue_that_asks_for_most_is_played(
    tmp_path: Path, purpose: dict[str, Any], answer: str
) -> None:
    scenario = own_scenario(
        cue(answer="any"),
        cue(answer="any, but later"),
        cue(answer="a", item="a"),
        cue(answer="a, reworked", item="a", rework=1),
        cue(answer="second", slot=2),
        cue(answer="for gpt", model="gpt"),
        cue(answer="after red tests", promptHas="tests failed"),
        cue(answer="wrong role", role="analyst", item="a", rework=1),
    )
    result = await Rehearsal(scenario).turn(request(fence_at(tmp_path), **purpose), Heard().listener)
    assert result.text == answer


async def test_turns_of_an_attempt_are_counted_so_that_a_retry_can_succeed(tmp_path: Path) -> None:
    scenario = own_scenario(
        cue({"do": "fail", "kind": "transient", "retryAfter": 2.5}, answer=None, turn=1), cue()
    )
    rehearsal = Rehearsal(scenario)
    with pytest.raises(TurnError) as failed:
        await rehearsal.turn(request(fence_at(tmp_path)), Heard().listener)
    assert failed.value.retry_after == 2.5
    assert failed.value.failure.kind is FailureKind.TRANSIENT
    await rehearsal.turn(request(fence_at(tmp_path)), Heard().listener)
    with pytest.raises(TurnError):
        await rehearsal.turn(request(fence_at(tmp_path), epoch=2), Heard().listener)


async def test_a_scenario_without_a_fitting_cue_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(TurnError, match="no cue for reviewer") as failed:
        await Rehearsal(own_scenario(cue())).turn(
            request(fence_at(tmp_path), role="reviewer"), Heard().listener
        )
    assert failed.value.failure.kind is FailureKind.INTERNAL


async def test_the_same_scenario_gives_the_same_bytes(tmp_path: Path) -> None:
    scenario = own_scenario(
        cue({"do": "write", "path": "{{item}}.txt", "text": "{{task}} {{slot}} {{rework}} {{nothing}}\n"})
    )
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        await Rehearsal(scenario).turn(request(fence_at(tmp_path / name)), Heard().listener)
        assert (tmp_path / name / "a.txt").read_text() == "implement-1-a 1 0 {{nothing}}\n"


# Files --------------------------------------------------------------------------------------------
async def test_files_are_written_extended_changed_and_removed(tmp_path: Path) -> None:
    (tmp_path / "run.sh").write_text("echo old old\n")
    (tmp_path / "run.sh").chmod(0o755)
    (tmp_path / "gone").write_text("")
    heard = await played(
        tmp_path,
        {"do": "write", "path": "new/a.txt", "text": "a\n"},
        {"do": "append", "path": "new/a.txt", "text": "b\n"},
        {"do": "append", "path": "c.txt", "text": "c\n"},
        {"do": "replace", "path": "run.sh", "old": "old", "new": "new"},
        {"do": "delete", "path": "gone"},
    )
    assert (tmp_path / "new/a.txt").read_text() == "a\nb\n"
    assert (tmp_path / "c.txt").read_text() == "c\n"
    assert (tmp_path / "run.sh").read_text() == "echo new old\n"
    assert (tmp_path / "run.sh").stat().st_mode & 0o777 == 0o755
    assert not (tmp_path / "gone").exists()
    assert heard.texts("file")[0] == "write new/a.txt"


@pytest.mark.parametrize("path", ["../x", "/etc/x", ".git/hooks/x", "a/../../x", ".GIT/x", "link/x"])
async def test_no_action_leaves_the_worktree(tmp_path: Path, path: str) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (tmp_path / "outside").mkdir()
    (work / "link").symlink_to(tmp_path / "outside")
    error = await failing(work, {"do": "write", "path": path, "text": "x"})
    assert error.failure.kind is FailureKind.INTERNAL
    assert set(repos.read(tmp_path)) == {"work/link"}


@pytest.mark.parametrize(
    "action",
    [
        {"do": "replace", "path": "a", "old": "x", "new": "y"},
        {"do": "replace", "path": "missing", "old": "x", "new": "y"},
        {"do": "delete", "path": "missing"},
        {"do": "write", "path": "folder", "text": "x"},
    ],
)
async def test_an_action_that_does_not_fit_the_files_fails_the_turn(tmp_path: Path, action: Any) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / "folder").mkdir()
    assert "cannot be played" in (await failing(tmp_path, action)).failure.cause


async def test_nothing_is_written_in_a_read_only_fence(tmp_path: Path) -> None:
    await failing(tmp_path, {"do": "write", "path": "a", "text": "x"}, mode="read-only")
    assert repos.read(tmp_path) == {}


# Commands -----------------------------------------------------------------------------------------
async def test_an_agents_command_runs_for_real_and_is_shown(tmp_path: Path) -> None:
    heard = await played(tmp_path, {"do": "run", "script": "echo hello; pwd; exit 3"})
    assert "".join(heard.texts("output")) == f"hello\n{tmp_path}\n"
    assert [(each.done, each.exit_code) for each in heard.activities if each.kind == "command"] == [
        (False, None),
        (True, 3),
    ]


async def test_a_test_command_streams_both_outputs_with_its_environment(tmp_path: Path) -> None:
    heard = bytearray()
    result = await Rehearsal(own_scenario(cue())).command(
        'echo out; echo err >&2; echo "$X $TMPDIR"; exit 7',
        fence_at(tmp_path),
        env={"X": "x"},
        timeout=8.0,
        output=heard.extend,
    )
    assert result.exit_code == 7
    assert heard.decode() == f"out\nerr\nx {tmp_path}\n"


async def test_a_command_is_killed_at_its_time_limit_with_all_that_it_started(tmp_path: Path) -> None:
    result = await Rehearsal(own_scenario(cue())).command(
        "(trap '' TERM; sleep 600) & sleep 600",
        fence_at(tmp_path),
        env={},
        timeout=0.3,
        output=bytearray().extend,
    )
    assert result.exit_code is None  # that nothing is left is checked after every test


async def test_what_a_command_leaves_running_is_killed(tmp_path: Path) -> None:
    result = await Rehearsal(own_scenario(cue())).command(
        "setsid sleep 600 & echo done", fence_at(tmp_path), env={}, timeout=8.0, output=bytearray().extend
    )
    assert result.exit_code == 0


async def test_a_secret_of_ours_does_not_reach_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    heard = bytearray()
    await Rehearsal(own_scenario(cue())).command(
        "env", fence_at(tmp_path), env={}, timeout=8.0, output=heard.extend
    )
    assert b"sk-secret" not in heard


# People and time ----------------------------------------------------------------------------------
@pytest.mark.parametrize(("decision", "there"), [("accept", True), ("decline", False)])
async def test_what_needs_approval_happens_only_with_it(tmp_path: Path, decision: str, there: bool) -> None:
    action = {"do": "write", "path": "a", "text": "x"}
    await played(
        tmp_path,
        {"do": "approve", "text": "touch a", "actions": [action]},
        heard=Heard(decision=decision),
    )
    assert (tmp_path / "a").exists() is there


async def test_a_cancelled_approval_stops_the_turn(tmp_path: Path) -> None:
    with pytest.raises(TurnError) as failed:
        await played(tmp_path, {"do": "approve", "text": "x"}, heard=Heard(decision="cancel"))
    assert failed.value.failure.kind is FailureKind.STOPPED


async def test_waiting_for_a_person_does_not_use_up_the_turns_time(tmp_path: Path) -> None:
    heard = Heard(decision="accept")
    heard.go_on.clear()
    rehearsal = Rehearsal(own_scenario(cue({"do": "approve", "text": "x"})))
    asked = request(fence_at(tmp_path))
    short = TurnRequest(asked.prompt, asked.fence, asked.purpose, timeout=0.5)
    asyncio.get_running_loop().call_later(0.7, heard.go_on.set)
    assert (await rehearsal.turn(short, heard.listener)).text


async def test_a_question_is_answered_in_the_log(tmp_path: Path) -> None:
    heard = await played(tmp_path, {"do": "ask", "text": "Which?"}, heard=Heard(answer="The blue one."))
    assert heard.texts("message") == ["The answer was: The blue one."]


async def test_a_turn_that_hangs_counts_as_stuck(tmp_path: Path) -> None:
    error = await failing(tmp_path, {"do": "hang"})
    assert error.failure.kind is FailureKind.TIMEOUT


async def test_a_person_can_steer_and_interrupt_a_turn(tmp_path: Path) -> None:
    heard, handle = Heard(), TurnHandle()
    rehearsal = Rehearsal(own_scenario(cue({"do": "say", "text": "Slowly."}, {"do": "wait", "seconds": 60})))
    turn = asyncio.create_task(rehearsal.turn(request(fence_at(tmp_path)), heard.listener, handle))
    await heard.seen["message"].wait()
    assert handle.interrupt is not None
    assert handle.steer is not None
    await handle.steer("Faster.")
    await handle.interrupt()
    with pytest.raises(TurnError) as failed:
        await turn
    assert failed.value.failure.kind is FailureKind.STOPPED
    assert heard.texts("message") == ["Slowly.", "Understood: Faster."]
    assert handle.interrupt is None


async def test_cancelling_a_turn_ends_its_command(tmp_path: Path) -> None:
    heard = Heard()
    rehearsal = Rehearsal(own_scenario(cue({"do": "run", "script": "echo here; sleep 600"})))
    turn = asyncio.create_task(rehearsal.turn(request(fence_at(tmp_path)), heard.listener))
    await heard.seen["output"].wait()
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn


async def test_delays_are_scaled(tmp_path: Path) -> None:
    scenario = own_scenario(cue({"do": "wait", "seconds": 3_000}))
    assert (await Rehearsal(scenario, scale=0).turn(request(fence_at(tmp_path)), Heard().listener)).text


async def test_tokens_are_summed_and_told(tmp_path: Path) -> None:
    heard = Heard()
    spend = {"do": "spend", "input": 5, "output": 2}
    result = await Rehearsal(own_scenario(cue(spend, spend))).turn(
        request(fence_at(tmp_path)), heard.listener
    )
    assert result.usage.total == 14
    assert [each.usage.total for each in heard.activities if each.usage] == [7, 14]


def test_only_cues_that_touch_files_need_a_checkout() -> None:
    touching = {"do": "approve", "text": "x", "actions": [{"do": "delete", "path": "a"}]}
    rehearsal = Rehearsal(own_scenario(cue({"do": "say", "text": "x"}, role="analyst"), cue(touching)))
    assert not rehearsal.needs_checkout(Purpose("analyst", "analysis-1-1", 1))
    assert rehearsal.needs_checkout(Purpose("implementer", "implement-1-a", 1))
