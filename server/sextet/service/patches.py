"""A patch from proposed to applied, and back."""

from __future__ import annotations

from sextet.errors import ApplyError, NotFoundError, SextetError
from sextet.model import events as ev
from sextet.model.patch import Applied, ApplyKind, Patch, PatchState
from sextet.pipeline.view import RunView
from sextet.runtime.finish import finish
from sextet.runtime.session import Session
from sextet.service import inbox, weighing
from sextet.service.params import ApplyPatch, CheckPatch, OfPatch, RevertPatch
from sextet.service.patch_results import PatchCheck
from sextet.service.place import Place
from sextet.service.results import PatchDetail, RevertResult
from sextet.service.weighing import Part, weigh
from sextet.workspace import apply as writer
from sextet.workspace import changeset
from sextet.workspace.images import standing
from sextet.workspace.mirror import Mirror
from sextet.workspace.repository import inspect
from sextet.workspace.sharing import unsaved


def find(view: RunView, patch_id: str) -> Patch:
    """The patch with this id.

    Raises:
        NotFoundError: there is none (yet).
    """
    for patch in view.patches.values():
        if patch.id == patch_id:
            return patch
    known = ", ".join(patch.id for patch in view.patches.values()) or "none yet"
    raise NotFoundError(f"There is no {patch_id} in this run; its patches: {known}.", patch_id=patch_id)


async def detail(place: Place, view: RunView, asked: OfPatch) -> PatchDetail:
    """The change set of a patch, its picture, and its hunks with what people think of them."""
    patch = find(view, asked.patch_id)
    mirror = await Mirror.open(place.repository, place.state.path)
    drawn = await place.inbox.draw(mirror, view, patch)
    return PatchDetail(
        patch=patch,
        changes=drawn.changes,
        diff=await changeset.picture(mirror, drawn.changes),
        hunks=inbox.inbox(drawn, view, patch),
        retest=view.retests.get(patch.number),
    )


async def check(place: Place, view: RunView, asked: CheckPatch) -> PatchCheck:
    """What `apply` would do now, and all that speaks against it; nothing is written.

    Raises:
        StaleError: the patch has none of the chosen hunks any more.
    """
    return await weighing.check(place, view, find(view, asked.patch_id), asked)


async def apply(place: Place, session: Session, asked: ApplyPatch) -> Applied:
    """Write a patch, or chosen hunks of it, into the work tree, all or nothing; the caller holds the lock.

    Raises:
        StaleError: the patch is not the one that was looked at, or has none of the chosen hunks any more.
        ApplyError: it is not approved, a control file is not confirmed, or files do not fit.
        RepositoryError: another branch is checked out, or a rebase is in progress. Nothing is written then.
    """
    async with place.applying:
        try:
            return await _apply(place, session, asked)
        except ApplyError as error:
            if "editor" in error.facts:
                await session.record(_pending(asked.patch_id, error))
            raise


def _pending(patch_id: str, error: SextetError) -> ev.Noted:
    return ev.Noted.of(error, f"{patch_id} was not applied: {error.what}")


async def apply_by_itself(place: Place, session: Session) -> None:
    """`patch.apply: auto`: the patch that was just approved, if it is tested and fits exactly; else why not.

    Control files and another branch than the run's stop it, as nobody is there to confirm them.
    """
    patch = session.view.patches.get(session.view.patch)
    if session.view.the_run.settings.patch_apply != "auto" or patch is None:
        return
    if patch.state is not PatchState.PROPOSED or patch.untested:
        return
    asked = ApplyPatch(run_id=session.run_id, patch_id=patch.id, seen=patch.tree, by="sextet")
    try:
        async with place.applying:
            await _apply(place, session, asked)
    except SextetError as error:
        text = f"{patch.id} was not applied by itself: {error.what}"
        await session.record(ev.Noted.of(error, text))


async def _apply(place: Place, session: Session, asked: ApplyPatch) -> Applied:
    patch = find(session.view, asked.patch_id)
    weighed = await weigh(place, session.view, patch, asked)
    for error in weighed.against:
        raise error
    return await finish(_written(place, session, weighed.part, (weighed.plan, asked.by)))


async def _written(place: Place, session: Session, part: Part, how: tuple[writer.Plan, str]) -> Applied:
    """Write and record it; what a killed process wrote and could not record is recorded now."""
    plan, by = how
    applied = _unrecorded(place, part, plan)
    if applied is not None:
        applied = await writer.save(plan, applied, place.second_writer)
    else:
        order = writer.Order(
            by=by,
            state=place.state.path,
            kind=None if part.whole else ApplyKind.PARTIAL,
            editor=place.second_writer,
            title=f"Apply {part.patch.id}",
            labels=part.labels,
        )
        applied = await writer.apply(plan, order)
    applied = applied.model_copy(update={"hunks": part.hunks, "whole": part.whole})
    await session.record(ev.PatchApplied(patch_id=part.patch.id, applied=applied), actor=by)
    return applied


def _unrecorded(place: Place, part: Part, plan: writer.Plan) -> Applied | None:
    """The finished apply of this part that no event tells of."""
    if any(step.now != step.after for step in plan.steps):
        return None
    found = standing(place.state.applies, part.changes.old_tree, part.changes.new_tree)
    known = {each.id for each in part.patch.applied}
    return None if found is None or found.id in known else found


async def require_saved(place: Place, view: RunView) -> None:
    """Refuse what looks at the disk while files of an applied patch hold something else in the editor.

    Raises:
        ApplyError: it does; `facts["files"]` names where.
    """
    done = {path for patch in view.patches.values() for each in patch.applied for path in each.files}
    waiting = unsaved(place.top, await place.buffers(), sorted(done))
    if waiting:
        raise ApplyError(
            f"What the editor holds of {', '.join(waiting[:8])} is not on the disk yet.",
            next_step="Save in the editor, and try again.",
            files=list(waiting),
        )


async def revert(place: Place, session: Session, asked: RevertPatch) -> RevertResult:
    """Take back an apply by merging its reverse with what is there now; later edits of the user stay.

    Raises:
        NotFoundError: nothing was applied.
        ApplyError: later edits collide with it; nothing is written.
    """
    async with place.applying:
        return await _revert(place, session, asked)


async def _revert(place: Place, session: Session, asked: RevertPatch) -> RevertResult:
    patch = find(session.view, asked.patch_id)
    done = [each for each in patch.standing if asked.apply_id in {None, each.id}]
    if not done:
        raise NotFoundError(f"{patch.id} is not applied, so there is nothing to take back.")
    repository = await inspect(place.top)
    mirror = await Mirror.open(repository, place.state.path)
    order = writer.Order(
        by=asked.by,
        state=place.state.path,
        editor=place.second_writer,
        title=f"Take {patch.id} back",
    )
    plan = await writer.revert(repository, mirror, done[-1].id, order, await place.buffers())
    merged = tuple(step.path for step in plan.steps if step.after != step.wanted)
    result = await writer.apply(plan, order)
    event = ev.PatchReverted(patch_id=patch.id, apply_id=done[-1].id, by=asked.by, kept=merged)
    await session.record(event, actor=asked.by)
    return RevertResult(files=result.files, merged=merged, altered=result.altered, unsaved=result.unsaved)
