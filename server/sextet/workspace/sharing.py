"""Sharing: which files of an apply the editor writes and which we do, and what becomes of its part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sextet.errors import ApplyError, UnsafePathError
from sextet.model.patch import Applied
from sextet.system.paths import Root
from sextet.workspace.buffers import is_clean, text_after
from sextet.workspace.editor import Buffer, Editor, Rewrite
from sextet.workspace.fit import Fit, Step
from sextet.workspace.images import Image, image_of


def rewrites(
    steps: Sequence[Step], editor: Editor | None, contents: Mapping[str, bytes], labels: Mapping[str, str]
) -> tuple[Rewrite, ...]:
    """What the editor is to write of these steps: text that is open there and keeps its mode.

    All others are ours; an editor reads files that it has not changed again by itself.

    Raises:
        ApplyError: a file holds what is not saved, and an editor cannot be asked for this change.
    """
    found: list[Rewrite] = []
    for step in steps:
        text = None
        if step.buffer is not None and editor is not None and editor.writes:
            text = _text(step, step.buffer, contents)
        if step.buffer is not None and text is not None:
            found.append(Rewrite(step.path, step.buffer, text, labels.get(step.path, "")))
        elif step.now != step.disk:
            raise ApplyError(
                f"{step.path} has changes in the editor that are not saved, and what the patch does to it"
                " cannot be done there.",
                next_step="Save or close it in the editor, and try again.",
                files=[step.path],
            )
    return tuple(found)


def _text(step: Step, buffer: Buffer, contents: Mapping[str, bytes]) -> str | None:
    if step.after.blob is None or step.after.mode != step.now.mode or step.now.mode == "120000":
        return None
    return text_after(buffer, step.data, contents[step.after.blob])


async def look_again(top: Path, steps: Sequence[Step], editor: Editor | None) -> None:
    """Make sure that the editor holds what the plan was made with.

    Raises:
        ApplyError: it holds something else by now.
    """
    if editor is None:
        return
    buffers = await editor.look(top)
    moved = [step.path for step in steps if buffers.get(step.path) != step.buffer]
    if moved:
        raise ApplyError(
            f"{moved[0]} was opened, changed or closed in the editor just now; nothing was applied.",
            next_step="Apply again.",
            files=moved,
        )


def not_taken_back(left: Sequence[str]) -> ApplyError:
    """The error for files that the editor holds changed although nothing was applied."""
    return ApplyError(
        f"Nothing was applied, but the editor still holds changes of the patch in {', '.join(left[:8])}.",
        next_step="Undo them there.",
        files=list(left),
    )


async def save(root: Root, applied: Applied, steps: Sequence[Step], editor: Editor | None) -> Applied:
    """Let the editor save what it holds of the patch; then say what the disk has got of it."""
    if editor is None:
        return applied
    open_now = [(step, step.buffer) for step in steps if step.buffer is not None and not _is_mine(step)]
    waiting = [(step, buffer) for step, buffer in open_now if _now(root, step) != step.after]
    if not waiting:
        return applied
    await editor.save([buffer.uri for _, buffer in waiting])
    found = {step.path: (step, _now(root, step)) for step, _ in waiting}
    unsaved = tuple(path for path, (step, now) in found.items() if now == step.disk != step.after)
    altered = tuple(path for path, (step, now) in found.items() if now != step.after and path not in unsaved)
    if unsaved:
        editor.remind(unsaved)
    return applied.model_copy(update={"unsaved": unsaved, "altered": altered})


def _is_mine(step: Step) -> bool:
    """A collision that somebody settled for what the user has: nothing of the patch is in it."""
    return step.fit is Fit.SETTLED and step.now == step.after


def _now(root: Root, step: Step) -> Image | None:
    algorithm = "sha256" if len(step.after.blob or "") == 64 else "sha1"
    try:
        return image_of(root, step.path, algorithm)[0]
    except (OSError, UnsafePathError):
        return None


def unsaved(top: Path, buffers: Mapping[str, Buffer], paths: Sequence[str]) -> tuple[str, ...]:
    """Which of these files hold something in the editor that the disk does not hold."""
    with Root(top) as root:
        return tuple(path for path in paths if path in buffers and not _is_saved(root, path, buffers[path]))


def _is_saved(root: Root, path: str, buffer: Buffer) -> bool:
    try:
        image, data, _ = image_of(root, path, "sha1")
    except (OSError, UnsafePathError):
        return not buffer.touched
    return is_clean(buffer, image.mode, data)
