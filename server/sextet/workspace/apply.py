"""Apply: carry out a plan for the user's files as one transaction, take it back, finish it after a crash."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import stat
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sextet.errors import ApplyError, NotFoundError, RepositoryError, UnsafePathError
from sextet.model.patch import Applied, ApplyKind, ChangeSet, FileChange
from sextet.system.disk import DISK, Disk
from sextet.system.paths import Root
from sextet.workspace.control import is_control
from sextet.workspace.fit import Step
from sextet.workspace.images import Entry, Journal, PreImages, load
from sextet.workspace.mirror import Mirror
from sextet.workspace.plan import Plan, objections, plan
from sextet.workspace.repository import Repository
from sextet.workspace.transaction import Transaction

__all__ = ["Editor", "Order", "Plan", "Recovered", "apply", "plan", "recover", "revert"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Editor:
    """The editor's part of an apply: files that are open there.

    `write` gets (path, text) pairs and says whether the editor took all of them.
    """

    paths: frozenset[str]
    write: Callable[[Sequence[tuple[str, str]]], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Order:
    """Who applies, where it is journaled, and what it is called.

    `kind` is set when the change set itself is only a part of the patch.
    """

    by: str
    state: Path
    """The work tree's state folder."""
    kind: ApplyKind | None = None
    editor: Editor | None = None
    disk: Disk = DISK


@dataclass(frozen=True, slots=True)
class Recovered:
    """What the next start found of an apply that a crash had cut off, and did about it."""

    applied: Applied
    complete: bool
    """True: all of it is in the work tree. False: it was taken back."""
    left: tuple[str, ...] = ()
    """Files that were not restored, because they were changed since."""


async def apply(what: Plan, order: Order) -> Applied:
    """Carry out a plan, completely or not at all.

    One apply at a time per work tree: the caller holds the lock.

    Raises:
        ApplyError: there are open conflicts, a file has changed since the plan, or the disk refused; nothing
            of the patch is in the work tree (or the next start takes it back).
    """
    _check(what)
    steps = what.changing
    contents = await what.mirror.git.blobs(step.after.blob for step in steps if step.after.blob)
    edited = _for_editor(steps, order.editor, contents)
    with Root(what.repository.top) as root:
        transaction = _transaction(what, order, root, edited)
        await _to_its_end(lambda: transaction.begin([step.data for step in steps]))
        await _to_its_end(lambda: transaction.write(contents))
        if order.editor is not None and edited:
            await _edit(order.editor, edited, transaction)
        await _to_its_end(transaction.finish)
    return transaction.journal.applied


def _transaction(what: Plan, order: Order, root: Root, edited: Collection[str]) -> Transaction:
    steps = what.changing
    applied = Applied(
        id=f"apply-{secrets.token_hex(8)}",
        kind=what.kind_of(order.kind),
        at=time.time(),
        by=order.by,
        tree=what.changeset.new_tree,
        files=tuple(step.path for step in steps),
    )
    journal = Journal(
        state="writing",
        applied=applied,
        base=what.changeset.old_tree,
        top=what.repository.key,
        entries=tuple(_entry(root, step, by_editor=step.path in edited) for step in steps),
    )
    return Transaction(order.state / "apply" / applied.id, root, journal, order.disk)


def _check(what: Plan) -> None:
    what.repository.require_settled()
    for error in objections(what):
        raise error


def _entry(root: Root, step: Step, *, by_editor: bool) -> Entry:
    folder = step.path.rpartition("/")[0]
    return Entry(
        path=step.path,
        before=step.now,
        after=step.after,
        permissions=step.permissions & 0o777,
        made_folder=bool(folder) and step.now.blob is None and _missing(root, folder),
        by_editor=by_editor,
    )


def _missing(root: Root, folder: str) -> bool:
    """Whether there is no such folder, be it because a file or a link is there that makes way."""
    try:
        found = root.stat(folder)
    except UnsafePathError:
        return True
    return found is None or not stat.S_ISDIR(found.st_mode)


