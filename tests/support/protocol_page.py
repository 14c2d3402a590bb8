"""Writes docs/reference/protocol.md from the contract, as `sextet schema` prints it; run by `make docs`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sextet.model import names
from sextet.service.methods import METHODS
from sextet.service.schema import document

TEMPLATE = Path(__file__).with_suffix(".template.md")
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "protocol.md"
GROUPS = {
    "Runs": ("run",),
    "Workers and roles": ("workers", "roles"),
    "Tasks and questions": ("task", "question"),
    "Patches": ("patch",),
    "Logs and files of attempts": ("log", "artifact"),
    "The machine": ("recover", "clean", "models", "doctor"),
}
"""First words of verbs, by the group in which they are shown."""

IDS = (
    ("`runId`", "20261122-143005-fix-add-7f3a", names.RunId),
    ("`taskId`: kind, number of the patch, slot or item", "implement-1-2", names.TaskId),
    ("`workerId`: role, number", "implementer-2", names.WorkerId),
    ("`questionId`", "rework-1-2", names.QuestionId),
    ("`patchId`", "patch-1", names.PatchId),
    ("a hunk's: the same as long as its content is", "1f0c2a9be4d37788", names.HunkId),
    ("`applyId`", "apply-5c0de123", names.ApplyId),
)

ELSEWHERE = {
    "RunEvent": "[event](on-disk-format.md#eventsjsonl)",
    "Settings": "[settings](settings.md)",
    "JsonValue": "any JSON value",
}
"""What is told on another page, or needs none."""

MOST = 10
"""Values of a text that are told where it is."""

Schema = Mapping[str, Any]


def page() -> str:
    """The whole page."""
    return Writer(document()).page()


class Writer:
    """Writes the contract as Markdown."""

    def __init__(self, contract: Schema) -> None:
        self._contract = contract
        self._records: Schema = contract["$defs"]
        self._shared: set[str] = set()
        results = [_named(method["result"]) for method in contract["methods"].values()]
        self._own = {name for name in results if results.count(name) == 1}
        """Results of one verb, which are told there."""

    def page(self) -> str:
        """The template with everything that the contract says."""
        contract = self._contract
        order = _order(contract["methods"])
        told: dict[str, Iterable[str]] = {
            "overview": self._overview(order),
            "verbs": (line for name in order for line in self._verb(name)),
            "notifications": (
                line for item in contract["notifications"].items() for line in self._told(*item)
            ),
            "errors": self._errors(contract["errors"]),
            "options": self._table(_named(contract["initializationOptions"]), taken=True),
            "records": self._shared_records(),  # the last: what is told before decides which there are
            "ids": [_table("id | looks like | form", [_id(*each) for each in IDS])],
        }
        text = TEMPLATE.read_text(encoding="utf-8")
        for name, lines in told.items():
            text = text.replace(f"{{{{{name}}}}}", "\n\n".join(lines))
        return text

    # Verbs ----------------------------------------------------------------------------------------
    def _overview(self, order: Sequence[str]) -> Iterator[str]:
        for group, prefixes in GROUPS.items():
            yield f"**{group}**"
            rows = [self._row(name) for name in order if _prefix(name) in prefixes]
            yield _table("verb | what it does | reads", rows)

    def _row(self, name: str) -> str:
        method = self._contract["methods"][name]
        anchor = re.sub(r"[^\w-]", "", name).lower()
        return _row(f"[`{name}`](#{anchor})", method["description"], "yes" if method["reads"] else "")

    def _verb(self, name: str) -> Iterator[str]:
        method = self._contract["methods"][name]
        yield f"### `{name}`"
        notes = " Changes nothing." if method["reads"] else ""
        yield f"{method['description']}{notes} As a command: `{method['command']}`."
        yield from self._table(_named(method["params"]), taken=True)
        result = _named(method["result"])
        if result in self._own:
            yield f"Result: {_after(self._records[result]['description'])}".strip()
            yield from self._table(result, taken=False)
        else:
            yield f"Result: {self._type(method['result'])}."

    # Everything else ------------------------------------------------------------------------------
    def _told(self, name: str, each: Schema) -> Iterator[str]:
        record = _named(each["params"])
        yield f"### `{name}`"
        yield _after(self._records[record]["description"])
        yield from self._table(record, taken=False)

    def _errors(self, errors: Schema) -> Iterator[str]:
        yield from self._table(_named(errors["error"]), taken=False)
        yield from self._table("RefusalData", taken=False)
        yield _table("code | when", [_row(f"`{code}`", words) for code, words in errors["codes"].items()])
        kinds = errors["kinds"].items()
        rows = [_row(f"`{kind}`", _codes(each["codes"]), _cell(each["description"])) for kind, each in kinds]
        yield _table("`data.kind` | code | meaning", rows)

    def _shared_records(self) -> Iterator[str]:
        told: dict[str, list[str]] = {}
        while news := self._shared - told.keys():
            for name in sorted(news):
                told[name] = [f"### `{name}`", *self._record(name)]
        for name in sorted(told):
            yield from told[name]

    def _record(self, name: str) -> Iterator[str]:
        schema = self._records[name]
        if "oneOf" in schema:
            yield "One of these, by `kind`: " + ", ".join(map(self._type, schema["oneOf"])) + "."
            return
        yield schema["description"]
        if "enum" in schema:
            yield "One of " + ", ".join(f"`{value}`" for value in schema["enum"]) + "."
        else:
            yield from self._table(name, taken=name.endswith("Input"))

    # Tables ---------------------------------------------------------------------------------------
    def _table(self, name: str, *, taken: bool) -> Iterator[str]:
        schema = self._records[name]
        rows = [self._field(field, each, schema, taken=taken) for field, each in _fields(schema)]
        if rows:
            yield _table("name | type | default | meaning" if taken else "name | type | meaning", rows)
        elif taken:
            yield "No params."

    def _field(self, name: str, field: Schema, record: Schema, *, taken: bool) -> str:
        cells = [f"`{name}`", self._type(field)]
        if taken:
            required = name in record.get("required", ())
            cells.append("required" if required else _default(field))
        return _row(*cells, _cell(field.get("description", "")))

    def _type(self, schema: Schema) -> str:
        if "$ref" in schema:
            return self._link(_named(schema))
        if "anyOf" in schema:
            return " or ".join(self._type(each) for each in schema["anyOf"])
        if "const" in schema or "enum" in schema:
            values = schema.get("enum", [schema.get("const")])
            return ", ".join(map(_code, values)) if len(values) <= MOST else "one of those below"
        return self._container(schema) if schema["type"] in {"array", "object"} else _simple(schema)

    def _container(self, schema: Schema) -> str:
        if schema["type"] == "array":
            return f"list of {self._type(schema['items'])}"
        patterns = schema.get("patternProperties", {})
        values = next(iter(patterns.values()), schema.get("additionalProperties"))
        spelled = schema.get("propertyNames", {})
        keys = f" by {self._type(spelled)}" if "$ref" in spelled else ""
        return f"object of {self._type(values)}{keys}"

    def _link(self, name: str) -> str:
        if name in ELSEWHERE:
            return ELSEWHERE[name]
        if name == "RefusalData":
            return "the next table"
        self._shared.add(name)
        return f"[`{name}`](#{name.lower()})"


def _fields(schema: Schema) -> Iterable[tuple[str, Schema]]:
    fields: Mapping[str, Schema] = schema.get("properties", {})
    return fields.items()


def _order(methods: Iterable[str]) -> list[str]:
    """Verbs by their group, and in it as the table in the code has them."""
    known = [prefix for prefixes in GROUPS.values() for prefix in prefixes]
    first = list(METHODS)
    return sorted(methods, key=lambda name: (known.index(_prefix(name)), first.index(name.partition("/")[2])))


def _prefix(name: str) -> str:
    return name.split("/")[1]


def _named(schema: Schema) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _after(text: str) -> str:
    """A sentence of a record without the name that it begins with."""
    told = re.sub(r"^`sextet/\w+`: |^(`[\w/]+`(, | and )?)+[:,.]? ?", "", text).strip()
    return told[:1].upper() + told[1:]


def _default(field: Schema) -> str:
    return _code(field["default"]) if "default" in field else "left out"


def _code(value: object) -> str:
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _cell(text: str) -> str:
    """A text that may have paragraphs and bars, for a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def _table(head: str, rows: Iterable[str]) -> str:
    return "\n".join([f"| {head} |", "|" + "---|" * (head.count(" | ") + 1), *rows])


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _codes(codes: Iterable[int]) -> str:
    return ", ".join(f"`{code}`" for code in codes)


def _id(what: str, example: str, name: Any) -> str:
    return _row(what, f"`{example}`", f"`{name.__metadata__[0].pattern}`")


def _simple(schema: Schema) -> str:
    words = {"integer": "whole number", "boolean": "`true` or `false`", "null": "`null`", "string": "text"}
    return words.get(schema["type"], schema["type"]) + _range(schema)


def _range(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    low = f" from {low:g}" if low is not None else ""
    return low + (f" to {high}" if high is not None else "")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
