"""The registry of runs: complete or not there, ours or only to be looked at."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from sextet.errors import ForeignRunError, NotFoundError, StoreError, UnsafePathError
from sextet.model.events import Entry, RunStateChanged
from sextet.model.names import RunState
from sextet.model.run import SCHEMA_VERSION, Run
from sextet.store import reading, runs
from sextet.store.journal import Journal
from sextet.store.layout import check_run_id
from sextet.store.state import State
from sextet.system.disk import Disk
from support.disks import RUN_ID, a_run, every_fault, lines_of


@pytest.fixture
def root(tmp_path):
    path = tmp_path / "tree"
    path.mkdir()
    return path


@pytest.fixture
def state(root, tmp_path):
    return State.of(root, tmp_path / "state")


def kept(folder):
    return Run.model_validate_json(folder.run.read_bytes())


class TestNewRunId:
    def test_it_can_be_read_and_sorts_by_time(self):
        assert (
            runs.new_run_id("Fix add()!", 1_795_357_805.0, lambda _: "7f3a") == "20261122-143005-fix-add-7f3a"
        )

    @pytest.mark.parametrize(
        "goal", ["", "   ", "../../etc", "日本語", "Ünïcödé", "x" * 5_000, "a b " * 500, "\0\n", "-rf"]
    )
    def test_it_is_a_run_id_whatever_the_goal(self, goal):
        assert check_run_id(runs.new_run_id(goal, 0.0))

    def test_two_of_the_same_second_differ(self):
        assert len({runs.new_run_id("x", 0.0) for _ in range(10)}) > 1


class TestCreate:
    def test_a_run_begins_with_its_first_event(self, root, state):
        folder = runs.create(root, state, a_run())
        assert folder.path == root / "codex-runs" / RUN_ID
        assert kept(folder) == a_run()
        [first] = reading.read(folder)
        assert first.event.run == a_run()
        assert (root / "codex-runs" / ".gitignore").read_text() == "*\n"
        assert runs.open_run(root, state, RUN_ID) == folder

    def test_a_second_run_of_the_same_id_is_refused(self, root, state):
        runs.create(root, state, a_run())
        with pytest.raises(StoreError, match="already"):
            runs.create(root, state, a_run(goal="another"))
        assert kept(runs.open_run(root, state, RUN_ID)) == a_run()

    def test_what_the_user_wrote_into_gitignore_stays(self, root, state):
        (root / "codex-runs").mkdir()
        (root / "codex-runs" / ".gitignore").write_text("logs/\n")
        runs.create(root, state, a_run())
        assert (root / "codex-runs" / ".gitignore").read_text() == "logs/\n"

    @pytest.mark.parametrize("make", ["link", "file", "fifo"])
    def test_invariant_6_codex_runs_that_is_no_folder_is_refused(self, root, state, tmp_path, make):
        outside = tmp_path / "outside"
        outside.mkdir()
        place = root / "codex-runs"
        {
            "link": lambda: place.symlink_to(outside),
            "file": place.touch,
            "fifo": lambda: os.mkfifo(place),
        }[make]()
        for use in (
            lambda: runs.create(root, state, a_run()),
            lambda: runs.list_runs(root, state),
            lambda: runs.open_run(root, state, RUN_ID),
        ):
            with pytest.raises(StoreError):
                use()
        assert list(outside.iterdir()) == []

    def test_no_fault_leaves_half_a_run(self, root, state):
        def story(disk: Disk) -> None:
            runs.create(root, state, a_run(), disk)

        counted = 0
        for disk in every_fault(story):
            shutil.rmtree(root / "codex-runs", ignore_errors=True)
            state.run(RUN_ID).unlink(missing_ok=True)
            try:
                story(disk)
            except StoreError:
                counted += 1
            if runs.list_runs(root, state):
                assert Journal.open(runs.open_run(root, state, RUN_ID)).close() is None
            else:
                runs.create(root, state, a_run())
            assert kept(runs.open_run(root, state, RUN_ID)) == a_run()
        assert counted > 40


class TestOwnership:
    def test_a_run_that_came_with_a_clone_is_only_looked_at(self, root, state, tmp_path):
        runs.create(root, state, a_run())
        clone = tmp_path / "clone"
        shutil.copytree(root, clone)
        other = State.of(clone, tmp_path / "state")
        with pytest.raises(ForeignRunError):
            runs.open_run(clone, other, RUN_ID)
        folder = runs.open_run(clone, other, RUN_ID, read_only=True)
        assert kept(folder) == a_run()
        [summary] = runs.list_runs(clone, other)
        assert not summary.ours
        assert summary.problem

    def test_a_run_put_in_the_place_of_ours_is_foreign(self, root, state):
        folder = runs.create(root, state, a_run())
        folder.path.rename(root / "aside")
        shutil.copytree(root / "aside", folder.path)
        with pytest.raises(ForeignRunError):
            runs.open_run(root, state, RUN_ID)

    def test_adopting_is_a_word_of_the_user(self, root, state):
        runs.create(root, state, a_run())
        state.run(RUN_ID).unlink()
        with pytest.raises(ForeignRunError):
            runs.open_run(root, state, RUN_ID)
        runs.adopt(root, state, RUN_ID)
        assert runs.open_run(root, state, RUN_ID)

    @pytest.mark.parametrize("record", [b"", b"{}", bytes(100), b'{"device":1,"inode":1}', b'{"device":-1}'])
    def test_a_record_that_says_nothing_makes_a_run_foreign(self, root, state, record):
        runs.create(root, state, a_run())
        state.run(RUN_ID).write_bytes(record)
        with pytest.raises(ForeignRunError):
            runs.open_run(root, state, RUN_ID)

    def test_a_missing_run_is_not_found(self, root, state):
        for use in (runs.open_run, runs.adopt):
            with pytest.raises(NotFoundError):
                use(root, state, RUN_ID)
        (root / "codex-runs").mkdir()
        with pytest.raises(NotFoundError):
            runs.open_run(root, state, RUN_ID)

    @pytest.mark.parametrize(
        "run_id",
        [
            "../../etc",
            "..",
            ".",
            "",
            "a/b",
            "a\\b",
            "C:\\x",
            "\\\\srv\\x",
            "a\0b",
            "x" * 300,
            "CON",
            "aux.json",
            "-rf",
            ".git",
            "NUL.",
            "a ",
            "\uff41" * 8,
            "runs\u202egnp",
            "20261122-x\n",
        ],
    )
    def test_invariant_6_a_run_id_that_is_a_path_is_refused(self, root, state, run_id):
        for use in (runs.open_run, runs.adopt):
            with pytest.raises(UnsafePathError):
                use(root, state, run_id)


class TestDamage:
    @pytest.mark.parametrize(
        "content",
        [b"", b"{", bytes(4096), b"\xff\xfe", b"[]", b"null", b"1" * 5_000, b"[" * 100_000, b'{"id":NaN}'],
    )
    def test_a_damaged_run_file_is_told_and_the_other_runs_are_fine(self, root, state, content):
        runs.create(root, state, a_run("20261122-143006-other-7f3a"))
        folder = runs.create(root, state, a_run())
        folder.run.write_bytes(content)
        assert [bool(summary.problem) for summary in runs.list_runs(root, state)] == [False, True]

    def test_a_run_file_cut_at_any_byte_is_told(self, root, state):
        folder = runs.create(root, state, a_run())
        data = folder.run.read_bytes()
        for cut in range(len(data) - 1):
            folder.run.write_bytes(data[:cut])
            [summary] = runs.list_runs(root, state)
            assert summary.problem

    @pytest.mark.parametrize("make", ["symlink", "fifo", "folder", "sparse"])
    def test_a_run_file_that_is_no_file_is_told(self, root, state, make):
        folder = runs.create(root, state, a_run())
        content = folder.run.read_bytes()
        folder.run.unlink()
        if make == "symlink":
            (root / "run").write_bytes(content)
            folder.run.symlink_to(root / "run")
        elif make == "fifo":
            os.mkfifo(folder.run)
        elif make == "folder":
            folder.run.mkdir()
        else:
            folder.run.touch()
            os.truncate(folder.run, 2 << 30)
        [summary] = runs.list_runs(root, state)
        assert summary.problem

    def test_a_newer_run_is_listed_as_such(self, root, state):
        folder = runs.create(root, state, a_run())
        said = json.loads(folder.run.read_text())
        folder.run.write_text(json.dumps({**said, "schemaVersion": SCHEMA_VERSION + 1, "unheardOf": {}}))
        [summary] = runs.list_runs(root, state)
        assert summary.goal == "fix add"
        assert "newer" in summary.problem


class TestList:
    def test_there_are_none_before_the_first(self, root, state):
        assert runs.list_runs(root, state) == []

    def test_the_newest_comes_first_and_what_is_no_run_is_passed_over(self, root, state):
        for number in range(5):
            runs.create(root, state, a_run(f"20261122-14300{number}-fix-7f3a"))
        place = root / "codex-runs"
        (place / "notes.txt").write_text("mine")
        (place / "20261122-143009-file").write_text("a file")
        (place / "20261122-143009-link").symlink_to(place / "20261122-143000-fix-7f3a")
        (place / "Some Folder").mkdir()
        found = [summary.id for summary in runs.list_runs(root, state)]
        assert found == [f"20261122-14300{number}-fix-7f3a" for number in (4, 3, 2, 1, 0)]
        assert len(runs.list_runs(root, state, limit=2)) == 2

    @pytest.mark.parametrize("padding", [0, 500])
    def test_the_state_is_what_the_journal_says_last(self, root, state, padding):
        folder = runs.create(root, state, a_run())
        assert runs.list_runs(root, state)[0].state is RunState.QUEUED
        log = Journal.open(folder)
        for number, moved in enumerate((RunState.RUNNING, RunState.STOPPED), 2):
            entry = Entry(seq=number, time=1.0, actor="sextet", event=RunStateChanged(state=moved))
            log.append([entry.to_json()])
        log.append(lines_of(4, 4 + padding))
        log.close()
        assert runs.list_runs(root, state)[0].state is RunState.STOPPED

    def test_a_text_that_imitates_a_change_of_state_is_a_text(self, root, state):
        goal = '"kind":"run_state_changed","state":"completed"'
        runs.create(root, state, a_run(goal=goal))
        assert runs.list_runs(root, state)[0].state is RunState.QUEUED
