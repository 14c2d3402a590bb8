from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sextet.codex import failures
from sextet.model.task import FailureKind

HTTP = [
    ("httpConnectionFailed", 401, FailureKind.LOGIN),
    ("httpConnectionFailed", 403, FailureKind.LOGIN),
    ("responseTooManyFailedAttempts", 429, FailureKind.MODEL),
    ("httpConnectionFailed", 502, FailureKind.TRANSIENT),
    ("httpConnectionFailed", None, FailureKind.TRANSIENT),
    ("responseStreamDisconnected", None, FailureKind.TRANSIENT),
]


@pytest.mark.parametrize(("name", "status", "kind"), HTTP)
def test_a_status_of_the_provider_decides(name, status, kind):
    error = {"message": "m", "codexErrorInfo": {name: {"httpStatusCode": status}}}
    assert failures.of_error(error).kind is kind


@pytest.mark.parametrize(
    ("info", "kind"),
    [
        ("usageLimitExceeded", FailureKind.MODEL),
        ("rateLimitExceeded", FailureKind.MODEL),
        ("serverOverloaded", FailureKind.MODEL),
        ("modelNotFound", FailureKind.MODEL),
        ("contextWindowExceeded", FailureKind.CONTEXT),
        ("unauthorized", FailureKind.LOGIN),
        ("internalServerError", FailureKind.TRANSIENT),
        ("sandboxError", FailureKind.SANDBOX),
        ("cyberPolicy", FailureKind.BLOCKED),
    ],
)
def test_an_error_with_a_name_needs_no_words(info, kind):
    failure = failures.of_error({"message": "anything", "codexErrorInfo": info})
    assert failure.kind is kind
    assert failure.cause == "anything"
    assert failure.next_step


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("stream disconnected before completion: Transport error", FailureKind.TRANSIENT),
        ("Connection failed: error sending request for url (http://127.0.0.1:9/v1)", FailureKind.TRANSIENT),
        ("We're currently experiencing high demand, which may cause errors.", FailureKind.TRANSIENT),
        ("unexpected status 401 Unauthorized: no, url: http://x/v1/responses", FailureKind.LOGIN),
        ("unexpected status 403 Forbidden: no", FailureKind.LOGIN),
        ("exceeded retry limit, last status: 429 Too Many Requests", FailureKind.MODEL),
        ("You've hit your usage limit ... try again at 12:20 PM.", FailureKind.MODEL),
        ("Selected model is at capacity. Please try a different model.", FailureKind.MODEL),
        ("Quota exceeded. Check your plan.", FailureKind.MODEL),
        ("The model `x` does not exist or you do not have access to it.", FailureKind.MODEL),
        ("Codex ran out of room in the model's context window.", FailureKind.CONTEXT),
        ("Error: no rollout found for thread id 01a2", FailureKind.CONTEXT),
        ("Incomplete response returned, reason: max_output_tokens", FailureKind.ANSWER),
        ("bwrap: Creating new namespace failed: Operation not permitted", FailureKind.SANDBOX),
        ("Error loading config.toml: expected `]`", FailureKind.CODEX),
        ('{"error": {"message": "Invalid schema for response_format"}}', FailureKind.INTERNAL),
    ],
)
def test_the_sentences_of_codex_are_understood(message, kind):
    assert failures.of_message(message).kind is kind
    assert failures.of_error({"message": message, "codexErrorInfo": "other"}).kind is kind


@pytest.mark.parametrize(
    ("code", "stderr", "kind"),
    [
        (0, "", FailureKind.TRANSIENT),
        (-9, "", FailureKind.TRANSIENT),
        (137, "Killed", FailureKind.TRANSIENT),
        (1, "WARNING: proceeding, even though\nError loading config.toml: bad\n", FailureKind.CODEX),
        (2, "error: invalid value 'x' for '--sandbox'\n", FailureKind.SANDBOX),
        (1, "", FailureKind.CODEX),
    ],
)
def test_an_end_without_a_result_has_a_cause(code, stderr, kind):
    failure = failures.of_exit(code, stderr)
    assert failure.kind is kind
    assert failure.cause
    assert "WARNING" not in failure.cause


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Please try again in 0.5s.", 0.5),
        ("try again in 20 ms", 0.02),
        ("Try again in 2m", 120.0),
        ("try again in 999999h", 3600.0),
        ("try again at 12:20 PM", 0.0),
        (None, 0.0),
    ],
)
def test_the_pause_that_a_provider_asks_for_is_read(message, seconds):
    assert failures.pause_of(message) == pytest.approx(seconds)


def test_control_characters_of_a_provider_reach_nobody():
    assert "\x1b" not in failures.of_message("\x1b[31mboom\x1b[0m\x07").cause


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["message", "codexErrorInfo", "httpStatusCode", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


@given(anything)
def test_an_error_of_any_shape_becomes_a_failure(error):
    assert failures.of_error(error).cause
