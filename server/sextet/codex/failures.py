"""Failures: what Codex reports, in either form, as a kind that decides and a sentence for the person."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from sextet.errors import CodexError
from sextet.model.task import Failure, FailureKind
from sextet.system.lines import plain

LONGEST: Final = 2_000
"""Characters of a provider's message that are kept."""

_LOGIN: Final = "Log in again (`codex login`), or check the key of your model provider, then resume the run."
_OTHER_MODEL: Final = "The next model of the role's list is tried; add one if there is none."
_RETRY: Final = "It is tried again after a pause."
_SANDBOX: Final = "Run `sextet doctor`; Codex's sandbox needs user namespaces (bubblewrap) on Linux."
_REQUEST: Final = "Check the role's model and effort, and the provider in Codex's config.toml."
_POLICY: Final = "Change the goal or the item, or retry with another model."

_KINDS: Final[Mapping[str, FailureKind]] = {
    "contextWindowExceeded": FailureKind.CONTEXT,
    "usageLimitExceeded": FailureKind.MODEL,
    "rateLimitExceeded": FailureKind.MODEL,
    "serverOverloaded": FailureKind.MODEL,
    "modelNotFound": FailureKind.MODEL,
    "flexUnavailable": FailureKind.MODEL,
    "policyCapacityUnavailable": FailureKind.MODEL,
    "sessionBudgetExceeded": FailureKind.MODEL,
    "unauthorized": FailureKind.LOGIN,
    "internalServerError": FailureKind.TRANSIENT,
    "httpConnectionFailed": FailureKind.TRANSIENT,
    "responseStreamConnectionFailed": FailureKind.TRANSIENT,
    "responseStreamDisconnected": FailureKind.TRANSIENT,
    "responseTooManyFailedAttempts": FailureKind.TRANSIENT,
    "sandboxError": FailureKind.SANDBOX,
    "cyberPolicy": FailureKind.BLOCKED,
    "misalignmentPolicyViolation": FailureKind.BLOCKED,
    "tooManyDenials": FailureKind.BLOCKED,
    "inferenceHookDenied": FailureKind.BLOCKED,
    "badRequest": FailureKind.INTERNAL,
}

_NEXT: Final[Mapping[FailureKind, str]] = {
    FailureKind.CONTEXT: "It goes on in a new conversation.",
    FailureKind.MODEL: _OTHER_MODEL,
    FailureKind.LOGIN: _LOGIN,
    FailureKind.TRANSIENT: _RETRY,
    FailureKind.SANDBOX: _SANDBOX,
    FailureKind.BLOCKED: _POLICY,
    FailureKind.CODEX: "Run `sextet doctor`.",
    FailureKind.INTERNAL: _REQUEST,
    FailureKind.ANSWER: "Retry the task, or split it into smaller ones.",
}

# Sentences of Codex, oldest rule first that matches wins; exec has nothing else, app-server says "other".
_PHRASES: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        (r"context window|context_length_exceeded|no rollout found", FailureKind.CONTEXT),
        (r"unexpected status 40[13]\b|unauthori[sz]ed|not logged in|codex login", FailureKind.LOGIN),
        (
            r"(last|unexpected) status:? 429\b|rate limit|usage limit|quota|insufficient_quota",
            FailureKind.MODEL,
        ),
        (r"model is at capacity|overloaded", FailureKind.MODEL),
        (r"model\b.{0,200}\b(does not exist|not found|not supported)|model_not_found", FailureKind.MODEL),
        (r"stream disconnected|connection failed|error sending request|timed? ?out", FailureKind.TRANSIENT),
        (r"high demand|internal server error|(last|unexpected) status:? 5\d\d\b", FailureKind.TRANSIENT),
        (r"max_output_tokens", FailureKind.ANSWER),
        (r"bwrap:|bubblewrap|sandbox", FailureKind.SANDBOX),
        (r"error loading config|config\.toml|CODEX_HOME|unknown model provider", FailureKind.CODEX),
        (r"model provider .* not found", FailureKind.CODEX),
    )
)

_PAUSE: Final = re.compile(r"try again in (\d{1,6}(?:\.\d{1,6})?)\s*(ms|s|m|h)?\b", re.IGNORECASE)
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0}


