"""Writes docs/reference/settings.md from the table of settings; run by `make docs`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sextet.model.names import Role
from sextet.service.settings_reference import Described, describe

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"

INTRODUCTION = """\
# Settings

<!-- Written by `make docs` from the table of settings in the code; change it there. -->

Everything works without a settings file. The first of these that sets a value decides:

1. the run itself (what you change while it goes on, or pass when you start it);
2. the editor's settings, as your editor tells them to the language server (the terminal has none; where a
   window joins the work of another process, the settings of that process count);
3. the repository's `.vscode/settings.json` (in the work tree's top folder, no symbolic links);
4. your own `settings.json` for Sextet: `~/.config/sextet/settings.json` on Linux,
   `~/Library/Application Support/sextet/settings.json` on macOS, or in the folder that
   `SEXTET_CONFIG_HOME` names;
5. the default below.

Files may hold comments and trailing commas, up to 1 MiB. Keys can be dotted, nested or both:
`"sextet.roles.analyst.workers": 3` is the same as `"sextet.roles": {"analyst": {"workers": 3}}`, and both
kinds add up. Nothing in a value is substituted: `${env:HOME}` stays as it is written.

A value that cannot be used is reported with its key and file, and counts as not written; the rest keeps
working. An unknown key is reported with the nearest known one.

**Scope** `machine` is for your own files: a repository's value is ignored. A change has effect from the next
run on, or, where it says **restart**, after the server was started again. Where it says **live**, and the
editor tells the change, runs that are at work follow as well: workers come and go, the next attempts have the
new values. What was set for one run alone stays; what needs trust and has none is not followed.

**Trust**: these values execute something or take a guard away. When the editor or a repository sets one, you
are asked before it has effect, and asked again when it changes. What you set in your own `settings.json` for
Sextet, or for one run, is yours already.
"""


def page() -> str:
    """The whole page."""
    settings = describe()
    role_prefix = "sextet.roles."
    plain = [one for one in settings if not one.key.startswith(role_prefix)]
    groups: dict[str, list[Described]] = {"General": []}
    for one in plain:
        parts = one.key.split(".")
        top = len(parts) == 2 or parts[1] in {"review", "patch", "runs", "questions"}
        groups.setdefault("General" if top else f"`sextet.{parts[1]}`", []).append(one)
    sections = [_section(name, map(_row, members)) for name, members in groups.items()]
    sections.insert(1, _roles([one for one in settings if one.key.startswith(role_prefix)]))
    return "\n".join([INTRODUCTION, *sections])


def _section(title: str, rows: Iterable[str]) -> str:
    head = "| key | value | default | what it does | notes |\n|---|---|---|---|---|"
    return "\n".join([f"## {title}", "", head, *rows, ""])


def _roles(entries: list[Described]) -> str:
    first = f"sextet.roles.{next(iter(Role))}."
    by_key = {one.key: one for one in entries}
    rows = []
    for one in entries:
        if one.key.startswith(first):
            name = one.key.removeprefix(first)
            defaults = {role.value: by_key[f"sextet.roles.{role}.{name}"].default for role in Role}
            rows.append(_row(one, key=f"sextet.roles.<role>.{name}", default=_defaults(defaults)))
    names = ", ".join(f"`{role}`" for role in Role)
    return _section("Roles", rows).replace("## Roles\n", f"## Roles\n\n`<role>` is one of {names}.\n", 1)


def _defaults(defaults: Mapping[str, Any]) -> str:
    values = list(defaults.values())
    usual = max(values, key=values.count)
    others = [f"{role}: {_json(value)}" for role, value in defaults.items() if value != usual]
    return "; ".join([_json(usual), *others])


def _row(one: Described, *, key: str = "", default: str = "") -> str:
    notes = [
        "scope `machine`" if one.scope == "machine" else "",
        "restart" if one.restart else "",
        "live" if one.live else "",
        f"trust: {one.trust}" if one.trust else "",
    ]
    cells = [f"`{key or one.key}`", _type(one.value_schema), default or _json(one.default), one.doc]
    return "| " + " | ".join([*cells, ", ".join(filter(None, notes))]) + " |"


def _json(value: object) -> str:
    return f"`{json.dumps(value)}`"


def _type(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(_json(value) for value in schema["enum"])
    match schema["type"]:
        case "array":
            return f"list of at most {schema['maxItems']} texts"
        case "boolean":
            return "`true` or `false`"
        case "string":
            return "text"
        case kind:
            number = "whole number" if kind == "integer" else "number"
            return f"{number}{_range(schema)}"


def _range(schema: Mapping[str, Any]) -> str:
    low = f"from {schema['minimum']}" if "minimum" in schema else ""
    low = f"over {schema['exclusiveMinimum']}" if "exclusiveMinimum" in schema else low
    high = f"to {schema['maximum']}" if "maximum" in schema else ""
    return "".join(f" {part}" for part in (low, high) if part)


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
