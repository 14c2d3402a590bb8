"""Scenario: the lines that a rehearsal speaks instead of a model, read from a JSON file.

A scenario is one JSON object; only `name` and `cues` are required, keys are camelCase:

    {"name": "...",            shown wherever the rehearsal shows itself
     "about": "...",           one paragraph for the person
     "goal": "...",            the goal that it was written for (used when none is given)
     "scale": 1.0,             factor on every delay; 0 plays without any
     "settings": {...},        settings that it needs, as in `sextet.schema`'s Settings, e.g. tester commands
     "repository": {"path": "text", ...},   a repository to play it on
     "cues": [ {"role": "analyst", ...}, ... ]}

A cue is for one role (`analyst`, `consensus`, `splitter`, `implementer`, `tester`, `reviewer`), may ask for
more: `slot`, `item`, `rework`, `epoch`, `model`, `turn` (which turn of the attempt, from 1), and `promptHas`
(text that stands in the prompt). Among the cues that fit, the one that asks for most is played, the first of
equals; so a scenario without `item` and `rework` plays on any plan. A cue has `actions`, played in order, and
an `answer`: a JSON object, or a text that is given back as it stands (to rehearse bad answers).

Actions, by their `do`:

    say {text, kind?}                        a message (or `reasoning`, `plan`, `tool`, `error`, `other`)
    wait {seconds}                           a delay, times `scale`
    write | append {path, text}              a whole file, or more of one (made when missing)
    replace {path, old, new}                 the first place of `old`, which must be there
    delete {path}
    run {script}                             `bash -c` in the worktree, for real; shown as a command
    spend {input, cached, output, reasoning} tokens
    approve {kind, text, reason, actions}    ask a person; `actions` are played when they accept
    ask {text}                               the agent's own question; the answer is said
    fail {kind, cause, nextStep, retryAfter, lost}   end the turn with a failure (see FailureKind)
    hang {}                                  no sign of life until the turn counts as stuck

In every text and path `{{role}}`, `{{task}}`, `{{slot}}`, `{{item}}`, `{{epoch}}` and `{{rework}}` are filled
in. The same scenario and the same tasks give the same bytes.
"""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, StringConstraints, ValidationError, model_validator

from sextet.errors import ScenarioError
from sextet.model.base import Count, Line, Record, RepoPath, Seconds, Text
from sextet.model.names import Mode, Role
from sextet.model.settings import ModelName, Settings
from sextet.model.task import FailureKind

LARGEST: Final = 1_000_000
"""Bytes of the largest scenario file; a run keeps its scenario in `run.json`."""

FileText = Annotated[str, StringConstraints(max_length=500_000)]


class Say(Record):
    """The agent says or thinks something."""

    do: Literal["say"]
    text: Text
    kind: Literal["message", "reasoning", "plan", "tool", "error", "other"] = "message"


class Wait(Record):
    """Time passes."""

    do: Literal["wait"]
    seconds: Seconds


class Write(Record):
    """A file gets this text."""

    do: Literal["write"]
    path: RepoPath
    text: FileText


class Append(Record):
    """A file gets more text at its end."""

    do: Literal["append"]
    path: RepoPath
    text: FileText


class Replace(Record):
    """The first `old` in a file becomes `new`."""

    do: Literal["replace"]
    path: RepoPath
    old: str = Field(min_length=1, max_length=100_000)
    new: Text


class Delete(Record):
    """A file goes."""

    do: Literal["delete"]
    path: RepoPath


class RunScript(Record):
    """A shell command of the agent, run for real."""

    do: Literal["run"]
    script: str = Field(min_length=1, max_length=8_000)


class Spend(Record):
    """Tokens are used."""

    do: Literal["spend"]
    input: Count = 0
    cached: Count = 0
    output: Count = 0
    reasoning: Count = 0


class Approve(Record):
    """The agent asks for more than its sandbox allows; `actions` follow when a person accepts."""

    do: Literal["approve"]
    kind: Literal["command", "files", "permissions"] = "command"
    text: Text
    reason: Text = ""
    actions: tuple[Action, ...] = Field(default=(), max_length=100)


class Ask(Record):
    """The agent asks the user something."""

    do: Literal["ask"]
    text: Text


class Fail(Record):
    """The turn ends without an answer."""

    do: Literal["fail"]
    kind: FailureKind
    cause: Text = "The scenario says so."
    next_step: Line = ""
    retry_after: Seconds = 0.0
    lost: bool = False


