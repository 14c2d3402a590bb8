"""Summary: how a run ended, for the person and for programs, and what the caller can do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sextet.cli.exits import APPROVED, FAILED, INTERRUPTED, WAITS
from sextet.cli.screen import Screen
from sextet.cli.words import REHEARSAL, amount, choices, files, standing, tests
from sextet.model.base import Line, Record, Text
from sextet.model.names import RunState
from sextet.model.notes import Question
from sextet.model.outcome import ReviewOutcome, TestOutcome
from sextet.model.patch import ChangeSet, Patch, PatchState
from sextet.roles.wording import one_line


class Ending(Record):
    """The last line of `--json`, and what is printed at the end."""

    run_id: str
    state: RunState
    reason: Line
    exit_code: int
    rehearsal: bool
    verdict: str = ""
    tests: str = ""
    patch_id: str = ""
    patch_state: str = ""
    files: int = 0
    added: int = 0
    removed: int = 0
    tokens: int = 0
    folder: str = ""
    questions: tuple[Text, ...] = ()
    problem: Text = ""
    next_step: Text = ""


def code_for(screen: Screen, *, waits: bool, applied: bool, wanted: bool) -> int:
    """The exit code of a run that is over here."""
    view = screen.view
    if view.state is RunState.COMPLETED:
        patch = patch_of(screen)
        return WAITS if wanted and patch and not applied else APPROVED
    if view.ended:
        return FAILED
    return WAITS if waits else INTERRUPTED


def patch_of(screen: Screen) -> Patch | None:
    """The run's current patch, when it is one that can be applied."""
    patch = screen.view.patches.get(screen.view.patch)
    if patch is None or patch.base == patch.tree:
        return None
    return patch


@dataclass(frozen=True, slots=True)
class Left:
    """What the command knows about the end beside the run itself."""

    code: int
    folder: str
    """Where the run's records are."""
    changes: ChangeSet | None = None
    """Of its patch."""
    problem: str = ""
    """What went wrong here."""
    asked: tuple[Question, ...] = ()
    """What it waited for when it was left."""
    where: str = ""
    """What a command must add when it is called from where the caller is: ` --repo ...`, or nothing."""


def ending(screen: Screen, left: Left) -> Ending:
    """How it ended."""
    view, patch = screen.view, patch_of(screen)
    sums: dict[str, int] = {}
    if left.changes is not None:
        sums = {
            "files": len(left.changes.files),
            "added": sum(file.added for file in left.changes.files),
            "removed": sum(file.removed for file in left.changes.files),
        }
    return Ending(
        run_id=screen.run_id,
        state=_state(screen, left),
        reason=view.reason,
        exit_code=left.code,
        rehearsal=screen.rehearsal,
        verdict=_verdict(screen),
        tests=_tests(screen),
        patch_id=patch.id if patch else "",
        patch_state=patch.state.value if patch else "",
        tokens=view.usage.total,
        folder=left.folder,
        questions=tuple(_asked(screen, left.asked)),
        problem=left.problem,
        next_step=_next(screen, left, patch),
        **sums,
    )


def _state(screen: Screen, left: Left) -> RunState:
    """The run's state; when a disk refused, the last one that could be written down is no longer true."""
    view = screen.view
    return RunState.INTERRUPTED if left.problem and not view.ended else view.state


def _verdict(screen: Screen) -> str:
    task = screen.view.tasks.get(f"review-{screen.view.patch}")
    if _empty(screen) or task is None or not isinstance(task.outcome, ReviewOutcome):
        return ""
    return f"{task.outcome.verdict.replace('_', ' ')}: {one_line(task.outcome.summary, 300)}"


def _tests(screen: Screen) -> str:
    task = screen.view.tasks.get(f"test-{screen.view.patch}")
    if _empty(screen) or task is None or not isinstance(task.outcome, TestOutcome):
        return ""
    return tests(task.outcome)


def _empty(screen: Screen) -> bool:
    """True when it came out that nothing is to be changed: what was judged before was another tree."""
    return screen.view.state is RunState.COMPLETED and patch_of(screen) is None


def _asked(screen: Screen, asked: tuple[Question, ...]) -> list[str]:
    if screen.view.ended:
        return []
    found = {question.id: question for question in (*asked, *screen.open_questions)}
    said = [f"{each.id}: {one_line(each.text, 300)}{choices(each)}" for each in found.values()]
    return said + ([f"{screen.gate} needs a named approval"] if screen.gate else [])


def _next(screen: Screen, left: Left, patch: Patch | None) -> str:
    run = screen.run_id + left.where
    if not screen.view.ended:
        if left.asked and not screen.open_questions:
            return f"sextet resume {run}   (on a terminal, or with --wait and `sextet answer` from another)"
        return f"{_word(screen, run) if left.code == WAITS else ''}sextet resume {run}"
    if screen.view.state is RunState.STOPPED:
        return f"sextet resume {run}   (takes it up again)"
    if patch is None:
        return ""
    steps = {
        PatchState.APPLIED: f"sextet patch revert {patch.id} {run}   (takes it back)",
        PatchState.PROPOSED: f"sextet patch apply {patch.id} {run}",
    }
    return steps.get(patch.state, f"sextet show {run}")


def _word(screen: Screen, run: str) -> str:
    """The command by which a person says what the run waits for."""
    if screen.gate:
        return f"sextet approve {screen.gate} {run} && "
    if screen.open_questions:
        return f"sextet answer {screen.open_questions[0].id} <answer> {run} && "
    return ""


def lines(end: Ending) -> list[str]:
    """The ending as it is printed."""
    facts: list[tuple[str, str]] = [
        ("Run", f"{end.run_id} {standing(end.state, end.reason)}"),
        ("Note", f"{REHEARSAL}" if end.rehearsal else ""),
        ("Problem", one_line(end.problem, 2_000)),
        ("Verdict", end.verdict),
        ("Tests", end.tests),
        ("Patch", _patch(end)),
        *(("Question", asked) for asked in end.questions),
        ("Tokens", amount(end.tokens) if end.tokens else ""),
        ("Records", one_line(end.folder, 4_000)),
        ("Next", end.next_step),
    ]
    return [f"{name + ':':<10}{text}" for name, text in facts if text]


def _patch(end: Ending) -> str:
    if not end.patch_id:
        return ""
    return f"{end.patch_id} {end.patch_state}, {files(end.files)}, +{end.added} -{end.removed}"


def result(end: Ending) -> dict[str, Any]:
    """The ending as the last JSON line."""
    return {"type": "result", **end.model_dump(mode="json", by_alias=True)}
