"""Claims: one winner, complete or not there, never robbed, and found when their owner is dead."""

from __future__ import annotations

import os
import socket
from contextlib import suppress

import pytest

from sextet.errors import StoreError, UnsafePathError
from sextet.store.claims import Owner, TaskClaimStore
from sextet.store.layout import RunFolder
from sextet.system import identity
from sextet.system.disk import Disk
from support.disks import every_fault, open_descriptors

TASK = "implement-1-a"


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path)


@pytest.fixture
def store(folder):
    opened = TaskClaimStore(folder)
    yield opened
    opened.close()


def nobody(_):
    return False


def everybody(_):
    return True


class TestClaim:
    def test_the_winner_is_written_down_completely(self, store, folder):
        token = store.claim(TASK, 1, "implementer-2")
        owner = Owner.model_validate_json(folder.owner(TASK, 1).read_bytes())
        assert (owner.worker_id, owner.nonce, owner.process) == ("implementer-2", token.nonce, identity.me())
        assert store.owner(TASK, 1) == owner
        assert owner.host == socket.gethostname()

    def test_invariant_1_the_second_to_ask_gets_nothing(self, store, folder):
        other = TaskClaimStore(folder)
        assert store.claim(TASK, 1, "implementer-1")
        assert other.claim(TASK, 1, "implementer-2") is None
        assert store.claim(TASK, 1, "implementer-1") is None
        assert store.owner(TASK, 1).worker_id == "implementer-1"
        assert (store.counters.claims, store.counters.conflicts, other.counters.conflicts) == (1, 1, 1)
        other.close()

    def test_invariant_1_a_former_epoch_is_never_given_out_again(self, store):
        store.release(store.claim(TASK, 1, "implementer-1"))
        assert store.claim(TASK, 1, "implementer-1") is None
        assert store.claim(TASK, 4, "implementer-1")
        assert store.claim(TASK, 3, "implementer-1") is None
        assert store.latest(TASK) == 4

    def test_losers_leave_nothing_behind(self, store, folder):
        store.claim(TASK, 1, "implementer-1")
        for _ in range(3):
            store.claim(TASK, 1, "implementer-2")
        assert [path.name for path in folder.claims.iterdir()] == [TASK]
        assert [path.name for path in (folder.claims / TASK).iterdir()] == ["1"]

    @pytest.mark.parametrize(
        "task", ["../../etc", "..", ".", "", "a/b", "a\0b", "A", "-rf", ".git", "x" * 65, "\uff41"]
    )
    def test_a_task_id_that_is_a_path_is_refused(self, store, task):
        for use in (lambda: store.claim(task, 1, "implementer-1"), lambda: store.owner(task, 1)):
            with pytest.raises(UnsafePathError):
                use()

    def test_a_link_in_the_place_of_a_task_is_not_followed(self, store, folder, tmp_path_factory):
        outside = tmp_path_factory.mktemp("outside")
        (folder.claims / TASK).symlink_to(outside)
        with pytest.raises(StoreError):
            store.claim(TASK, 1, "implementer-1")
        assert not list(outside.iterdir())

    def test_no_fault_leaves_half_a_claim(self, folder, tmp_path):
        number = 0

        def story(disk: Disk) -> None:
            nonlocal number
            number += 1
            claims = TaskClaimStore(folder, disk)
            try:
                claims.claim(f"test-1-{number}", 1, "tester-1")
            finally:
                claims.close()

        for disk in every_fault(story):
            with suppress(StoreError):
                story(disk)
            task = f"test-1-{number}"
            after = TaskClaimStore(folder)
            assert (after.owner(task, 1) is None) == (after.latest(task) == 0)
            epoch = after.latest(task) + 1
            assert after.claim(task, epoch, "tester-1"), "the task can still be claimed"
            after.close()

    def test_a_deleted_run_is_an_error_and_is_not_made_again(self, store, folder):
        folder.claims.rmdir()
        with pytest.raises(StoreError):
            store.claim(TASK, 1, "implementer-1")
        assert not folder.claims.exists()

    def test_no_descriptors_are_lost(self, store):
        store.claim(TASK, 1, "implementer-1")
        before = open_descriptors()
        for epoch in range(2, 20):
            store.release(store.claim(TASK, epoch, "implementer-1"))
            store.claim(TASK, epoch, "implementer-1")
            store.reap(nobody)
        assert open_descriptors() == before


