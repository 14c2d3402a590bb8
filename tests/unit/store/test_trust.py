"""Trust: exactly what was agreed to, and nothing when in doubt."""

from __future__ import annotations

import pytest

from sextet.errors import StoreError
from sextet.store.state import State
from sextet.store.trust import Trust, digest_of


@pytest.fixture
def state(tmp_path):
    return State.of(tmp_path, tmp_path / "state")


def test_what_was_trusted_is_trusted_by_every_process(state):
    Trust(state).trust("tester.commands", ["make test"], "Ada")
    assert Trust(state).is_trusted("tester.commands", ["make test"])


@pytest.mark.parametrize(
    "value", [["make test "], ["make", "test"], "make test", [], None, ["make test", "x"]]
)
def test_any_other_value_is_not_trusted(state, value):
    Trust(state).trust("tester.commands", ["make test"], "Ada")
    assert not Trust(state).is_trusted("tester.commands", value)


def test_the_same_value_for_another_purpose_is_not_trusted(state):
    Trust(state).trust("tester.commands", ["make test"], "Ada")
    assert not Trust(state).is_trusted("worktree.setupCommand", ["make test"])


def test_a_value_is_the_same_in_any_order_of_its_keys():
    assert digest_of("k", {"a": 1, "b": 2}) == digest_of("k", {"b": 2, "a": 1})
    assert digest_of("k", 1) != digest_of("k", "1")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"records":[{}]}', bytes(4096), b"\xff"])
def test_a_damaged_file_trusts_nothing_and_can_be_written_again(state, content):
    trust = Trust(state)
    trust.trust("k", 1, "Ada")
    state.trust.write_bytes(content)
    assert not trust.is_trusted("k", 1)
    trust.trust("k", 2, "Ada")
    assert trust.is_trusted("k", 2)


def test_a_link_in_its_place_trusts_nothing(state, tmp_path):
    Trust(state).trust("k", 1, "Ada")
    state.trust.rename(tmp_path / "elsewhere")
    state.trust.symlink_to(tmp_path / "elsewhere")
    assert not Trust(state).is_trusted("k", 1)


def test_a_disk_that_refuses_trusts_nothing(state):
    (state.path / ".trust.json.new").mkdir()
    with pytest.raises(StoreError):
        Trust(state).trust("k", 1, "Ada")
    assert not Trust(state).is_trusted("k", 1)
