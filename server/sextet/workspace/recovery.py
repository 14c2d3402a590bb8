"""Recovery: applies that a crash had cut off are completed or taken back by the next start."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sextet.errors import RepositoryError
from sextet.model.patch import Applied
from sextet.system.paths import Root
from sextet.workspace.buffers import content
from sextet.workspace.editor import Buffer
from sextet.workspace.images import load
from sextet.workspace.repository import Repository
from sextet.workspace.transaction import Transaction, to_its_end


@dataclass(frozen=True, slots=True)
class Recovered:
    """What the next start found of an apply that a crash had cut off, and did about it."""

    applied: Applied
    complete: bool
    """True: all of it is in the work tree, or open in the editor. False: it was taken back."""
    left: tuple[str, ...] = ()
    """Files that were not restored, because they were changed since."""


async def recover(
    repository: Repository, state: Path, buffers: Mapping[str, Buffer] | None = None
) -> tuple[Recovered, ...]:
    """Finish what a crash cut off: an apply that is complete is marked so, any other is taken back.

    Files that the user changed since are never touched. May be cut off and repeated.

    Args:
        repository: the user's.
        state: the work tree's state folder.
        buffers: what is open in the editor now, by path.

    Raises:
        StoreError: a journal is damaged.
        ApplyError: the disk refuses.
    """
    return await to_its_end(lambda: _recover(repository, state / "apply", buffers or {}))


def _recover(repository: Repository, folder: Path, buffers: Mapping[str, Buffer]) -> tuple[Recovered, ...]:
    found = []
    for home in sorted(folder.glob("apply-*")):
        journal = load(home)
        if journal is None:
            shutil.rmtree(home)  # it never began: no file of the user was touched
        elif journal.state == "writing":
            if journal.top != repository.key:
                raise RepositoryError(
                    f"{home.name} was cut off in another folder than {repository.top}.",
                    next_step="Open that folder again, so that it can be finished there.",
                )
            with Root(repository.top) as root:
                found.append(_finish(Transaction(home, root, journal), buffers))
    return tuple(found)


def _finish(transaction: Transaction, buffers: Mapping[str, Buffer]) -> Recovered:
    applied = transaction.journal.applied
    if transaction.applied_completely(lambda data, path: _held(buffers, path, data)):
        transaction.finish()
        return Recovered(applied, complete=True)
    return Recovered(applied, complete=False, left=transaction.undo(cut_off=True))


def _held(buffers: Mapping[str, Buffer], path: str, data: bytes) -> bytes | None:
    """What the editor holds of a file whose bytes on the disk these are; None when it is not open."""
    return content(buffers[path], data) if path in buffers else None
