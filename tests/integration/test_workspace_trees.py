"""Repository, mirror, snapshot, worktrees and merge on real git repositories."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from sextet.errors import GitError, RepositoryError, UnsafePathError
from sextet.model.settings import WorktreeSettings
from sextet.workspace import changeset, snapshot
from sextet.workspace.git import Git
from sextet.workspace.merge import Conflict, Merged, MergeQueue
from sextet.workspace.mirror import Mirror
from sextet.workspace.repository import inspect
from support import repos
from support.repos import Link, Program, git, write

RUN = "20261122-143005-fix-add-7f3a"
TASK = "implement-1-1"
ODD = {
    "with space.txt": "a",
    "quo\"te's.txt": "b",
    "new\nline.txt": "c",
    "🦊/ünï.txt": "d",
    "-rf": "e",
    "tab\there": "f",
    ":(top)magic": "g",
    "back\\slash": "h",
}


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)


@pytest.fixture
def top(tmp_path):
    files = {
        "a.txt": "one\ntwo\nthree\n",
        "bin/run": Program(b"#!/bin/sh\n"),
        "link": Link("a.txt"),
        "raw": b"\0\xff\r\n",
    }
    return repos.make(tmp_path / "my repo", files | {".gitignore": "*.log\n.env\nnode_modules\n"})


async def begin(top: Path, tmp_path: Path):
    shop = await repos.workshop(top, tmp_path / "state")
    base = await snapshot.take(shop.mirror, shop.repository, run_id=RUN)
    return shop, base


async def content(shop, tree: str, tmp_path: Path):
    return repos.read((await shop.shared(tree)).path)


# Looking at a repository


async def test_invariant_4_looking_changes_no_byte_of_the_users_git(top):
    before = repos.fingerprint(top / ".git")
    (top / "a.txt").write_text("touched\n")
    found = await inspect(top / "bin")
    assert (found.top, found.branch, found.head) == (top, "main", git(top, "rev-parse", "HEAD"))
    assert repos.fingerprint(top / ".git") == before


async def test_a_folder_without_a_repository_is_refused_with_a_next_step(tmp_path):
    with pytest.raises(RepositoryError, match=r"not a git repository.*git init"):
        await inspect(tmp_path)


async def test_a_bare_repository_is_refused_with_a_next_step(tmp_path):
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    with pytest.raises(RepositoryError, match=r"bare.*clone that has its files checked out"):
        await inspect(tmp_path / "bare.git")


async def test_a_folder_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(RepositoryError, match="does not exist"):
        await inspect(tmp_path / "nowhere")


async def test_home_as_a_repository_is_refused(tmp_path):
    repos.make(tmp_path / "home")
    with pytest.raises(RepositoryError, match="more than one project"):
        await inspect(tmp_path / "home")


async def test_a_repository_whose_config_points_elsewhere_is_refused(top, tmp_path):
    git(top, "config", "core.worktree", str(tmp_path / "home"))
    with pytest.raises(RepositoryError, match="says that its files are in"):
        await inspect(top)


async def test_a_missing_git_is_said_in_one_sentence(top, tmp_path, monkeypatch):
    monkeypatch.setattr("sextet.workspace.git._found", dict)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RepositoryError, match=r"Git was not found.*2\.38"):
        await inspect(top)


async def test_an_old_git_is_said_in_one_sentence(top, tmp_path, monkeypatch):
    monkeypatch.setattr("sextet.workspace.git._found", dict)
    write(tmp_path, {"old/git": Program(b"#!/bin/sh\necho git version 2.30.1\n")})
    monkeypatch.setenv("PATH", f"{tmp_path / 'old'}:{os.environ['PATH']}")
    with pytest.raises(RepositoryError, match=r"needs git 2\.38 or newer; this is git version 2\.30\.1"):
        await inspect(top)


async def test_a_detached_head_has_no_branch(top):
    git(top, "checkout", "-q", "--detach")
    assert (await inspect(top)).branch == ""


async def test_a_top_level_with_a_newline_in_its_name_is_found(tmp_path):
    top = repos.make(tmp_path / "new\nline '\" 🦊", {"a": "1"})
    shop, base = await begin(top, tmp_path)
    assert shop.repository.top == top
    assert await content(shop, base.tree, tmp_path) == {"a": b"1"}


@pytest.mark.parametrize("what", ["rebase", "merge", "cherry-pick", "revert"])
async def test_an_unfinished_operation_is_named_and_no_snapshot_is_taken(top, tmp_path, what):
    git(top, "checkout", "-q", "-b", "other")
    write(top, {"a.txt": "other\n"})
    git(top, "commit", "-qam", "Other")
    git(top, "checkout", "-q", "main")
    write(top, {"a.txt": "main\n"})
    git(top, "commit", "-qam", "Main")
    git(top, what, "HEAD~1" if what == "revert" else "other", ok=(0, 1, 128))
    repository = await inspect(top)
    assert repository.in_progress == what
    mirror = await Mirror.open(repository, tmp_path / "state")
    with pytest.raises(RepositoryError, match=f"{what} is in progress.*--abort"):
        await snapshot.take(mirror, repository, run_id=RUN)


# Snapshot


async def test_a_snapshot_is_what_the_user_sees(top, tmp_path):
    write(top, {"a.txt": "edited\n", "new/x": "y", "raw": None, "secret.log": "no", ".env": "no"})
    write(top, {"staged.txt": "staged"} | ODD)
    git(top, "add", "staged.txt")
    (top / "bin/run").chmod(0o644)
    seen = {name: data for name, data in repos.read(top).items() if name not in {"secret.log", ".env"}}
    shop, base = await begin(top, tmp_path)
    assert await content(shop, base.tree, tmp_path) == seen
    assert base.dirty
    assert base.head == git(top, "rev-parse", "HEAD")


async def test_a_clean_work_tree_is_its_own_snapshot(top, tmp_path):
    _, base = await begin(top, tmp_path)
    assert (base.dirty, base.commit) == (False, base.head)
    assert base.tree == git(top, "rev-parse", "HEAD^{tree}")


async def test_a_second_snapshot_sees_what_changed_since_the_first(top, tmp_path):
    shop, first = await begin(top, tmp_path)
    write(top, {"a.txt": "later\n", "untracked": "1"})
    second = await snapshot.take(shop.mirror, shop.repository, run_id=RUN)
    write(top, {"untracked": None, "a.txt": "one\ntwo\nthree\n"})
    third = await snapshot.take(shop.mirror, shop.repository, run_id=RUN)
    assert (second.tree != first.tree, third.tree == first.tree) == (True, True)


async def test_a_moved_head_is_followed(top, tmp_path):
    shop, _ = await begin(top, tmp_path)
    write(top, {"a.txt": "committed later\n"})
    git(top, "commit", "-qam", "Later")
    before = repos.fingerprint(top / ".git")
    base = await snapshot.take(shop.mirror, await inspect(top), run_id=RUN)
    assert base.commit == git(top, "rev-parse", "HEAD")
    assert repos.fingerprint(top / ".git") == before


async def test_a_repository_without_commits_works(tmp_path):
    top = repos.make(tmp_path / "empty", {"a": "1"}, commit=False)
    shop, base = await begin(top, tmp_path)
    assert (base.head, base.dirty, base.branch) == (None, True, "main")
    attempt = await shop.attempt(RUN, TASK, 1, base.tree)
    assert repos.read(attempt.path) == {"a": b"1"}


async def test_an_empty_folder_without_commits_works(tmp_path):
    shop, base = await begin(repos.make(tmp_path / "void", commit=False), tmp_path)
    attempt = await shop.attempt(RUN, TASK, 1, base.tree)
    write(attempt.path, {"first": "x"})
    assert (await shop.capture(attempt)).files == ("first",)


async def test_files_added_against_the_excludes_are_taken(top, tmp_path):
    write(top, {"forced.log": "kept", "sub/forced.log": "kept too"})
    git(top, "add", "-f", "forced.log", "sub/forced.log")
    shop, base = await begin(top, tmp_path)
    assert (await content(shop, base.tree, tmp_path))["forced.log"] == b"kept"


async def test_the_users_own_excludes_count(top, tmp_path):
    write(tmp_path / "home", {".gitconfig": "[core]\n\texcludesFile = ~/ignored\n", "ignored": "*.mine\n"})
    write(top, {".git/info/exclude": "*.local\n", "x.mine": "1", "x.local": "1", "x.txt": "1"})
    shop, base = await begin(top, tmp_path)
    names = await content(shop, base.tree, tmp_path)
    assert ("x.txt" in names, "x.mine" in names, "x.local" in names) == (True, False, False)
    attempt = await shop.attempt(RUN, TASK, 1, base.tree)
    write(attempt.path, {"y.local": "1", "y.mine": "1", "y.txt": "1"})
    assert (await shop.capture(attempt)).files == ("y.txt",)


async def test_runs_are_never_part_of_a_tree_even_when_they_are_tracked(top, tmp_path):
    write(top, {"codex-runs/x/run.json": "{}"})
    git(top, "add", "-f", "codex-runs")
    git(top, "commit", "-qm", "Runs")
    shop, base = await begin(top, tmp_path)
    assert not [name for name in await content(shop, base.tree, tmp_path) if name.startswith("codex-runs")]
    assert not base.dirty
    attempt = await shop.attempt(RUN, TASK, 1, base.tree)
    write(attempt.path, {".gitignore": "!codex-runs\n", "codex-runs/forged": "x", "CODEX-RUNS/forged": "x"})
    assert (await shop.capture(attempt)).files == (".gitignore",)


async def test_large_untracked_files_are_left_out_and_named(top, tmp_path, monkeypatch):
    monkeypatch.setattr(snapshot, "LARGEST_FILE", 1000)
    monkeypatch.setattr(snapshot, "LARGEST_SUM", 1500)
    write(top, {"huge": b"x" * 1001, "big1": b"x" * 800, "big2": b"y" * 900, "small": "s"})
    shop, base = await begin(top, tmp_path)
    assert base.left_out == ("big2", "huge")
    assert {"small", "big1"} <= set(await content(shop, base.tree, tmp_path))


async def test_submodules_and_embedded_repositories_are_left_out(top, tmp_path):
    other = repos.make(tmp_path / "other", {"o": "1"})
    git(top, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other), "sub")
    git(top, "commit", "-qm", "Sub")
    repos.make(top / "embedded", {"e": "1"})
    shop, base = await begin(top, tmp_path)
    names = await content(shop, base.tree, tmp_path)
    assert shop.repository.submodules
    assert not [name for name in names if name.startswith(("sub", "embedded"))]
    assert base.left_out == ("embedded/", "sub/")
    assert not base.dirty
    assert base.tree != git(top, "rev-parse", "HEAD^{tree}")


async def test_bytes_survive_line_end_settings_and_attributes(top, tmp_path):
    write(tmp_path / "home", {".gitconfig": "[core]\n\tautocrlf = true\n"})
    files = {".gitattributes": "* text=auto eol=crlf ident\n*.u16 working-tree-encoding=UTF-16\n"}
    files |= {"dos": "a\r\nb\r\n", "unix": "a\nb\n", "id": "$Id$\n", "x.u16": "h\0i\0"}
    write(top, files)
    shop, base = await begin(top, tmp_path)
    assert repos.read((await shop.shared(base.tree)).path) == repos.read(top)


async def test_a_shallow_clone_works(top, tmp_path):
    write(top, {"a.txt": "2"})
    git(top, "commit", "-qam", "Second")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{top}", "shallow")
    shop, base = await begin(tmp_path / "shallow", tmp_path)
    assert shop.repository.shallow
    assert repos.read((await shop.attempt(RUN, TASK, 1, base.tree)).path) == repos.read(tmp_path / "shallow")


async def test_a_partial_clone_works(top, tmp_path):
    write(top, {"a.txt": "2"})
    git(top, "commit", "-qam", "Second")
    git(top, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--filter=blob:none", f"file://{top}", "partial")
    top = tmp_path / "partial"
    before = repos.fingerprint(top / ".git")
    shop, base = await begin(top, tmp_path)
    attempt = await shop.attempt(RUN, TASK, 1, base.tree)
    write(attempt.path, {"a.txt": "3"})
    assert shop.repository.partial
    assert (await shop.capture(attempt)).files == ("a.txt",)
    assert repos.fingerprint(top / ".git") == before


async def test_a_linked_worktree_of_the_user_works(top, tmp_path):
    git(top, "worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    write(tmp_path / "linked", {"side.txt": "s"})
    git(tmp_path / "linked", "add", "-A")
    git(tmp_path / "linked", "commit", "-qm", "Side")
    shop, base = await begin(tmp_path / "linked", tmp_path)
    assert (base.branch, "side.txt" in await content(shop, base.tree, tmp_path)) == ("side", True)


# Hostile repositories


async def test_invariant_7_nothing_that_a_repository_names_is_run(top, tmp_path):
    canary = tmp_path / "canary"
    bait = f"touch '{canary}'; cat"
    for key in (
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "diff.external",
        "core.editor",
        "gpg.program",
    ):
        git(top, "config", key, bait)
    for name in (
        "filter.x.clean",
        "filter.x.smudge",
        "filter.x.process",
        "diff.x.textconv",
        "diff.x.command",
        "merge.x.driver",
    ):
        git(top, "config", name, bait)
    git(top, "config", "core.hooksPath", str(top / "hooks"))
    write(tmp_path / "home", {".gitconfig": f"[core]\n\thooksPath = {top / 'hooks'}\n"})
    git(top, "config", "uploadpack.packObjectsHook", bait)
    hooks = (
        "post-checkout",
        "reference-transaction",
        "post-index-change",
        "pre-commit",
        "post-merge",
        "fsmonitor",
    )
    write(top, {f"hooks/{name}": Program(f"#!/bin/sh\n{bait}\n".encode()) for name in hooks})
    write(top, {f".git/hooks/{name}": Program(f"#!/bin/sh\n{bait}\n".encode()) for name in hooks})
    write(top, {".gitattributes": "* filter=x diff=x merge=x\n", "a.txt": "edited\n"})
    before = repos.fingerprint(top / ".git")
    shop, base = await begin(top, tmp_path)
    one, two = (
        await shop.attempt(RUN, TASK, 1, base.tree),
        await shop.attempt(RUN, "implement-1-2", 1, base.tree),
    )
    write(one.path, {"a.txt": "by one\n"})
    write(two.path, {"b.txt": "by two\n"})
    queue = MergeQueue(shop.mirror)
    first = await queue.integrate(base.commit, await shop.capture(one))
    second = await queue.integrate(first.commit, await shop.capture(two))
    changes = await changeset.diff(shop.mirror, base.tree, second.tree)
    await changeset.hunks(shop.mirror, changes)
    assert not canary.exists()
    assert repos.fingerprint(top / ".git") == before


# Worktrees


async def test_an_attempts_worktree_is_the_tree_and_git_works_in_it(top, tmp_path):
    write(top, {"a.txt": "dirty\n"} | ODD)
    shop, base = await begin(top, tmp_path)
    attempt = await shop.attempt(RUN, TASK, 1, base.tree)
    assert repos.read(attempt.path) == repos.read(top)
    assert git(attempt.path, "status", "--porcelain") == ""
    assert git(attempt.path, "log", "--format=%s").splitlines() == ["Snapshot", "First"]
    assert attempt.tmp.is_dir()
    write(attempt.path, {"a.txt": "changed\n"})
    assert "+changed" in git(attempt.path, "diff")


async def test_a_capture_holds_every_kind_of_change(top, tmp_path):
    shop, base = await begin(top, tmp_path)
    attempt = await shop.attempt(RUN, TASK, 1, base.tree)
    odd = {name: data for name, data in ODD.items() if "\\" not in name}
    write(
        attempt.path,
        {"a.txt": None, "link": Link("/etc/passwd"), "new": Program(b"x"), "raw": b"\xfe\0"} | odd,
    )
    (attempt.path / "bin/run").chmod(0o644)
    write(attempt.path, {"debug.log": "ignored"})
    change = await shop.capture(attempt)
    write(attempt.path, {"debug.log": None})
    assert await content(shop, change.tree, tmp_path) == repos.read(attempt.path)
    assert change.start == base.tree
    assert git(shop.mirror.git_dir, "rev-parse", f"refs/sextet/{RUN}/attempts/{TASK}/1") == change.commit


async def test_an_attempt_that_changed_nothing_has_an_empty_change(top, tmp_path):
    shop, base = await begin(top, tmp_path)
    change = await shop.capture(await shop.attempt(RUN, TASK, 1, base.tree))
    assert (change.tree, change.files) == (change.start, ())


async def test_what_an_agent_committed_itself_is_captured_all_the_same(top, tmp_path):
    shop, base = await begin(top, tmp_path)
    attempt = await shop.attempt(RUN, TASK, 1, base.tree)
    write(attempt.path, {"mine": "1"})
    git(attempt.path, "add", "-A")
    git(attempt.path, "commit", "-qm", "By the agent")
    assert (await shop.capture(attempt)).files == ("mine",)


@pytest.mark.parametrize("commit", [True, False])
async def test_embedded_repositories_are_dropped_with_a_warning(top, tmp_path, commit):
    shop, base = await begin(top, tmp_path)
    attempt = await shop.attempt(RUN, TASK, 1, base.tree)
    write(attempt.path, {"good": "1", "a.txt": "2"})
    repos.make(attempt.path / "vendor/lib", {"x": "1"}, commit=commit)
    change = await shop.capture(attempt)
    assert change.files == ("a.txt", "good")
    assert "vendor/lib" in attempt.warnings[0]


async def test_names_that_are_never_written_are_dropped_with_a_warning(top, tmp_path):
    shop, base = await begin(top, tmp_path)
    attempt = await shop.attempt(RUN, TASK, 1, base.tree)
    for name in (b"not-utf8-\xff", b"back\\slash"):
        write(attempt.path, {os.fsdecode(name): "x"})
    write(attempt.path, {"good": "1"})
    assert (await shop.capture(attempt)).files == ("good",)
    assert "slash" in attempt.warnings[0]


async def test_an_ignored_link_to_outside_is_neither_followed_nor_captured(top, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    shop, base = await begin(top, tmp_path)
    attempt = await shop.attempt(RUN, TASK, 1, base.tree)
    write(attempt.path, {"node_modules": Link(str(outside))})
    (attempt.path / "node_modules" / "planted").write_text("x")
    assert (await shop.capture(attempt)).files == ()


async def test_a_vanished_worktree_fails_with_a_next_step(top, tmp_path):
    shop, base = await begin(top, tmp_path)
    attempt = await shop.attempt(RUN, TASK, 1, base.tree)
    attempt.path.rename(tmp_path / "gone")
    with pytest.raises(GitError, match=r"gone.*Retry"):
        await shop.capture(attempt)
    assert await shop.salvage(RUN, TASK, 1) is None


async def test_readers_share_one_checkout(top, tmp_path):
    shop, base = await begin(top, tmp_path)
    trees = await asyncio.gather(*(shop.shared(base.tree) for _ in range(5)))
    assert len({tree.path for tree in trees}) == 1
    again = await repos.workshop(top, tmp_path / "state")
    assert (await again.shared(base.tree)).path == trees[0].path


async def test_a_worktree_is_only_removed_after_its_capture(top, tmp_path):
    shop, base = await begin(top, tmp_path)
    attempt = await shop.attempt(RUN, TASK, 1, base.tree)
    with pytest.raises(GitError, match="not captured"):
        await shop.discard(attempt)
    write(attempt.path, {"locked/x": "1", "out": Link(str(top))})
    await shop.capture(attempt)
    (attempt.path / "locked").chmod(0)
    await shop.discard(attempt)
    assert (attempt.home.exists(), attempt.git_dir.exists(), top.exists()) == (False, False, True)
    assert (top / "a.txt").exists()


async def test_invariant_2_what_a_dead_attempt_left_is_salvaged_and_the_next_epoch_starts_from_it(
    top, tmp_path
):
    shop, base = await begin(top, tmp_path)
    attempt = await shop.attempt(RUN, TASK, 1, base.tree)
    write(attempt.path, {"half": "done"})
    again = await repos.workshop(top, tmp_path / "state")
    assert [(left.task_id, left.epoch) for left in again.leftovers(RUN)] == [(TASK, 1)]
    salvaged = await again.salvage(RUN, TASK, 1)
    assert salvaged.files == ("half",)
    assert git(again.mirror.git_dir, "rev-parse", f"refs/sextet/{RUN}/salvage/{TASK}/1") == salvaged.commit
    await again.discard(again.open(RUN, TASK, 1))
    third = await repos.workshop(top, tmp_path / "state")
    second = await third.attempt(RUN, TASK, 2, salvaged.tree)
    write(second.path, {"rest": "done"})
    change = await third.capture(second)
    assert (change.start, change.files) == (base.tree, ("half", "rest"))
    merged = await MergeQueue(third.mirror).integrate(base.commit, change)
    assert merged.tree == change.tree


async def test_locks_that_a_killed_git_left_do_not_stop_the_salvage(top, tmp_path):
    shop, base = await begin(top, tmp_path)
    attempt = await shop.attempt(RUN, TASK, 1, base.tree)
    write(attempt.path, {"half": "done"})
    lock = shop.mirror.git_dir / f"refs/sextet/{RUN}/salvage/{TASK}/1.lock"
    for left in (attempt.home / "index.lock", tmp_path / "state/snapshot.index.lock", lock):
        write(left.parent, {left.name: ""})
        os.utime(left, (1, 1))
    again = await repos.workshop(top, tmp_path / "state")
    await snapshot.take(again.mirror, again.repository, run_id=RUN)
    assert (await again.salvage(RUN, TASK, 1)).files == ("half",)


async def test_a_worktree_whose_git_file_an_agent_replaced_is_captured(top, tmp_path):
    shop, base = await begin(top, tmp_path)
    attempt = await shop.attempt(RUN, TASK, 1, base.tree)
    (attempt.path / ".git").unlink()
    repos.make(attempt.path, {"mine": "1"})
    assert (await shop.capture(attempt)).files == ("mine",)


async def test_an_attempt_costs_no_more_processes_than_it_must(tmp_path, monkeypatch):
    top = repos.make(tmp_path / "large", {f"d{number % 9}/f{number}": str(number) for number in range(300)})
    shop, base = await begin(top, tmp_path)
    started = []
    real = Git.run
    monkeypatch.setattr(
        Git, "run", lambda self, args, **more: started.append(args[0]) or real(self, args, **more)
    )
    attempt = await shop.attempt(RUN, TASK, 1, base.tree)
    write(attempt.path, {"d1/f1": "changed"})
    change = await shop.capture(attempt)
    merged = await MergeQueue(shop.mirror).integrate(base.commit, change)
    assert merged.tree == change.tree
    assert len(started) <= 9, started


async def test_an_untouched_dead_attempt_leaves_nothing_to_salvage(top, tmp_path):
    shop, base = await begin(top, tmp_path)
    await shop.attempt(RUN, TASK, 1, base.tree)
    assert await shop.salvage(RUN, TASK, 1) is None
    assert await shop.salvage(RUN, TASK, 7) is None


async def test_brought_files_are_there_and_never_part_of_the_change(top, tmp_path):
    write(
        top,
        {
            ".env": "KEY=1",
            "web/node_modules/m/index.js": "x",
            "web/node_modules/.bin/m": Link("../m/index.js"),
        },
    )
    write(top, {"notes.log": "n"})
    shop, base = await begin(top, tmp_path)
    attempt = await shop.attempt(RUN, TASK, 1, base.tree)
    names = (
        ".env",
        "web/node_modules",
        "a.txt",
        "missing",
        "../up",
        ".git/config",
        "/etc/passwd",
        "codex-runs",
    )
    problems = await shop.prepare(attempt, WorktreeSettings(copy_files=names))
    assert (attempt.path / ".env").read_text() == "KEY=1"
    assert (attempt.path / "web/node_modules/.bin/m").is_symlink()
    assert [line.split(" ")[0] for line in problems] == list(names[2:])
    write(attempt.path, {".gitignore": None, ".env": "KEY=2", "mine": "1"})
    assert (await shop.capture(attempt)).files == (".gitignore", "mine")
    assert (top / ".env").read_text() == "KEY=1"


async def test_invariant_6_bringing_files_crosses_no_link_on_either_side(top, tmp_path):
    outside = tmp_path / "outside"
    write(outside, {"secret": "s", "keep": "k"})
    write(top, {"cfg": Link(str(outside)), "data/x.log": "x"})
    shop, base = await begin(top, tmp_path)
    attempt = await shop.attempt(RUN, TASK, 1, base.tree)
    write(attempt.path, {"data": Link(str(outside))})
    problems = await shop.prepare(attempt, WorktreeSettings(copy_files=("cfg/secret", "data/x.log")))
    assert len(problems) == 2
    assert repos.read(outside) == {"secret": b"s", "keep": b"k"}


# Change sets


async def test_a_change_set_names_every_difference_control_files_first(top, tmp_path):
    shop, base = await begin(top, tmp_path)
    attempt = await shop.attempt(RUN, TASK, 1, base.tree)
    write(
        attempt.path,
        {"a.txt": "one\n2\nthree\nfour\n", "raw": None, ".vscode/tasks.json": "{}", "link": "file now"},
    )
    (attempt.path / "bin/run").chmod(0o644)
    change = await shop.capture(attempt)
    changes = await changeset.diff(shop.mirror, base.tree, change.tree)
    rows = [(file.path, file.old_mode, file.new_mode, file.added, file.removed) for file in changes.files]
    assert rows == [
        (".vscode/tasks.json", "000000", "100644", 1, 0),
        ("a.txt", "100644", "100644", 2, 1),
        ("bin/run", "100755", "100644", 0, 0),
        ("link", "120000", "100644", 1, 1),
        ("raw", "100644", "000000", 0, 0),
    ]
    assert [file.path for file in changes.files if file.control] == [".vscode/tasks.json"]
    assert [file.path for file in changes.files if file.binary] == ["raw"]


async def test_hunks_belong_to_their_files_whatever_the_lines_say(top, tmp_path):
    shop, base = await begin(top, tmp_path)
    attempt = await shop.attempt(RUN, TASK, 1, base.tree)
    lie = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-no\n+no\n"
    write(
        attempt.path,
        {"a.txt": lie, 'quo"te': lie, "link": "now a file\n", "raw": b"\0"} | {"new\nline": "last"},
    )
    change = await shop.capture(attempt)
    changes = await changeset.diff(shop.mirror, base.tree, change.tree)
    hunks = await changeset.hunks(shop.mirror, changes)
    assert [hunk.path for hunk in hunks] == ["a.txt", "link", "link", "new\nline", 'quo"te']
    assert hunks[0].lines[-1] == "++no"
    assert (hunks[4].old_start, hunks[4].old_lines, hunks[4].new_start, hunks[4].new_lines) == (0, 0, 1, 6)
    assert hunks[3].lines == ("+last", "\\ No newline at end of file")
    only = await changeset.hunks(shop.mirror, changes, ["link"])
    assert [hunk.path for hunk in only] == ["link", "link"]


async def test_a_reviewer_is_warned_of_what_deceives(tmp_path):
    top = repos.make(tmp_path / "r", {f"f{number}": "x\n" for number in range(10)})
    shop, base = await begin(top, tmp_path)
    attempt = await shop.attempt(RUN, TASK, 1, base.tree)
    write(attempt.path, {f"f{number}": None for number in range(6)})
    write(attempt.path, {"bidi": "if a: \u202e evil", "Case": "1", "case": "2", "out": Link("/etc")})
    change = await shop.capture(attempt)
    warnings = (await changeset.diff(shop.mirror, base.tree, change.tree)).warnings
    assert [line.split(":")[0][:30] for line in warnings] == [
        "It deletes 6 of 10 files.",
        "It makes or changes symbolic l",
        "Names that differ only in case",
        "Characters that change the dir",
    ]


async def test_submodules_in_a_tree_are_refused(top, tmp_path):
    shop, base = await begin(top, tmp_path)
    row = f"160000 commit {base.commit}\tsub\0".encode()
    tree = (await shop.mirror.git("mktree", "-z", stdin=row)).decode().strip()
    with pytest.raises(UnsafePathError, match="submodule"):
        await changeset.diff(shop.mirror, base.tree, tree)


# Merging


async def test_two_parallel_changes_are_merged(top, tmp_path):
    shop, base = await begin(top, tmp_path)
    one = await shop.attempt(RUN, TASK, 1, base.tree)
    two = await shop.attempt(RUN, "implement-1-2", 1, base.tree)
    write(one.path, {"a.txt": "ONE\ntwo\nthree\n", "one": "1"})
    write(two.path, {"two": "2"})
    (two.path / "bin/run").chmod(0o644)
    changes = await asyncio.gather(shop.capture(one), shop.capture(two))
    queue = MergeQueue(shop.mirror)
    first = await queue.integrate(base.commit, changes[0])
    second = await queue.integrate(first.commit, changes[1])
    assert isinstance(second, Merged)
    files = await content(shop, second.tree, tmp_path)
    assert (files["a.txt"], files["one"], files["two"], files["bin/run"]) == (
        b"ONE\ntwo\nthree\n",
        b"1",
        b"2",
        b"#!/bin/sh\n",
    )


async def test_a_conflict_names_the_files_of_both_sides_and_integrates_nothing(top, tmp_path):
    shop, base = await begin(top, tmp_path)
    one = await shop.attempt(RUN, TASK, 1, base.tree)
    two = await shop.attempt(RUN, "implement-1-2", 1, base.tree)
    write(one.path, {"a.txt": "mine\n", "new\nfile": "1"})
    write(two.path, {"a.txt": "yours\n", "new\nfile": "2", "fine": "x"})
    queue = MergeQueue(shop.mirror)
    first = await queue.integrate(base.commit, await shop.capture(one))
    conflict = await queue.integrate(first.commit, await shop.capture(two))
    assert isinstance(conflict, Conflict)
    assert conflict.files == ("a.txt", "new\nfile")
    assert "a.txt" in conflict.notes


async def test_the_same_change_twice_is_integrated_once(top, tmp_path):
    shop, base = await begin(top, tmp_path)
    one = await shop.attempt(RUN, TASK, 1, base.tree)
    write(one.path, {"one": "1"})
    change = await shop.capture(one)
    queue = MergeQueue(shop.mirror)
    first = await queue.integrate(base.commit, change)
    assert await queue.integrate(first.commit, change) == first


async def test_captured_work_outlives_a_collection_of_garbage(top, tmp_path):
    shop, base = await begin(top, tmp_path)
    one = await shop.attempt(RUN, TASK, 1, base.tree)
    write(one.path, {"one": "1"})
    change = await shop.capture(one)
    await shop.discard(one)
    git(shop.mirror.git_dir, "gc", "-q", "--prune=now")
    git(top, "gc", "-q", "--prune=now")
    assert (await content(shop, change.tree, tmp_path))["one"] == b"1"


async def test_refs_outside_our_own_are_refused(top, tmp_path):
    shop, base = await begin(top, tmp_path)
    with pytest.raises(GitError, match="not a ref of Sextet"):
        await shop.mirror.keep("refs/heads/main", base.commit)
