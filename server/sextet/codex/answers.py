"""Answers of models: the strict schema that is sent, and the strict reading of what comes back."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any, Final, NoReturn, TypeVar

from pydantic import ValidationError

from sextet.errors import OutcomeError
from sextet.model.base import Record

R = TypeVar("R", bound=Record)

LARGEST: Final = 2 * 1024 * 1024
"""Characters of the longest answer that is read."""

_SHOWN: Final = 5
"""Complaints that are sent back to the model at once."""

_KEPT: Final = ("type", "enum", "description")

_WORDS: Final = {
    "pattern": "matches {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} entries",
    "maxItems": "at most {} entries",
    "minimum": "at least {}",
    "maximum": "at most {}",
}
"""Keywords that a provider may refuse in a strict schema: told in words instead, checked by `parse`."""


@functools.cache
def schema_of(record_type: type[Record]) -> Mapping[str, Any]:
    """The JSON Schema of a record in the subset that strict structured output accepts.

    Every property is required, nothing else is allowed, and limits stand in the descriptions.
    """
    raw = record_type.model_json_schema(by_alias=True)
    result = _strict(raw)
    if defs := raw.get("$defs"):
        result["$defs"] = {name: _strict(value) for name, value in defs.items()}
    return result


def _strict(node: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in node:
        return {"$ref": node["$ref"]}  # strict schemas allow no neighbours of a reference
    if len(node.get("allOf", ())) == 1:
        return _strict(node["allOf"][0])
    result = {key: node[key] for key in _KEPT if key in node}
    if "const" in node:
        result["enum"] = [node["const"]]
    if "anyOf" in node or "oneOf" in node:
        result["anyOf"] = [_strict(part) for part in node.get("anyOf", node.get("oneOf", ()))]
    if "items" in node:
        result["items"] = _strict(node["items"])
    if node.get("type") == "object":
        properties = node.get("properties", {})
        result["properties"] = {name: _strict(value) for name, value in properties.items()}
        result["required"] = list(properties)
        result["additionalProperties"] = False
    limits = [words.format(node[key]) for key, words in _WORDS.items() if key in node]
    if limits:
        told = result.get("description", "")
        result["description"] = f"{told} ({', '.join(limits)})".strip()
    return result


def parse(record_type: type[R], text: str) -> R:
    """Read an answer without any guessing.

    Args:
        record_type: what the answer must be.
        text: the final message of a turn.

    Raises:
        OutcomeError: it is anything else than one such JSON object; `what` can be sent back to the model.
    """
    if len(text) > LARGEST:
        raise OutcomeError(f"The answer has {len(text)} characters; at most {LARGEST} are read.")
    _check_shape(text)
    try:
        return record_type.model_validate_json(
            text.encode(), strict=True, extra="forbid", by_alias=True, by_name=False
        )
    except ValidationError as error:
        raise OutcomeError(_complaint(error)) from error
    except UnicodeEncodeError as error:
        raise OutcomeError("The answer contains half of a surrogate pair.") from error


def _check_shape(text: str) -> None:
    """One JSON object, each key once, no NaN; what a lenient parser would let pass is refused here."""
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except OutcomeError:
        raise
    except RecursionError as error:
        raise OutcomeError("The answer is nested too deeply.") from error
    except ValueError as error:
        hint = "; it must be the JSON object alone, without prose or code fences" if "{" in text else ""
        raise OutcomeError(f"The answer is not valid JSON ({error}){hint}.") from error
    if not isinstance(value, dict):
        raise OutcomeError("The answer is JSON but not an object.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise OutcomeError(f"The answer has the key {twice[:100]!r} twice; each key may stand once.")
    return result


def _no_constant(name: str) -> NoReturn:
    raise OutcomeError(f"The answer contains {name}, which is not JSON.")


def _complaint(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    lines = [f"{'.'.join(str(step) for step in each['loc']) or 'answer'}: {each['msg']}" for each in found]
    more = f"; and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    return f"The answer does not fit its schema: {'; '.join(lines[:_SHOWN])[:2_000]}{more}."
