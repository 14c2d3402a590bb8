"""A supervisor that dies while it writes a part of a patch or takes it back: files and journal agree then.

`SEXTET_TEST_KILLS` says at how many calls it dies; `make soak` dies at all of them.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sextet.model.names import RunState
from sextet.service import recovery
from sextet.store.layout import RunFolder
from support import hostile, repos
from support.faults import Faults
from support.runs import Shop, check_journal, scenario, shop, write

KILLS = 8
TEXT = "".join(f"line {number}\n" for number in range(1, 41))
NEW = TEXT.replace("line 2\n", "two\n").replace("line 20\n", "twenty\n").replace("line 38\n", "last\n")
MINE = TEXT.replace("line 11\n", "mine\n")
PART = MINE.replace("line 2\n", "two\n").replace("line 38\n", "last\n")
ITEMS = {"one": {"actions": [write("a.txt", NEW), write("n/b.txt", "b\n"), write("n/c.txt", "c\n")]}}


@dataclass
class Victim:
    """A run that is over; a part of its patch is applied to files that the user has edited."""

    top: Path
    run_id: str
    hunks: list[str]

    @property
    def one(self) -> dict[str, Any]:
        return {"runId": self.run_id, "patchId": "patch-1"}

    def do(self, act: Callable[[Shop], Coroutine[Any, Any, Any]]) -> Any:
        """In a supervisor of its own, which first finishes what the last one left."""

        async def played() -> Any:
            async with shop(self.top) as it:
                await recovery.recover(it.orchestrator.place)
                return await act(it)

        return asyncio.run(played())

    def call(self, method: str, **more: Any) -> Any:
        return self.do(lambda it: it.call(method, **self.one, **more))

    def restart(self) -> None:
        """A supervisor that does nothing of its own."""
        self.do(lambda it: it.call("patch/list", runId=self.run_id))

    def apply(self) -> Any:
        return self.call("patch/apply", hunks=self.hunks, merge=True)

    def dies(self, at: int, method: str, **more: Any) -> bool:
        """In a child process that is gone at the `at`-th call that changes a disk, from the verb on."""

        async def doomed(it: Shop) -> None:
            with Faults(lambda: os._exit(9), at).installed():
                await it.call(method, **self.one, **more)

        child = os.fork()
        if child == 0:
            try:
                self.do(doomed)
                os._exit(0)
            finally:
                os._exit(1)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in {0, 9}
        return status == 9

    def calls(self, method: str, **more: Any) -> int:
        """How many calls that change a disk the verb makes."""
        counting = Faults(lambda: None)

        async def counted(it: Shop) -> None:
            with counting.installed():
                await it.call(method, **self.one, **more)

        self.do(counted)
        return counting.count

    def points(self, total: int, outside: Mapping[str, str]) -> list[int]:
        """The last call and the first, and others in equal steps."""
        wanted = min(total, int(outside.get("SEXTET_TEST_KILLS") or KILLS))
        return sorted({1, total, *(1 + number * (total - 1) // wanted for number in range(wanted))})

    def look(self) -> tuple[dict[str, Any], list[Any]]:
        """The user's files, and the applies that stand by the journal, which is sound."""
        view = check_journal(RunFolder(self.top / "codex-runs" / self.run_id))
        assert not list(self.top.rglob(".sextet-*.tmp"))
        return hostile.files_of(self.top), list(view.patches[1].standing)


@pytest.fixture
def victim(tmp_path: Path) -> Victim:
    top = repos.make(tmp_path / "repo", {"a.txt": TEXT})
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(scenario(ITEMS)))

    async def made() -> Victim:
        async with shop(top) as it:
            run_id = await it.start(file)
            assert await it.orchestrator.wait(run_id) is RunState.COMPLETED
            found = (await it.call("patch/get", runId=run_id, patchId="patch-1")).hunks
            chosen = [each.id for each in found if each.new_start != 17 and each.path != "n/c.txt"]
            assert len(chosen) == len(found) - 2
            return Victim(top, run_id, chosen)

    it = asyncio.run(made())
    repos.write(top, {"a.txt": MINE})
    return it


BEFORE = {"a.txt": MINE.encode()}
AFTER = {"a.txt": PART.encode(), "n/b.txt": b"b\n"}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_invariants_2_and_5_a_part_is_half_written_or_recorded_twice_after_a_kill(victim, outside) -> None:
    total = victim.calls("patch/apply", hunks=victim.hunks, merge=True)
    assert victim.look()[0] == AFTER
    victim.call("patch/revert")
    for at in victim.points(total, outside):
        victim.dies(at, "patch/apply", hunks=victim.hunks, merge=True)
        victim.restart()
        files, standing = victim.look()
        assert files in (BEFORE, AFTER), at
        assert not standing or files == AFTER, at
        if not standing:
            victim.apply()
        files, standing = victim.look()
        assert (files, len(standing)) == (AFTER, 1), at
        assert (set(standing[0].hunks), standing[0].whole) == (set(victim.hunks), False)
        victim.call("patch/revert")
        assert victim.look() == (BEFORE, []), at


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_invariants_2_and_5_a_part_is_half_taken_back_or_stays_on_record_after_a_kill(
    victim, outside
) -> None:
    victim.apply()
    total = victim.calls("patch/revert")
    assert victim.look() == (BEFORE, [])
    for at in victim.points(total, outside):
        victim.apply()
        victim.dies(at, "patch/revert")
        victim.restart()
        files, standing = victim.look()
        assert files in (BEFORE, AFTER), at
        assert standing or files == BEFORE, at
        if standing:
            victim.call("patch/revert")
        assert victim.look() == (BEFORE, []), at