class Hang(Record):
    """Silence."""

    do: Literal["hang"]


Action = Annotated[
    Say | Wait | Write | Append | Replace | Delete | RunScript | Spend | Approve | Ask | Fail | Hang,
    Field(discriminator="do"),
]
Approve.model_rebuild()

_CONDITIONS: Final = ("slot", "item", "rework", "epoch", "model", "turn", "prompt_has")
_TOUCHING: Final = (Write, Append, Replace, Delete, RunScript)


class Cue(Record):
    """What is played for one role, under its conditions."""

    role: Role
    slot: int | None = Field(default=None, ge=1, le=64)
    item: str | None = None
    rework: int | None = Field(default=None, ge=0)
    epoch: int | None = Field(default=None, ge=1)
    model: ModelName | None = None
    turn: int | None = Field(default=None, ge=1)
    prompt_has: str | None = Field(default=None, min_length=1, max_length=1_000)
    actions: tuple[Action, ...] = Field(default=(), max_length=500)
    answer: dict[str, Any] | Text | None = None

    @model_validator(mode="after")
    def _ends(self) -> Cue:
        stops = bool(self.actions) and isinstance(self.actions[-1], Fail | Hang)
        if self.answer is None and not stops:
            raise ValueError("a cue needs an answer, or a fail or hang as its last action")
        return self

    @property
    def conditions(self) -> int:
        """How many conditions it has beside its role."""
        return sum(getattr(self, name) is not None for name in _CONDITIONS)

    @property
    def touches_files(self) -> bool:
        """Whether it needs a checkout of the repository to be played."""
        return touches_files(self.actions)


def touches_files(actions: tuple[Action, ...]) -> bool:
    """Whether any of the actions (or of those inside) reads or writes the worktree."""
    return any(
        isinstance(action, _TOUCHING) or (isinstance(action, Approve) and touches_files(action.actions))
        for action in actions
    )


class Scenario(Record):
    """Everything that a rehearsal plays."""

    name: Line = Field(min_length=1)
    about: Text = ""
    goal: Text = ""
    mode: Mode = Mode.IMPLEMENT_FEATURE
    guidance: Text = ""
    scale: float = Field(default=1.0, ge=0, le=100)
    settings: Settings = Settings()
    repository: dict[RepoPath, FileText] = Field(default_factory=dict, max_length=200)
    cues: tuple[Cue, ...] = Field(min_length=1, max_length=1_000)

    def overlay(self, settings: Settings) -> Settings:
        """The given settings with those that the scenario sets put over them, key by key at the top level."""
        return settings.model_copy(
            update={name: getattr(self.settings, name) for name in self.settings.model_fields_set}
        )


def load(name_or_path: str | Path) -> Scenario:
    """Read a scenario: `demo` and `default` are shipped, anything else is the path of a file.

    Raises:
        ScenarioError: there is no such file, or it cannot be used; `facts["path"]` names the bad field.
    """
    shipped = resources.files("sextet.roles") / "scenarios" / f"{name_or_path}.json"
    source = shipped if str(name_or_path).isidentifier() and shipped.is_file() else Path(name_or_path)
    try:
        with source.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise ScenarioError(
            f"The scenario {str(name_or_path)!r} cannot be read: {error.strerror or error}.",
            next_step=f"Give the path of a scenario file, or one of: {', '.join(names())}.",
            path="",
        ) from error
    return read(data)


def names() -> tuple[str, ...]:
    """The scenarios that are shipped."""
    folder = resources.files("sextet.roles") / "scenarios"
    return tuple(sorted(each.name.removesuffix(".json") for each in folder.iterdir()))


def read(data: bytes | str) -> Scenario:
    """Check the JSON text of a scenario.

    Raises:
        ScenarioError: it cannot be used; `facts["path"]` names the bad field.
    """
    if len(data) > LARGEST:
        raise ScenarioError(f"The scenario has more than {LARGEST} bytes.", path="")
    try:
        return Scenario.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        path = ".".join(str(step) for step in first["loc"])
        raise ScenarioError(
            f"The scenario cannot be used: {path or 'the file'}: {first['msg']}.",
            next_step="Mend this field; docs/howto/write-a-scenario.md describes the format.",
            path=path,
        ) from error


def dump(scenario: Scenario) -> str:
    """The scenario as JSON text that `read` takes back, for `run.json`."""
    return json.dumps(scenario.model_dump(mode="json", by_alias=True, exclude_unset=True), ensure_ascii=False)
