"""The contract as JSON Schema: what `sextet schema` prints, and pages and types are made from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, get_args

from pydantic.alias_generators import to_snake
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from sextet.model.base import Record
from sextet.model.events import Entry, RunEvent
from sextet.model.outcome import Outcome
from sextet.service.codes import CODES, kinds
from sextet.service.methods import METHODS
from sextet.service.notifications import NOTIFICATIONS
from sextet.service.params import InitializationOptions
from sextet.service.results import Refusal
from sextet.service.settings_reference import describe

PREFIX: Final = "sextet/"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_UNIONS: Final = {
    frozenset(record.model_fields["kind"].default for record in get_args(get_args(union)[0])): name
    for name, union in {"RunEvent": RunEvent, "Outcome": Outcome}.items()
}
"""Names of the unions that records are told apart in by `kind`, by the kinds in them."""
_WORDS: Final = {"None": "null", "True": "true", "False": "false"}

_Asked = tuple[type[Record], JsonSchemaMode]


class _Plain(GenerateJsonSchema):
    """Without a title for each field, which would become a type of its own in other languages."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 -- pydantic calls it so
        """Never."""
        return False


def document() -> dict[str, Any]:
    """Verbs, notifications, events, settings, errors and options, with the records that they share.

    What is taken has its defaults left open, what is given has all of its fields; a record that is both is
    there twice, as it is given and as `<name>Input`.
    """
    takes: list[_Asked] = [
        *((method.params, "validation") for method in METHODS.values()),
        (InitializationOptions, "validation"),
    ]
    gives: list[_Asked] = [
        *((method.result, "serialization") for method in METHODS.values()),
        *((params, "serialization") for params in NOTIFICATIONS.values()),
        (Entry, "serialization"),
        (Refusal, "serialization"),
    ]
    asked = list(dict.fromkeys([*takes, *gives]))
    found, whole = models_json_schema(asked, by_alias=True, schema_generator=_Plain)
    names = {name: name.removesuffix("-Output").replace("-", "") for name in whole["$defs"]}
    definitions = {names[name]: _worded(_renamed(each, names)) for name, each in whole["$defs"].items()}
    unions: dict[str, Any] = {}
    named = {name: _united(each, unions) for name, each in definitions.items()}
    return {
        "$schema": _DIALECT,
        **_parts(lambda key: _renamed(found[key], names)),
        "$defs": dict(sorted({**named, **unions}.items())),
    }


def _parts(ref: Any) -> dict[str, Any]:
    methods = {
        f"{PREFIX}{name}": {
            "command": f"sextet.{name.replace('/', '.')}",
            "description": method.doc,
            "reads": method.reads,
            "params": ref((method.params, "validation")),
            "result": ref((method.result, "serialization")),
        }
        for name, method in sorted(METHODS.items())
    }
    notifications = {
        f"{PREFIX}{name}": {"params": ref((params, "serialization"))}
        for name, params in sorted(NOTIFICATIONS.items())
    }
    errors: dict[str, Any] = {
        "codes": {str(code): words for code, words in sorted(CODES.items())},
        "kinds": {
            kind: {"codes": sorted(codes), "description": words}
            for kind, (codes, words) in sorted(kinds().items())
        },
        "error": ref((Refusal, "serialization")),
    }
    return {
        "methods": methods,
        "notifications": notifications,
        "events": ref((Entry, "serialization")),
        "settings": {each.key: each.model_dump(mode="json", by_alias=True) for each in describe()},
        "errors": errors,
        "initializationOptions": ref((InitializationOptions, "validation")),
    }


def _renamed(schema: Any, names: Mapping[str, str]) -> Any:
    """A schema with all of its references, also those of a discriminator, to the names that are printed."""
    if isinstance(schema, dict):
        return {key: _renamed(value, names) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_renamed(each, names) for each in schema]
    if isinstance(schema, str) and schema.startswith("#/$defs/"):
        return f"#/$defs/{names[schema.removeprefix('#/$defs/')]}"
    return schema


def _united(schema: Any, unions: dict[str, Any]) -> Any:
    """A schema with references in place of unions that have a name; these are put into `unions`."""
    if isinstance(schema, list):
        return [_united(each, unions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    told = {key: _united(value, unions) for key, value in schema.items()}
    name = _UNIONS.get(frozenset(told.get("discriminator", {}).get("mapping", {})))
    if name is None:
        return told
    unions[name] = {key: told.pop(key) for key in ("discriminator", "oneOf")}
    return {"$ref": f"#/$defs/{name}", **told}


def _worded(schema: dict[str, Any]) -> dict[str, Any]:
    """A record without its title, which its name says, and with its sentences in the words of JSON."""
    fields: dict[str, Any] = schema.get("properties", {})
    spoken = {to_snake(name): name for name in fields}
    told = {key: value for key, value in schema.items() if key != "title"}
    for each in (told, *fields.values()):
        if "description" in each:
            each["description"] = _in_json(each["description"], spoken)
    for each in fields.values():
        if "$ref" in each and len(each) > 1:  # makers of types take a reference with more beside it apart
            each["anyOf"] = [{"$ref": each.pop("$ref")}]
    return told


def _in_json(text: str, names: Mapping[str, str]) -> str:
    text = re.sub(r"(?<!`)\b(None|True|False)\b(?!`)", lambda match: f"`{_WORDS[match[0]]}`", text)
    return re.sub(r"`(\w+)`", lambda match: f"`{names.get(match[1], match[1])}`", text)
