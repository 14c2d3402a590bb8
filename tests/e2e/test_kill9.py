"""Supervisors that are killed without a word, at any moment: nothing is lost, nothing happens twice.

`make soak` kills 200 times instead of 12; `SEXTET_TEST_KILLS` and `SEXTET_TEST_SEED` choose other numbers.
"""

from __future__ import annotations

import secrets
import statistics
from random import Random

import pytest

from sextet.model.names import RunState
from support.kills import Line, Victim, many_items

ITEMS = 36
KILLS = 12


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_invariants_1_2_3_9_and_11_hold_after_random_kills_of_a_run_with_forty_tasks(
    tmp_path, outside, capsys
):
    wanted = int(outside.get("SEXTET_TEST_KILLS") or KILLS)
    seed = int(outside.get("SEXTET_TEST_SEED") or secrets.randbelow(1 << 32))
    print(f"SEXTET_TEST_SEED={seed}")
    random = Random(seed)
    undisturbed = Victim.make(tmp_path / "undisturbed", many_items(ITEMS)).finish()
    assert undisturbed.state is RunState.COMPLETED
    assert len(undisturbed.tasks) >= 40
    kills, resumes, number = 0, [], 0
    while kills < wanted:
        number += 1
        victim = Victim.make(tmp_path / str(number), many_items(ITEMS))
        while kills + victim.kills < wanted and victim.random_round(random):
            pass
        view = victim.finish()
        assert view.state is RunState.COMPLETED
        assert view.trees[1][0] == undisturbed.trees[1][0], "another tree than the undisturbed run's"
        assert view.tasks.keys() == undisturbed.tasks.keys()
        kills, resumes = kills + victim.kills, resumes + victim.resumes
    with capsys.disabled():
        middle = statistics.median(resumes) if resumes else 0.0
        print(f"\n{kills} kills in {number} runs, seed {seed}; a resume took {middle:.2f} s (median)")


def kind(line: Line) -> str:
    """`task_finished implement`: what happened, and to which kind of task (or which state of the run)."""
    event = line.get("event", {})
    task = str(event.get("taskId") or event.get("task", {}).get("id") or "")
    return f"{event.get('kind', '')} {task.partition('-')[0] or event.get('state', '')}".strip()


MOMENTS = (
    "run_state_changed bootstrapping",
    "run_state_changed running",
    "task_added analysis",
    "task_claimed analysis",
    "turn_started analysis",
    "task_released analysis",
    "baseline_finished",
    "task_finished analysis",
    "task_added consensus",
    "task_claimed consensus",
    "task_finished consensus",
    "task_added split",
    "task_claimed split",
    "task_finished split",
    "task_added implement",
    "task_claimed implement",
    "turn_started implement",
    "task_released implement",
    "task_finished implement",
    "task_integrated implement",
    "task_added test",
    "task_claimed test",
    "task_finished test",
    "task_added review",
    "task_claimed review",
    "turn_started review",
    "task_finished review",
    "patch_proposed",
    "run_state_changed completed",
)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_invariant_2_a_kill_right_after_any_kind_of_event_changes_nothing_in_the_end(tmp_path):
    undisturbed = Victim.make(tmp_path / "undisturbed", many_items(3)).finish()
    left, struck, number = list(MOMENTS), [], 0
    while left:
        number += 1
        victim = Victim.make(tmp_path / str(number), many_items(3))
        before = len(left)
        while left and strike(victim, left, struck):
            pass
        assert victim.finish().trees[1][0] == undisturbed.trees[1][0]
        if len(left) == before:  # these do not happen, or the run is always quicker
            break
    assert len(struck) >= len(MOMENTS) - 4, left


def strike(victim: Victim, left: list[str], struck: list[str]) -> bool:
    """Kill at the first of the moments that comes; False when the run ended before any did."""
    supervisor = victim.start()
    came: list[str] = []

    def wanted(line: Line) -> bool:
        came.append(kind(line))
        return came[-1] in left

    happened = supervisor.until(wanted, 60)
    alive = supervisor.kill()
    victim.check()
    if happened:
        left.remove(came[-1])
        struck.append(came[-1])
    return happened and alive
