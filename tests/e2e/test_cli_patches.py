"""Judging a patch hunk by hunk in the terminal, as real processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support import hostile, repos
from support.runs import scenario, write
from support.terminal import json_lines, sextet

TEXT = "".join(f"line {number}\n" for number in range(1, 41))
TOP = TEXT.replace("line 2\n", "two\n")
BOTH = TOP.replace("line 38\n", "last\n")
ITEMS = {
    "top": {"actions": [write("a.txt", TOP)], "files": ["a.txt"]},
    "end": {"actions": [write("a.txt", BOTH)], "files": ["a.txt"], "dependsOn": ["top"]},
    "new": {"actions": [write("made/b.txt", "b\n")]},
}


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A run has ended here: two hunks of two items in one file, and a new file of a third."""
    top = repos.make(tmp_path / "repo", {"a.txt": TEXT})
    roles = {"implementer": {"sandbox": "workspace-write"}, "tester": {"sandbox": "off"}}
    settings = {"tester": {"commands": ["test ! -e bad"], "sandbox": False}, "roles": roles}
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(scenario(ITEMS, settings=settings)))
    done = sextet("run", "goal", "--executor", "rehearsal", "--scenario", file, "--repo", top)
    assert done.returncode == 0, done.stderr
    return top


def patch(repo: Path, *words: str, code: int = 0) -> str:
    """What `sextet patch` says."""
    done = sextet("patch", *words, "--repo", repo)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def hunks(repo: Path) -> dict[str, str]:
    """Ids by what a person would call them."""
    (found,) = json_lines(sextet("patch", "show", "--json", "--repo", repo).stdout)
    return {f"{each['path']}:{each['newStart']}": each["id"] for each in found["hunks"]}


def test_hunks_are_listed_without_id_mark_or_origin(repo: Path) -> None:
    ids = hunks(repo)
    patch(repo, "mark", "accepted", ids["a.txt:35"][:4], "--by", "ada")
    lines = [line for line in patch(repo, "show", "--hunks").splitlines() if line[:16] in ids.values()]
    assert [line.split("  ")[0] for line in lines] == list(ids.values())
    assert [line.split("  ")[3] for line in lines] == ["-", "accepted by ada", "-"]
    assert [line.split("  ")[4].split(" ")[0] for line in lines] == [
        "implement-1-1",
        "implement-1-2",
        "implement-1-3",
    ]
    assert all(line.split("  ")[5:] == ["R1", "-"] for line in lines)


def test_accepted_hunks_are_not_what_is_written_or_the_rest_cannot_follow(repo: Path) -> None:
    ids = hunks(repo)
    assert "No hunk of this patch is accepted" in patch(repo, "apply", "--accepted", code=2)
    patch(repo, "mark", "accepted", ids["a.txt:35"], ids["made/b.txt:1"])
    said = patch(repo, "apply", "--accepted")
    assert "applied (partial)" in said
    assert (repo / "a.txt").read_text() == TEXT.replace("line 38\n", "last\n")
    assert (repo / "made/b.txt").read_text() == "b\n"
    assert "The rest of it: sextet patch apply patch-1" in said
    assert not hostile.events(repo, "task_approved"), "a part is no approval of all of it"
    assert "applied (exact)" in patch(repo, "apply")
    assert (repo / "a.txt").read_text() == BOTH


def test_hunks_that_are_named_are_not_what_is_written(repo: Path) -> None:
    ids = hunks(repo)
    patch(repo, "apply", "--hunk", ids["a.txt:1"][:6], "--hunk", ids["made/b.txt:1"])
    assert (repo / "a.txt").read_text() == TOP
    assert (repo / "made/b.txt").exists()
    patch(repo, "revert")
    assert hostile.files_of(repo) == {"a.txt": TEXT.encode()}


SENSELESS = (
    ("apply", "--hunk", "0123456789abcdef"),
    ("apply", "--hunk", "abc"),
    ("apply", "--hunk", "abcdef", "--accepted"),
    ("mark", "accepted"),
    ("mark", "splendid", "abcdef"),
    ("mark", "accepted", "0123456789abcdef"),
    ("check", "--hunk", "0123456789abcdef"),
    ("comment", "text", "--hunk", "abcdef", "--file", "a.txt"),
    ("comment", "text", "--file", "a.txt", "--line", "0"),
    ("resolve", "other.txt", "mine"),
    ("resolve", "a.txt", "ours"),
)


