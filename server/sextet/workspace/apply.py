"""Apply: carry out a plan for the user's files as one transaction, or plan to take one back."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sextet.errors import NotFoundError, UnsafePathError
from sextet.model.patch import Applied, ApplyKind, ChangeSet, FileChange
from sextet.system.disk import DISK, Disk
from sextet.system.paths import Root
from sextet.workspace import sharing
from sextet.workspace.control import is_control
from sextet.workspace.editor import Buffer, Editor, Rewrite
from sextet.workspace.fit import Step
from sextet.workspace.images import Entry, Journal, load, pre_image
from sextet.workspace.mirror import Mirror
from sextet.workspace.plan import Plan, objections, plan
from sextet.workspace.recovery import Recovered, recover
from sextet.workspace.repository import Repository
from sextet.workspace.transaction import Transaction, to_its_end

__all__ = ["Order", "Plan", "Recovered", "apply", "plan", "recover", "revert", "save"]


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
    """The editor whose buffers the plan was made with; without one we write everything."""
    title: str = "Apply a patch"
    labels: Mapping[str, str] = field(default_factory=dict)
    """What the change of a path is called in the editor."""
    disk: Disk = DISK


async def apply(what: Plan, order: Order) -> Applied:
    """Carry out a plan, completely or not at all.

    One apply at a time per work tree: the caller holds the lock.

    Raises:
        ApplyError: there are open conflicts, a file has changed since the plan, or the disk refused; nothing
            of the patch is in the work tree (or the next start takes it back). Or the editor did not take
            its part.
    """
    _check(what)
    applied = Applied(
        id=f"apply-{secrets.token_hex(8)}",
        kind=what.kind_of(order.kind),
        at=time.time(),
        by=order.by,
        tree=what.changeset.new_tree,
        files=tuple(step.path for step in what.steps if step.now != step.after),
    )
    steps = [step for step in what.steps if step.now != step.after]
    contents = await what.mirror.git.blobs(step.after.blob for step in steps if step.after.blob)
    rewrites = sharing.rewrites(steps, order.editor, contents, order.labels)
    await sharing.look_again(what.repository.top, steps, order.editor)
    edited = {each.path for each in rewrites}
    with Root(what.repository.top) as root:
        entries = tuple(_entry(root, step, by_editor=step.path in edited) for step in steps)
        journal = Journal(
            state="writing",
            applied=applied,
            base=what.changeset.old_tree,
            top=what.repository.key,
            entries=entries,
        )
        transaction = Transaction(order.state / "apply" / applied.id, root, journal, order.disk)
        await to_its_end(lambda: transaction.begin([step.data for step in steps]))
        await _carry_out(transaction, order, (contents, rewrites))
    return await save(what, applied, order.editor)


async def save(what: Plan, applied: Applied, editor: Editor | None) -> Applied:
    """Let the editor save what it holds of an apply; the apply with what the disk has got of it."""
    with Root(what.repository.top) as root:
        return await sharing.save(root, applied, what.steps, editor)


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
        disk=step.disk if by_editor else None,
    )


def _missing(root: Root, folder: str) -> bool:
    try:
        return not root.exists(folder)
    except UnsafePathError:  # a file that makes way
        return True


async def _carry_out(
    transaction: Transaction, order: Order, what: tuple[Mapping[str, bytes], Sequence[Rewrite]]
) -> None:
    """Our own files first, then the editor's; then it is done, or nothing of it is."""
    contents, rewrites = what
    await to_its_end(lambda: transaction.write(contents))
    if order.editor is None or not rewrites:
        await to_its_end(transaction.finish)
        return
    try:
        await order.editor.write(order.title, rewrites)
    except BaseException:
        await to_its_end(transaction.undo)
        raise
    try:
        await to_its_end(transaction.finish)
    except BaseException as error:
        left = await order.editor.take_back(rewrites)
        if left:
            raise sharing.not_taken_back(left) from error
        raise


async def revert(
    repository: Repository,
    mirror: Mirror,
    apply_id: str,
    order: Order,
    buffers: Mapping[str, Buffer] | None = None,
) -> Plan:
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
    return await plan(repository, mirror, changes, buffers)


async def _backwards(mirror: Mirror, folder: Path, journal: Journal) -> tuple[FileChange, ...]:
    """From after to before, with the pre-images back in the mirror if it has lost them."""
    known = await mirror.git.sizes(entry.before.blob for entry in journal.entries if entry.before.blob)
    for number, entry in enumerate(journal.entries):
        if entry.before.blob and entry.before.blob not in known:
            await mirror.git.write_blob(pre_image(folder, number))
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
