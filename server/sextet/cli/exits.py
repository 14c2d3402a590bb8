"""Exit codes, and an error in words."""

from __future__ import annotations

from sextet import errors
from sextet.roles.wording import clean, one_line

APPROVED = 0
FAILED = 1
USAGE = 2
WAITS = 3
INTERRUPTED = 130

_LONGEST = 4_000
"""Characters of a sentence; names of files and words of other programs are in it."""

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
        step = f"\nNext: {clean(error.next_step, _LONGEST)}" if error.next_step else ""
        return f"{clean(error.what, _LONGEST).rstrip()}{step}"
    said = one_line(f"{type(error).__name__}: {error}", _LONGEST)
    return (
        f"This is a defect of Sextet ({said}).\nNext: repeat it with SEXTET_DEBUG=1 and report what it shows."
    )
