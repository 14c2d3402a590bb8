"""Commits and refs that are written without git are git's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from sextet.errors import GitError
from sextet.workspace.git import Git, text
from sextet.workspace.objects import write_commit, write_ref
from support import repos

MESSAGES = ("One line", "Two\n\nlines\n", "ümläut ✨", "", "lone \udcff surrogate")


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
@pytest.mark.parametrize("message", MESSAGES)
async def test_a_commit_has_the_id_that_git_gives_it(tmp_path: Path, algorithm: str, message: str) -> None:
    repos.git(tmp_path, "init", "-q", "--bare", f"--object-format={algorithm}", ".")
    git = Git(tmp_path)
    tree = text(await git("mktree"))
    parent = text(await git("commit-tree", tree, stdin=b"first"))
    words = message.encode("utf-8", "replace")
    for parents in ((), (parent,), (parent, write_commit(tmp_path, tree, (parent,), "second"))):
        links = [part for each in parents for part in ("-p", each)]
        ours = write_commit(tmp_path, tree, parents, message)
        repos.git(tmp_path, "fsck", "--strict", "--no-dangling")
        assert ours == text(await git("commit-tree", tree, *links, stdin=words))


async def test_a_ref_is_read_by_git_and_can_move(tmp_path: Path) -> None:
    repos.git(tmp_path, "init", "-q", "--bare", ".")
    tree = text(await Git(tmp_path)("mktree"))
    for message in ("one", "two"):
        commit = write_commit(tmp_path, tree, (), message)
        write_ref(tmp_path, "refs/sextet/run-1/attempts/implement-1-1/1", commit)
        assert repos.git(tmp_path, "for-each-ref", "--format=%(objectname) %(refname)") == (
            f"{commit} refs/sextet/run-1/attempts/implement-1-1/1"
        )


@pytest.mark.parametrize(
    "ref", ["refs/heads/main", "refs/sextet/../heads/main", "refs/sextet/a.lock", "refs/sextet/", "HEAD"]
)
def test_a_ref_that_is_not_ours_is_never_written(tmp_path: Path, ref: str) -> None:
    with pytest.raises(GitError):
        write_ref(tmp_path, ref, "0" * 40)
    assert not list(tmp_path.iterdir())


def test_a_ref_that_somebody_else_writes_is_left_to_him(tmp_path: Path) -> None:
    lock = tmp_path / "refs/sextet/run-1/base.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    with pytest.raises(GitError):
        write_ref(tmp_path, "refs/sextet/run-1/base", "0" * 40)
    assert lock.exists()
