"""What holds after every end-to-end test: the user's `.git` is as the user left it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support import repos


@pytest.fixture(autouse=True)
def invariant_4() -> Iterator[None]:
    """Every repository that the test made is compared, byte for byte."""
    repos.LEFT_AS.clear()
    yield
    touched = repos.touched()
    repos.LEFT_AS.clear()
    assert not touched, f"the .git of {touched} is not as its user left it"