class TestRelease:
    def test_a_released_claim_is_marked_and_kept(self, store, folder):
        token = store.claim(TASK, 1, "implementer-1")
        assert not store.is_released(TASK, 1)
        store.release(token)
        store.release(token)
        assert store.is_released(TASK, 1)
        assert store.owner(TASK, 1).nonce == token.nonce
        assert store.counters.releases == 1

    def test_a_released_claim_is_not_reaped(self, store):
        store.release(store.claim(TASK, 1, "implementer-1"))
        assert store.reap(nobody) == []


class TestReap:
    def test_a_living_owner_is_never_robbed(self, store):
        store.claim(TASK, 1, "implementer-1")
        assert store.reap() == []
        assert store.reap(everybody) == []

    def test_a_dead_owner_is_found_once(self, store):
        token = store.claim(TASK, 1, "implementer-1")
        assert store.reap(nobody) == [token]
        assert store.reap(nobody) == []
        assert store.counters.reaps == 1
        assert store.claim(TASK, 2, "implementer-1")

    def test_only_the_latest_claim_of_a_task_counts(self, store):
        store.claim(TASK, 1, "implementer-1")
        store.claim(TASK, 2, "implementer-2")
        assert [token.epoch for token in store.reap(nobody)] == [2]

    def test_a_pid_that_belongs_to_another_process_now_is_a_dead_owner(self, store, folder):
        store.claim(TASK, 1, "implementer-1")
        for change in ({"start_ticks": 1}, {"boot_id": "another boot"}):
            epoch = store.latest(TASK) + 1
            store.claim(TASK, epoch, "implementer-1")
            path = folder.owner(TASK, epoch)
            owner = Owner.model_validate_json(path.read_bytes())
            changed = owner.model_copy(update={"process": owner.process.model_copy(update=change)})
            path.write_bytes(changed.to_json())
            assert [token.epoch for token in store.reap()] == [epoch]

    def test_an_owner_on_another_host_is_left_alone(self, store, folder):
        store.claim(TASK, 1, "implementer-1")
        path = folder.owner(TASK, 1)
        owner = Owner.model_validate_json(path.read_bytes())
        path.write_bytes(owner.model_copy(update={"host": "elsewhere"}).to_json())
        assert store.reap(nobody) == []

    @pytest.mark.parametrize("content", [b"", b"{", bytes(4096), b"\xff\xfe", b"[]", b'{"epoch":1e30}'])
    def test_an_owner_file_that_cannot_be_read_has_no_living_owner(self, store, folder, content):
        store.claim(TASK, 1, "implementer-1")
        folder.owner(TASK, 1).write_bytes(content)
        assert store.owner(TASK, 1) is None
        assert [token.task_id for token in store.reap()] == [TASK]

    @pytest.mark.parametrize("make", ["fifo", "symlink", "folder", "sparse", "nothing"])
    def test_an_owner_file_that_is_no_file_blocks_nothing(self, store, folder, make):
        store.claim(TASK, 1, "implementer-1")
        path = folder.owner(TASK, 1)
        content = path.read_bytes()
        path.unlink()
        if make == "fifo":
            os.mkfifo(path)
        elif make == "symlink":
            (folder.path / "elsewhere").write_bytes(content)
            path.symlink_to(folder.path / "elsewhere")
        elif make == "folder":
            path.mkdir()
        elif make == "sparse":
            path.touch()
            os.truncate(path, 2 << 30)
        assert store.owner(TASK, 1) is None
        assert [token.task_id for token in store.reap()] == [TASK]
        assert store.reap() == []

    def test_an_owner_file_of_another_claim_is_not_believed(self, store, folder):
        store.claim(TASK, 1, "implementer-1")
        store.claim("implement-1-b", 1, "implementer-2")
        folder.owner(TASK, 1).write_bytes(folder.owner("implement-1-b", 1).read_bytes())
        assert store.owner(TASK, 1) is None

    def test_what_a_dead_process_prepared_is_swept_and_what_a_living_one_prepares_is_not(self, store, folder):
        for name in (".prepared-999999999-abcd-1", f".prepared-{os.getpid()}-abcd-1"):
            (folder.claims / name).mkdir()
            (folder.claims / name / "owner.json").touch()
        store.reap()
        assert [path.name for path in folder.claims.iterdir()] == [f".prepared-{os.getpid()}-abcd-1"]
