"""Random trees, edits of agents and of users, and parts of patches: the result is what a small model says."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, seed, settings
from hypothesis import strategies as st

from sextet.errors import ApplyError
from sextet.model.patch import ApplyKind, ChangeSet, Hunk
from sextet.system.disk import Disk
from sextet.workspace import changeset
from sextet.workspace.apply import Order, apply, plan, revert
from sextet.workspace.mirror import Mirror
from sextet.workspace.partial import select
from sextet.workspace.plan import Plan
from sextet.workspace.repository import Repository, inspect
from support import patch_model as model
from support import repos, trees
from support.patch_model import Word
from support.trees import File, Tree

CASES = int(os.environ.get("SEXTET_TEST_CASES") or 40)
SEED = os.environ.get("SEXTET_TEST_SEED")
PATHS = ("a", "b.txt", "d/a", "d/e/f", "d/x y", "ü/ß", "z\n", "-rf", "d.d/g", "h")


# What may be --------------------------------------------------------------------------------------
SALTS = st.sampled_from([b"", b"\xff", b" x", b"\t", b"\xc3\xa9", b"\x0c", b"@@ -1 +1 @@", b"\\ No newline"])
ENDS = st.sampled_from([b"\n", b"\r\n"])


@st.composite
def prose(draw: Any) -> bytes:
    """Lines that are all different, with and without a newline at the end."""
    end = draw(ENDS)
    count = draw(st.integers(1, 34))
    salt = draw(SALTS)
    data = b"".join(b"%d%b%b" % (number, salt, end) for number in range(count))
    return data.removesuffix(end) if draw(st.booleans()) else data


REPEATING = st.lists(
    st.sampled_from([b"a\n", b"b\n", b"\n", b"}\n", b"c\r\n", b"@@ -1 +1 @@\n"]), max_size=30
).map(b"".join)
BINARY = st.binary(max_size=12).map(lambda data: b"\0" + data)
SORTS = st.one_of(prose(), prose(), REPEATING, BINARY, st.just(b""))
MODES = st.sampled_from(["100644", "100644", "100755"])
FILES = st.one_of(
    st.builds(File, MODES, SORTS),
    st.builds(File, MODES, SORTS),
    st.builds(File, st.just("120000"), st.sampled_from([b"a", b"nowhere", b"/etc/passwd", b"d"])),
)


@st.composite
def edited(draw: Any, file: File, who: bytes) -> File | None:
    """What somebody makes of a file: other lines, another bit, another sort of file, or nothing."""
    how = draw(st.sampled_from(["lines"] * 6 + ["bit", "new", "gone", "both"]))
    if how == "gone":
        return None
    if how == "new" or file.mode == "120000":
        return draw(FILES)
    mode = {"100644": "100755", "100755": "100644"}[file.mode] if how in {"bit", "both"} else file.mode
    return File(mode, file.data if how == "bit" else draw(rewritten(file.data, who)))


@st.composite
def rewritten(draw: Any, data: bytes, who: bytes) -> bytes:
    """Some lines replaced, inserted or deleted."""
    lines = model.lines(data)
    for turn in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines)))
        gone = draw(st.integers(0, 2))
        new = [b"%b %d.%d\n" % (who, turn, number) for number in range(draw(st.integers(0, 2)))]
        lines[at : at + gone] = new
    return b"".join(lines)


@st.composite
def changed(draw: Any, before: Tree, who: bytes, *, rarely: bool) -> dict[str, File]:
    """A tree after somebody's work: files edited, renamed, made and deleted."""
    after = dict(before)
    for path, file in before.items():
        if draw(st.integers(0, 3)) >= (1 if rarely else 3):
            continue
        made = draw(edited(file, who))
        del after[path]
        if made is None:
            continue
        free = [name for name in PATHS if _fits(after, name)]
        renamed = not rarely and free and draw(st.integers(0, 5)) == 0
        after[draw(st.sampled_from(free)) if renamed else path] = made
    for name in draw(st.lists(st.sampled_from((*PATHS, "a/below", "d")), max_size=2)):
        if _fits(after, name):
            after[name] = draw(FILES)
    return after


