"""A second editor: a real Neovim with the configuration of our page, from a goal to the text it shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sextet.model.names import RunState
from sextet.store.layout import RunFolder
from support import isolation, repos
from support.nvim import CLIENTS, Neovim, neovim
from support.runs import check_journal, scenario, wait

pytestmark = pytest.mark.slow

REST = "".join(f"{number}\n" for number in range(9))
WRITE = [{"do": "replace", "path": "a.txt", "old": "one", "new": "two"}]


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return repos.make(tmp_path / "repo", {"a.txt": f"one\n{REST}", "b.txt": "b\n"})


@pytest.fixture(params=["debian", "newer"])
def which(request) -> str:
    return request.param


def rehearse(nvim: Neovim, tmp_path: Path, **play) -> None:
    """What `:Sextet` starts from here on is this rehearsal."""
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(scenario(**play)))
    nvim.lua("vim.g.sextet = ...", {"executor": "rehearsal", "scenario": str(file)})


def test_a_goal_that_is_typed_does_not_become_text_in_the_window(which, top, tmp_path):
    with neovim(which, top / "a.txt", cwd=top) as nvim:
        rehearse(nvim, tmp_path, items={"one": {"actions": WRITE}})
        nvim.type(":Sextet Say two<CR>")
        nvim.sees("completed: patch-1 is approved, but no test command is known. :SextetPatch shows it")
        assert nvim.text() == f"one\n{REST}".strip()
        nvim.type(":SextetApply<CR>")
        nvim.until("vim.fn.getline(1) == 'two'")
        assert repos.read(top)["a.txt"] == f"two\n{REST}".encode()
        assert nvim.quit() == 0


def test_a_question_is_not_put_or_its_answer_does_not_reach_the_agent(which, top, tmp_path):
    asked = [
        {"do": "ask", "text": "Which number?"},
        {"do": "approve", "kind": "command", "text": "count", "reason": "to be sure", "actions": WRITE},
    ]
    roles = {"implementer": {"approvals": "onRequest", "sandbox": "workspace-write"}}
    with neovim(which, cwd=top) as nvim:
        rehearse(nvim, tmp_path, items={"one": {"actions": asked}}, settings={"roles": roles})
        nvim.type(":Sextet Say two<CR>")
        nvim.sees("Which number?")
        nvim.type(":SextetAnswer The number two<CR>")
        nvim.sees("The agent wants to run a command")
        assert nvim.offered() == [], "a box amid what somebody types"
        nvim.wants("Allow this once")
        nvim.type(":SextetAnswer<CR>")
        nvim.sees("completed")
        journal = next(top.glob("codex-runs/*/events.jsonl")).read_text()
        assert "The number two" in journal
        assert nvim.offered() == ["Allow this once", "Decline"]
        nvim.type(":SextetAnswer<CR>")
        nvim.sees("nothing is asked")


def test_a_refusal_is_not_said_or_does_not_say_what_to_do(which, top, tmp_path):
    with neovim(which, top / "a.txt", cwd=top) as nvim:
        nvim.type(":SextetApply<CR>")
        nvim.sees("there is no run yet")
        nvim.lua("vim.g.sextet = ...", {"executor": "nobody"})
        nvim.type(":Sextet Say two<CR>")
        nvim.sees("executor")
        rehearse(nvim, tmp_path, items={"one": {"actions": WRITE}})
        nvim.type(":Sextet Say two<CR>")
        nvim.sees("completed")
        (top / "a.txt").write_text(f"one\n{REST}mine\n")
        nvim.type(":SextetApply<CR>")
        nvim.sees("Load it again in the editor")
        nvim.type(":checktime<CR>")
        nvim.type(":SextetApply<CR>")
        nvim.sees("would merge")
        nvim.type(":SextetApply merge<CR>")
        nvim.until("vim.fn.getline(1) == 'two'")
        assert nvim.text() == f"two\n{REST}mine"


def test_each_file_gets_a_server_of_its_own_or_one_outside_of_a_repository_gets_any(which, top, tmp_path):
    (tmp_path / "c.txt").write_text("c\n")
    with neovim(which, tmp_path / "c.txt", cwd=tmp_path) as nvim:
        assert nvim.lua(f"return {CLIENTS}") == 0
        nvim.type(":Sextet Say two<CR>")
        nvim.sees("no git repository")
        for name in ("a.txt", "b.txt", "new.txt"):
            nvim.lua("vim.cmd('edit ' .. ...)", str(top / name))
            nvim.until(f"{CLIENTS} == 1")
        assert nvim.shown() == ["Sextet: no git repository, or no sextet on the PATH"]


def test_quitting_leaves_a_process_behind_or_a_run_that_cannot_go_on(which, top, tmp_path, home):
    with neovim(which, top / "a.txt", cwd=top) as nvim:
        rehearse(nvim, tmp_path, items={"one": {"actions": [wait(600)]}})
        nvim.type(":Sextet Say two<CR>")
        nvim.sees("running")
        [folder] = top.glob("codex-runs/*-*")
        assert nvim.quit() == 0
    assert isolation.leftovers(home) == []
    assert check_journal(RunFolder(folder), ended=False).state is RunState.INTERRUPTED
