"""The language server: the same verbs and events for an editor, over a wire that never stops the work."""

from __future__ import annotations
