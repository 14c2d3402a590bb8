"""Unsaved: a window that is attached to another one keeps it from writing over what it has not saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sextet.errors import ApplyError
from sextet.lsp.attached import Attached
from sextet.service.place import Place
from sextet.service.results import PatchDetail
from sextet.workspace.editor import Editor
from sextet.workspace.sharing import unsaved

_WRITING: Final = frozenset({"patch/apply", "patch/revert"})


async def refuse(editor: Editor, place: Place, there: Attached, asked: tuple[str, Mapping[str, Any]]) -> None:
    """Refuse a verb that would write files which are open here and not saved; others are read again.

    Args:
        editor: what is open in this window.
        place: the work tree.
        there: the supervisor, whose own editor is asked about what is open in that.
        asked: the verb and its params.

    Raises:
        ApplyError: it would.
        SextetError: there is no such patch.
    """
    method, params = asked
    named = {key: params[key] for key in ("runId", "patchId") if isinstance(params.get(key), str)}
    if method not in _WRITING or len(named) < 2:
        return
    found = await there.call("patch/get", named)
    assert isinstance(found, PatchDetail)  # noqa: S101 -- for mypy
    wanted = params.get("hunks")
    chosen = frozenset(wanted) if isinstance(wanted, list) else frozenset()
    paths = {hunk.path for hunk in found.hunks if not chosen or hunk.id in chosen or hunk.applied}
    waiting = unsaved(place.top, await editor.look(place.top), sorted(paths))
    if waiting:
        raise ApplyError(
            f"Another window works on this folder, and {', '.join(waiting[:8])}"
            f" {'has' if len(waiting) == 1 else 'have'} changes in this one that are not saved.",
            next_step="Save or close them here, or apply in the other window.",
            files=list(waiting),
        )
