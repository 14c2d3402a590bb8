"""Weighing: what applying a patch would do now, and all that speaks against it; also before each apply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sextet.errors import ApplyError, RepositoryError, SextetError, StaleError
from sextet.model.patch import ApplyKind, ChangeSet, Patch, PatchState
from sextet.pipeline.view import RunView
from sextet.service import inbox, moved
from sextet.service.params import ApplyPatch, CheckPatch
from sextet.service.patch_results import FileCheck, Objection, PatchCheck
from sextet.service.place import Place
from sextet.workspace.mirror import Mirror
from sextet.workspace.partial import select
from sextet.workspace.plan import Plan, objections, plan
from sextet.workspace.repository import Repository, inspect


@dataclass(frozen=True, slots=True)
class Part:
    """What of a patch is to be written."""

    patch: Patch
    changes: ChangeSet
    hunks: tuple[str, ...]
    """All hunks that are in the work tree afterwards."""
    whole: bool
    labels: Mapping[str, str]
    """What the change of a path is called: the items that wrote it."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A part of a patch as it stands to the user's files, and what speaks against writing it."""

    part: Part
    plan: Plan
    repository: Repository
    against: tuple[SextetError, ...]
    """The gravest first; `facts["allow"]` names the param of `patch/apply` that allows it all the same."""


async def weigh(place: Place, view: RunView, patch: Patch, asked: ApplyPatch) -> Weighed:
    """Look at everything that an apply depends on. Writes nothing to the work tree.

    Raises:
        StaleError: the patch has none of the chosen hunks any more.
        SextetError: it cannot be seen.
    """
    repository = await inspect(place.top)
    mirror = await Mirror.open(repository, place.state.path)
    part = await _part(place, view, patch, (mirror, asked.hunks))
    buffers = await place.buffers()
    planned = await plan(repository, mirror, part.changes, buffers, settled=False)
    found = planned.settle(patch.takes)
    against = (
        *_against_patch(view, patch, asked),
        *_against_place(view, patch, asked, repository),
        *_against_plan(found, patch, asked),
    )
    return Weighed(part, found, repository, against)


async def _part(place: Place, view: RunView, patch: Patch, what: tuple[Mirror, tuple[str, ...]]) -> Part:
    mirror, wanted = what
    drawn = await place.inbox.draw(mirror, view, patch)
    every = tuple(dict.fromkeys(hunk.id for hunk in drawn.hunks))
    picked = inbox.chosen(drawn, patch, wanted) if wanted else frozenset(every)
    labels = inbox.labels(drawn, view)
    if len(picked) == len(every):
        return Part(patch, drawn.changes, every, whole=True, labels=labels)
    changes = await select(mirror, drawn.changes, inbox.numbers(drawn, picked))
    some = tuple(each for each in every if each in picked)
    return Part(patch, changes, some, whole=False, labels=labels)


def _against_patch(view: RunView, patch: Patch, asked: ApplyPatch) -> Iterator[SextetError]:
    if asked.seen is not None and asked.seen != patch.tree:
        yield StaleError(
            f"{patch.id} has changed since it was looked at.",
            next_step="Look at it again: `sextet patch show`.",
            tree=patch.tree,
        )
    if patch.state is PatchState.DRAFT and not asked.draft:
        yield ApplyError(
            f"{patch.id} is a draft: the reviewer has not approved it.",
            next_step="Wait for the approval, or apply the draft with --draft (untested, not approved).",
            allow="draft",
        )
    if patch.state is PatchState.APPLIED:
        yield ApplyError(
            f"{patch.id} is applied already.", next_step="Take it back with `sextet patch revert`."
        )
    if view.the_run.settings.patch_apply == "never":
        yield ApplyError(
            f"{patch.id} is not applied, because `sextet.patch.apply` is `never`.",
            next_step="Read it with `sextet patch show`, or change the setting and start a new run.",
        )
    wanted, names = approvals(view, patch, asked.by)
    if patch.state is not PatchState.DRAFT and len(names) < wanted:
        yield ApplyError(
            f"{patch.id} needs {wanted} named approvals and has {len(names)} ({', '.join(names)}).",
            next_step=f"Let somebody else approve it: `sextet approve review-{patch.number} --by <name>`.",
        )


def approvals(view: RunView, patch: Patch, by: str) -> tuple[int, tuple[str, ...]]:
    """How many named approvals of this tree the run asks for, and whose there are; `by` is one of them."""
    given = view.approvals.get(f"review-{patch.number}", ())
    names = {by} | {approval.by for approval in given if approval.seen == patch.tree}
    return view.the_run.settings.approvals.patch, tuple(sorted(names))


def _against_place(
    view: RunView, patch: Patch, asked: ApplyPatch, repository: Repository
) -> Iterator[SextetError]:
    base = view.bases[patch.number]
    if repository.branch != base.branch and not asked.merge:
        yield RepositoryError(
            f"The run began on {base.branch or 'a detached HEAD'}, but now"
            f" {repository.branch or 'a detached HEAD'} is checked out.",
            next_step="Switch back, or apply with --merge if you mean this branch.",
            allow="merge",
        )
    try:
        repository.require_settled()
    except RepositoryError as error:
        yield error


def _against_plan(found: Plan, patch: Patch, asked: ApplyPatch) -> Iterator[SextetError]:
    if found.control and not asked.control_files:
        yield ApplyError(
            f"The patch changes files that steer tools, editors or CI: {', '.join(found.control)}.",
            next_step="Look at them; confirm them with --control-files.",
            control=list(found.control),
            tree=patch.tree,
            allow="controlFiles",
        )
    if found.kind is not ApplyKind.EXACT and not found.conflicts and not (asked.merge or patch.takes):
        yield ApplyError(
            "Some files have changed since the run began; applying would merge, and that result is untested.",
            next_step="Allow it with --merge, or ask for a follow-up, which starts from what you have now.",
            merge=True,
            tree=patch.tree,
            allow="merge",
        )
    yield from objections(found)


async def check(place: Place, view: RunView, patch: Patch, asked: CheckPatch) -> PatchCheck:
    """What `patch/apply` would do now, file by file, and all that it would say against it."""
    wish = ApplyPatch(run_id=asked.run_id, by=asked.by, patch_id=asked.patch_id, hunks=asked.hunks)
    found = await weigh(place, view, patch, wish)
    wanted, names = approvals(view, patch, asked.by)
    return PatchCheck(
        patch_id=patch.id,
        tree=patch.tree,
        kind=found.plan.kind_of(ApplyKind.PARTIAL if not found.part.whole else None),
        whole=found.part.whole,
        files=tuple(
            FileCheck(
                path=step.path,
                fit=step.fit,
                changes=step.now != step.after,
                control=step.change.control,
                reason=step.reason[:1_000],
            )
            for step in found.plan.steps
        ),
        moved=moved.reason(view.bases[patch.number], found.repository),
        approvals_wanted=wanted,
        approvals=names,
        objections=tuple(_told(error) for error in found.against),
    )


def _told(error: SextetError) -> Objection:
    allow = error.facts.get("allow", "")
    return Objection(kind=error.kind, text=error.what, next_step=error.next_step, allow=str(allow))
