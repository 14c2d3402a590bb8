"""Transaction: writes to the user's work tree, all or nothing, journaled so that a crash can be undone.

Why a crash at any moment, a power failure too, leaves all or nothing after `recover`:

1. Pre-images and journal are on the disk before anything of the user is touched.
2. What is to be written is written beside its place and synced; only then is it renamed. So each place holds
   the old or the new bytes, never a part, in whatever order the disk took the renames.
3. The mark that it is done is written when all renames are on the disk. Without the mark every file that
   holds the new bytes gets its old ones back, by 2. again; one that holds others is the user's own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from sextet.errors import ApplyError, SextetError, UnsafePathError
from sextet.system.batch import Batch
from sextet.system.disk import DISK, Disk, explained
from sextet.system.durable import Folder
from sextet.system.paths import Root
from sextet.workspace.images import (
    ABSENT,
    Entry,
    Image,
    Journal,
    PreImages,
    algorithm_of,
    image_of,
    keep,
    placed,
)

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
        self._algorithm = algorithm_of(journal.base)

    def begin(self, pre_images: Sequence[bytes]) -> None:
        """Bring pre-images (in the order of the entries) and journal to the disk; nothing else is touched.

        Raises:
            ApplyError: the disk refuses.
        """
        try:
            self._begin(pre_images)
        except (OSError, SextetError) as error:
            raise _not_applied(error) from error

    def _begin(self, pre_images: Sequence[bytes]) -> None:
        entries = tuple(placed(self.journal.entries, pre_images))
        self.journal = self.journal.model_copy(update={"entries": entries})
        with explained("make a folder for the apply"):
            self._folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with Folder.at(self._folder.parent, self._disk) as parent:
            with parent.below(self._folder.name, create=True) as folder:
                keep(folder, pre_images)
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
            self._write(contents)
        except (OSError, SextetError) as error:
            self.undo()
            raise _not_applied(error) from error
        except BaseException:
            self.undo()
            raise

    def _write(self, contents: Mapping[str, bytes]) -> None:
        ours = tuple(in_order(self.journal.entries))
        coming = [entry for entry in ours if entry.after != ABSENT]
        above = {folder for entry in coming for folder in _folders(entry.path)}
        with Batch(self._root, self._disk, len(ours)) as batch:
            for entry in ours:
                if entry.path in above:  # a file that makes way for a folder
                    self._put(batch, entry)
            for entry in coming:
                data = contents[entry.after.blob] if entry.after.blob else b""
                _prepare(batch, entry.path, entry.after, (data, _permissions(entry)))
            batch.sync()
            for entry in ours:
                if entry.path not in above:
                    self._put(batch, entry)
            self._verify()
            batch.settle()

    def _put(self, batch: Batch, entry: Entry) -> None:
        found = self.now(entry)
        if found not in (entry.before, entry.after):
            raise ApplyError(f"{entry.path} was changed while the patch was being applied.")
        if found == entry.after:
            return
        if entry.after == ABSENT:
            batch.remove(entry.path, prune=True)
        else:
            batch.put(entry.path)

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

    def undo(self) -> tuple[str, ...]:
        """Restore what the transaction has changed, and nothing that somebody else changed since.

        May be repeated. Returns the paths that were left alone.

        Raises:
            ApplyError: the disk refuses; the next start tries again.
        """
        try:
            self._sweep()
            left = self._restore()
            self._mark("undone", left)
        except (OSError, SextetError) as error:
            raise ApplyError(
                f"The patch could not be taken back completely: {error}",
                next_step="Free the disk or repair permissions and restart; it is then finished.",
            ) from error
        return left

    def _restore(self) -> tuple[str, ...]:
        """Put back what holds what was written, and give the paths of what holds something else."""
        ours = tuple(in_order(self.journal.entries))
        new = [entry for entry in reversed(ours) if entry.before == ABSENT]
        old = [entry for entry in ours if entry.before != ABSENT]
        with Batch(self._root, self._disk, len(ours)) as batch, PreImages(self._folder) as images:
            left = [entry.path for entry in new if not self._take_away(batch, entry)]
            back = [entry for entry in old if self._stands(entry, entry.after)]
            left += [entry.path for entry in old if not self._stands(entry, entry.before, entry.after)]
            ready = [entry for entry in back if _prepare_back(batch, entry, images)]
            batch.sync()
            done = {entry.path for entry in ready if self._put_back(batch, entry)}
            batch.settle()
        return (*left, *(entry.path for entry in back if entry.path not in done))

    def _put_back(self, batch: Batch, entry: Entry) -> bool:
        try:
            if self._stands(entry, entry.after):
                batch.put(entry.path)
                return True
        except UnsafePathError:  # a folder of the user's
            pass
        return False

    def _stands(self, entry: Entry, *images: Image) -> bool:
        try:
            return self.now(entry) in images
        except UnsafePathError:
            return False

    def _take_away(self, batch: Batch, entry: Entry) -> bool:
        """Remove a file that was not there before, and folders that were made for it."""
        if self._stands(entry, entry.after):
            batch.remove(entry.path, prune=entry.made_folder)
            return True
        if not self._stands(entry, ABSENT):
            return False
        if entry.made_folder:
            self._root.prune(entry.path)
        return True

    def applied_completely(self) -> bool:
        """Whether every file of ours holds what was to be written."""
        try:
            return all(self.now(entry) == entry.after for entry in self.journal.entries)
        except (OSError, SextetError):
            return False

    def tidy(self) -> None:
        """Remove what a kill left of an apply that is complete: files in the making, and empty folders."""
        self._sweep()
        for entry in self.journal.entries:
            if entry.after == ABSENT:
                self._root.prune(entry.path)

    def _sweep(self) -> None:
        """Remove the files in the making that a kill left behind."""
        for folder in {entry.path.rpartition("/")[0] for entry in self.journal.entries}:
            with suppress(FileNotFoundError, UnsafePathError):
                parent = self._root.open_parent(f"{folder}/x" if folder else "x")
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


def in_order(entries: Sequence[Entry]) -> Iterable[Entry]:
    """What goes away first, deepest first, so that a file can take the place of a folder and the reverse."""
    ours = [entry for entry in entries if not entry.by_editor]
    yield from sorted(
        (entry for entry in ours if entry.after == ABSENT), key=lambda entry: entry.path, reverse=True
    )
    yield from (entry for entry in ours if entry.after != ABSENT)


def _prepare(batch: Batch, path: str, image: Image, content: tuple[bytes, int]) -> None:
    data, permissions = content
    if image.mode == "120000":
        batch.link(path, os.fsdecode(data))
    else:
        batch.write(path, data, permissions)


def _prepare_back(batch: Batch, entry: Entry, images: PreImages) -> bool:
    """Whether what was there before could be written beside its place: a file may be in the way now."""
    try:
        _prepare(batch, entry.path, entry.before, (images.read(entry), entry.permissions))
    except UnsafePathError:
        return False
    return True


def _folders(path: str) -> Iterable[str]:
    parts = path.split("/")
    return ("/".join(parts[:depth]) for depth in range(1, len(parts)))


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
