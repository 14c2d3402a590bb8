"""The reference page of settings says what the code does."""

from __future__ import annotations

from support.settings_page import PAGE, page


def test_the_settings_page_is_out_of_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"