def test_what_cannot_be_meant_is_done(repo: Path) -> None:
    before, there = hostile.Untouched.of(repo), len(hostile.entries(repo))
    for words in SENSELESS:
        assert "Traceback" not in patch(repo, *words, code=2)
    before.check()
    assert len(hostile.entries(repo)) == there


def test_a_check_writes_or_does_not_say_what_speaks_against_it(repo: Path) -> None:
    before = hostile.Untouched.of(repo)
    said = patch(repo, "check")
    assert "patch-1 would be applied (exact), 2 files:" in said
    assert "  fits      a.txt" in said
    assert "Nothing speaks against it." in said
    before.check()
    repos.write(repo, {"a.txt": TEXT.replace("line 2\n", "zwei\n"), "made": "in the way\n"})
    before = hostile.Untouched.of(repo)
    said = patch(repo, "check", code=1)
    assert "  conflict  a.txt" in said
    assert "  blocked   made/b.txt  (something that is not a real folder is on the way)" in said
    assert "Next: Settle each of them" in said
    before.check()
    (found,) = json_lines(sextet("patch", "check", "--json", "--repo", repo).stdout)
    assert {each["path"]: each["fit"] for each in found["files"]} == {
        "a.txt": "conflict",
        "made/b.txt": "blocked",
    }
    part = patch(repo, "check", "--hunk", hunks(repo)["a.txt:35"], code=1)
    assert "  merged    a.txt" in part
    assert "Next: Allow it with --merge" in part


def test_a_collision_cannot_be_settled_in_the_terminal(repo: Path) -> None:
    mine = TEXT.replace("line 2\n", "zwei\n")
    repos.write(repo, {"a.txt": mine})
    assert "does not fit" in patch(repo, "apply", code=1)
    assert "a.txt: the patch's takes the place of yours." in patch(repo, "resolve", "a.txt", "theirs")
    patch(repo, "apply")
    assert (repo / "a.txt").read_text() == BOTH


def test_a_remark_does_not_reach_those_who_wrote_the_line(repo: Path) -> None:
    patch(repo, "comment", "Why last?", "--file", "a.txt", "--line", "38", "--by", "ada")
    patch(repo, "comment", "Good.", "--hunk", hunks(repo)["made/b.txt:1"])
    told = {event["taskId"]: event["comment"]["text"] for event in hostile.events(repo, "commented")}
    assert told == {"implement-1-2": "a.txt:38: Why last?", "implement-1-3": "made/b.txt:1: Good."}


def test_tests_on_what_was_kept_tell_nothing(repo: Path) -> None:
    assert "The tests pass on what you have." in patch(repo, "retest")
    repos.write(repo, {"bad": "x"})
    said = patch(repo, "retest", code=1)
    assert "  1  test ! -e bad" in said
    assert "The tests fail on what you have." in said


def test_a_rejected_hunk_is_not_done_again(repo: Path) -> None:
    ids = hunks(repo)
    said = patch(repo, "mark", "rejected", ids["made/b.txt:1"], "--comment", "Not b.", "--by", "ada")
    assert "1 of patch-1 marked as rejected." in said
    claimed = [event["taskId"] for event in hostile.events(repo, "task_claimed")]
    assert [claimed.count(f"implement-1-{number}") for number in (1, 2, 3)] == [1, 1, 2]
    assert patch(repo, "mark", "rejected", ids["a.txt:1"]).strip() == "1 of patch-1 marked as rejected."
    claimed = [event["taskId"] for event in hostile.events(repo, "task_claimed")]
    assert claimed.count("implement-1-1") == 1, "a rejection without a word starts nothing"


def test_a_file_that_is_sent_back_is_not_done_again(repo: Path) -> None:
    said = patch(repo, "resolve", "made/b.txt", "sendBack")
    assert "made/b.txt: its implementers do it again on what is there now." in said
    claimed = [event["taskId"] for event in hostile.events(repo, "task_claimed")]
    assert claimed.count("implement-1-3") == 2


def test_collisions_are_told_of_a_run_that_is_over(repo: Path) -> None:
    done = sextet("collisions", "--repo", repo)
    assert (done.returncode, done.stdout) == (
        0,
        "No change is waiting to be integrated, and none is being written.\n",
    )
    (found,) = json_lines(sextet("collisions", "--json", "--repo", repo).stdout)
    assert found["collisions"] == []
