"""Words, screens and endings: what is shown of a run."""

from __future__ import annotations

import pytest

from sextet.cli import asking, exits, words
from sextet.errors import BusyError, ForeignRunError, NotFoundError, RepositoryError, TrustError
from sextet.model import events as ev
from sextet.model.names import RunState
from sextet.model.notes import Choice, Question, QuestionKind
from sextet.pipeline.view import RunView


def test_a_span_is_not_readable() -> None:
    assert [words.span(each) for each in (-1, 7.9, 750, 3_723)] == ["0:00", "0:07", "12:30", "1:02:03"]


def test_an_amount_is_not_readable() -> None:
    assert [words.amount(each) for each in (0, 870, 12_340, 4_500_000)] == ["0", "870", "12.3k", "4.5M"]


def test_a_terminal_sequence_in_an_event_reaches_the_terminal() -> None:
    event = ev.RunStateChanged(state=RunState.FAILED, reason="bad\x1b[2J\x07\u202eluck\nNext: lie")
    told = words.told(event, RunView())
    assert told == ("run", "failed: badluck Next: lie")


def test_an_event_has_no_sentence() -> None:
    silent = {ev.RunCreated}
    every = set(ev.RunEvent.__args__[0].__args__) if hasattr(ev.RunEvent, "__args__") else set()
    kinds = every or set(ev.RunEvent.__origin__.__args__)
    assert kinds - silent == set(words._SENTENCES)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFoundError("x"), 2),
        (RepositoryError("x"), 2),
        (TrustError("x"), 3),
        (ForeignRunError("x"), 3),
        (BusyError("x"), 1),
        (RuntimeError("x"), 1),
    ],
)
def test_an_error_has_the_wrong_exit_code(error: Exception, code: int) -> None:
    assert exits.code_of(error) == code


def test_an_error_is_told_without_its_next_step() -> None:
    assert exits.told(BusyError("It is busy.", next_step="Wait.")) == "It is busy.\nNext: Wait."
    assert "SEXTET_DEBUG" in exits.told(RuntimeError("oh"))


def question(*choices: str) -> Question:
    return Question(
        id="q",
        kind=QuestionKind.APPROVAL,
        text="May it\x1b[31m?",
        choices=tuple(Choice(value=each, label=each) for each in choices),
        default="decline",
        deadline=0,
    )


def test_an_answer_is_guessed() -> None:
    asked = question("retry", "retry-all", "stop")
    assert asking.accepted(asked, "s\n") == "stop"
    assert asking.accepted(asked, "retry\n") == "retry"
    assert asking.accepted(asked, "re\n") is None
    assert asking.accepted(asked, "\n") is None
    assert asking.accepted(question(), " red \n") == "red"
    assert asking.accepted(question(), "\n") is None


def test_a_question_reaches_the_terminal_with_its_sequences() -> None:
    assert asking.prompt_lines(question("accept"))[0] == "? May it?"
