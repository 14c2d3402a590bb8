"""Record: the frozen base of everything that is stored or sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel


class Record(BaseModel):
    """A frozen value: snake_case here, camelCase in JSON, unknown keys refused, no NaN.

    Read one from bytes with `model_validate_json`, write it with `to_json`.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        allow_inf_nan=False,
        json_schema_serialization_defaults_required=True,
        use_attribute_docstrings=True,
    )

    def to_json(self) -> bytes:
        """The record as compact UTF-8 JSON with camelCase keys."""
        return self.__pydantic_serializer__.to_json(self, by_alias=True)

    def evolved(self, changes: Mapping[str, object]) -> Self:
        """A copy with other fields, unchecked: `model_copy` at a third of its price, for the fold."""
        new = object.__new__(type(self))
        object.__setattr__(new, "__dict__", {**self.__dict__, **changes})
        object.__setattr__(new, "__pydantic_fields_set__", self.__pydantic_fields_set__)
        object.__setattr__(new, "__pydantic_extra__", None)
        object.__setattr__(new, "__pydantic_private__", None)
        return new


Text = Annotated[str, StringConstraints(max_length=100_000)]
"""Prose of a person or an agent, at most 100 000 characters."""

Line = Annotated[str, StringConstraints(max_length=1_000)]
"""A title or a reason, at most 1 000 characters."""

RepoPath = Annotated[str, StringConstraints(min_length=1, max_length=4_096)]
"""A path inside the repository, `/`-separated, relative to its top level."""

Oid = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
"""A git object id in hex (SHA-1 or SHA-256)."""

Timestamp = Annotated[float, Field(ge=0)]
"""Seconds since 1970-01-01 UTC."""

Seconds = Annotated[float, Field(ge=0)]
"""A duration in seconds."""

Count = Annotated[int, Field(ge=0)]
"""A number of things."""