def _fits(there: Mapping[str, File], name: str) -> bool:
    """Whether a file of this name can be there beside all others."""
    return not any(
        name == other or name.startswith(f"{other}/") or other.startswith(f"{name}/") for other in there
    )


@dataclass(frozen=True)
class Case:
    """A base, what agents and the user made of it, and what of the patch is taken."""

    base: Tree
    theirs: Tree
    mine: Tree
    picks: tuple[int, ...]
    """Which hunks are taken first: a number for each, taken when it is odd."""
    rest: bool
    """Whether the rest follows."""
    later: tuple[int, ...]
    """Which lines the user changes before all is taken back."""


@st.composite
def cases(draw: Any) -> Case:
    names = draw(st.lists(st.sampled_from(PATHS), min_size=1, max_size=6, unique=True))
    base: dict[str, File] = {}
    for name in names:
        if _fits(base, name):
            base[name] = draw(FILES)
    theirs = draw(changed(base, b"agent", rarely=False))
    mine = draw(changed(base, b"user", rarely=True)) if draw(st.booleans()) else base
    picks = draw(st.one_of(st.just(()), st.lists(st.integers(0, 9), min_size=1, max_size=12).map(tuple)))
    later = draw(st.one_of(st.just(()), st.lists(st.integers(0, 99), max_size=2).map(tuple)))
    return Case(base, theirs, mine, picks, draw(st.booleans()), later)


