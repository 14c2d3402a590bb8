"""Every setting described, for the reference page and the extension's manifest."""

from __future__ import annotations

from pydantic import JsonValue

from sextet.model.base import Record
from sextet.service.settings_table import TABLE, Entry, Scope


class Described(Record):
    """One setting, for the reference page and the extension's manifest."""

    key: str
    default: JsonValue
    scope: Scope
    restart: bool
    """True when a change needs a new server; else the next run has it."""
    live: bool
    """True when runs that are worked on have it as well."""
    trust: str
    """Which values need the user's trust when a repository may have written them; empty: none."""
    doc: str
    value_schema: dict[str, JsonValue]
    """JSON Schema of the value."""


def describe() -> tuple[Described, ...]:
    """Every setting, in the order of the table."""
    return tuple(_described(entry) for entry in TABLE.values())


def _described(entry: Entry) -> Described:
    properties = entry.record.model_json_schema(by_alias=True)["properties"]
    schema = {
        name: value
        for name, value in properties[entry.alias].items()
        if name not in {"title", "description", "default"}
    }
    return Described(
        key=f"sextet.{entry.key}",
        default=entry.default,
        scope=entry.scope,
        restart=entry.restart,
        live=entry.live,
        trust=entry.widening.when if entry.widening else "",
        doc=entry.doc,
        value_schema=schema,
    )
