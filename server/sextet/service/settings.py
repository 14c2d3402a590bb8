"""Settings resolved from their layers, each bad value with its sentence, and what needs the user's trust."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import JsonValue

from sextet.errors import SettingsError
from sextet.model.base import Line, Record
from sextet.model.names import Role
from sextet.model.settings import Origin, Problem, Settings
from sextet.roles.wording import one_line
from sextet.service.settings_table import TABLE, check, value_of
from sextet.store.trust import digest_of

ORIGINS: tuple[Origin, ...] = ("run", "editor", "repository", "user")
"""Where a value may come from, the first to decide first; after them comes the default."""

UNSEEN: frozenset[Origin] = frozenset({"repository", "editor"})
"""Layers whose values a repository may have written: an editor merges its own with the repository's."""

MOST_PROBLEMS = 50
"""Problems told per layer; a hostile file may have any number."""

_PREFIX = "sextet."
_GROUPS = {key[:at] for key in TABLE for at, letter in enumerate(key) if letter == "."}
_OWN = {
    "run": "the request",
    "editor": "the editor's settings",
    "repository": "the repository",
    "user": "your settings",
}


@dataclass(frozen=True, slots=True)
class Layer:
    """The values of one place, as JSON.

    `user` and `repository` hold whole files, in which Sextet's keys begin with `sextet.`; `editor` and `run`
    hold the section below it. Keys may be dotted, nested or both.
    """

    origin: Origin
    values: Mapping[str, Any]
    file: str = ""
    problems: tuple[Problem, ...] = ()
    """What reading it brought up."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The settings to work with, what was not used of them and why, and where each set value comes from."""

    settings: Settings
    problems: tuple[Problem, ...] = ()
    sources: Mapping[str, Origin] = field(default_factory=dict)
    """Key without `sextet.` → layer; keys at their default are missing."""
    extras: Mapping[str, Any] = field(default_factory=dict)
    """The same with the checked values of what is not in `settings` and only the extension reads."""

    def value(self, key: str) -> Any:
        """The value of a key (without `sextet.`), as JSON."""
        return self.extras[key] if key in self.extras else value_of(self.settings, key)


class TrustItem(Record):
    """A value that a repository may have written and that executes something or takes a guard away."""

    key: Line
    """Without `sextet.`; the kind of its trust record."""
    value: JsonValue
    digest: str
    """SHA-256 in hex of key and value: the trust ends when either changes."""


def resolve(layers: Iterable[Layer]) -> Resolved:
    """Settings from their layers.

    A value that cannot be used counts as not written: the next layer or the default decides. Nothing in a
    value is substituted.

    Args:
        layers: in any order; `ORIGINS` says who decides first.
    """
    accepted: dict[str, Any] = {}
    sources: dict[str, Origin] = {}
    problems: list[Problem] = []
    for layer in sorted(layers, key=lambda one: ORIGINS.index(one.origin)):
        found = list(layer.problems)
        for key, value in _checked(layer, found):
            if accepted.setdefault(key, value) is value and key not in sources:
                sources[key] = layer.origin
        problems += _capped(found, layer)
    extras = {key: value for key, value in accepted.items() if not TABLE[key].path}
    return Resolved(_build(accepted), tuple(problems), sources, extras)


def needs_trust(settings: Settings, sources: Mapping[str, Origin]) -> tuple[TrustItem, ...]:
    """What the user must agree to before it has effect, in the order of the table.

    Values of the user's own file and of a request are the user's own.
    """
    items = []
    for key, entry in TABLE.items():
        value = value_of(settings, key)
        if sources.get(key) in UNSEEN and entry.path and entry.widening and entry.widening.applies(value):
            items.append(TrustItem(key=key, value=value, digest=digest_of(key, value)))
    return tuple(items)


# From a layer to checked values -------------------------------------------------------------------
def _checked(layer: Layer, problems: list[Problem]) -> Iterator[tuple[str, Any]]:
    for key, value in _flat(layer, problems).items():
        entry = TABLE[key]
        if layer.origin == "repository" and entry.scope == "machine":
            problems.append(
                _problem(
                    layer, key, "is ignored: a repository cannot choose it. Set it in your own settings."
                )
            )
            continue
        try:
            yield key, check(entry, value)
        except SettingsError as error:
            use = "cannot be used" if layer.origin == "run" else "is ignored"
            problems.append(_problem(layer, key, f"{error.what}; {_shown(value)} {use}."))


