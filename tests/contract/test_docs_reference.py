"""The reference pages say what the code says: nothing is missing, nothing is made up."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click
import pytest

from sextet.cli import exits
from sextet.cli.app import root
from sextet.model.answers import Answer
from sextet.model.events import RunEvent
from sextet.model.names import Kind, Role, RunState, TaskState
from sextet.model.notes import QuestionKind
from sextet.model.task import FailureKind
from sextet.pipeline.transitions import TABLE, Move
from sextet.service.methods import METHODS
from sextet.service.settings_table import TABLE as SETTINGS
from sextet.store.layout import RunFolder
from sextet.store.state import State

DOCS = Path(__file__).parents[2] / "docs"
COMMANDS = (DOCS / "reference" / "commands.md").read_text(encoding="utf-8")
ON_DISK = (DOCS / "reference" / "on-disk-format.md").read_text(encoding="utf-8")
ROLES = (DOCS / "reference" / "roles-and-outcomes.md").read_text(encoding="utf-8")
QUESTIONS = (DOCS / "reference" / "questions.md").read_text(encoding="utf-8")

WORD = re.compile(r"`([^`\n]+)`")
BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def words(text: str) -> set[str]:
    """Everything that stands in backticks, blocks of code not counted."""
    return set(WORD.findall(BLOCK.sub("", text)))


# Commands -----------------------------------------------------------------------------------------
def commands(group: click.Group = root, prefix: str = "sextet") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{prefix} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {name}")


ALL = dict(commands())
SECTIONS = dict(re.findall(r"^###+ `(sextet [^`]+)`\n(.*?)(?=^##|\Z)", COMMANDS, re.MULTILINE | re.DOTALL))


def test_a_command_has_no_section_or_a_section_no_command() -> None:
    assert set(SECTIONS) == set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_an_option_is_not_documented_or_does_not_exist(name: str) -> None:
    options = [one for one in ALL[name].params if isinstance(one, click.Option)]
    there = {spelling for option in options for spelling in option.opts}
    told = {
        cell.group()
        for line in SECTIONS[name].splitlines()
        if line.startswith(("| `-", "Also:"))
        for cell in re.finditer(r"(?<=`)--?[a-z-]+(?=`)", line.split(" | ")[0])
    }
    assert told == there


@pytest.mark.parametrize("name", ALL)
def test_the_arguments_of_a_command_are_told_wrongly(name: str) -> None:
    command = ALL[name]
    pieces = command.collect_usage_pieces(click.Context(command, info_name=name))
    arguments = [piece for piece in pieces if piece != "[OPTIONS]"]
    if arguments:
        assert f"`{' '.join([name, *arguments])}`" in SECTIONS[name]


def test_an_exit_code_is_missing() -> None:
    codes = {exits.APPROVED, exits.FAILED, exits.USAGE, exits.WAITS, exits.INTERRUPTED}
    for page in (COMMANDS, (DOCS / "howto" / "run-in-ci.md").read_text(encoding="utf-8")):
        assert {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)} == codes


# Settings -----------------------------------------------------------------------------------------
def test_a_setting_is_missing_or_a_page_names_one_that_does_not_exist() -> None:
    known = {f"sextet.{key}" for key in SETTINGS}
    known |= {re.sub(rf"\.roles\.({'|'.join(Role)})\.", ".roles.<role>.", key) for key in known}
    page = (DOCS / "reference" / "settings.md").read_text(encoding="utf-8")
    assert {key for key in known if "<role>" in key or ".roles." not in key} <= words(page)
    groups = {key.rpartition(".")[0] for key in known} | {"sextet.roles"}
    for path in (DOCS.parent / "README.md", *DOCS.rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        named = set(re.findall(r"[`\"](sextet\.[a-zA-Z.<>]+)[`\"]", text))
        commands = {f"sextet.{verb.replace('/', '.')}" for verb in METHODS}
        assert named <= known | groups | commands, path.name


# On disk ------------------------------------------------------------------------------------------
def kinds_of(union: object) -> list[str]:
    return [record.model_fields["kind"].default for record in get_args(get_args(union)[0])]


def test_an_event_is_missing_or_made_up() -> None:
    told = re.findall(r"^\| `([a-z_]+)` \| [^`]", ON_DISK.partition("### `events.jsonl`")[2], re.MULTILINE)
    assert told == kinds_of(RunEvent)


def test_a_file_of_a_run_is_not_told(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "codex-runs" / "20261122-143005-run-7f3a")
    folders = {run.tasks, run.claims, run.attempts, run.conversations, run.logs}
    for path in folders:
        assert f"    {path.name}/" in ON_DISK, path.name
    for name in (run.run.name, run.journal.name, "owner.json", "released", "reaped", "events.torn"):
        assert re.search(rf"\b{re.escape(name)}\b", ON_DISK), name
    for name in ("prompt.md", "activity.jsonl", "setup.log", "test-<n>.log", "<taskId>.md", "<workerId>.log"):
        assert name in ON_DISK


def test_a_file_of_the_state_folder_is_not_told(tmp_path: Path, home: Path) -> None:
    state = State.of(tmp_path, home / "state")
    places = (state.mirror, state.worktrees, state.applies, state.runs, state.lock, state.holder, state.trust)
    for path in (*places, state.socket, *state.path.iterdir()):
        assert re.search(rf"^  {re.escape(path.name)}\b", ON_DISK, re.MULTILINE), path.name


def test_a_state_of_a_run_is_not_told() -> None:
    assert set(RunState) <= words(ON_DISK)


# Roles and questions ------------------------------------------------------------------------------
def test_a_role_or_a_kind_of_task_is_missing() -> None:
    told = re.findall(r"^\| `(\w+)` \| `(\w+)` \|", ROLES.partition("## Fields")[0], re.MULTILINE)
    assert told == list(zip(Role, Kind, strict=True))


def test_a_field_of_an_answer_is_not_told() -> None:
    named = words(ROLES)
    for record in get_args(Answer):
        for field in record.model_fields.values():
            assert field.alias in named, f"{record.__name__}.{field.alias}"


def test_a_kind_of_failure_is_missing() -> None:
    rows = re.findall(r"^\| (`[^|]+) \|", ROLES.partition("## Failures")[2].partition("## ")[0], re.MULTILINE)
    assert sorted(WORD.findall(" ".join(rows))) == sorted(FailureKind)


def test_the_table_of_task_states_differs_from_the_code() -> None:
    told: dict[Kind, dict[TaskState, dict[Move, TaskState]]] = {kind: {} for kind in Kind}
    rows = re.findall(
        r"^\| ([^|]+) \| `(\w+)` \| (.+) \|$", ROLES.partition("## Task states")[2], re.MULTILINE
    )
    for kinds, state, moves in rows:
        for kind in Kind if kinds == "all" else map(Kind, WORD.findall(kinds)):
            found = told[kind].setdefault(TaskState(state), {})
            found |= {Move(a): TaskState(b) for a, b in re.findall(r"`(\w+)` → `(\w+)`", moves)}
    assert told == TABLE


def test_a_kind_of_question_is_missing() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", QUESTIONS, re.MULTILINE)) == set(QuestionKind)


# Rooms --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("room", ["lsp", "service"])
def test_a_module_of_a_room_is_not_on_its_map_or_does_not_exist(room: str) -> None:
    page = (DOCS / "explanation" / "architecture.md").read_text(encoding="utf-8")
    table = page.partition(f"| in `{room}` |")[2].partition("\n\n")[0]
    told = [name for row in table.splitlines()[2:] for name in WORD.findall(row.split(" | ")[0])]
    modules = (DOCS.parent / "server" / "sextet" / room).glob("*.py")
    assert sorted(told) == sorted(path.stem for path in modules if path.stem != "__init__")


# Messages -----------------------------------------------------------------------------------------
def literals() -> str:
    """Every text in the code; what an f-string fills in is a line end."""
    found = []
    for path in sorted((DOCS.parent / "server" / "sextet").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (part.value if isinstance(part, ast.Constant) else "\n" for part in node.values)
                found.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return "\n\n".join(found)


def test_a_message_that_is_explained_is_not_said_any_more() -> None:
    said = literals()
    page = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
    unknown = [
        message
        for cell in re.findall(r"^\| (.*?) \|", page, re.MULTILINE)
        for message in WORD.findall(cell)
        if " " in message and any(part.strip() not in said for part in message.split("…"))
    ]
    assert unknown == [], "take the sentence from the code; what varies is a …"
