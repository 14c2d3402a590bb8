"""A patch in plain LSP: a real Neovim shows what was found, who wrote it, and takes it hunk by hunk."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from sextet.store.layout import RunFolder
from support import repos
from support.nvim import Neovim, neovim
from support.runs import check_journal, scenario, shell, write

pytestmark = pytest.mark.slow

ROCKET = "\N{ROCKET} go"
"""Four bytes, two units of UTF-16, one character: whoever counts in another way is elsewhere."""
REST = "".join(f"{number}\n" for number in range(20))
BEFORE = f"one\n{ROCKET}\n{REST}last\n"
WRITE = [
    {"do": "replace", "path": "a.txt", "old": "one", "new": "two"},
    {"do": "replace", "path": "a.txt", "old": "last", "new": "end"},
]
AFTER = f"two\n{ROCKET}\n{REST}end\n"
UNMARKED = "implement-1-1 · Do one · R1 | Accept | Reject | Apply this hunk"
DONE = {"status": "done", "summary": "done"}

BARE = """
vim.api.nvim_create_autocmd("BufReadPost", { callback = function(found)
  local config = { name = "sextet", cmd = { "sextet", "serve" }, root_dir = vim.fn.getcwd() }
  Client = Client or (vim.lsp.start or vim.lsp.start_client)(config)
  vim.lsp.buf_attach_client(found.buf, Client)
end })
"""
"""A Neovim that knows nothing of Sextet but how to start it."""

COMMAND = """
local verb, more = ...
local params = { command = "sextet." .. verb, arguments = { more } }
vim.lsp.buf_request(0, "workspace/executeCommand", params, function() end)
"""

LINKS = """
local params = { textDocument = { uri = vim.uri_from_bufnr(0) } }
local _, answer = next(assert(vim.lsp.buf_request_sync(0, "textDocument/documentLink", params, 10000)))
return answer.result
"""


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return repos.make(tmp_path / "repo", {"a.txt": BEFORE})


@pytest.fixture(params=["debian", "newer"])
def which(request) -> str:
    return request.param


def play(tmp_path: Path, **more: Any) -> dict[str, str]:
    """What `:Sextet` needs to rehearse this."""
    file = tmp_path / "scenario.json"
    file.write_text(json.dumps(scenario(**more)))
    return {"executor": "rehearsal", "scenario": str(file)}


def start(nvim: Neovim, tmp_path: Path, **more: Any) -> None:
    nvim.lua("vim.g.sextet = ...", play(tmp_path, **more))
    nvim.type(":Sextet Say two<CR>")


def go_back(nvim: Neovim) -> str:
    """Go from the patch to the file; what is in the window then."""
    nvim.type(":buffer a.txt<CR>")
    nvim.until("vim.fn.expand('%:t') == 'a.txt'")
    return nvim.text() + "\n"


def test_a_hunk_cannot_be_read_judged_or_applied_in_the_patch(which, top, tmp_path):
    with neovim(which, top / "a.txt", cwd=top) as nvim:
        start(nvim, tmp_path, items={"one": {"actions": WRITE}})
        nvim.sees("completed")
        nvim.type(":SextetPatch<CR>")
        nvim.until("vim.fn.expand('%:t') == 'patch-1.diff'")
        assert {"-one", "+two", f" {ROCKET}", "-last", "+end"} <= set(nvim.text().split("\n"))
        assert nvim.lua("return { vim.bo.readonly, vim.bo.filetype }") == [True, "diff"]
        first, second = (number for number, line in enumerate(nvim.text().split("\n")) if "@@ hunk" in line)
        for line, lenses in ((0, "Apply patch-1"), (first, UNMARKED), (second, UNMARKED)):
            nvim.until("Lenses(...) == select(2, ...)", line, lenses)

        nvim.go_to(first + 1)
        nvim.type("K")
        nvim.until(
            "Box():find('implement%-1%-1: Do one%s+by implementer%-%d, model the default%s+R1: t') ~= nil"
        )
        nvim.go_to(first)
        nvim.wants("Accept")
        nvim.type(":lua vim.lsp.codelens.run()<CR>")
        nvim.until("Lenses(...):find(' | Accepted by .*: undo | Reject | Apply this hunk$') ~= nil", first)
        nvim.until("Lenses(0) == 'Apply patch-1 | Apply the accepted hunk'")
        nvim.go_to(second + 1)
        nvim.wants("Reject")
        nvim.type("<CR>")
        nvim.until("Lenses(...):find(' | Accept | Rejected by .*: undo | Apply this hunk$') ~= nil", second)
        assert (top / "a.txt").read_text() == BEFORE, "an opinion writes nothing"
        nvim.wants("Apply the accepted hunk")
        nvim.type("<CR>")
        nvim.sees("patch-1 is written in part")
        nvim.until("Lenses(...) == 'implement-1-1 · Do one · R1 | Applied'", first)
        assert (top / "a.txt").read_text() == BEFORE.replace("one", "two")

        nvim.go_to(second)
        nvim.wants("implement-1-1 · Do one")
        nvim.type(":lua vim.lsp.codelens.run()<CR>")
        nvim.until("vim.fn.expand('%:t') == 'implement-1-1.md'")
        assert top.joinpath("a.txt").as_uri() in [each["target"] for each in nvim.lua(LINKS)]
        nvim.lua("vim.api.nvim_win_set_cursor(0, { (...) + 1, 3 })", nvim.line_of("- `a.txt`"))
        nvim.type("gf")
        nvim.until("vim.fn.expand('%:p') == ...", str(top / "a.txt"))
        assert nvim.text() + "\n" == BEFORE.replace("one", "two")
        nvim.go_to(0)
        nvim.type(":lua vim.lsp.buf.hover()<CR>")
        nvim.until("Box():find('implement-1-1: Do one', 1, true) ~= nil")

        nvim.type(":SextetPatch<CR>")
        nvim.until("vim.fn.expand('%:t') == 'patch-1.diff'")
        nvim.go_to(0)
        nvim.wants("Take back what is applied")
        nvim.type("<CR>")
        nvim.sees("patch-1 is taken back")
        nvim.until("Lenses(0):find('Apply patch-1', 1, true) == 1")
        assert go_back(nvim) == (top / "a.txt").read_text() == BEFORE


def red_then_green(tmp_path: Path, gate: Path) -> dict[str, Any]:
    """The implementer asks before it writes; tests and review find fault, and mending waits for the gate."""
    check = f'if grep -q THREE a.txt; then echo "a.txt:2: error: {ROCKET}?"; exit 1; fi'
    remark = {"file": "a.txt", "line": 1, "severity": "major", "message": "Less loud.", "items": ["one"]}
    asks = {"verdict": "changes_requested", "summary": "s", "findings": [remark]}
    three = [write("a.txt", BEFORE.replace("one", "THREE"))]
    asked = {"do": "approve", "kind": "command", "text": "count", "reason": "to be sure", "actions": three}
    mended = [shell(f"while [ ! -e {gate} ]; do sleep 0.05; done"), write("a.txt", AFTER)]
    turn = {"role": "implementer", "item": "one", "answer": DONE}
    return {
        "items": {"one": {"actions": []}},
        "settings": {
            "tester": {"commands": [check], "sandbox": False},
            "roles": {
                "tester": {"sandbox": "off"},
                "implementer": {"approvals": "onRequest", "sandbox": "workspace-write"},
            },
        },
        "cues": (
            turn | {"epoch": 1, "actions": [asked]},
            turn | {"epoch": 2, "actions": mended},
            {"role": "reviewer", "epoch": 1, "answer": asks},
        ),
    }


def test_what_was_found_or_how_far_a_run_is_does_not_come_or_does_not_go(which, top, tmp_path):
    gate = tmp_path / "gate"
    with neovim(which, top / "a.txt", cwd=top) as nvim:
        start(nvim, tmp_path, **red_then_green(tmp_path, gate))
        nvim.until("Status():find('waits for you: 1 open question ', 1, true) ~= nil")
        nvim.sees("The agent wants to run a command")
        nvim.wants("Allow this once")
        nvim.type(":SextetAnswer<CR>")
        nvim.until("#vim.diagnostic.get(vim.fn.bufnr('a.txt')) == 1")
        [found] = nvim.lua("return vim.diagnostic.get(vim.fn.bufnr('a.txt'))")
        assert (found["lnum"], found["col"], found["end_col"]) == (1, 0, len(ROCKET.encode()))
        assert (found["message"], found["source"], found["severity"]) == (f"error: {ROCKET}?", "sextet", 1)
        nvim.until("Status():find('rework 1', 1, true) ~= nil")

        nvim.type(":SextetPatch<CR>")
        nvim.until("vim.fn.expand('%:t') == 'patch-1.diff'")
        assert go_back(nvim) == BEFORE
        nvim.until("#vim.diagnostic.get(nil, { severity = vim.diagnostic.severity.WARN }) == 1")
        nvim.type(":lua vim.diagnostic.setqflist({ severity = vim.diagnostic.severity.WARN })<CR>")
        nvim.until("vim.bo.filetype == 'qf'")
        nvim.type(":cc 1<CR>")
        nvim.until("vim.fn.expand('%:t') == 'patch-1.diff'")
        assert nvim.lua("return vim.fn.getline('.')") == "+THREE"
        nvim.until("Lenses(0) == 'patch-1 is a draft: the reviewer has not approved it'")
        nvim.wants("nothing")
        nvim.type("<CR>")
        nvim.until("#Offered > 0")
        assert "Ask implement-1-1 to fix this" in nvim.offered()

        gate.touch()
        nvim.sees("completed: patch-1 is tested and approved")
        nvim.until("Lenses(0) == 'Apply patch-1'")
        assert {"+two", "+end"} <= set(nvim.text().split("\n")), "an old patch under new lenses"
        nvim.until("#vim.diagnostic.get() == 0")
        nvim.until("not Status():find('rework', 1, true)")


def test_a_patch_is_forgotten_when_neovim_is_closed_or_merged_without_a_yes(which, top, tmp_path):
    with neovim(which, top / "a.txt", cwd=top) as nvim:
        start(nvim, tmp_path, items={"one": {"actions": WRITE}})
        nvim.sees("completed")
        assert nvim.quit() == 0
    mine = BEFORE.replace("10", "ten")
    (top / "a.txt").write_text(mine)
    with neovim(which, top / "a.txt", cwd=top) as nvim:
        end = time.monotonic() + 20
        while nvim.lua("return vim.fn.expand('%:t')") != "patch-1.diff":
            assert time.monotonic() < end, nvim.shown()
            nvim.type(":SextetPatch<CR>")
            time.sleep(0.2)
        nvim.type(":SextetApply<CR>")
        nvim.sees("applying would merge")
        assert [each.split(". ")[-1] for each in nvim.offered()] == ["Cancel", "Merge and apply"]
        assert (top / "a.txt").read_text() == mine
        nvim.wants("Merge and apply")
        nvim.type(":SextetApply<CR>")
        nvim.sees("patch-1 is written")
        merged = mine.replace("one", "two").replace("last", "end")
        assert go_back(nvim) == (top / "a.txt").read_text() == merged


def test_an_editor_without_our_configuration_is_told_nothing_or_answers_by_itself(which, top, tmp_path):
    asked = {"do": "approve", "kind": "command", "text": "count", "reason": "to be sure", "actions": WRITE}
    roles = {"implementer": {"approvals": "onRequest", "sandbox": "workspace-write"}}
    acts = {"items": {"one": {"actions": [asked]}}, "settings": {"roles": roles}}
    with neovim(which, top / "a.txt", cwd=top, lua=BARE) as nvim:
        nvim.until("vim.lsp.get_client_by_id(Client).initialized")
        nvim.lua(COMMAND, "run.start", {"goal": "Say two", **play(tmp_path, **acts)})
        nvim.until("#Offered == 2")
        time.sleep(0.5)
        [journal] = top.glob("codex-runs/*/events.jsonl")
        assert "question_answered" not in journal.read_text(), "what is waved away is open"
        assert nvim.offered()[0].endswith("Decline"), "the harmless one comes first"
        [named] = check_journal(RunFolder(journal.parent), ended=False).questions
        nvim.wants("Show the patch")
        answer = {"runId": journal.parent.name, "questionId": named, "answer": "accept"}
        nvim.lua(COMMAND, "question.answer", answer)
        nvim.until("#Offered == 2")
        if which == "newer":  # 0.7 opens no document that it is asked to
            nvim.until("vim.fn.expand('%:t') == 'patch-1.diff'")
