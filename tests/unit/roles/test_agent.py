"""Asking for one structured answer, through every failure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sextet.codex.turn import Activity, ApprovalRequest, Fence, Listener, TurnError, TurnRequest
from sextet.errors import OutcomeError
from sextet.model.answers import Analysis
from sextet.model.names import Role
from sextet.model.notes import QuestionKind
from sextet.model.settings import RoleSettings
from sextet.model.task import FailureKind, Usage
from sextet.roles.agent import Interview
from sextet.roles.executor import AttemptFailedError
from sextet.roles.hearing import NO_ANSWER
from sextet.roles.prompts import FRESH, INTERRUPTED, Prompt
from support.rehearsals import DRAFT, FakeAgents, Remembering, broken, make_assignment

FENCE = Fence("read-only", Path("/nonexistent"), Path("/nonexistent"))
PROMPT = Prompt("You are one.", "Do it.\n")


class Conversation:
    """An interview with scripted agents, and all that came of it."""

    def __init__(self, *replies: Any, **more: Any) -> None:
        self.agents = FakeAgents(replies)
        self.sink = Remembering(answers=more.pop("answers", []))
        self.pauses: list[float] = []
        self.assignment = make_assignment(Role.ANALYST, **more)
        self.interview = Interview(self.agents, self.assignment, self.sink, sleep=self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def ask(self, check: Any = None) -> Analysis:
        return await self.interview.ask(Analysis, PROMPT, FENCE, check)

    async def fail(self) -> AttemptFailedError:
        with pytest.raises(AttemptFailedError) as failed:
            await self.ask()
        return failed.value

    @property
    def models(self) -> list[str]:
        return [request.model for request in self.agents.requests]


async def test_an_answer_comes_back_with_its_thread_told_first() -> None:
    talk = Conversation(DRAFT)
    assert (await talk.ask()).summary == "s"
    assert talk.sink.turns == [("", "thread-1", "")]
    assert talk.interview.usage == talk.sink.usage == Usage(input=10, output=1)
    request = talk.agents.requests[0]
    assert request.prompt == PROMPT.text
    assert request.instructions == PROMPT.instructions
    assert request.schema is not None
    assert request.schema["required"] == ["summary", "requirements", "risks", "testCommands"]
    assert b"Do it." in talk.sink.artifacts["prompt.md"]


async def test_quota_goes_to_the_next_model_with_the_reason() -> None:
    talk = Conversation(broken(FailureKind.MODEL, "Quota used up."), DRAFT, models=("best", "good"))
    await talk.ask()
    assert talk.models == ["best", "good"]
    assert talk.sink.turns[1] == ("good", "thread-2", "best cannot go on: Quota used up.")
    assert talk.agents.requests[1].prompt == FRESH + PROMPT.text
    assert talk.agents.requests[1].thread == ""


async def test_when_the_last_model_is_used_up_the_attempt_fails_with_its_failure() -> None:
    talk = Conversation(*[broken(FailureKind.MODEL, usage=Usage(input=5))] * 2, models=("a", "b"))
    failed = await talk.fail()
    assert failed.failure.kind is FailureKind.MODEL
    assert failed.usage.input == 10


async def test_passing_trouble_is_tried_three_times_with_growing_pauses() -> None:
    talk = Conversation(*[broken(FailureKind.TRANSIENT)] * 3, models=("a", "b"))
    failed = await talk.fail()
    assert failed.failure.kind is FailureKind.TRANSIENT
    assert talk.pauses == [1.0, 2.0]
    assert talk.models == ["a"] * 3


async def test_the_pause_that_the_provider_asks_for_is_kept() -> None:
    talk = Conversation(broken(FailureKind.TRANSIENT, retry_after=17.0), DRAFT)
    await talk.ask()
    assert talk.pauses == [17.0]


async def test_a_very_long_pause_gives_the_task_back() -> None:
    failed = await Conversation(broken(FailureKind.TRANSIENT, retry_after=3_600.0)).fail()
    assert failed.retry_after == 3_600.0


async def test_a_full_window_begins_a_new_thread_once_then_another_model() -> None:
    full = broken(FailureKind.CONTEXT, thread="thread-1")
    talk = Conversation(full, full, DRAFT, models=("small", "large"))
    await talk.ask()
    assert [request.thread for request in talk.agents.requests] == ["", "", ""]
    assert talk.models == ["small", "small", "large"]
    assert talk.agents.requests[1].prompt == FRESH + PROMPT.text


async def test_a_lost_turn_goes_on_in_its_thread_without_a_pause() -> None:
    talk = Conversation(broken(FailureKind.TRANSIENT, thread="t-9", lost=True), DRAFT)
    await talk.ask()
    assert talk.agents.requests[1].thread == "t-9"
    assert talk.agents.requests[1].prompt.startswith(INTERRUPTED)
    assert PROMPT.text in talk.agents.requests[1].prompt
    assert talk.pauses == [0.0]


async def test_a_bad_answer_is_asked_for_once_more_on_its_thread() -> None:
    talk = Conversation("Sure! Here it is:", DRAFT)
    await talk.ask()
    assert talk.agents.requests[1].thread == "thread-1"
    assert "not valid JSON" in talk.agents.requests[1].prompt
    assert len(talk.sink.turns) == 1  # one thread, told once


async def test_two_bad_answers_fail_the_attempt() -> None:
    talk = Conversation({**DRAFT, "approvedBy": "human"}, {**DRAFT, "summary": 7}, DRAFT, models=("a", "b"))
    failed = await talk.fail()
    assert failed.failure.kind is FailureKind.ANSWER
    assert talk.models == ["a", "a"]
    assert failed.usage == Usage(input=20, output=2)


async def test_an_answer_without_sense_is_asked_for_once_more_with_the_reason() -> None:
    talk = Conversation({**DRAFT, "summary": "bad"}, DRAFT)

    def check(answer: Analysis) -> None:
        if answer.summary == "bad":
            raise OutcomeError("The summary is bad.")

    assert (await talk.ask(check)).summary == "s"
    assert "The summary is bad." in talk.agents.requests[1].prompt


@pytest.mark.parametrize(
    "kind",
    [FailureKind.LOGIN, FailureKind.SANDBOX, FailureKind.CODEX, FailureKind.STOPPED, FailureKind.TIMEOUT],
)
async def test_what_no_other_try_can_mend_fails_at_once(kind: FailureKind) -> None:
    talk = Conversation(broken(kind), DRAFT, models=("a", "b"))
    assert (await talk.fail()).failure.kind is kind
    assert len(talk.agents.requests) == 1


# After a crash ------------------------------------------------------------------------------------
async def test_an_attempt_after_a_crash_goes_on_in_the_old_thread() -> None:
    talk = Conversation(DRAFT, thread="t-old", epoch=2)
    await talk.ask()
    assert talk.agents.requests[0].thread == "t-old"
    assert talk.agents.requests[0].prompt.startswith(INTERRUPTED)


@pytest.mark.parametrize("kind", [FailureKind.INTERNAL, FailureKind.CODEX, FailureKind.CONTEXT])
async def test_an_old_thread_that_cannot_be_resumed_is_left_for_a_new_one(kind: FailureKind) -> None:
    talk = Conversation(broken(kind), DRAFT, thread="t-old", epoch=2)
    await talk.ask()
    assert talk.agents.requests[1].thread == ""
    assert talk.agents.requests[1].prompt == FRESH + PROMPT.text
    assert talk.sink.turns[1][2] == "The earlier conversation cannot be resumed"


async def test_a_new_thread_that_fails_in_the_same_way_fails_the_attempt() -> None:
    talk = Conversation(broken(FailureKind.INTERNAL), broken(FailureKind.INTERNAL), thread="t-old")
    assert (await talk.fail()).failure.kind is FailureKind.INTERNAL


async def test_salvaged_work_is_announced_to_a_new_thread() -> None:
    talk = Conversation(DRAFT, salvage="c" * 40, epoch=2)
    await talk.ask()
    assert talk.agents.requests[0].prompt == FRESH + PROMPT.text


# People -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("answers", "decision"), [(["accept"], "accept"), ([], "decline"), (["x"], "decline")]
)
async def test_an_approval_is_only_what_a_person_said(answers: list[str], decision: str) -> None:
    heard = []

    async def reply(_: TurnRequest, listener: Listener) -> object:
        heard.append(await listener.approve(ApprovalRequest("command", "rm -rf \x1b[31m/", "because")))
        return DRAFT

    talk = Conversation(reply, answers=answers)
    await talk.ask()
    assert heard == [decision]
    kind, text = talk.sink.questions[0]
    assert kind is QuestionKind.APPROVAL
    assert text.endswith("rm -rf /")


@pytest.mark.parametrize(("answers", "said"), [(["Blue."], "Blue."), ([], NO_ANSWER), (["  "], NO_ANSWER)])
async def test_an_agents_question_is_answered_or_it_decides_itself(answers: list[str], said: str) -> None:
    heard = []

    async def reply(_: TurnRequest, listener: Listener) -> object:
        heard.append(await listener.ask("Which colour?"))
        return DRAFT

    talk = Conversation(reply, answers=answers)
    await talk.ask()
    assert heard == [said]
    assert talk.sink.questions == [(QuestionKind.AGENT, "Which colour?")]


# Limits and logs ----------------------------------------------------------------------------------
async def test_the_deadline_of_the_attempt_is_given_to_the_turn() -> None:
    talk = Conversation(DRAFT, settings=RoleSettings(timeout_minutes=2, effort="high", approvals="onRequest"))
    await talk.ask()
    request = talk.agents.requests[0]
    assert 119 < request.timeout <= 120
    assert (request.effort, request.approvals) == ("high", "onRequest")


async def test_an_attempt_out_of_time_asks_no_further_turn() -> None:
    talk = Conversation(DRAFT)
    talk.interview._deadline = 0.0
    assert (await talk.fail()).failure.kind is FailureKind.TIMEOUT
    assert talk.agents.requests == []


async def test_what_the_agent_does_is_logged_and_kept_without_control_characters() -> None:
    async def reply(_: TurnRequest, listener: Listener) -> object:
        listener.activity(Activity("command", "ls", done=False))
        listener.activity(Activity("output", "a\x1b]0;evil\x07b"))
        listener.activity(Activity("command", "ls", exit_code=0))
        listener.activity(Activity("command", "false", exit_code=1))
        listener.activity(Activity("usage", "", usage=Usage(input=3)))
        return DRAFT

    talk = Conversation(reply)
    await talk.ask()
    assert talk.sink.text("command") == "$ ls\nab\n(exit code 0)\n$ false\n(exit code 1)"
    kept = talk.sink.artifacts["activity.jsonl"].decode().splitlines()
    assert len(kept) == 4
    assert "\\u001b" not in talk.sink.artifacts["activity.jsonl"].decode()


async def test_the_log_shows_raw_answers_or_the_way_to_the_worktree() -> None:
    async def reply(_: TurnRequest, listener: Listener) -> object:
        listener.activity(Activity("message", '{"summary": "Both agree.", "requirements": []}'))
        for odd in ('{"summary": 1}', "{half", "plain"):
            listener.activity(Activity("message", odd))
        listener.activity(Activity("file", f"update {FENCE.cwd}/src/a.py\nadd b.py"))
        listener.activity(Activity("other", "The model is now x."))
        return DRAFT

    talk = Conversation(reply)
    await talk.ask()
    said = ["answer: Both agree.", '{"summary": 1}', "{half", "plain"]
    shown = [*said, "file: update src/a.py", "add b.py", "The model is now x."]
    assert talk.sink.text("agent") == "\n".join(shown)
    assert b"requirements" in talk.sink.artifacts["activity.jsonl"], "the whole answer is kept"


async def test_tokens_of_failed_turns_count() -> None:
    talk = Conversation(broken(FailureKind.TRANSIENT, usage=Usage(input=7)), DRAFT)
    await talk.ask()
    assert talk.sink.usage.input == 17


async def test_a_turn_error_names_its_cause() -> None:
    assert str(broken(FailureKind.MODEL, "No such model.")) == "No such model."
    assert isinstance(broken(FailureKind.MODEL), TurnError)
