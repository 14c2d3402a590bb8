"""The verbs that the editor and the terminal can say."""

from __future__ import annotations
