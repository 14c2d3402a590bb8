"""The one table of settings: key, field, scope, when it takes effect, whether it needs trust."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from sextet.errors import SettingsError
from sextet.model.base import Record
from sextet.model.names import Role
from sextet.model.settings import Settings

Scope = Literal["resource", "window", "machine"]
"""`machine`: the user's own files only, never a repository's."""


class ServerSettings(Record):
    """`sextet.server`: how the extension starts the language server."""

    python: str = Field(default="", max_length=4_096)
    """Absolute path of the Python to run the bundled server with; empty: found on PATH."""
    path: str = Field(default="", max_length=4_096)
    """Absolute path of a `sextet` command to use instead of the bundled server."""
    extra_args: tuple[str, ...] = Field(default=(), max_length=50)
    """Arguments added to `sextet serve`."""


class TraceSettings(Record):
    """`sextet.trace`: what the extension's output channel shows."""

    server: Literal["off", "messages", "verbose"] = "off"
    """Traces the messages between the extension and the server."""


class TelemetrySettings(Record):
    """`sextet.telemetry`: what the editor's own telemetry may hear."""

    enabled: bool = False
    """Whether failures of agents are told to the editor's telemetry, without names, paths or text."""


class NotificationSettings(Record):
    """`sextet.notifications`: when the extension speaks up by itself."""

    show: Literal["all", "needsYou", "never"] = "all"
    """Messages about runs: also when one has ended, only when you are needed, or never."""


@dataclass(frozen=True, slots=True)
class Widening:
    """Values that execute something or take a guard away, so that a repository may not set them alone."""

    applies: Callable[[Any], bool]
    when: str
    """For the reference page: which values."""


_ANY = Widening(bool, "any value")
_TRUE = Widening(lambda value: value is True, "when `true`")
_FALSE = Widening(lambda value: value is False, "when `false`")


def _equals(wanted: object) -> Widening:
    return Widening(lambda value: value == wanted, f"when `{wanted}`")


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting."""

    key: str
    """As in settings.json, without `sextet.`."""
    record: type[Record]
    field: str
    path: tuple[str, ...]
    """Where its value is in `Settings`, by field names; empty for what only the extension reads."""
    scope: Scope = "resource"
    restart: bool = False
    """True when a change needs a new server; else the next run has it."""
    widening: Widening | None = None
    doc: str = ""
    check: Callable[[Any], str] | None = None
    """Says what is wrong with a value of the right type; empty when nothing is."""

    @property
    def live(self) -> bool:
        """True when runs that are worked on follow a change in the editor."""
        return self.path[:1] == ("roles",) or self.key == "maxAgents"

    @property
    def alias(self) -> str:
        """The name of the record's field in JSON."""
        return self.record.model_fields[self.field].alias or self.field

    @property
    def default(self) -> Any:
        """Its default, as JSON."""
        return _walk(Settings() if self.path else self.record(), self.path or (self.field,))


def _walk(record: Record, path: tuple[str, ...]) -> Any:
    value: Any = record
    for name in path:
        value = value[name] if isinstance(value, dict) else getattr(value, name)
    return list(value) if isinstance(value, tuple) else value


def value_of(settings: Settings, key: str) -> Any:
    """The value of a key (without `sextet.`) in resolved settings, as JSON (the extension's: its default)."""
    entry = TABLE[key]
    return _walk(settings, entry.path) if entry.path else entry.default


# What is wrong with a value -----------------------------------------------------------------------
def _absolute(value: str) -> str:
    return "must be an absolute path" if value and not value.startswith("/") else ""


def _inside(value: tuple[str, ...]) -> str:
    for name in value:
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or "\\" in name or {"..", ".git"} & {p.lower() for p in parts}:
            return "must name files inside the work tree"
    return ""


_WORDS: dict[str, str] = {
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "string_type": "must be a text in quotes",
    "string_too_short": "must not be empty",
    "string_pattern_mismatch": "is not a name that can be used (letters, digits and . _ : / - only)",
    "tuple_type": "must be a list",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "too_long": "has more than {max_length} entries",
    "string_too_long": "has more than {max_length} characters",
    "literal_error": "must be one of {expected}",
}


def _sentence(error: ErrorDetails) -> str:
    words = _WORDS.get(error["type"], "cannot be read: {msg}").format(
        msg=error["msg"], **error.get("ctx", {})
    )
    index = next((part for part in error["loc"] if isinstance(part, int)), None)
    return words if index is None else f"entry {index + 1} {words}"


