"""Durable files: what a caller may rely on when the disk does not do what it should."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from sextet.errors import StoreError
from sextet.system import durable
from sextet.system.appender import Appender
from sextet.system.disk import DISK, Disk, explain
from sextet.system.durable import Folder, install_dir
from support.disks import FaultyDisk, every_fault, open_descriptors


@pytest.fixture
def folder(tmp_path):
    with Folder.at(tmp_path) as opened:
        yield opened


class TestRead:
    @pytest.mark.parametrize("make", ["symlink", "fifo", "folder"])
    def test_what_is_no_regular_file_is_refused_without_blocking(self, tmp_path, folder, make):
        path = tmp_path / "f"
        (tmp_path / "real").write_text("secret")
        {
            "symlink": lambda: path.symlink_to("real"),
            "fifo": lambda: os.mkfifo(path),
            "folder": path.mkdir,
        }[make]()
        with pytest.raises(StoreError):
            durable.read(path, 100)
        with pytest.raises(StoreError):
            folder.read("f", 100)
        if make != "folder":
            with pytest.raises(StoreError):
                folder.append("f")

    def test_a_huge_sparse_file_is_refused_before_it_is_read(self, tmp_path, folder):
        with (tmp_path / "f").open("wb") as file:
            file.truncate(2 << 30)
        with pytest.raises(StoreError, match="more than"):
            folder.read("f", 1 << 20)

    def test_a_missing_file_is_told_from_an_unreadable_one(self, folder):
        with pytest.raises(FileNotFoundError):
            folder.read("f", 100)

    def test_the_end_of_a_file_can_be_read_alone(self, tmp_path, folder):
        (tmp_path / "f").write_bytes(b"0123456789")
        assert (folder.read_tail("f", 3), folder.read_tail("f", 99)) == (b"789", b"0123456789")


class TestFolder:
    @pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc", "a\0b"])
    def test_a_path_instead_of_a_name_is_refused(self, folder, name):
        with pytest.raises(StoreError):
            folder.below(name, create=True)
        with pytest.raises(StoreError):
            folder.create(name, b"")

    def test_a_link_on_the_way_down_is_not_followed(self, tmp_path, folder):
        outside = tmp_path / "outside"
        outside.mkdir()
        (tmp_path / "link").symlink_to(outside)
        with pytest.raises(StoreError):
            folder.below("link", "deeper", create=True)
        assert not list(outside.iterdir())

    def test_a_folder_that_was_swapped_for_a_link_is_still_the_one_that_was_opened(self, tmp_path):
        (tmp_path / "a").mkdir()
        (tmp_path / "victim").mkdir()
        with Folder.at(tmp_path / "a") as folder:
            (tmp_path / "a").rename(tmp_path / "b")
            (tmp_path / "a").symlink_to("victim")
            folder.create("f", b"x")
        assert (tmp_path / "b" / "f").exists()
        assert not list((tmp_path / "victim").iterdir())

    def test_no_descriptor_is_left_open_by_a_failed_walk(self, folder):
        before = open_descriptors()
        for _ in range(5):
            with pytest.raises(StoreError):
                folder.below("missing", "deeper")
        assert open_descriptors() == before


class TestReplace:
    def test_a_failure_anywhere_leaves_all_of_the_old_or_all_of_the_new(self, tmp_path):
        path = tmp_path / "f"

        def story(disk: Disk) -> None:
            durable.replace(path, b"new" * 100, disk=disk)

        failures = 0
        for disk in every_fault(story):
            path.write_bytes(b"old" * 50)
            try:
                story(disk)
            except StoreError:
                failures += 1
            assert path.read_bytes() in {b"old" * 50, b"new" * 100}
        assert failures >= 12
        durable.replace(path, b"last")
        assert [entry.name for entry in tmp_path.iterdir()] == ["f"]

    def test_what_a_crash_left_behind_is_not_in_the_way(self, tmp_path, folder):
        (tmp_path / ".f.new").write_text("half")
        folder.replace("f", b"whole")
        assert (tmp_path / "f").read_bytes() == b"whole"

    def test_a_link_in_the_place_of_the_file_is_replaced_not_followed(self, tmp_path, folder):
        (tmp_path / "real").write_text("untouched")
        (tmp_path / "f").symlink_to("real")
        (tmp_path / ".f.new").symlink_to("real")
        folder.replace("f", b"new")
        assert (tmp_path / "real").read_text() == "untouched"
        assert not (tmp_path / "f").is_symlink()


class ShortDisk(Disk):
    def write(self, fd, data):
        return super().write(fd, data[:3])


class TestAppender:
    def test_a_disk_that_takes_a_few_bytes_at_a_time_gets_them_all(self, tmp_path):
        with Folder.at(tmp_path, ShortDisk()) as folder:
            appender = Appender(folder, "f")
            appender.append(b"0123456789")
            appender.close()
        assert (tmp_path / "f").read_bytes() == b"0123456789"

    @pytest.mark.parametrize("at", [1, 2])
    @pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
    def test_a_failed_append_is_taken_back_and_nothing_is_accepted_after_it(self, tmp_path, at, code):
        disk = FaultyDisk()
        with Folder.at(tmp_path, disk) as folder:
            appender = Appender(folder, "f")
            appender.append(b"first\n")
            disk.at, disk.code = disk.calls + at, code
            with pytest.raises(StoreError):
                appender.append(b"second\n")
            with pytest.raises(StoreError):
                appender.append(b"third\n")
            appender.close()
        assert (tmp_path / "f").read_bytes() == b"first\n"

    @pytest.mark.parametrize("how", ["deleted", "replaced", "moved"])
    def test_a_file_that_is_no_longer_in_its_place_fails_the_append(self, tmp_path, folder, how):
        appender = Appender(folder, "f")
        appender.append(b"first\n")
        if how == "moved":
            (tmp_path / "f").rename(tmp_path / "g")
        else:
            (tmp_path / "f").unlink()
        if how == "replaced":
            (tmp_path / "f").write_text("another")
        with pytest.raises(StoreError):
            appender.append(b"second\n")
        appender.close()


class TestInstallDir:
    def test_a_folder_with_something_in_it_is_never_replaced(self, tmp_path, folder):
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "owner").write_text(name)
        assert install_dir("one", "target", folder, folder)
        assert not install_dir("two", "target", folder, folder)
        assert (tmp_path / "target" / "owner").read_text() == "one"

    def test_a_file_in_the_place_is_never_replaced(self, tmp_path, folder):
        (tmp_path / "one").mkdir()
        (tmp_path / "target").write_text("here")
        assert not install_dir("one", "target", folder, folder)
        assert (tmp_path / "target").read_text() == "here"


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (errno.ENOSPC, "full"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "permission"),
        (errno.EMFILE, "open"),
    ],
)
def test_an_error_of_the_system_says_what_and_what_next(code, word):
    error = explain(OSError(code, os.strerror(code)), "write f")
    assert word in error.what
    assert error.next_step


def test_the_real_disk_is_used_when_none_is_named(tmp_path):
    with Folder.at(Path(tmp_path)) as folder:
        assert folder.disk is DISK
