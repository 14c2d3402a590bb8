"""Errors on the wire: the code of each kind, and what the codes mean; loaded before anything heavy is."""

from __future__ import annotations

from typing import Final

from sextet import errors
from sextet.errors import NotFoundError, SextetError, UsageError

PARSE: Final = -32700
INVALID: Final = -32600
NO_METHOD: Final = -32601
PARAMS: Final = -32602
INTERNAL: Final = -32603
NOT_INITIALIZED: Final = -32002
CANCELLED: Final = -32800
OURS: Final = -32050

CODES: Final = {
    PARSE: "The message is not JSON; the answer has the id `null`.",
    INVALID: "It is JSON and no message, is too long, or comes when nothing more is taken.",
    NO_METHOD: "There is no such method.",
    PARAMS: "The params cannot be used; `data.facts.path` names the first bad field, where it is one.",
    INTERNAL: "A defect of Sextet: the request ended, the server goes on.",
    NOT_INITIALIZED: "The first request of an editor is `initialize`.",
    CANCELLED: "The request was cancelled, by the client or because the server ends.",
    OURS: "It could not be done, for a reason that `data.kind` names.",
}
"""What each code means."""

DEFECT: Final = "defect"
_KIND_OF: Final = {NO_METHOD: NotFoundError.kind, INTERNAL: DEFECT, CANCELLED: "cancelled"}

ERRORS: Final[dict[str, type[SextetError]]] = {
    found.kind: found
    for found in vars(errors).values()
    if isinstance(found, type) and issubclass(found, SextetError)
}
"""The class of each kind of error that is raised on purpose."""


def code_of(error: SextetError) -> int:
    """The code for an error that Sextet can explain."""
    if isinstance(error, NotFoundError) and "method" in error.facts:
        return NO_METHOD
    return PARAMS if isinstance(error, UsageError) else OURS


def kind_of(code: int) -> str:
    """What `data.kind` says beside a code that no error of ours stands behind."""
    return _KIND_OF.get(code, UsageError.kind)


def kinds() -> dict[str, tuple[tuple[int, ...], str]]:
    """Every `data.kind` with the codes that it comes with and a sentence about it."""
    found: dict[str, tuple[tuple[int, ...], str]] = {
        kind: ((PARAMS if issubclass(error, UsageError) else OURS,), _sentence(error))
        for kind, error in ERRORS.items()
    }
    bare = tuple(code for code in CODES if kind_of(code) == UsageError.kind and code not in {PARAMS, OURS})
    found[UsageError.kind] = ((PARAMS, *bare), found[UsageError.kind][1])
    found[NotFoundError.kind] = ((PARAMS, NO_METHOD), found[NotFoundError.kind][1])
    found[DEFECT] = ((INTERNAL,), "Something that Sextet cannot explain; `message` is for a bug report.")
    found[_KIND_OF[CANCELLED]] = ((CANCELLED,), "Nobody waits for the answer any more.")
    return found


def _sentence(error: type[SextetError]) -> str:
    return (error.__doc__ or "").strip().partition("\n")[0]