def check(entry: Entry, value: object) -> Any:
    """The value as the field's own type. Nothing is converted: `"3"` is no number and `1` is not true.

    Raises:
        SettingsError: what is wrong, as the rest of a sentence (`must be at most 16`).
    """
    try:
        data = json.dumps({entry.alias: value})
        checked = getattr(entry.record.model_validate_json(data, strict=True), entry.field)
    except ValidationError as error:
        raise SettingsError(_sentence(error.errors(include_url=False)[0]), key=entry.key) from error
    except (TypeError, ValueError, RecursionError) as error:
        raise SettingsError("cannot be read", key=entry.key) from error
    wrong = "holds a zero byte" if "\\u0000" in data else entry.check(checked) if entry.check else ""
    if wrong:
        raise SettingsError(wrong, key=entry.key)
    return checked


# The table ----------------------------------------------------------------------------------------
def _group(prefix: str, record: type[Record], path: tuple[str, ...]) -> Iterator[Entry]:
    """An entry for each field of a record."""
    for field, info in record.model_fields.items():
        yield _entry(f"{prefix}.{info.alias or field}", record, (*path, field))


def _entry(key: str, record: type[Record], path: tuple[str, ...]) -> Entry:
    doc = _DOCS.get(key) or record.model_fields[path[-1]].description or ""
    return Entry(
        key=key,
        record=record,
        field=path[-1],
        path=path if path[0] in Settings.model_fields else (),
        scope=_SCOPES.get(key, "resource"),
        restart=key in _RESTART,
        widening=_widening(key),
        doc=" ".join(doc.split()),
        check=_CHECKS.get(key),
    )


def _widening(key: str) -> Widening | None:
    parts = key.split(".")
    return _WIDENING.get(f"roles.*.{parts[2]}" if parts[0] == "roles" else key)


_WIDENING = {
    "tester.commands": _ANY,
    "tester.network": _TRUE,
    "tester.sandbox": _FALSE,
    "worktree.setupCommand": _ANY,
    "codex.path": _ANY,
    "codex.home": _ANY,
    "codex.mcpServers": _TRUE,
    "roles.*.network": _TRUE,
    "roles.*.sandbox": _equals("off"),
    "roles.*.approvals": _equals("onRequest"),  # a way out of the sandbox, and `--yes` accepts it
    "patch.apply": _equals("auto"),
    "approvals.patch": _equals(0),
}

_SCOPES: dict[str, Scope] = {
    "codex.path": "machine",
    "codex.home": "machine",
    "server.python": "machine",
    "server.path": "machine",
    "server.extraArgs": "machine",
    "notifications.show": "window",
    "trace.server": "window",
    "telemetry.enabled": "machine",
}

_RESTART = {"codex.path", "codex.home", "codex.transport", "server.python", "server.path", "server.extraArgs"}

_CHECKS: dict[str, Callable[[Any], str]] = {
    "codex.path": _absolute,
    "codex.home": _absolute,
    "server.python": _absolute,
    "server.path": _absolute,
    "worktree.copy": _inside,
}

_DOCS = {
    "tester.commands": "Shell commands that count as evidence, in order; empty: the tester finds out itself.",
    "worktree.setupCommand": "Shell command that prepares a fresh worktree (installs dependencies).",
    "approvals.consensus": "How many named approvals the consensus needs before work is split.",
    "approvals.patch": "How many named approvals a patch needs before it is applied.",
    "budget.runTokens": "Tokens of one run after which nothing more is claimed; 0: no limit.",
    "budget.warnAt": "Tokens of one run at which you are warned; 0: never.",
    "codex.transport": "How Codex is spoken to: one `app-server` for all agents, or one `exec` per attempt.",
    "review.maxReworks": "Rounds of rework before a human is asked.",
    "patch.apply": "What happens to an approved patch: ask, apply it when it is exact, or never apply.",
    "runs.keep": "How many ended runs `sextet clean` keeps.",
}

_TOP = {
    "maxAgents": "max_agents",
    "review.maxReworks": "max_reworks",
    "patch.apply": "patch_apply",
    "runs.keep": "runs_keep",
    "questions.timeoutMinutes": "question_minutes",
}


def _entries() -> Iterator[Entry]:
    for key, field in _TOP.items():
        yield _entry(key, Settings, (field,))
    defaults = Settings()
    for role in Role:
        yield from _group(f"roles.{role}", type(defaults.role(role)), ("roles", role.value))
    for name in ("tester", "approvals", "budget", "codex", "worktree"):
        yield from _group(name, type(getattr(defaults, name)), (name,))
    yield from _group("server", ServerSettings, ("server",))
    yield from _group("notifications", NotificationSettings, ("notifications",))
    yield from _group("trace", TraceSettings, ("trace",))
    yield from _group("telemetry", TelemetrySettings, ("telemetry",))


TABLE = {entry.key: entry for entry in _entries()}
"""Every setting by its key, without `sextet.`."""
