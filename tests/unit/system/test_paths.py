from __future__ import annotations

import ctypes
import itertools
import os
import socket
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sextet.errors import UnsafePathError
from sextet.system import paths
from sextet.system.paths import Root, check_relative
from support.processes import open_files

HOSTILE = [
    "", "/", "/etc/passwd", "//x", ".", "..", "../x", "d/../../x", "d/./x", "a//b", "a/", "./a",
    "..\\x", "C:\\x", "\\\\srv\\x", "a\0b", "a/" + "n" * 256, "é" * 128, "a/" * 2048 + "a", "\ud800",
    ".git", ".git/config", ".GIT/hooks/x", ".Git", "d/.git/hooks/x", "git~1", "GIT~1/config", "git~2",
    ".git ", ".git.", ".git. . ", ".git::$INDEX_ALLOCATION", ".git:x", ".g\u200cit", "\ufeff.git",
    ".gi\u202et/x", ".GIT\u200d./config", "codex-runs", "codex-runs/x/run.json", "CODEX-RUNS/x",
    "codex-runs. /x", "codex\u200c-runs",
]  # fmt: skip
HARMLESS = [
    "a", "a/b/c", ".gitignore", ".github/workflows/x.yml", ".gitmodules", "git", "a.git/b", "d/codex-runs/x",
    "-rf", " a", "a ", "a:b", "n" * 255, "nul", "a\nb", "\x1b[31m", "\u202egnp", "..a", "...", "\udcff",
    ".\uff47\uff49\uff54", "~",
]  # fmt: skip


@pytest.fixture
def root(tmp_path: Path):
    (tmp_path / "top").mkdir()
    (tmp_path / "outside").mkdir()
    before = open_files()
    with Root(tmp_path / "top") as opened:
        yield opened
    assert open_files() <= before
    assert list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize("path", HOSTILE)
def test_a_hostile_path_is_accepted(path, root):
    calls: list[Callable[[], object]] = [
        lambda: check_relative(path),
        lambda: root.open_parent(path, create=True),
        lambda: root.replace(path, b"x"),
        lambda: root.symlink(path, "x"),
        lambda: root.remove(path),
        lambda: root.read(path, 1),
        lambda: root.readlink(path),
        lambda: root.stat(path),
        lambda: root.exists(path),
    ]
    for call in calls:
        with pytest.raises(UnsafePathError):
            call()
    assert list(root.path.iterdir()) == []


@pytest.mark.parametrize("path", HARMLESS)
def test_a_harmless_path_is_refused(path, root):
    assert "/".join(check_relative(path)) == path
    root.replace(path, b"x")
    assert root.read(path, 1) == b"x"
    root.remove(path)
    assert list(root.path.iterdir()) == []


@given(st.text() | st.lists(st.sampled_from([*HOSTILE, *HARMLESS, "a", "..", "."])).map("/".join))
def test_an_accepted_path_leads_out(path):
    try:
        components = check_relative(path)
    except UnsafePathError:
        return
    assert os.path.normpath(os.path.join("/top", path)) == "/top/" + "/".join(components)  # noqa: PTH118
    assert not {name.casefold() for name in components} & {".git", "..", ".", ""}


def test_a_written_file_differs_in_content_or_mode(root):
    for mode in (0o644, 0o755, 0o600):
        root.replace("d/e/file", b"\0content", mode, sync=True)
        assert root.read("d/e/file", 8) == b"\0content"
        found = root.stat("d/e/file")
        assert found
        assert stat.S_IMODE(found.st_mode) == mode
    assert os.listdir(root.path / "d/e") == ["file"]  # noqa: PTH208 -- names only
    root.replace("d/e/file", b"", 0o4755)
    assert stat.S_IMODE((root.path / "d/e/file").stat().st_mode) == 0o755