# Where it happens ---------------------------------------------------------------------------------
@dataclass(frozen=True)
class Ground:
    """One repository and one mirror for all cases."""

    repository: Repository
    mirror: Mirror
    order: Order

    @property
    def top(self) -> Path:
        return self.repository.top

    async def diff(self, old: Tree, new: Tree) -> ChangeSet:
        oids = (trees.tree_of(self.mirror.git_dir, each) for each in (old, new))
        return await changeset.diff(self.mirror, *oids)

    async def plan(self, changes: ChangeSet) -> Plan:
        return await plan(self.repository, self.mirror, changes)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Nothing is synced here: what a crash leaves is looked at elsewhere."""
    where = tmp_path_factory.mktemp("property")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda fd: None)
        for name in ("sync", "sync_data", "sync_file_system"):
            patch.setattr(Disk, name, lambda self, fd: None)
        patch.setenv("HOME", str(where))
        yield asyncio.run(_ground(where))


async def _ground(where: Path) -> Ground:
    repository = await inspect(repos.make(where / "repo", {}))
    mirror = await Mirror.open(repository, where / "state")
    return Ground(repository, mirror, Order(by="Ada", state=where / "state"))


# What must hold -----------------------------------------------------------------------------------
@pytest.mark.timeout(0)
@settings(max_examples=CASES, deadline=None, derandomize=not SEED, suppress_health_check=list(HealthCheck))
@given(case=cases())
def test_invariant_5_what_is_written_differs_from_what_a_small_model_says(ground: Ground, case: Case) -> None:
    asyncio.run(_play(ground, case))


if SEED:
    test_invariant_5_what_is_written_differs_from_what_a_small_model_says = seed(int(SEED))(
        test_invariant_5_what_is_written_differs_from_what_a_small_model_says
    )


async def _play(ground: Ground, case: Case) -> None:
    changes = await ground.diff(case.base, case.theirs)
    assert {change.path for change in changes.files} == {
        path for path in {*case.base, *case.theirs} if case.base.get(path) != case.theirs.get(path)
    }
    trees.lay_out(ground.top, case.mine)
    drawn: dict[str, list[Hunk]] = defaultdict(list)
    for hunk in await changeset.hunks(ground.mirror, changes):
        drawn[hunk.path].append(hunk)
    wanted: list[Tree] = []
    if case.picks:
        chosen = _chosen(case, changes, drawn)
        first = _part(case, drawn, chosen)
        part = await select(ground.mirror, changes, chosen)
        assert part.new_tree == trees.tree_of(ground.mirror.git_dir, first)
        wanted.append(first)
    if case.rest or not case.picks:
        wanted.append(case.theirs)
    await _apply_each(ground, case, wanted)


def _chosen(case: Case, changes: ChangeSet, drawn: Mapping[str, list[Hunk]]) -> dict[str, set[int] | None]:
    """Odd picks are taken; a file without lines to show is taken whole or not."""
    picks = iter(case.picks * 20)
    found: dict[str, set[int] | None] = {}
    for change in changes.files:
        if change.path not in drawn:
            if next(picks) % 2:
                found[change.path] = None
            continue
        found[change.path] = {number for number, _ in enumerate(drawn[change.path]) if next(picks) % 2}
    return found


def _part(
    case: Case, drawn: Mapping[str, list[Hunk]], chosen: Mapping[str, set[int] | None]
) -> dict[str, File]:
    made = dict(case.base)
    for path, picked in chosen.items():
        file = model.part(case.base.get(path), case.theirs.get(path), drawn.get(path, []), picked)
        made.pop(path, None)
        if file is not None:
            made[path] = file
    return made


async def _apply_each(ground: Ground, case: Case, wanted: list[Tree]) -> None:
    """Apply one after the other, each time compared with the model; then take back in reverse."""
    done: list[tuple[Tree, Tree, str]] = []
    now: Tree = case.mine
    for number, tree in enumerate(wanted):
        found = await ground.plan(await ground.diff(case.base, tree))
        alone = number > 0 and case.mine == case.base
        after = await _apply_one(ground, (case.base, tree, now), found, alone=alone)
        if after is None:
            break
        done.append((now, *after))
        now = after[0]
    event(f"{len(wanted)} wanted, {len(done)} applied")
    edits = _later(now, case.later)
    if edits != now:
        trees.lay_out(ground.top, edits)
        now = edits
        event("edited before it is taken back")
    for earlier, later, apply_id in reversed(done):
        back = await revert(ground.repository, ground.mirror, apply_id, ground.order)
        result = await _apply_one(ground, (later, earlier, now), back, alone=now == later)
        if result is None:
            return
        now = result[0]


def _later(now: Tree, picks: tuple[int, ...]) -> Tree:
    """Lines replaced here and there."""
    edits = dict(now)
    for pick in picks:
        names = [name for name, file in sorted(edits.items()) if model.text(file) and file.data]
        if names:
            name = names[pick % len(names)]
            lines = model.lines(edits[name].data)
            lines[pick % len(lines)] = b"later %d\n" % pick
            edits[name] = File(edits[name].mode, b"".join(lines))
    return edits


async def _apply_one(
    ground: Ground, three: tuple[Tree, Tree, Tree], found: Plan, *, alone: bool
) -> tuple[dict[str, File], str] | None:
    """The tree after it and the apply's id; None when a conflict or an obstacle stopped it.

    `alone` says that nobody but we has changed anything, so that nothing may stop it.
    """
    base, tree, before = three
    expected = model.whole(base, tree, before)
    conflicts = {path for path, what in expected.items() if what is Word.CONFLICT}
    either = {path for path, what in expected.items() if what is Word.EITHER}
    assert conflicts <= {*found.conflicts, *(step.path for step in found.blocked)}
    if not found.blocked:
        assert set(found.conflicts) <= conflicts | either
    if found.conflicts or found.blocked:
        with pytest.raises(ApplyError):
            await apply(found, ground.order)
        assert trees.found_in(ground.top) == before, "a conflict writes nothing"
        assert not alone, "what was applied by us alone collides"
        return None
    applied = await apply(found, ground.order)
    after = trees.found_in(ground.top)
    for path, what in expected.items():
        if what is Word.EITHER:
            assert model.survives(base.get(path), before[path], after[path])
        else:
            assert after.get(path) == what, path
    exact = all(after.get(step.path) == tree.get(step.path) for step in found.steps)
    assert applied.kind is (ApplyKind.EXACT if exact else ApplyKind.MERGED)
    return after, applied.id
