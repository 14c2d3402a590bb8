"""Whether the user's repository is still where a run began; told, never acted upon."""

from __future__ import annotations

from sextet.model import events as ev
from sextet.model.run import Base
from sextet.runtime.session import Session
from sextet.workspace.repository import Repository


async def note(session: Session, repository: Repository) -> bool:
    """Record that HEAD or the branch is another one than when the current patch began; once for each move.

    Returns:
        Whether it is another one.

    Raises:
        StoreError: the disk refuses.
    """
    base = session.view.bases[session.view.patch]
    said = reason(base, repository)
    if not said:
        return False
    if all(known.text != said for known in session.view.notes):
        await session.record(ev.BaseMoved(head=repository.head, branch=repository.branch, reason=said))
    return True


def reason(base: Base, repository: Repository) -> str:
    """How the repository differs from where a patch began, in a sentence; empty when it does not (pure)."""
    if repository.branch != base.branch:
        then, now = base.branch or "a detached HEAD", repository.branch or "a detached HEAD"
        return f"The base has moved: the run began on {then}, now {now} is checked out."
    if repository.head != base.head:
        then, now = (base.head or "no commit")[:10], (repository.head or "no commit")[:10]
        return f"The base has moved: the run began at {then}, HEAD is now {now}."
    return ""
