"""What was left out of a test session: each skipped test, by its reason.

A skip is a hole in the evidence, so it is named at the end, and in CI it is a failure. A reason that begins
with `opt-in` is neither: such tests cost money or need an account, and somebody asks for them by name.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable

OPT_IN = "opt-in"


def in_ci() -> bool:
    """True where nothing may be left out."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def reason_of(longrepr: object) -> str:
    """The words of a skip, from what pytest reports for it."""
    text = str(longrepr[2]) if isinstance(longrepr, tuple) else str(longrepr)
    return text.removeprefix("Skipped: ").strip() or "no reason given"


def forbidden(longrepr: object) -> str:
    """Why this skip fails the session; empty when it may stand."""
    reason = reason_of(longrepr)
    if not in_ci() or reason.startswith(OPT_IN):
        return ""
    return f"Left out, which CI does not allow: {reason}"


def summary(longreprs: Iterable[object]) -> list[str]:
    """One line per reason, with the number of tests, most first."""
    counted = Counter(reason_of(longrepr) for longrepr in longreprs)
    return [f"{reason} ({count} tests)" for reason, count in counted.most_common()]
