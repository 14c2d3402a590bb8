"""One file of a patch, before and after, whole: for editors that show the two side by side."""

from __future__ import annotations

from typing import Final

from sextet.errors import NotFoundError
from sextet.model.base import Oid
from sextet.model.patch import Mode6
from sextet.pipeline.view import RunView
from sextet.service import patches
from sextet.service.params import ReadPatchFile
from sextet.service.place import Place
from sextet.service.results import FileSide, PatchFile
from sextet.workspace.mirror import Mirror

LARGEST: Final = 2 << 20
"""Bytes of a file that is given whole; above that an editor shows no differences either."""
_LINK: Final = "120000"


async def read(place: Place, view: RunView, asked: ReadPatchFile) -> PatchFile:
    """A file as it is before the patch and after it.

    Raises:
        NotFoundError: there is no such patch, or it does not change the file.
        GitError: the mirror cannot be read.
    """
    patch = patches.find(view, asked.patch_id)
    mirror = await Mirror.open(place.repository, place.state.path)
    drawn = await place.inbox.draw(mirror, view, patch)
    change = next((each for each in drawn.changes.files if each.path == asked.path), None)
    if change is None:
        raise NotFoundError(f"{patch.id} does not change {asked.path!a}.", path=asked.path)
    return PatchFile(
        path=change.path,
        tree=patch.tree,
        before=await _side(mirror, change.old_blob, change.old_mode),
        after=await _side(mirror, change.new_blob, change.new_mode),
    )


async def _side(mirror: Mirror, blob: Oid | None, mode: Mode6) -> FileSide:
    if blob is None:
        return FileSide(kind="absent", mode=mode)
    size = int((await mirror.git("cat-file", "-s", blob)).decode())
    if size > LARGEST:
        return FileSide(kind="large", mode=mode, size=size)
    text = _text(await mirror.git("cat-file", "blob", blob))
    if text is None:
        return FileSide(kind="binary", mode=mode, size=size)
    return FileSide(kind="link" if mode == _LINK else "text", mode=mode, size=size, text=text)


def _text(data: bytes) -> str | None:
    """The bytes as text; None when they are none that an editor would show unchanged."""
    try:
        return None if b"\0" in data else data.decode("utf-8")
    except UnicodeDecodeError:
        return None
