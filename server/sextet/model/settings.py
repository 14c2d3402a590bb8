"""Settings: every default in one place, keys as in `settings.json` under `sextet.`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from sextet.model.base import Count, Line, Record, Text
from sextet.model.names import Role

ModelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$")]
"""A model's name: never looks like a command-line option."""

Command = Annotated[str, StringConstraints(min_length=1, max_length=8_000)]
"""A shell command of the user, run by `bash -c` in the sandbox."""

Minutes = Annotated[float, Field(gt=0, le=1_440)]

Origin = Literal["run", "editor", "repository", "user"]
"""Where a value comes from: one run's own, the editor, the repository's file, the user's file."""


class Problem(Record):
    """Something in a settings file that is not used, for the person and for a diagnostic on that file."""

    key: Line
    """With `sextet.`; empty when the whole file cannot be read."""
    sentence: Line
    """What is wrong, and what is used instead."""
    file: Line = ""
    """Path of the file; empty where the value did not come from one."""
    level: Literal["error", "warning"] = "error"


class RoleSettings(Record):
    """`sextet.roles.<role>`: how one role works."""

    workers: int = Field(default=1, ge=0, le=16)
    """How many workers at most (a ceiling under `maxAgents`); 0 leaves the role without workers."""
    models: tuple[ModelName, ...] = Field(default=(), max_length=20)
    """Models in order of preference; empty: Codex's own default."""
    spread: bool = False
    """Spread the workers over the models instead of starting all at the first."""
    effort: Literal["", "minimal", "low", "medium", "high", "xhigh", "max", "ultra"] = ""
    """Reasoning effort; empty: the model's default. Which ones a model knows differs from model to model."""
    timeout_minutes: Minutes = 30.0
    """Deadline of one attempt."""
    sandbox: Literal["read-only", "workspace-write", "off"] = "read-only"
    """What the agent's commands may write; `off` needs trust."""
    network: bool = False
    """Whether the agent's commands may use the network; needs trust."""
    approvals: Literal["never", "onRequest"] = "never"
    """Whether the agent may ask for more than its sandbox allows."""
    instructions: Text = ""
    """Added to the role's prompt."""


def _default_roles() -> dict[Role, RoleSettings]:
    return {
        Role.ANALYST: RoleSettings(workers=2, spread=True),
        Role.CONSENSUS: RoleSettings(),
        Role.SPLITTER: RoleSettings(),
        Role.IMPLEMENTER: RoleSettings(workers=2, sandbox="workspace-write"),
        Role.TESTER: RoleSettings(sandbox="workspace-write"),
        Role.REVIEWER: RoleSettings(),
    }


class TesterSettings(Record):
    """`sextet.tester`: the commands that count as evidence."""

    commands: tuple[Command, ...] = Field(default=(), max_length=50)
    timeout_minutes: Minutes = 15.0
    """Deadline of one command."""
    network: bool = False
    """Whether test commands may use the network (loopback needs it)."""
    sandbox: bool = True
    """False runs test commands without a sandbox; needs trust."""


class WorktreeSettings(Record):
    """`sextet.worktree`: what a fresh worktree needs."""

    setup_command: str = Field(default="", max_length=8_000)
    copy_files: tuple[str, ...] = Field(default=(), alias="copy", max_length=100)
    """Ignored files or folders to bring along from the work tree (`.env`, `node_modules`)."""


class Gates(Record):
    """`sextet.approvals`: how many named approvals are needed."""

    consensus: int = Field(default=0, ge=0, le=16)
    patch: int = Field(default=1, ge=0, le=16)


class Budget(Record):
    """`sextet.budget`: tokens of one run; 0 means no limit."""

    run_tokens: Count = 0
    warn_at: Count = 0


class CodexSettings(Record):
    """`sextet.codex`: which Codex, and how it is spoken to."""

    path: str = Field(default="", max_length=4_096)
    """Absolute path of the codex program; empty: found on PATH."""
    home: str = Field(default="", max_length=4_096)
    """CODEX_HOME; empty: the user's."""
    transport: Literal["appServer", "exec"] = "appServer"
    mcp_servers: bool = False
    """Whether the user's MCP servers and hooks are on for agents."""


class Settings(Record):
    """All settings, resolved. Defaults work with no settings file."""

    max_agents: int = Field(default=4, ge=1, le=64)
    """Agents at work at the same time, over all runs."""
    roles: dict[Role, RoleSettings] = Field(default_factory=_default_roles)
    tester: TesterSettings = TesterSettings()
    max_reworks: int = Field(default=3, ge=0, le=20)
    """Rounds of rework before a human is asked (`sextet.review.maxReworks`)."""
    approvals: Gates = Gates()
    patch_apply: Literal["ask", "auto", "never"] = "ask"
    """`sextet.patch.apply`."""
    budget: Budget = Budget()
    codex: CodexSettings = CodexSettings()
    worktree: WorktreeSettings = WorktreeSettings()
    runs_keep: int = Field(default=50, ge=1, le=10_000)
    """`sextet.runs.keep`: how many ended runs `clean` keeps."""
    question_minutes: Minutes = 1_440.0
    """How long a question waits before its default is taken."""

    def role(self, role: Role) -> RoleSettings:
        """The settings of one role (its defaults when the file says nothing)."""
        return self.roles.get(role) or _default_roles()[role]