def _for_editor(
    steps: Sequence[Step], editor: Editor | None, contents: Mapping[str, bytes]
) -> dict[str, str]:
    """Files that the editor writes: open there, text before and after, only their content changes."""
    found: dict[str, str] = {}
    for step in steps:
        if editor is None or step.path not in editor.paths or step.now.mode != step.after.mode:
            continue
        try:
            found[step.path] = contents[step.after.blob or ""].decode()
        except (UnicodeDecodeError, KeyError):
            continue
    return found


async def _edit(editor: Editor, edited: Mapping[str, str], transaction: Transaction) -> None:
    taken = False
    try:
        taken = await editor.write(tuple(edited.items()))
    finally:
        if not taken:
            await _to_its_end(transaction.undo)
    if not taken:
        raise ApplyError(
            "The editor did not take the changes to the files that are open in it; nothing was applied.",
            next_step="Save or close them, then apply again.",
        )


async def revert(repository: Repository, mirror: Mirror, apply_id: str, order: Order) -> Plan:
    """Plan to take back an apply: a three-way merge of each file with what it is now; see `apply`.

    Raises:
        NotFoundError: there is no finished apply of this id.
    """
    folder = order.state / "apply" / apply_id
    journal = load(folder) if apply_id.startswith("apply-") and "/" not in apply_id else None
    if journal is None or journal.state != "done":
        raise NotFoundError(f"There is no apply {apply_id} to take back.")
    backwards = await _backwards(mirror, folder, journal)
    changes = ChangeSet(old_tree=journal.applied.tree, new_tree=journal.base, files=backwards)
    return await plan(repository, mirror, changes)


async def recover(repository: Repository, state: Path) -> tuple[Recovered, ...]:
    """Finish what a crash cut off: an apply that is complete is marked so, any other is taken back.

    Files that the user changed since are never touched. May be cut off and repeated.

    Raises:
        StoreError: a journal is damaged.
        ApplyError: the disk refuses.
    """
    return await _to_its_end(lambda: _recover(repository, state / "apply"))


async def _backwards(mirror: Mirror, folder: Path, journal: Journal) -> tuple[FileChange, ...]:
    """From after to before, with the pre-images back in the mirror if it has lost them."""
    known = await mirror.git.sizes(entry.before.blob for entry in journal.entries if entry.before.blob)
    with PreImages(folder) as images:
        for entry in journal.entries:
            if entry.before.blob and entry.before.blob not in known:
                await mirror.git.write_blob(images.read(entry))
    return tuple(
        FileChange(
            path=entry.path,
            old_mode=entry.after.mode,
            new_mode=entry.before.mode,
            old_blob=entry.after.blob,
            new_blob=entry.before.blob,
            control=is_control(entry.path),
        )
        for entry in journal.entries
    )


def _recover(repository: Repository, folder: Path) -> tuple[Recovered, ...]:
    found = []
    for home in sorted(folder.glob("apply-*")):
        journal = load(home)
        if journal is None:
            shutil.rmtree(home)  # it never began: no file of the user was touched
        elif journal.state == "writing":
            found.append(_finish(repository, home, journal))
    return tuple(found)


def _finish(repository: Repository, home: Path, journal: Journal) -> Recovered:
    if journal.top != repository.key:
        raise RepositoryError(
            f"{home.name} was cut off in another folder than {repository.top}.",
            next_step="Open that folder again, so that it can be finished there.",
        )
    with Root(repository.top) as root:
        transaction = Transaction(home, root, journal)
        if transaction.applied_completely():
            transaction.tidy()
            transaction.finish()
            return Recovered(journal.applied, complete=True)
        return Recovered(journal.applied, complete=False, left=transaction.undo())


async def _to_its_end(work: Callable[[], T]) -> T:
    """Run in a thread; a cancelled caller waits for its end all the same: nothing is left half-way."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
