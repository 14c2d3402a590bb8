"""The nouns: frozen records without behaviour that touches the world."""

from __future__ import annotations
