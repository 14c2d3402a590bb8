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
    "run/collisions",
    "workers/start",
    "workers/stop",
    "roles/get",
    "roles/set",
    "task/approve",
    "task/requestChanges",
    "task/comment",
    "task/retry",
    "task/steer",
    "task/interrupt",
    "question/answer",
    "log/read",
    "artifact/read",
    "patch/list",
    "patch/get",
    "patch/check",
    "patch/apply",
    "patch/mark",
    "patch/comment",
    "patch/resolve",
    "patch/retest",
    "patch/open",
    "task/open",
    "patch/revert",
    "recover/list",
    "clean",
    "models/list",
    "doctor",
)
"""Those of `methods.METHODS`, in that order."""
