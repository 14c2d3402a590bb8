"""Errors that a person can lift with one word: the question, and what is added to the request then."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from lsprotocol.types import WINDOW_SHOW_MESSAGE_REQUEST, MessageType

from sextet.errors import ApplyError, SextetError, TrustError
from sextet.lsp.client import Client, RefusedError

Result = TypeVar("Result")
Call = Callable[[str, Mapping[str, Any]], Awaitable[Result]]
"""Carries out a verb with its params."""

LONGEST: Final = 4_000
"""Characters of a question. Nobody is asked for a yes to what cannot be shown whole."""
CANCEL: Final = "Cancel"


@dataclass(frozen=True, slots=True)
class Ask:
    """One kind of question."""

    method: str
    """The verb, without `sextet/`."""
    error: type[SextetError]
    fact: str
    """A fact that the error has when it can be lifted."""
    agree: str
    """What the button says."""
    adds: Callable[[Mapping[str, Any]], dict[str, Any]]
    """From the error's facts to the params that are added; they bind the yes to what was shown."""


QUESTIONS: Final = (
    Ask(
        "run/start",
        TrustError,
        fact="digests",
        agree="Trust and start",
        adds=lambda facts: {"agreed": facts["digests"]},
    ),
    Ask(
        "patch/apply",
        ApplyError,
        fact="control",
        agree="Apply these too",
        adds=lambda facts: {"controlFiles": True, "seen": facts.get("tree")},
    ),
    Ask(
        "patch/apply",
        ApplyError,
        fact="merge",
        agree="Merge and apply",
        adds=lambda facts: {"merge": True, "seen": facts.get("tree")},
    ),
)
"""All that is asked; the first that fits counts."""


def question(method: str, params: Mapping[str, Any], error: SextetError) -> tuple[Ask, dict[str, Any]] | None:
    """The question for an error, and the params for a yes; None when there is none to ask (again)."""
    for ask in QUESTIONS:
        if ask.method == method and isinstance(error, ask.error) and error.facts.get(ask.fact):
            more = {**params, **ask.adds(error.facts)}
            return (ask, more) if more != params and len(error.what) <= LONGEST else None
    return None


async def through(client: Client, call: Call[Result], method: str, params: Mapping[str, Any]) -> Result:
    """Carry out a verb, and ask the person where that helps.

    Raises:
        SextetError: as the verb raises it, when nothing is to be asked or the person does not agree.
    """
    while True:
        try:
            return await call(method, params)
        except SextetError as error:
            found = question(method, params, error)
            if found is None or not await _agrees(client, found[0], error):
                raise
            params = found[1]


async def _agrees(client: Client, ask: Ask, error: SextetError) -> bool:
    # Cancel stands first: that is what Return means to some editors.
    asked = {
        "type": MessageType.Warning.value,
        "message": error.what.strip(),
        "actions": [{"title": CANCEL}, {"title": ask.agree}],
    }
    try:
        answer = await client.ask(WINDOW_SHOW_MESSAGE_REQUEST, asked)
    except RefusedError:
        return False
    return isinstance(answer, dict) and answer.get("title") == ask.agree
