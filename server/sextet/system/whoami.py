"""The name of the person, for what is written beside what they do."""

from __future__ import annotations

import getpass


def whoami(given: str = "") -> str:
    """The name to write beside what the caller does.

    Args:
        given: what the person calls themselves; empty: the login name.
    """
    if given:
        return given[:200]
    try:
        return getpass.getuser()[:200]
    except (KeyError, OSError):
        return "user"
