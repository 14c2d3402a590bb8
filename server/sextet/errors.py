"""Every error raised on purpose, with the sentence and the next step for the person at the editor."""

from __future__ import annotations

from typing import ClassVar


class SextetError(Exception):
    """Something that Sextet can explain.

    Args:
        what: what happened and why, one or two sentences for the person.
        next_step: what the person can do now; empty when nothing is to be done.
        facts: ids and figures for programs (JSON values).
    """

    kind: ClassVar[str] = "error"

    def __init__(self, what: str, *, next_step: str = "", **facts: object) -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step
        self.facts = facts

    def __str__(self) -> str:
        return f"{self.what} {self.next_step}".strip()


class UsageError(SextetError):
    """The request itself cannot be carried out as it was put (exit code 2 in a terminal)."""

    kind = "usage"


class NotFoundError(UsageError):
    """The named run, task, question, patch or verb does not exist."""

    kind = "notFound"


class SettingsError(SextetError):
    """A settings value cannot be used; `facts.key` names it."""

    kind = "settings"


class TrustError(SextetError):
    """Something that would execute code has not been trusted by the user."""

    kind = "trust"


class InvalidTransitionError(SextetError):
    """A task was asked to make a move that its state does not allow."""

    kind = "invalidTransition"


class StaleError(SextetError):
    """A result or approval speaks of an epoch, tree or sequence number that is no longer current."""

    kind = "stale"


class StoreError(SextetError):
    """A run on disk cannot be read or written."""

    kind = "store"


class JournalDamagedError(StoreError):
    """The journal is damaged before its end; the run is readable up to there and not continued."""

    kind = "journalDamaged"


class ForeignRunError(StoreError):
    """The run was not made here (it came with a clone); it is shown and never executed."""

    kind = "foreignRun"


class BusyError(SextetError):
    """Another supervisor or other work is in the way; `facts` may carry its pid and socket."""

    kind = "busy"


class ProcessError(SextetError):
    """A process could not be started, or ended in a way that was not expected."""

    kind = "process"


class UnsafePathError(SextetError):
    """A path leaves its root, crosses a symbolic link or names something that is never written."""

    kind = "unsafePath"


class RepositoryError(SextetError):
    """The folder is not a repository that Sextet can work on, and why."""

    kind = "repository"


class GitError(SextetError):
    """Git answered with an error; `facts` carries argv, exit code and the end of stderr."""

    kind = "git"


class ApplyError(SextetError):
    """A patch was not written; nothing of it is in the work tree."""

    kind = "apply"


class CodexError(SextetError):
    """Codex cannot be used at all (missing, too old, not logged in, sandbox broken)."""

    kind = "codex"


class OutcomeError(SextetError):
    """An agent's answer does not fit its schema, even after it was asked again."""

    kind = "outcome"


class ScenarioError(SextetError):
    """A rehearsal scenario file cannot be used; `facts.path` names the field."""

    kind = "scenario"
