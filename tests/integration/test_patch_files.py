"""A file of a patch, before and after: text, links, bytes that are none, and what is too large."""

from __future__ import annotations

import json

import pytest

from sextet.errors import NotFoundError
from sextet.model.names import RunState
from sextet.service.patch_files import LARGEST
from support import repos
from support.runs import scenario, shell, shop, write

ITEMS = {
    "one": {
        "actions": [
            write("a.txt", "new\n"),
            write("made/\N{SNOWMAN}.txt", "b"),
            shell("rm gone.txt; head -c 9 /dev/zero > zero; ln -s a.txt link"),
            shell(f"head -c {LARGEST + 1} /dev/zero | tr '\\0' x > large"),
        ]
    }
}


@pytest.fixture
async def done(tmp_path):
    """A supervisor with a complete run that touches a file of each kind."""
    top = repos.make(tmp_path / "repo", {"a.txt": "old\n", "gone.txt": "gone\r\n"})
    file = tmp_path / "scenario.json"
    settings = {
        "tester": {"commands": ["true"], "sandbox": False},
        "roles": {"tester": {"sandbox": "off"}, "implementer": {"sandbox": "workspace-write"}},
    }
    file.write_text(json.dumps(scenario(ITEMS, settings=settings)))
    async with shop(top) as it:
        run_id = await it.start(file)
        assert await it.orchestrator.wait(run_id) is RunState.COMPLETED
        it.one = {"runId": run_id, "patchId": "patch-1"}
        yield it


async def test_each_kind_of_file_is_given_as_far_as_it_can_be_shown(done):
    async def sides(path: str) -> tuple[tuple[str, str], tuple[str, str]]:
        found = await done.call("patch/file", **done.one, path=path)
        return (found.before.kind, found.before.text), (found.after.kind, found.after.text)

    assert await sides("a.txt") == (("text", "old\n"), ("text", "new\n"))
    assert await sides("made/\N{SNOWMAN}.txt") == (("absent", ""), ("text", "b"))
    assert await sides("gone.txt") == (("text", "gone\r\n"), ("absent", ""))
    assert await sides("zero") == (("absent", ""), ("binary", ""))
    assert await sides("link") == (("absent", ""), ("link", "a.txt"))
    large = (await done.call("patch/file", **done.one, path="large")).after
    assert (large.kind, large.text, large.size) == ("large", "", LARGEST + 1)


async def test_a_file_that_the_patch_does_not_change_is_not_read(done):
    with pytest.raises(NotFoundError, match="does not change"):
        await done.call("patch/file", **done.one, path="README.md")
