"""The names of all verbs, for whoever must not wait until their params and results are loaded."""

from __future__ import annotations

from typing import Final

VERBS: Final = (
    "run/start",
    "run/resume",
    "run/stop",
    "run/list",
    "run/snapshot",
    "run/events",
    "run/followUp",
    "workers/start",
    "workers/stop",
    "roles/set",
    "task/approve",
    "task/requestChanges",
    "task/comment",
    "task/retry",
    "task/steer",
    "task/interrupt",
    "question/answer",
    "log/read",
    "patch/list",
    "patch/get",
    "patch/apply",
    "patch/revert",
)
"""Those of `methods.METHODS`, in that order."""
