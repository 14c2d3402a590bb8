"""Notices: what a person should know of a run before its first task, each with what to do about it."""

from __future__ import annotations

from typing import Final

from sextet.model import events as ev
from sextet.model.run import Run
from sextet.roles.wording import one_line
from sextet.workspace.repository import Repository

_NAMED: Final = 10
"""How many files one notice lists."""


def notices(repository: Repository, run: Run) -> tuple[ev.Noted, ...]:
    """What is left out of the run, and what weakens it (pure)."""
    found: list[ev.Noted] = []
    inner = tuple(name for name in run.base.left_out if name.endswith("/"))
    large = tuple(name for name in run.base.left_out if not name.endswith("/"))
    if inner or repository.submodules:
        found.append(_inner(inner))
    if large:
        found.append(_large(large))
    if not run.settings.tester.commands:
        found.append(
            ev.Noted(
                text="No test command is configured, so the tester has to find one; "
                "a patch that nothing tests is told apart as untested.",
                level="warning",
                next_step='Set `sextet.tester.commands`, for instance to ["make test"].',
            )
        )
    return tuple(found)


def _inner(names: tuple[str, ...]) -> ev.Noted:
    listed = f" ({_listed(names)})" if names else ""
    return ev.Noted(
        text=f"Submodules and other repositories inside this one are left out{listed}: agents do not see "
        "their files, and a patch cannot change them.",
        level="warning",
        next_step="To work on one of them, start Sextet in its folder.",
    )


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(one_line(name, 200) for name in names[:_NAMED]) + more


def _large(names: tuple[str, ...]) -> ev.Noted:
    return ev.Noted(
        text=f"Untracked files are left out of the run because of their size: {_listed(names)}.",
        level="warning",
        next_step="Commit them if agents need them; add them to .gitignore if not.",
    )