def of_error(error: object) -> Failure:
    """The failure of `turn.error` or of an `error` notification of the app-server.

    Args:
        error: `{message, codexErrorInfo, additionalDetails}`; anything else is tolerated.
    """
    fields = error if isinstance(error, dict) else {}
    message = _sentence(fields.get("message"))
    name, status = _info(fields.get("codexErrorInfo"))
    if status in {401, 403}:
        return _failure(FailureKind.LOGIN, message)
    if status == 429:
        return _failure(FailureKind.MODEL, message)
    if name in _KINDS:
        return _failure(_KINDS[name], message)
    return of_message(message)


def of_message(message: str) -> Failure:
    """The failure behind a sentence of Codex (`turn.failed` of exec, or an RPC error)."""
    text = _sentence(message)
    for pattern, kind in _PHRASES:
        if pattern.search(text):
            return _failure(kind, text)
    return _failure(FailureKind.INTERNAL, text)


def of_exit(code: int, stderr: str) -> Failure:
    """The failure of a codex process that ended by itself without a terminal event.

    Args:
        code: its exit code, negative for a signal.
        stderr: the end of its stderr.
    """
    lines = [
        line for line in plain(stderr).splitlines() if line.strip() and "WARNING: proceeding" not in line
    ]
    said = next((line for line in lines if line.startswith("Error")), lines[-1] if lines else "")
    if code < 0 or code in {130, 137, 143}:
        return _failure(FailureKind.TRANSIENT, f"Codex was ended by a signal (exit {code}). {said}".strip())
    if code == 0:
        return _failure(FailureKind.TRANSIENT, "Codex ended without a result.")
    if said:
        found = of_message(said)
        kind = FailureKind.CODEX if found.kind is FailureKind.INTERNAL else found.kind
        return _failure(kind, found.cause)
    return _failure(FailureKind.CODEX, f"Codex ended with exit code {code} and said nothing.")


def timed_out(seconds: float, *, silent: bool) -> Failure:
    """A turn that was ended because it passed its deadline, or gave no sign of life for `seconds`."""
    cause = (
        f"No sign of life from the model for {seconds:.0f} s."
        if silent
        else f"The turn was not finished after {seconds:.0f} s."
    )
    return Failure(
        kind=FailureKind.TIMEOUT, cause=cause, next_step="Retry it, or raise the role's `timeoutMinutes`."
    )


def stopped() -> Failure:
    """A turn that a human interrupted."""
    return Failure(
        kind=FailureKind.STOPPED,
        cause="A human stopped the agent.",
        next_step="Retry the task when you want.",
    )


def lost(said: str) -> Failure:
    """A turn whose process died more often than it is started again."""
    return _failure(FailureKind.TRANSIENT, f"Codex's app-server ended unexpectedly. {_clean(said)}".strip())


def unusable(error: CodexError) -> Failure:
    """Codex cannot be used at all, and what to do about it."""
    return Failure(kind=FailureKind.CODEX, cause=_sentence(error.what), next_step=error.next_step)


def internal(sentence: str) -> Failure:
    """A defect of ours."""
    return Failure(kind=FailureKind.INTERNAL, cause=sentence)


def no_sandbox(said: str) -> Failure:
    """Codex's sandbox does not work on this machine."""
    return _failure(FailureKind.SANDBOX, f"Codex's sandbox does not work here: {_sentence(said)}")


def pause_of(message: object) -> float:
    """The pause in seconds that a provider asks for (`try again in 1.5s`), at most one hour; else 0."""
    found = _PAUSE.search(message) if isinstance(message, str) else None
    if not found:
        return 0.0
    return min(float(found[1]) * _SECONDS[(found[2] or "s").lower()], 3_600.0)


def _info(info: object) -> tuple[str, int | None]:
    if isinstance(info, str):
        return info, None
    if isinstance(info, dict) and len(info) == 1:
        name, detail = next(iter(info.items()))
        status: Any = detail.get("httpStatusCode") if isinstance(detail, dict) else None
        return str(name), status if isinstance(status, int) else None
    return "", None


def _failure(kind: FailureKind, cause: str) -> Failure:
    return Failure(kind=kind, cause=cause, next_step=_NEXT.get(kind, ""))


def _sentence(text: object) -> str:
    return _clean(text) or "Codex reported an error without words."


def _clean(text: object) -> str:
    return plain(text)[:LONGEST].strip() if isinstance(text, str) else ""
