"""What a repository gets that is no place to work in, or an odd one."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.hostile import Untouched, does, events, rehearse, run_folder, scenario, sextet, writes
from support.repos import git, make

HALF = {"a.txt": "half\n"}


def test_a_folder_without_a_repository_is_told_how_to_get_one(home: Path) -> None:
    folder = home / "plain"
    folder.mkdir()
    done = rehearse(folder, scenario(home))
    done.expect(2, f"{folder} is not a git repository.", "Next: Run `git init` there")
    assert not done.out
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_not_there(home: Path) -> None:
    rehearse(home, scenario(home), "--repo", str(home / "none")).expect(2, "There is no folder", "--repo")


@pytest.mark.parametrize("inside", ["", "refs"])
def test_a_bare_repository_has_no_files_to_work_on(home: Path, inside: str) -> None:
    bare = home / "bare"
    bare.mkdir()
    git(bare, "init", "-q", "--bare")
    rehearse(bare / inside, scenario(home)).expect(2, "there are no files to work on", "Next: ", "git clone")


@pytest.mark.parametrize("files", [{}, HALF], ids=["empty", "without a commit"])
def test_a_repository_without_a_commit_works(home: Path, files: dict[str, str]) -> None:
    repo = make(home / "repo", files, commit=False)
    before = Untouched.of(repo)
    rehearse(repo, scenario(home)).expect(0, "Next:     sextet patch apply")
    before.check()
    rehearse(repo, scenario(home), "--apply", "--yes").expect(0, "applied")
    assert (repo / "made.txt").read_text() == "made\n"
    assert git(repo, "rev-parse", "-q", "--verify", "HEAD", ok=(1,)) == ""


def test_uncommitted_work_is_in_the_run_and_stays_as_it_is(home: Path) -> None:
    repo = make(home / "repo", {"a.txt": "a\n", "gone.txt": "gone\n"})
    (repo / "a.txt").write_text("a\nmine\n")
    (repo / "new.txt").write_text("untracked\n")
    (repo / "gone.txt").unlink()
    git(repo, "add", "a.txt")
    before = Untouched.of(repo)
    look = {"do": "run", "script": "cat a.txt new.txt > made.txt; test ! -e gone.txt && echo y >> made.txt"}
    rehearse(repo, scenario(home, does(look))).expect(0)
    before.check()
    sextet(repo, "patch", "apply").expect(0)
    assert (repo / "made.txt").read_text() == "a\nmine\nuntracked\ny\n"
    assert (repo / "a.txt").read_text() == "a\nmine\n"


def test_a_detached_head_works(home: Path) -> None:
    repo = make(home / "repo", {"a.txt": "a\n"})
    git(repo, "checkout", "-q", "--detach")
    before = Untouched.of(repo)
    rehearse(repo, scenario(home)).expect(0)
    before.check()


@pytest.mark.parametrize("what", ["rebase", "merge", "cherry-pick", "revert"])
def test_a_repository_in_the_middle_of_something_is_left_alone(home: Path, what: str) -> None:
    repo = make(home / "repo", {"a.txt": "a\n"})
    git(repo, "checkout", "-qb", "other")
    (repo / "a.txt").write_text("b\n")
    git(repo, "commit", "-qam", "b")
    git(repo, "checkout", "-q", "main")
    (repo / "a.txt").write_text("c\n")
    git(repo, "commit", "-qam", "c")
    git(repo, what, "other", ok=(0, 1))
    before = Untouched.of(repo)
    done = rehearse(repo, scenario(home))
    done.expect(2, f"A {what} is in progress in {repo}.", f"git {what} --continue", f"git {what} --abort")
    before.check()
    assert not (repo / "codex-runs").exists()


def test_submodules_are_left_out_and_the_person_is_told(home: Path) -> None:
    inner = make(home / "inner", {"i.txt": "i\n"})
    repo = make(home / "repo", {"a.txt": "a\n"})
    git(repo, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "sub")
    git(repo, "commit", "-qam", "with a submodule")
    before = Untouched.of(repo)
    look = {"do": "run", "script": "ls -A sub > made.txt 2>/dev/null || echo none > made.txt"}
    done = rehearse(repo, scenario(home, does(look)))
    done.expect(0, "Submodules", "sub/", "start Sextet in its folder")
    assert any("Submodules" in event["text"] for event in events(repo, "noted"))
    before.check()
    sextet(repo, "patch", "apply").expect(0)
    assert git(repo, "submodule", "status").endswith("(heads/main)"), "it is still there"


def test_a_run_without_a_test_command_says_that_nothing_was_tested(home: Path) -> None:
    repo = make(home / "repo", {"a.txt": "a\n"})
    done = rehearse(repo, scenario(home))
    done.expect(0, "no test command is known", "sextet.tester.commands")
    assert any("tester.commands" in event["nextStep"] for event in events(repo, "noted"))


@pytest.mark.parametrize(
    "name",
    [
        "with space",
        'quo\'te "s"',
        "new\nline",
        "\U0001f3bb emoji",
        "-rf",
        "$(touch x)",
        "tab\there",
        "b\udcffd",
    ],
    ids=["space", "quotes", "newline", "emoji", "dash", "shell", "tab", "bytes"],
)
def test_a_repository_at_an_odd_path_works(home: Path, name: str) -> None:
    repo = make(home / name, {f"{name.strip('-')}.txt": "x\n"})
    before = Untouched.of(repo)
    said = rehearse(repo, scenario(home, settings={"tester": {"commands": ["test -f made.txt"]}}))
    said.expect(0, "1 command")
    before.check()
    sextet(repo, "patch", "apply").expect(0)
    assert (repo / "made.txt").read_text() == "made\n"
    sextet(repo, "list").expect(0, run_folder(repo).name)
    assert not (home / "x").exists()


def test_a_linked_worktree_works_and_its_repository_stays_as_it_is(home: Path) -> None:
    main = make(home / "main", {"a.txt": "a\n"})
    git(main, "worktree", "add", "-q", str(home / "linked"))
    linked = home / "linked"
    before = Untouched.of(main)
    rehearse(linked, scenario(home, does(writes("made.txt"))), "--apply", "--yes").expect(0)
    assert (linked / "made.txt").exists()
    before.check()
