"""Transaction: writes to the user's work tree, all or nothing, journaled so that a crash can be undone."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeVar

from sextet.errors import ApplyError, SextetError, UnsafePathError
from sextet.system.disk import DISK, Disk, explained
from sextet.system.durable import Folder
from sextet.system.paths import Root
from sextet.workspace.images import ABSENT, Entry, Image, Journal, blob_id, image_of, pre_image

T = TypeVar("T")

Held = Callable[[bytes, str], bytes | None]
"""What an editor holds, from the bytes on the disk and the path; None when the file is not open."""

_LEFT_BEHIND = re.compile(r"\.sextet-[0-9a-f]{16}\.tmp")


class Transaction:
    """One apply: pre-images and journal first, then the files, then the mark that it is done.

    Args:
        folder: `<state>/apply/<id>`, not there yet.
        root: the user's work tree.
        journal: what is to be done, in state `writing`.
        disk: what the journal is written with.
    """

    def __init__(self, folder: Path, root: Root, journal: Journal, disk: Disk = DISK) -> None:
        self._folder = folder
        self._root = root
        self._disk = disk
        self.journal = journal
        self._algorithm = "sha256" if len(journal.base) == 64 else "sha1"

    def begin(self, pre_images: Iterable[bytes]) -> None:
        """Bring pre-images (in the order of the entries) and journal to the disk; nothing else is touched.

        Raises:
            ApplyError: the disk refuses.
        """
        try:
            self._begin(pre_images)
        except (OSError, SextetError) as error:
            raise _not_applied(error) from error

    def _begin(self, pre_images: Iterable[bytes]) -> None:
        with explained("make a folder for the apply"):
            self._folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with Folder.at(self._folder.parent, self._disk) as parent:
            with parent.below(self._folder.name, create=True) as folder:
                for number, (entry, data) in enumerate(zip(self.journal.entries, pre_images, strict=True)):
                    if entry.before.blob is not None:
                        folder.create(f"before-{number}", data, sync=True)
                folder.replace("journal.json", self.journal.to_json())
            with explained("bring the apply's folder to the disk"):
                self._disk.sync(parent.fd)

    def write(self, contents: Mapping[str, bytes]) -> None:
        """Write every file, or restore all of them.

        Args:
            contents: bytes by blob id.

        Raises:
            ApplyError: a file had changed, or could not be written; the work tree is as it was.
        """
        try:
            self._look_at_the_editors()
            for entry in in_order(self.journal.entries):
                self._write_one(entry, contents)
            self._verify()
        except (OSError, SextetError) as error:
            self.undo()
            raise _not_applied(error) from error
        except BaseException:
            self.undo()
            raise

    def _look_at_the_editors(self) -> None:
        """A file that the editor is to write must stand on the disk as it did when that was planned."""
        for entry in self.journal.entries:
            if entry.by_editor and self.now(entry) not in (entry.disk, entry.after):
                raise ApplyError(f"{entry.path} was changed while the patch was being applied.")

    def _write_one(self, entry: Entry, contents: Mapping[str, bytes]) -> None:
        found = self.now(entry)
        if found not in (entry.before, entry.after):
            raise ApplyError(f"{entry.path} was changed while the patch was being applied.")
        if found != entry.after:
            data = contents[entry.after.blob] if entry.after.blob else b""
            _put(self._root, entry.path, entry.after, (data, _permissions(entry)), prune=True)

    def _verify(self) -> None:
        for entry in self.journal.entries:
            if not entry.by_editor and self.now(entry) != entry.after:
                raise ApplyError(f"{entry.path} does not hold what was written.")

    def now(self, entry: Entry) -> Image:
        """What is there now; a path whose folder is a file for the time being has nothing."""
        try:
            return image_of(self._root, entry.path, self._algorithm)[0]
        except UnsafePathError:
            if any(_obstructs(other.path, entry.path) for other in self.journal.entries):
                return ABSENT
            raise

    def finish(self) -> None:
        """Mark it done: from here on a crash leaves it applied.

        Raises:
            ApplyError: the disk refuses; the work tree is as it was.
        """
        try:
            self._mark("done", ())
        except (OSError, SextetError) as error:
            self.undo()
            raise _not_applied(error) from error

    def undo(self, *, cut_off: bool = False) -> tuple[str, ...]:
        """Restore what the transaction has changed, and nothing that somebody else changed since.

        May be repeated. Returns the paths that were left alone.

        Args:
            cut_off: also what the editor had saved by itself, since nobody asks it to undo that any more.

        Raises:
            ApplyError: the disk refuses; the next start tries again.
        """
        left = []
        saved = self._saved_by_the_editor() if cut_off else ()
        try:
            for entry in (*reversed(list(in_order(self.journal.entries))), *saved):
                self._sweep(entry.path)
                if not self._restore(entry):
                    left.append(entry.path)
            self._mark("undone", left)
        except (OSError, SextetError) as error:
            raise ApplyError(
                f"The patch could not be taken back completely: {error}",
                next_step="Free the disk or repair permissions and restart; it is then finished.",
            ) from error
        return tuple(left)

    def _saved_by_the_editor(self) -> Iterable[Entry]:
        for entry in self.journal.entries:
            with suppress(OSError, UnsafePathError):
                if entry.by_editor and self.now(entry) == entry.after != entry.disk:
                    yield entry

    def _restore(self, entry: Entry) -> bool:
        try:
            found = self.now(entry)
        except UnsafePathError:
            return False
        if found == entry.before:
            return True
        if found != entry.after:
            return False
        data = b""
        if entry.before.blob is not None:
            number = self.journal.entries.index(entry)
            data = pre_image(self._folder, number)
        _put(self._root, entry.path, entry.before, (data, entry.permissions), prune=entry.made_folder)
        return True

    def applied_completely(self, held: Held = lambda _data, _path: None) -> bool:
        """Whether every file holds what was to be written, on the disk or in the editor."""
        try:
            return all(self._is_after(entry, held) for entry in self.journal.entries)
        except (OSError, SextetError):
            return False

    def _is_after(self, entry: Entry, held: Held) -> bool:
        if self.now(entry) == entry.after:
            return True
        if not entry.by_editor:
            return False
        data = held(image_of(self._root, entry.path, self._algorithm)[1], entry.path)
        return data is not None and blob_id(data, self._algorithm) == entry.after.blob

    def _sweep(self, path: str) -> None:
        """Remove the files in the making that a kill left beside `path`."""
        with suppress(FileNotFoundError, UnsafePathError):
            parent = self._root.open_parent(path)
            try:
                names = os.listdir(parent)  # noqa: PTH208 -- of the folder held open, not of a path
                for name in filter(_LEFT_BEHIND.fullmatch, names):
                    os.unlink(name, dir_fd=parent)
            finally:
                os.close(parent)

    def _mark(self, state: Literal["done", "undone"], left: Sequence[str]) -> None:
        shown = tuple(path[:1_000] for path in left)
        journal = self.journal.model_copy(update={"state": state, "left": shown})
        with Folder.at(self._folder, self._disk) as folder:
            folder.replace("journal.json", journal.to_json())
        self.journal = journal


async def to_its_end(work: Callable[[], T]) -> T:
    """Run in a thread; a cancelled caller waits for its end all the same: nothing is left half-way."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


