"""What people say about a patch: marks on hunks, remarks on lines, how a collision is settled."""

from __future__ import annotations

from sextet.errors import UsageError
from sextet.model import events as ev
from sextet.model.patch import Hunk, Mark, Patch
from sextet.pipeline.view import RunView
from sextet.runtime.session import Session
from sextet.service import inbox, pages, patches, people
from sextet.service.params import CommentPatch, MarkHunks, OfPatch, OfTask, SayToTask, SettleFile
from sextet.service.place import Place
from sextet.service.results import Opened
from sextet.workspace.mirror import Mirror


async def _drawn(place: Place, view: RunView, patch: Patch) -> inbox.Drawn:
    mirror = await Mirror.open(place.repository, place.state.path)
    return await place.inbox.draw(mirror, view, patch)


async def mark(place: Place, session: Session, asked: MarkHunks) -> int:
    """Mark hunks. Those that are rejected with a comment go back to who wrote them, with the comment.

    Raises:
        StaleError: the patch has no such hunk any more.
    """
    patch = patches.find(session.view, asked.patch_id)
    drawn = await _drawn(place, session.view, patch)
    inbox.chosen(drawn, patch, asked.hunks)
    event = ev.HunksMarked(patch_id=patch.id, hunks=asked.hunks, mark=asked.mark, comment=asked.comment)
    seq = await session.record(event, actor=asked.by)
    if asked.mark is Mark.REJECTED and asked.comment.strip():
        where = ", ".join(_place(drawn, each) for each in asked.hunks[:20])
        text = f"{where}: {asked.comment}"[:100_000]
        for task in inbox.tasks_of(session.view, drawn, patch, asked.hunks):
            said = SayToTask(run_id=asked.run_id, by=asked.by, task_id=task, text=text)
            seq = await people.request_changes(session, said)
    return seq


def _place(drawn: inbox.Drawn, hunk_id: str) -> str:
    hunk = next(each for each in drawn.hunks if each.id == hunk_id)
    return f"{hunk.path}:{hunk.new_start}" if hunk.lines else hunk.path


async def comment(place: Place, session: Session, asked: CommentPatch) -> int:
    """A remark on a hunk, a line or a file, in the conversation of those who wrote it.

    Raises:
        StaleError: the patch has no such hunk any more.
        UsageError: nobody is there to be spoken to.
    """
    patch = patches.find(session.view, asked.patch_id)
    drawn = await _drawn(place, session.view, patch)
    if asked.hunk is not None:
        inbox.chosen(drawn, patch, (asked.hunk,))
        about, where = [asked.hunk], _place(drawn, asked.hunk)
    else:
        about = [each.id for each in drawn.hunks if each.path == asked.path and _covers(each, asked.line)]
        where = f"{asked.path}:{asked.line}" if asked.line else (asked.path or "")
    tasks = inbox.tasks_of(session.view, drawn, patch, about)
    if not tasks:
        raise UsageError(f"Nobody has written {where or patch.id} yet.", next_step="Comment on a task.")
    text = f"{where}: {asked.text}" if where else asked.text
    seq = 0
    for task in tasks:
        said = SayToTask(run_id=asked.run_id, by=asked.by, task_id=task, text=text[:100_000])
        seq = await people.comment(session, said)
    return seq


def _covers(hunk: Hunk, line: int) -> bool:
    return not line or hunk.new_start <= line < hunk.new_start + max(hunk.new_lines, 1)


async def settle(place: Place, session: Session, asked: SettleFile) -> int:
    """Say what becomes of a file in which the patch collides with what the user has.

    Raises:
        UsageError: the patch does not change the file.
    """
    patch = patches.find(session.view, asked.patch_id)
    drawn = await _drawn(place, session.view, patch)
    mine = [each.id for each in drawn.hunks if each.path == asked.file]
    if not mine:
        raise UsageError(f"{patch.id} does not change {asked.file!a}.", path="file")
    if asked.take != "sendBack":
        event = ev.ConflictSettled(patch_id=patch.id, tree=patch.tree, path=asked.file, take=asked.take)
        return await session.record(event, actor=asked.by)
    seq = 0
    text = f"{asked.file} has moved on in the user's work tree and collides with this change; do it again."
    for task in inbox.tasks_of(session.view, drawn, patch, mine):
        said = SayToTask(run_id=asked.run_id, by=asked.by, task_id=task, text=text)
        seq = await people.request_changes(session, said)
    return seq


# Pages --------------------------------------------------------------------------------------------
async def open_patch(place: Place, view: RunView, asked: OfPatch) -> Opened:
    """Write a patch as a document to read."""
    patch = patches.find(view, asked.patch_id)
    drawn = await _drawn(place, view, patch)
    text = pages.patch_page(view, patch, drawn).text
    return Opened(uri=(await pages.write(place.state, view.the_run.id, patch.id, text)).as_uri())


async def open_task(place: Place, view: RunView, asked: OfTask) -> Opened:
    """Write a task with its conversation as a document to read."""
    text = pages.task_page(view, view.task(asked.task_id))
    return Opened(uri=(await pages.write(place.state, view.the_run.id, asked.task_id, text)).as_uri())
