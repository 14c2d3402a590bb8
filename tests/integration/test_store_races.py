"""Many processes after one claim; a run that is killed and opened again and again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from sextet.errors import InvalidTransitionError, StaleError
from sextet.model.events import Entry, RunCreated, TaskAdded, TaskClaimed, TaskFinished, TaskReleased
from sextet.model.names import Kind, TaskState
from sextet.model.outcome import ImplementOutcome
from sextet.model.task import Task
from sextet.pipeline.fold import apply, fold
from sextet.store import reading
from sextet.store.claims import Owner, TaskClaimStore
from sextet.store.frames import frame
from sextet.store.journal import Journal
from sextet.store.layout import RunFolder
from sextet.store.views import Views
from sextet.system import identity
from support.disks import a_run

ROUNDS = 25
RACE = """
import sys
from pathlib import Path
from sextet.store.claims import TaskClaimStore
from sextet.store.layout import RunFolder
store = TaskClaimStore(RunFolder(Path(sys.argv[1])))
print("ready", flush=True)
sys.stdin.readline()
won = [n for n in range(int(sys.argv[3])) if store.claim(f"implement-1-{n}", 1, f"implementer-{sys.argv[2]}")]
print(*won)
"""


@pytest.mark.slow
def test_invariant_1_of_32_processes_exactly_one_wins_each_round(tmp_path):
    with ExitStack() as stack:
        racers = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", RACE, str(tmp_path), str(number), str(ROUNDS)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for number in range(32)
        ]
        for racer in racers:
            assert racer.stdout.readline() == "ready\n"
        for racer in racers:
            racer.stdin.write("go\n")
            racer.stdin.flush()
        won = {number: racer.stdout.read().split() for number, racer in enumerate(racers)}
    assert sorted(int(round_) for rounds in won.values() for round_ in rounds) == list(range(ROUNDS))
    folder = RunFolder(tmp_path)
    for number, rounds in won.items():
        for round_ in rounds:
            owner = Owner.model_validate_json(folder.owner(f"implement-1-{round_}", 1).read_bytes())
            assert owner.worker_id == f"implementer-{number}"
    assert sorted(path.name for path in folder.claims.iterdir()) == sorted(
        f"implement-1-{n}" for n in range(ROUNDS)
    )


TASKS = ("a", "b", "c")


def task_id(name):
    return f"implement-1-{name}"


class Story(RuleBasedStateMachine):
    """One supervisor works, dies at any moment (with or without half a line on the disk) and comes back."""

    def __init__(self):
        super().__init__()
        self.folder = RunFolder(Path(tempfile.mkdtemp(prefix="story-")))
        self.held = {}
        self.former = []
        self.accepted = {}
        self.acknowledged = 0

    @initialize()
    def begin(self):
        self.journal = Journal.create(self.folder)
        self.claims = TaskClaimStore(self.folder)
        self.view = fold([])
        self.put(RunCreated(run=a_run()))
        for name in TASKS:
            self.put(TaskAdded(task=Task(id=task_id(name), kind=Kind.IMPLEMENT, title=name, patch=1)))

    def put(self, event):
        entry = Entry(seq=self.journal.seq + 1, time=1.0, actor="sextet", event=event)
        apply(self.view, entry)
        self.journal.append([entry.to_json()])
        self.acknowledged = entry.seq

    def task(self, name):
        return self.view.tasks[task_id(name)]

    @rule(name=st.sampled_from(TASKS), tell=st.booleans())
    def claim(self, name, tell):
        task = self.task(name)
        if task.state is not TaskState.READY:
            return
        token = self.claims.claim(task.id, self.claims.latest(task.id) + 1, "implementer-1")
        assert token is not None
        assert token.epoch > task.epoch
        if tell:  # else: the claim is there and its event is not, as after a crash between the two
            self.put(TaskClaimed(task_id=task.id, epoch=token.epoch, worker_id="implementer-1"))
            self.held[name] = token

    @rule(name=st.sampled_from(TASKS))
    def complete(self, name):
        token = self.held.pop(name, None)
        if token is None:
            return
        self.put(TaskFinished(task_id=token.task_id, epoch=token.epoch, outcome=self.outcome()))
        self.claims.release(token)
        assert name not in self.accepted
        self.accepted[name] = token.epoch

    @rule(name=st.sampled_from(TASKS))
    def release(self, name):
        token = self.held.pop(name, None)
        if token is not None:
            self.put(TaskReleased(task_id=token.task_id, epoch=token.epoch, reason="asked to"))
            self.claims.release(token)
            self.former.append(token)

    @precondition(lambda self: self.former)
    @rule(data=st.data())
    def a_zombie_finishes(self, data):
        token = data.draw(st.sampled_from(self.former))
        with suppress(StaleError, InvalidTransitionError):
            self.put(TaskFinished(task_id=token.task_id, epoch=token.epoch, outcome=self.outcome()))
            raise AssertionError("a result of a former epoch was accepted")

    @rule(torn=st.integers(0, 200), flushed=st.booleans())
    def kill_and_come_back(self, torn, flushed):
        self.journal.close()
        self.claims.close()
        entry = Entry(
            seq=self.acknowledged + 1,
            time=1.0,
            actor="sextet",
            event=TaskReleased(
                task_id=task_id("a"),
                epoch=1,
                reason="never acknowledged",
            ),
        )
        with self.folder.journal.open("ab") as file:
            file.write(frame([entry.to_json()])[:-1][:torn])
        dead = identity.Identity(pid=2**22 - 1, start_ticks=1, boot_id="gone")
        for path in self.folder.claims.glob("*/*/owner.json"):
            owner = Owner.model_validate_json(path.read_bytes())
            path.write_bytes(owner.model_copy(update={"process": dead}).to_json())

        before = self.view
        self.journal = Journal.open(self.folder)
        self.claims = TaskClaimStore(self.folder)
        self.view = fold(self.journal.entries)
        assert self.journal.seq == self.acknowledged
        assert self.view == before
        for token in self.claims.reap():
            task = self.view.tasks[token.task_id]
            if task.state is TaskState.IN_PROGRESS and task.epoch == token.epoch:
                self.put(TaskReleased(task_id=task.id, epoch=token.epoch, reason="its owner died"))
        self.former += self.held.values()
        self.held.clear()
        assert not [task for task in self.view.tasks.values() if task.state is TaskState.IN_PROGRESS]

    @staticmethod
    def outcome():
        return ImplementOutcome(summary="done", change=None)

    @invariant()
    def no_task_is_lost_and_none_is_done_twice(self):
        if not hasattr(self, "view"):
            return
        assert set(self.view.tasks) == {task_id(name) for name in TASKS}
        for name, epoch in self.accepted.items():
            assert (self.task(name).state, self.task(name).epoch) == (TaskState.DONE, epoch)

    @invariant()
    def replaying_gives_the_same_view(self):
        if hasattr(self, "view"):
            assert fold(reading.read(self.folder)) == self.view

    def teardown(self):
        if hasattr(self, "journal"):
            self.journal.close()
            self.claims.close()
        shutil.rmtree(self.folder.path)


def test_invariant_1_invariant_2_invariant_11_whatever_happens_in_whatever_order():
    run_state_machine_as_test(
        Story, settings=settings(max_examples=40, stateful_step_count=30, deadline=None)
    )


def test_invariant_11_views_written_at_any_time_say_what_the_journal_says(tmp_path):
    folder = RunFolder(tmp_path)
    journal = Journal.create(folder)
    views = Views(folder)
    view = fold([])
    events = [RunCreated(run=a_run())]
    events += [TaskAdded(task=Task(id=task_id(n), kind=Kind.IMPLEMENT, title=n, patch=1)) for n in TASKS]
    events += [TaskClaimed(task_id=task_id(n), epoch=1, worker_id="implementer-1") for n in TASKS]
    for seq, event in enumerate(events, 1):
        entry = Entry(seq=seq, time=1.0, actor="sextet", event=event)
        journal.append([entry.to_json()])
        apply(view, entry)
        for task in view.tasks.values():
            views.put(task)
    journal.close()
    views.close()
    replayed = fold(reading.read(folder))
    for task in replayed.tasks.values():
        assert (
            Task.model_validate(json.loads(folder.task(task.kind, task.id).read_text()), strict=False) == task
        )