def test_a_failed_write_changes_the_file_or_leaves_another(root, monkeypatch):
    root.replace("file", b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        root.replace("file", b"new", sync=True)
    assert root.read("file", 3) == b"old"
    assert [each.name for each in root.path.iterdir()] == ["file"]


def test_a_missing_file_is_something(root):
    assert root.stat("missing/file") is None
    assert not root.exists("file")
    for call in (lambda: root.read("file", 1), lambda: root.remove("file"), lambda: root.readlink("a/b")):
        with pytest.raises(FileNotFoundError):
            call()


def test_a_link_on_the_way_is_followed(root, tmp_path):
    (tmp_path / "outside/secret").write_bytes(b"secret")
    (root.path / "link").symlink_to(tmp_path / "outside")
    (root.path / "self").symlink_to(".")
    (root.path / "file").write_bytes(b"")
    for path in ("link/secret", "self/file", "link/new/file", "file/x", "self/self/x"):
        for call in (
            lambda path=path: root.replace(path, b"x"),
            lambda path=path: root.symlink(path, "x"),
            lambda path=path: root.remove(path),
            lambda path=path: root.read(path, 9),
            lambda path=path: root.stat(path),
        ):
            with pytest.raises(UnsafePathError):
                call()
    assert (tmp_path / "outside/secret").read_bytes() == b"secret"
    (tmp_path / "outside/secret").unlink()


def test_a_link_at_the_end_is_followed(root, tmp_path):
    (tmp_path / "outside/file").write_bytes(b"secret")
    root.symlink("link", "../outside/file")
    assert root.readlink("link") == "../outside/file"
    with pytest.raises(UnsafePathError):
        root.read("link", 100)
    found = root.stat("link")
    assert found
    assert stat.S_ISLNK(found.st_mode)
    root.replace("link", b"ours")
    assert not (root.path / "link").is_symlink()
    root.symlink("link", "elsewhere")
    root.symlink("link", "../outside/file")
    root.remove("link")
    assert (tmp_path / "outside/file").read_bytes() == b"secret"
    (tmp_path / "outside/file").unlink()


def test_a_dangling_link_does_not_exist(root):
    root.symlink("link", "nowhere")
    assert root.exists("link")


def test_something_else_than_a_file_is_read(root, tmp_path):
    os.mkfifo(root.path / "fifo")
    (root.path / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(root.path)  # the path of a socket is short
        server.bind("socket")
        os.chdir(here)
    for name in ("fifo", "folder", "socket"):
        with pytest.raises(UnsafePathError):
            root.read(name, 100)


def test_a_file_over_the_limit_is_read(root):
    with (root.path / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(UnsafePathError, match="larger"):
        root.read("sparse", 1000)


def test_a_file_that_does_not_tell_its_size_is_read_whole():
    with Root(Path("/proc/self")) as proc, pytest.raises(UnsafePathError, match="larger"):
        proc.read("status", 10)


@pytest.mark.parametrize(
    "write", [lambda root: root.replace("d", b""), lambda root: root.symlink("d", "x")], ids=["file", "link"]
)
def test_a_folder_is_replaced_or_removed_as_a_file(root, write):
    (root.path / "d").mkdir()
    with pytest.raises(UnsafePathError, match="folder"):
        write(root)
    with pytest.raises(UnsafePathError, match="folder"):
        root.remove("d")
    assert [each.name for each in root.path.iterdir()] == ["d"]


def test_a_folder_that_we_did_not_make_is_pruned(root):
    (root.path / "theirs").mkdir()
    root.replace("theirs/ours/deep/file", b"")
    root.remove("theirs/ours/deep/file")
    assert [each.name for each in root.path.rglob("*")] == ["theirs"]


def test_empty_folders_stay_where_git_removes_them(root):
    (root.path / "a/b/c").mkdir(parents=True)
    (root.path / "a/b/c/file").touch()
    (root.path / "a/other").touch()
    root.remove("a/b/c/file", prune=True)
    assert sorted(each.name for each in root.path.rglob("*")) == ["a", "other"]


def test_what_took_the_place_of_a_root_is_written_to(root, tmp_path):
    root.path.rename(tmp_path / "moved")
    (tmp_path / "top").mkdir()
    root.replace("file", b"still the old one")
    assert (tmp_path / "moved/file").exists()
    assert list((tmp_path / "top").iterdir()) == []


@pytest.mark.parametrize("missing", [False, True], ids=["in place", "made"])
def test_a_folder_that_turns_into_a_link_leads_a_write_out(root, tmp_path, missing):
    """Somebody swaps the folder for a link to the outside, again and again, while we write."""
    top, outside = root.path, tmp_path / "outside"
    (top / "d").mkdir()
    (top / "link").symlink_to(outside)
    stop = threading.Event()
    flips = itertools.count()
    exchange = ctypes.CDLL(None).renameat2
    names = os.fsencode(top / "d"), os.fsencode(top / "link")

    def swap() -> None:
        while not stop.is_set() or next(flips) < 10_000:
            exchange(-100, names[0], -100, names[1], 2)  # AT_FDCWD, RENAME_EXCHANGE

    flipper = threading.Thread(target=swap)
    flipper.start()
    written = refused = 0
    try:
        while written < 300 or refused < 300:
            try:
                root.replace(f"d/new{written}/file" if missing else f"d/file{written}", b"x")
                written += 1
            except (UnsafePathError, OSError):
                refused += 1
    finally:
        stop.set()
        flipper.join()
    assert list(outside.iterdir()) == []


def test_links_are_refused_by_something_else_than_the_open(root, monkeypatch):
    """The protection is in the open itself: without O_NOFOLLOW a link is followed."""
    monkeypatch.setattr(paths, "_FOLDER", paths._FOLDER & ~os.O_NOFOLLOW)
    (root.path / "target").mkdir()
    (root.path / "link").symlink_to("target")
    root.replace("link/file", b"x")
    assert (root.path / "target/file").exists()