def _flat(layer: Layer, problems: list[Problem]) -> dict[str, Any]:
    """Known keys with their values as written, however they are nested."""
    flat: dict[str, Any] = {}
    unknown: list[str] = []
    for key, value in _spread(_section(layer), "", unknown):
        if key not in TABLE:
            problems.append(
                _problem(layer, key, "must be an object with the settings below it; it is ignored.")
            )
            continue
        if key in flat:
            problems.append(_problem(layer, key, "is written twice; the last one counts.", "warning"))
        flat[key] = value
    problems += [_unknown(layer, key) for key in unknown[:MOST_PROBLEMS]]
    return flat


def _section(layer: Layer) -> Iterator[tuple[str, Any]]:
    """What is Sextet's in a layer, without the prefix."""
    for name, value in layer.values.items():
        if name == "sextet" and isinstance(value, Mapping):
            yield from value.items()
        elif name.startswith(_PREFIX):
            yield name.removeprefix(_PREFIX), value
        elif layer.origin in {"run", "editor"}:
            yield name, value
        elif layer.origin == "user":
            yield f"!{name}", value  # no key of ours begins so: it is unknown


def _spread(pairs: Iterable[tuple[str, Any]], prefix: str, unknown: list[str]) -> Iterator[tuple[str, Any]]:
    """Keys of the table, and groups that hold no object; null means not set."""
    for name, value in pairs:
        key = prefix + name
        if key not in TABLE and key not in _GROUPS:
            unknown.append(key)
        elif value is None:
            continue
        elif key in _GROUPS and isinstance(value, Mapping):
            yield from _spread(value.items(), f"{key}.", unknown)
        else:
            yield key, value


# Problems -----------------------------------------------------------------------------------------
def _problem(layer: Layer, key: str, words: str, level: Literal["error", "warning"] = "error") -> Problem:
    name = one_line(f"{_PREFIX}{key[:200]}", 200)
    file = named(layer.file)
    where = file[-400:] or _OWN[layer.origin]
    return Problem(key=name, sentence=one_line(f"{name} in {where} {words}"), file=file, level=level)


def named(file: str) -> str:
    """The path of a file as problems tell it: text that can be shown, its end when it is too long."""
    return one_line(file[-4_000:], 4_000)[-1_000:]


def _unknown(layer: Layer, key: str) -> Problem:
    bare = key.startswith("!")
    key = key.removeprefix("!")
    near = [key] if bare and key in TABLE else difflib.get_close_matches(key[:100], TABLE, 1, 0.5)
    hint = f" Did you mean {_PREFIX}{near[0]}?" if near else ""
    problem = _problem(layer, key, f"is not a setting of Sextet.{hint}", "warning")
    if not bare:
        return problem
    told = problem.sentence.removeprefix(_PREFIX)
    return problem.model_copy(update={"key": problem.key.removeprefix(_PREFIX), "sentence": told})


def _shown(value: object) -> str:
    text = (
        json.dumps(value, default=str)
        if not isinstance(value, (dict, list))
        else f"the {type(value).__name__}"
    )
    return text if len(text) <= 60 else text[:57] + "..."


def _capped(problems: list[Problem], layer: Layer) -> list[Problem]:
    more = len(problems) - MOST_PROBLEMS
    if more <= 0:
        return problems
    rest = Problem(
        key="", sentence=f"There are {more} more problems in {_OWN[layer.origin]}.", file=named(layer.file)
    )
    return [*problems[:MOST_PROBLEMS], rest]


# Building -----------------------------------------------------------------------------------------
def _build(accepted: Mapping[str, Any]) -> Settings:
    return _update(Settings(), {TABLE[key].path: value for key, value in accepted.items() if TABLE[key].path})


def _update(settings: Settings, values: Mapping[tuple[str, ...], Any]) -> Settings:
    """The settings with checked values put in at their paths."""
    top: dict[str, Any] = {}
    roles = dict(settings.roles)
    for path, value in values.items():
        change = {path[-1]: value}
        if path[0] == "roles":
            role = Role(path[1])
            roles[role] = roles.get(role, settings.role(role)).model_copy(update=change)
        elif len(path) == 2:
            top[path[0]] = top.get(path[0], getattr(settings, path[0])).model_copy(update=change)
        else:
            top |= change
    return settings.model_copy(update=top | {"roles": roles})