def in_order(entries: Sequence[Entry]) -> Iterable[Entry]:
    """What goes away first, deepest first, so that a file can take the place of a folder and the reverse."""
    ours = [entry for entry in entries if not entry.by_editor]
    yield from sorted(
        (entry for entry in ours if entry.after == ABSENT), key=lambda entry: entry.path, reverse=True
    )
    yield from (entry for entry in ours if entry.after != ABSENT)


def _put(root: Root, path: str, image: Image, content: tuple[bytes, int], *, prune: bool = False) -> None:
    data, permissions = content
    if image == ABSENT:
        root.remove(path, prune=prune)
    elif image.mode == "120000":
        root.symlink(path, os.fsdecode(data))
    else:
        root.replace(path, data, permissions, sync=True)


def _permissions(entry: Entry) -> int:
    """The user's own permission bits, with execution as the patch has it."""
    kept = entry.permissions if entry.before.mode in {"100644", "100755"} else 0o644
    if entry.after.mode == "100755":
        return kept | (kept & 0o444) >> 2
    return kept & ~0o111


def _obstructs(other: str, path: str) -> bool:
    return other.startswith(f"{path}/") or path.startswith(f"{other}/")


def _not_applied(error: Exception) -> ApplyError:
    what = error.what if isinstance(error, SextetError) else (getattr(error, "strerror", "") or str(error))
    return ApplyError(
        f"The patch was not applied, and your files are as they were: {what}",
        next_step="Remove the cause and apply again.",
    )
