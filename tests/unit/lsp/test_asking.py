"""Errors that one word lifts: who is asked what, and what a yes is bound to."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sextet.errors import ApplyError, SextetError, StaleError, TrustError
from sextet.lsp.asking import LONGEST, question, through
from sextet.lsp.client import Client, RefusedError

TRUST = TrustError("sextet.tester.commands: make", digests=["d1"])
CONTROL = ApplyError("Control files: Makefile.", control=["Makefile"], tree="t1")
MERGE = ApplyError("It would merge.", merge=True, tree="t1")


class Person:
    """A client whose person presses the same button each time."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[Any] = []

    async def ask(self, method: str, params: Any) -> Any:
        assert method == "window/showMessageRequest"
        self.asked.append(params)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Door:
    """Refuses with these errors, one after the other."""

    def __init__(self, *errors: SextetError) -> None:
        self.errors = list(errors)
        self.got: list[Any] = []

    async def __call__(self, method: str, params: Any) -> Any:
        self.got.append(params)
        if self.errors:
            raise self.errors.pop(0)
        return "done"


@pytest.mark.parametrize(
    ("method", "error", "button", "more"),
    [
        ("run/start", TRUST, "Trust and start", {"agreed": ["d1"]}),
        ("patch/apply", CONTROL, "Apply these too", {"controlFiles": True, "seen": "t1"}),
        ("patch/apply", MERGE, "Merge and apply", {"merge": True, "seen": "t1"}),
    ],
)
async def test_a_yes_lifts_nothing_or_more_than_was_shown(method, error, button, more):
    person, door = Person({"title": button}), Door(error)
    assert await through(person, door, method, {"goal": "x"}) == "done"
    assert door.got == [{"goal": "x"}, {"goal": "x"} | more]
    (asked,) = person.asked
    assert (asked["message"], asked["actions"]) == (error.what, [{"title": "Cancel"}, {"title": button}])


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        {"title": "Cancel"},
        {"title": True},
        [],
        "Trust and start",
        RefusedError("no"),
    ],
)
async def test_anything_but_the_button_counts_as_a_yes(answer):
    door = Door(TRUST)
    with pytest.raises(TrustError):
        await through(Person(answer), door, "run/start", {})
    assert len(door.got) == 1


@pytest.mark.parametrize(
    ("method", "error"),
    [
        ("run/start", TrustError("This folder is not trusted.")),
        ("run/resume", TRUST),
        ("patch/apply", ApplyError("It is a draft.")),
        ("patch/apply", StaleError("It has changed.", tree="t1")),
        ("patch/revert", MERGE),
        ("run/start", TrustError("x" * (LONGEST + 1), digests=["d1"])),
    ],
)
async def test_something_is_asked_that_no_yes_can_lift(method, error):
    assert question(method, {}, error) is None
    with pytest.raises(type(error)):
        await through(Person(), Door(error), method, {})


async def test_two_questions_are_one_or_the_same_one_comes_for_ever():
    person = Person({"title": "Apply these too"}, {"title": "Merge and apply"})
    door = Door(CONTROL, MERGE)
    assert await through(person, door, "patch/apply", {}) == "done"
    assert door.got[-1] == {"controlFiles": True, "merge": True, "seen": "t1"}
    with pytest.raises(ApplyError):
        await through(Person({"title": "Apply these too"}), Door(CONTROL, CONTROL), "patch/apply", {})


async def test_what_changed_meanwhile_is_not_asked_about_again():
    later = TrustError("sextet.tester.commands: evil", digests=["d2"])
    person, door = Person({"title": "Trust and start"}, None), Door(TRUST, later)
    with pytest.raises(TrustError, match="evil"):
        await through(person, door, "run/start", {})
    assert [asked["message"] for asked in person.asked] == [TRUST.what, later.what]


async def test_a_question_keeps_the_session_from_its_end():
    class Writer:
        def send(self, data: bytes) -> None:
            pass

    client = Client(Writer(), {})
    asking = asyncio.create_task(through(client, Door(TRUST), "run/start", {}))
    await asyncio.sleep(0)
    client.hang_up()
    with pytest.raises(TrustError):
        await asking
    with pytest.raises(RefusedError):
        await client.ask("window/showMessageRequest", {})
