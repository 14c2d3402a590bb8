"""Plan: what applying a change set would do to each of the user's files, as they are now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from sextet.errors import ApplyError
from sextet.model.patch import ApplyKind, ChangeSet, Take
from sextet.workspace.editor import Buffer
from sextet.workspace.fit import Fit, Step, fit_all
from sextet.workspace.mirror import Mirror
from sextet.workspace.repository import Repository


@dataclass(frozen=True, slots=True)
class Plan:
    """What applying would do to each file, control files first; carry it out with `apply`."""

    repository: Repository
    mirror: Mirror
    changeset: ChangeSet
    steps: tuple[Step, ...]

    @property
    def conflicts(self) -> tuple[str, ...]:
        """Files that must be settled (`settle`) before the plan can be carried out."""
        return tuple(step.path for step in self.steps if step.fit is Fit.CONFLICT)

    @property
    def blocked(self) -> tuple[Step, ...]:
        """Files that cannot be written as things are; `Step.reason` says why."""
        return tuple(step for step in self.steps if step.fit is Fit.BLOCKED)

    @property
    def control(self) -> tuple[str, ...]:
        """Control files that would change: to be confirmed apart."""
        return tuple(step.path for step in self.steps if step.change.control and step.now != step.after)

    @property
    def kind(self) -> ApplyKind:
        """`exact` when every file ends as the change set has it, else `merged`."""
        exact = all(step.after == step.wanted for step in self.steps)
        return ApplyKind.EXACT if exact else ApplyKind.MERGED

    def kind_of(self, part: ApplyKind | None) -> ApplyKind:
        """What an apply of it is called; `part` when the change set is only a part of a patch."""
        return part if part is not None and self.kind is ApplyKind.EXACT else self.kind

    def settle(self, choices: Mapping[str, Take]) -> Plan:
        """The plan with conflicts settled, per path."""
        steps = tuple(
            step.taken(choices[step.path]) if step.fit is Fit.CONFLICT and step.path in choices else step
            for step in self.steps
        )
        return replace(self, steps=steps)


async def plan(
    repository: Repository,
    mirror: Mirror,
    changeset: ChangeSet,
    buffers: Mapping[str, Buffer] | None = None,
    *,
    settled: bool = True,
) -> Plan:
    """See how a change set fits the user's files as they are now. Writes nothing to the work tree.

    Args:
        repository: the user's.
        mirror: has the blobs of the change set.
        changeset: what is to be applied.
        buffers: what is open in the editor, by path (`Editor.look`), saved or not.
        settled: whether a rebase, merge, cherry-pick or revert that is in progress is refused.

    Raises:
        RepositoryError: one is.
        GitError: git failed.
    """
    if settled:
        repository.require_settled()
    steps = await fit_all(repository.top, mirror, changeset.files, buffers)
    return Plan(repository, mirror, changeset, steps)


def objections(what: Plan) -> Iterator[ApplyError]:
    """Why the files as they are keep a plan from being carried out; nothing when they do not (pure)."""
    if what.blocked:
        step = what.blocked[0]
        yield ApplyError(
            f"{step.path} cannot be written: {step.reason}.", next_step=step.remedy, files=[step.path]
        )
    if what.conflicts:
        names = ", ".join(what.conflicts[:8])
        yield ApplyError(
            f"{len(what.conflicts)} files have changed in a way that does not fit: {names}.",
            next_step="Settle each of them: keep yours, take the patch's, or merge.",
            files=list(what.conflicts),
        )
