"""Exit codes, and an error in words."""

from __future__ import annotations

from sextet import errors

APPROVED = 0
FAILED = 1
USAGE = 2
WAITS = 3
INTERRUPTED = 130

_BY_KIND: tuple[tuple[type[Exception], int], ...] = (
    (errors.TrustError, WAITS),
    (errors.ForeignRunError, WAITS),
    (errors.UsageError, USAGE),
    (errors.SettingsError, USAGE),
    (errors.ScenarioError, USAGE),
    (errors.RepositoryError, USAGE),
)


def code_of(error: BaseException) -> int:
    """The exit code for an error: 2 what the caller can put right, 3 what a person must decide, else 1."""
    return next((code for kind, code in _BY_KIND if isinstance(error, kind)), FAILED)


def told(error: BaseException) -> str:
    """What happened, why, and what to do now."""
    if isinstance(error, errors.SextetError):
        step = f"\nNext: {error.next_step}" if error.next_step else ""
        return f"{error.what.rstrip()}{step}"
    said = f"{type(error).__name__}: {error}".strip()
    return (
        f"This is a defect of Sextet ({said}).\nNext: repeat it with SEXTET_DEBUG=1 and report what it shows."
    )
