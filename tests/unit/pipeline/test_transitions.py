from __future__ import annotations

import pytest

from sextet.errors import InvalidTransitionError, StaleError
from sextet.model.names import Kind, TaskState
from sextet.model.task import Failure, FailureKind, Task
from sextet.pipeline.transitions import TABLE, Move, after, check_epoch

# The table of the design, written out once more: kind -> "state move -> state".
COMMON = """
ready claim in_progress
ready stop stopped
ready supersede superseded
in_progress finish done
in_progress fail error
in_progress block blocked
in_progress release ready
in_progress stop stopped
in_progress supersede superseded
blocked retry ready
blocked stop stopped
blocked supersede superseded
error retry ready
error stop stopped
error supersede superseded
stopped retry ready
stopped supersede superseded
"""
CONSENSUS = """
in_progress finish_for_review awaiting_review
awaiting_review approve done
awaiting_review reopen ready
awaiting_review stop stopped
awaiting_review supersede superseded
"""
IMPLEMENT = """
done integrate integrated
done reopen ready
done stop stopped
done supersede superseded
integrated reopen ready
"""
JUDGE = """
done reopen ready
done supersede superseded
"""
WRITTEN = {
    Kind.ANALYSIS: COMMON,
    Kind.SPLIT: COMMON,
    Kind.CONSENSUS: COMMON + CONSENSUS,
    Kind.IMPLEMENT: COMMON + IMPLEMENT,
    Kind.TEST: COMMON + JUDGE,
    Kind.REVIEW: COMMON + JUDGE,
}


def allowed(kind: Kind) -> dict[tuple[str, str], str]:
    rows = (line.split() for line in WRITTEN[kind].split("\n") if line)
    return {(state, move): then for state, move, then in rows}


def task(kind: Kind, state: TaskState) -> Task:
    return Task(id="task-1", kind=kind, title="t", patch=1, state=state, epoch=2, owner="tester-1")


@pytest.mark.parametrize("move", Move)
@pytest.mark.parametrize("state", TaskState)
@pytest.mark.parametrize("kind", Kind)
def test_every_move_leads_where_the_table_says_and_nowhere_else(kind, state, move):
    expected = allowed(kind).get((state.value, move.value))
    if expected is not None:
        assert after(task(kind, state), move) == expected
        return
    with pytest.raises(InvalidTransitionError):
        after(task(kind, state), move)


def test_the_written_table_names_only_known_states_and_moves():
    for kind in Kind:
        for (state, move), then in allowed(kind).items():
            assert TABLE[kind][TaskState(state)][Move(move)] is TaskState(then)


def test_no_state_but_superseded_and_a_judged_end_is_a_dead_end():
    dead = {(kind, state) for kind in Kind for state, moves in TABLE[kind].items() if not moves}
    done = {(kind, TaskState.DONE) for kind in (Kind.ANALYSIS, Kind.CONSENSUS, Kind.SPLIT)}
    assert dead == done | {(kind, TaskState.SUPERSEDED) for kind in Kind}


def test_an_illegal_move_tells_the_tasks_story():
    failure = Failure(kind=FailureKind.INTERNAL, cause="the disk was full")
    update = {"failure": failure, "reworks": 2}
    with pytest.raises(InvalidTransitionError) as caught:
        after(task(Kind.TEST, TaskState.DONE).model_copy(update=update), Move.CLAIM)
    for words in ("2 attempts", "held by tester-1", "the disk was full", "reworked 2 times", "task-1"):
        assert words in str(caught.value)
    assert caught.value.facts == {"task_id": "task-1", "state": "done", "move": "claim"}


@pytest.mark.parametrize("epoch", [0, 1, 3])
def test_invariant_8_another_epoch_is_refused_and_named(epoch):
    with pytest.raises(StaleError) as caught:
        check_epoch(task(Kind.TEST, TaskState.IN_PROGRESS), epoch)
    assert caught.value.facts["current"] == 2
