"""The implementer: what git captured counts, not what the agent says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sextet.model.names import Role
from sextet.model.settings import Settings, WorktreeSettings
from sextet.model.task import FailureKind, Item
from sextet.roles.cast import Cast
from sextet.roles.executor import AttemptFailedError
from sextet.workspace import snapshot
from sextet.workspace.worktree import Workshop
from support import repos
from support.rehearsals import FakeAgents, Remembering, broken, make_assignment, make_run

ITEM = Item(id="one", title="Do one", instructions="Like this.")
DONE = {"status": "done", "summary": "I changed everything."}


class Site:
    """A repository and an implementer with scripted agents."""

    def __init__(self, workshop: Workshop, tree: str) -> None:
        self.workshop, self.tree = workshop, tree
        self.sink = Remembering()
        self.agents = FakeAgents([])

    @classmethod
    async def build(cls, folder: Path) -> Site:
        top = repos.make(folder / "repo", {"a.txt": "a\n", ".gitignore": ".env\n"})
        repos.write(top, {".env": "secret"})
        workshop = await repos.workshop(top, folder / "state")
        base = await snapshot.take(workshop.mirror, workshop.repository, run_id=make_run().id)
        return cls(workshop, base.tree)

    async def work(self, reply: Any, settings: Settings | None = None, **more: Any) -> Any:
        self.agents.replies = [reply]
        self.agents.requests.clear()
        run = make_run(settings, tree=self.tree)
        assignment = make_assignment(Role.IMPLEMENTER, run, item=ITEM, **more)
        executor = Cast(self.workshop, {Role.IMPLEMENTER: self.agents}).executor(Role.IMPLEMENTER)
        return await executor.execute(assignment, self.sink)

    def leftovers(self) -> tuple[Any, ...]:
        return self.workshop.leftovers(make_run().id)


@pytest.fixture
async def site(tmp_path: Path) -> Site:
    return await Site.build(tmp_path)


def writing(files: dict[str, repos.Content | None], answer: Any = DONE) -> Callable[..., Any]:
    async def reply(request: Any, _: Any) -> object:
        repos.write(request.fence.cwd, files)
        return answer

    return reply


async def test_the_change_is_what_git_finds(site: Site) -> None:
    outcome = await site.work(writing({"a.txt": None, "b/c.txt": "c\n", ".env": "mine"}))
    assert outcome.change.files == ("a.txt", "b/c.txt")
    assert outcome.change.start == site.tree
    assert outcome.summary == "I changed everything."
    assert site.agents.requests[0].fence.mode == "workspace-write"
    assert site.leftovers() == ()


async def test_words_without_a_change_are_no_change(site: Site) -> None:
    outcome = await site.work(DONE)
    assert outcome.change is None
    assert not outcome.blocked


async def test_a_blocked_agent_says_so_and_its_files_are_kept(site: Site) -> None:
    outcome = await site.work(writing({"b": "b"}, {"status": "blocked", "summary": "No key."}))
    assert outcome.blocked
    assert outcome.change.files == ("b",)


async def test_what_a_failed_attempt_wrote_can_be_salvaged_and_continued(site: Site) -> None:
    async def dies(request: Any, _: Any) -> object:
        repos.write(request.fence.cwd, {"half.txt": "half\n"})
        return broken(FailureKind.TIMEOUT)

    with pytest.raises(AttemptFailedError):
        await site.work(dies)
    (left,) = site.leftovers()
    salvaged = await site.workshop.salvage(left.run_id, left.task_id, left.epoch)
    assert salvaged is not None
    outcome = await site.work(writing({"rest.txt": "rest\n"}), epoch=2, salvage=salvaged.tree)
    assert outcome.change.files == ("half.txt", "rest.txt")
    assert outcome.change.start == site.tree


async def test_set_up_runs_before_the_agent_and_its_failure_does_not_stop_it(site: Site) -> None:
    site.agents.results = {"make deps": (2, b"no network\n")}
    settings = Settings(worktree=WorktreeSettings(setup_command="make deps", copy_files=(".env",)))

    async def reply(request: Any, _: Any) -> object:
        assert [script for script, _, _ in site.agents.commands] == ["make deps"]
        assert repos.read(request.fence.cwd)[".env"] == b"secret"
        return DONE

    outcome = await site.work(reply, settings)
    assert outcome.change is None
    assert "set-up command failed" in site.sink.text("sextet")
    assert "no network" in site.sink.text("test")


async def test_trouble_with_git_is_a_failed_attempt_that_explains_itself(site: Site) -> None:
    with pytest.raises(AttemptFailedError) as failed:
        await site.work(DONE, tree="c" * 40)
    assert failed.value.failure.kind is FailureKind.INTERNAL
    assert failed.value.failure.cause
