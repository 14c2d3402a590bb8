"""A bench for turns of the real Codex: scripted model, home, worktree, listener, all in one place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sextet.codex.turn import (
    Activity,
    ApprovalRequest,
    Decision,
    Fence,
    Listener,
    Purpose,
    TurnRequest,
)
from sextet.model.settings import CodexSettings
from support import scripted_model
from support.codex_cli import codex_home

PURPOSE = Purpose(role="analyst", task_id="analysis-1-1", epoch=1)


@dataclass
class Heard:
    """What a listener heard, and what it answers."""

    threads: list[str] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)
    approvals: list[ApprovalRequest] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    decision: Decision = "decline"
    answer: str = "as you like"

    @property
    def listener(self) -> Listener:
        return Listener(self._started, self.activities.append, self._approve, self._ask)

    def said(self, kind: str) -> str:
        return "".join(each.text for each in self.activities if each.kind == kind)

    async def _started(self, thread: str) -> None:
        self.threads.append(thread)

    async def _approve(self, request: ApprovalRequest) -> Decision:
        self.approvals.append(request)
        return self.decision

    async def _ask(self, question: str) -> str:
        self.questions.append(question)
        return self.answer


class Bench:
    """One scripted model, one private home, one worktree and one temporary folder.

    Args:
        folder: where all of it lives.
        codex: the native program.
        scenario: of the scripted model.
        extra: further TOML for the home's config.
    """

    def __init__(self, folder: Path, codex: Path, scenario: Mapping[str, Any], extra: str = "") -> None:
        self.model = scripted_model.start(scenario)
        self.home = codex_home(folder, self.model.port, extra=extra)
        self.worktree, self.tmpdir = folder / "worktree", folder / "tmp"
        self.worktree.mkdir()
        self.tmpdir.mkdir()
        self.settings = CodexSettings(path=str(codex), home=str(self.home))
        self.env = {**os.environ, "SEXTET_TEST_SECRET_TOKEN": "hunter2", "OPENAI_API_KEY": "sk-canary"}
        self.heard = Heard()

    @property
    def fence(self) -> Fence:
        return Fence("workspace-write", self.worktree, self.tmpdir)

    def request(self, prompt: str, **more: Any) -> TurnRequest:
        fields: dict[str, Any] = {"prompt": prompt, "fence": self.fence, "purpose": PURPOSE, "timeout": 15.0}
        return TurnRequest(**{**fields, **more})

    def bodies(self) -> list[dict[str, Any]]:
        """The bodies of the model requests so far."""
        return [request["body"] for request in self.model.requests]
