"""Every error has its code, its kind and its sentence, and the answer has one shape."""

from __future__ import annotations

import pytest

from sextet.errors import BusyError, NotFoundError, SextetError, UsageError
from sextet.service import codes, control_wire
from sextet.service.results import Refusal


def subclasses(parent: type[SextetError]) -> set[type[SextetError]]:
    return {parent}.union(*map(subclasses, parent.__subclasses__()))


def test_a_kind_of_error_is_not_in_the_contract_or_stands_for_two() -> None:
    ours = {error for error in subclasses(SextetError) if error.__module__ == "sextet.errors"}
    assert set(codes.ERRORS.values()) == ours
    assert len(codes.ERRORS) == len(ours)


def test_a_kind_or_a_code_is_not_explained() -> None:
    kinds = codes.kinds()
    assert codes.ERRORS.keys() < kinds.keys()
    assert all(sentence.endswith(".") for _, sentence in kinds.values())
    assert {code for found, _ in kinds.values() for code in found} == codes.CODES.keys()


@pytest.mark.parametrize("error", codes.ERRORS.values())
def test_a_refusal_has_another_shape_or_code_than_the_contract_says(error: type[SextetError]) -> None:
    said = control_wire.refusal(1, error("What.", next_step="Do.", path=SextetError, bad=float("1")))["error"]
    refusal = Refusal.model_validate(said)
    assert refusal.model_dump(mode="json", by_alias=True) == said
    assert refusal.code in codes.kinds()[error.kind][0]


@pytest.mark.parametrize("code", codes.CODES)
def test_a_failure_without_an_error_of_ours_has_a_kind_that_is_not_told(code: int) -> None:
    said = Refusal.model_validate(control_wire.failure(None, code, "What.")["error"])
    assert code in codes.kinds()[said.data.kind][0] or code == codes.OURS


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), -32602),
        (NotFoundError("x", run="y"), -32602),
        (NotFoundError("x", method="y"), -32601),
        (BusyError("x"), -32050),
        (SextetError("x"), -32050),
    ],
)
def test_an_error_gets_the_wrong_code(error: SextetError, code: int) -> None:
    assert codes.code_of(error) == code
