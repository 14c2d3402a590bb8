"""The second writer: lets the client change what is open in it, and believes nothing but what it shows."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from lsprotocol.types import TEXT_DOCUMENT_DID_CHANGE, ApplyWorkspaceEditParams

from sextet.errors import ApplyError
from sextet.lsp.client import Client, RefusedError
from sextet.lsp.edits import FileEdit, line_edits, workspace_edit
from sextet.lsp.frames import Said
from sextet.lsp.wishes import Wishes
from sextet.workspace.editor import Buffer, Rewrite
from sextet.workspace.sharing import not_taken_back

PATIENCE: Final = 5.0
"""Seconds for which the client may be silent when it is asked to change or to save something."""
GRACE: Final = 1.0
"""Seconds after its answer in which the client shows what it has changed."""
_PAUSE: Final = 0.2
"""The same after it said that it has changed nothing."""

_SAVE: Final = "sextet/save"
_WARNING: Final = 2


@dataclass(slots=True)
class _Job:
    """One document that is being changed."""

    path: str
    label: str
    uri: str
    before: str
    after: str
    version: int | None
    shown: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the client's document had exactly the wanted text, whatever is typed after that."""
    claimed: bool = False
    """Whether the client says that it has changed it."""


class SecondWriter:
    """The client of this process as an `Editor` of `sextet.workspace`; lives on the event loop.

    Args:
        wishes: what the client can do.
        client: the client.
    """

    def __init__(self, wishes: Wishes, client: Client) -> None:
        self._can = wishes.can
        self._saves = wishes.extension
        self._client = client
        self._watched: dict[str, _Job] = {}
        self._tasks: set[asyncio.Future[Any]] = set()
        self._unanswered = 0

    @property
    def writes(self) -> bool:
        """Whether the client takes edits."""
        return self._can.edits

    async def look(self, top: Path) -> Mapping[str, Buffer]:
        """What the client has open below `top`, by path; a link counts for itself and for its target."""
        found = [
            Buffer(each.uri, each.source, each.version, touched=each.touched)
            for each in self._client.open_files().values()
        ]
        paths = list(self._client.open_files())
        named = await asyncio.to_thread(lambda: [_names(top, path) for path in paths])
        buffers: dict[str, Buffer] = {}
        for buffer, names in sorted(zip(found, named, strict=True), key=lambda each: len(each[1])):
            for name in names:
                same = buffers.get(name, buffer).text == buffer.text
                buffers[name] = buffers.get(name, buffer) if same else replace(buffer, clear=False)
        return buffers

    def told(self, said: Said) -> None:
        """The client has changed a document: look whether it is what was asked for."""
        if said.method == TEXT_DOCUMENT_DID_CHANGE and self._watched:
            params = said.message.get("params")
            named = params.get("textDocument") if isinstance(params, dict) else None
            job = self._watched.get(unquote(str(named.get("uri")))) if isinstance(named, dict) else None
            if job is not None and self._text(job) == job.after:
                job.shown.set()

    # Writing --------------------------------------------------------------------------------------
    async def write(self, title: str, rewrites: Sequence[Rewrite]) -> None:
        """Let the client change its documents, all of them or none.

        Raises:
            ApplyError: it did not, and what it did is taken back.
        """
        jobs = [self._job(each) for each in rewrites]
        if self._unanswered:
            raise _refused("The editor has not answered to the change before this one.", jobs)
        try:
            reason = await self._change(title, jobs)
        except BaseException:
            await self._undo(jobs)
            raise
        if not reason:
            return
        left = await self._undo(jobs)
        if left:
            raise not_taken_back(left)
        raise _refused(reason, jobs)

    def _job(self, rewrite: Rewrite) -> _Job:
        buffer = rewrite.buffer
        document = self._client.document(buffer.uri)
        if document is None or (document.version, document.source) != (buffer.version, buffer.text):
            raise ApplyError(
                f"{rewrite.path} was changed in the editor while the patch was being applied."
                " Nothing was applied.",
                next_step="Apply again.",
                files=[rewrite.path],
            )
        return _job_of(rewrite)

    async def _change(self, title: str, jobs: Sequence[_Job]) -> str:
        """Ask for it and look; the sentence why it is not done, else an empty one."""
        edits = await asyncio.to_thread(lambda: [self._file_edit(job) for job in jobs])
        edit = workspace_edit(edits, versioned=self._can.versioned_edits, labelled=self._can.labels)
        keys = {unquote(job.uri): job for job in jobs}
        self._watched |= keys
        try:
            reason = await self._ask_to_apply(ApplyWorkspaceEditParams(edit, title), jobs)
            await self._until_shown(jobs, _PAUSE if reason else GRACE)
        finally:
            for key in keys:
                self._watched.pop(key, None)
        missing = [job.path for job in jobs if not job.shown.is_set()]
        if missing and not reason:
            return f"The editor says that it has changed {', '.join(missing[:8])}, but it has not."
        return reason

    def _file_edit(self, job: _Job) -> FileEdit:
        edits = line_edits(job.before, job.after, self._client.units)
        return FileEdit(job.uri, job.version, edits, job.label)

    async def _ask_to_apply(self, params: ApplyWorkspaceEditParams, jobs: Sequence[_Job]) -> str:
        """Why the client has refused; empty when it says that it has not."""
        asked = self._spawn(self._client.ask("workspace/applyEdit", params))
        done, _ = await asyncio.wait({asked}, timeout=PATIENCE)
        if not done:
            self._unanswered += 1
            asked.add_done_callback(lambda _: self._spawn(self._answered_late(jobs)))
            return f"The editor did not answer within {PATIENCE:.0f} seconds."
        try:
            answer = asked.result()
        except RefusedError as error:
            return f"The editor cannot change its files: {error}."
        if isinstance(answer, Mapping) and answer.get("applied") is True:
            for job in jobs:
                job.claimed = True
            return ""
        why = answer.get("failureReason") if isinstance(answer, Mapping) else None
        return f"The editor did not take the changes ({str(why)[:500] if why else 'it gave no reason'})."

    async def _answered_late(self, jobs: Sequence[_Job]) -> None:
        """What was given up is not to be there in the end."""
        try:
            await self._undo(jobs)
        finally:
            self._unanswered -= 1

    async def _until_shown(self, jobs: Sequence[_Job], seconds: float) -> None:
        waiting = [asyncio.ensure_future(job.shown.wait()) for job in jobs]
        _, late = await asyncio.wait(waiting, timeout=seconds)
        for each in late:
            each.cancel()

    # Taking back ----------------------------------------------------------------------------------
    async def take_back(self, rewrites: Sequence[Rewrite]) -> tuple[str, ...]:
        """Let the client undo what it wrote; the paths of files that were changed further and are left."""
        jobs = [_job_of(each) for each in rewrites]
        for job in jobs:
            job.claimed = True
        return await self._undo(jobs)

    async def _undo(self, jobs: Sequence[_Job]) -> tuple[str, ...]:
        """Turn documents that hold exactly what was asked for back into what they were."""
        back = []
        for job in jobs:
            document = self._client.document(job.uri)
            if document is not None and document.source == job.after:
                back.append(_Job(job.path, job.label, job.uri, job.after, job.before, document.version))
        if back:
            await self._change("Take the patch back", back)
        meant = [job for job in jobs if job.claimed or job.shown.is_set()]  # others were typed in
        return tuple(job.path for job in meant if self._text(job) not in {None, job.before})

    def _text(self, job: _Job) -> str | None:
        return self._client.text(job.uri)

    # Saving ---------------------------------------------------------------------------------------
    async def save(self, uris: Sequence[str]) -> None:
        """Let our own extension save these as they are; another client cannot be asked."""
        if self._saves:
            await asyncio.wait({self._spawn(self._client.ask(_SAVE, {"uris": list(uris)}))}, timeout=PATIENCE)

    def remind(self, paths: Sequence[str]) -> None:
        """Tell the person which files wait for being saved."""
        names = ", ".join(paths[:8]) + (f" and {len(paths) - 8} more" if len(paths) > 8 else "")
        self.tell(f"Sextet changed files that are open in the editor; save them: {names}")

    def tell(self, sentence: str) -> None:
        """Tell the person what happened to their files while nobody looked."""
        self._client.tell("window/showMessage", {"type": _WARNING, "message": sentence})

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Future[Any]:
        """Let it go on by itself; an error that nobody waits for any more is not told."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Future[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()


def _job_of(rewrite: Rewrite) -> _Job:
    buffer = rewrite.buffer
    return _Job(rewrite.path, rewrite.label, buffer.uri, buffer.text, rewrite.text, buffer.version)


def _refused(reason: str, jobs: Sequence[_Job]) -> ApplyError:
    names = [job.path for job in jobs]
    return ApplyError(
        f"{reason} Nothing was applied.",
        next_step=f"Save or close {', '.join(names[:8])} in the editor, and try again.",
        files=names,
        editor=reason,
    )


def _names(top: Path, path: Path) -> list[str]:
    """The path from `top`, whichever way the client came to it; for a link its target too."""
    root = os.path.realpath(top)
    here = os.path.join(os.path.realpath(path.parent), path.name)  # noqa: PTH118 -- text is compared
    both = dict.fromkeys((here, os.path.realpath(path)))
    return [each.removeprefix(f"{root}{os.sep}") for each in both if each.startswith(f"{root}{os.sep}")]
