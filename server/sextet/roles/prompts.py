"""Prompts: a role's template (package data) filled from its assignment; others' text in marked blocks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from string import Template
from typing import Final

from sextet.model.answers import Ledger, Requirement
from sextet.model.base import Record
from sextet.model.names import Mode, Role
from sextet.model.outcome import CommandRun, Finding, TestOutcome
from sextet.model.patch import ChangeSet
from sextet.model.task import Item
from sextet.roles.executor import Assignment
from sextet.roles.wording import block, cap, one_line

DIFF: Final = 200_000
"""Characters of the diff that a reviewer is shown; the whole is in its worktree."""

TAIL: Final = 6_000
"""Characters of each command's output."""

_SEPARATOR: Final = "<!-- prompt -->"

INTERRUPTED: Final = (
    "You were interrupted: the program that asked you ended or lost the connection. Files that you changed "
    "may still be there, commands that ran are gone, and the current folder may be another one than before: "
    "work only in it. Look at where things stand, go on with the same task, and end with the JSON object "
    "that was asked for."
)

FRESH: Final = (
    "An earlier conversation about this task ended before its answer. Files that it changed may already be "
    "in the worktree: look at them first and build on what is right.\n\n"
)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a role is asked: developer instructions, and the task itself."""

    instructions: str
    text: str


@cache
def _part(name: str) -> str:
    return (resources.files("sextet.roles") / "prompts" / f"{name}.md").read_text(encoding="utf-8").strip()


def fill(assignment: Assignment, *, diff: str = "", changes: ChangeSet | None = None) -> Prompt:
    """The prompt for an assignment.

    Args:
        assignment: what the attempt knows.
        diff: for the reviewer, the picture of the change set.
        changes: for tester and reviewer, what the patch changes.
    """
    role, _, text = _part(_template(assignment)).partition(_SEPARATOR)
    told = assignment.settings.instructions
    added = ("The team's settings add:", block("instructions of the settings", told)) if told else ()
    sections = {
        "briefing": _briefing(assignment),
        "slot": str(assignment.task.slot),
        "drafts": _drafts(assignment),
        "ledger": _ledger(assignment),
        "items": _items(assignment.items),
        "item": _item(assignment.task.item),
        "findings": _findings(assignment.task.findings, "What must be mended, from tests, review or people:"),
        "comments": _comments(assignment),
        "test": _test(assignment.test),
        "files": _files(changes),
        "diff": _diff(diff),
    }
    paragraphs = (Template(each).substitute(sections) for each in text.strip().split("\n\n"))
    prompt = "\n\n".join(each for each in paragraphs if each)  # a section may be empty
    instructions = "\n\n".join((_part("rules"), role.strip(), *added))
    return Prompt(instructions, f"{prompt}\n")


def resumed(prompt: Prompt) -> str:
    """Go on with a thread whose turn was lost; it may have been lost before the thread held the task."""
    return f"{INTERRUPTED}\n\nThe task once more:\n\n{prompt.text}"


def reask(reason: str) -> str:
    """Ask again on the same thread, because the answer could not be used."""
    return (
        "Your answer cannot be used, for this reason:\n"
        f"{block('reason', reason, 4_000)}\n"
        "Give the whole answer again: one JSON object that fits the schema, and nothing else."
    )


def _template(assignment: Assignment) -> str:
    role = assignment.task.role
    hunting = role is Role.ANALYST and assignment.run.briefing.mode is Mode.BUG_HUNT
    return "hunter" if hunting else role.value


def _briefing(assignment: Assignment) -> str:
    briefing = assignment.run.briefing
    what = (
        "hunt for bugs and mend them" if briefing.mode is Mode.BUG_HUNT else "implement a feature or a change"
    )
    lines = [f"Mode: {what}.", block("goal of the user", briefing.goal)]
    if briefing.guidance:
        lines.append(block("guidance of the user", briefing.guidance))
    if assignment.wishes:
        lines.append("The user followed up; the last wish is what this round is about:")
        lines += [block(f"wish {number}", wish) for number, wish in enumerate(assignment.wishes, 1)]
    return "\n".join(lines)


def _drafts(assignment: Assignment) -> str:
    drafts = assignment.drafts or {}
    return "\n".join(block(f"draft {number}", _json(drafts[number])) for number in sorted(drafts))


def _ledger(assignment: Assignment) -> str:
    ledger = assignment.ledger
    if ledger is None:
        return ""
    if assignment.task.role is Role.CONSENSUS:
        return "The ledger so far, to be amended, not begun anew:\n" + block("ledger", _json(ledger))
    item = assignment.task.item
    return "What was agreed:\n" + block("ledger", _agreed(ledger, item))


def _agreed(ledger: Ledger, item: Item | None) -> str:
    """The ledger to read: for an implementer the requirements of its item in full, the others by title."""
    own = [each for each in ledger.requirements if item is None or each.id in item.requirements]
    others = [each for each in ledger.requirements if each not in own]
    lines = [ledger.summary, *(_requirement(each) for each in own)]
    if others:
        lines += ["Served by other items:", *(f"- {each.id}: {each.title}" for each in others)]
    if item is None:
        lines += [f"Dissent of draft {each.draft}: {each.text}" for each in ledger.dissent]
        lines += [f"Open question: {each}" for each in ledger.open_questions]
    return "\n".join(lines)


def _requirement(each: Requirement) -> str:
    return "\n".join(
        [f"{each.id}: {each.title}", each.detail, *(f"  - accepted when: {a}" for a in each.acceptance)]
    )


def _items(items: Iterable[Item]) -> str:
    lines = [
        f"{item.id}: {item.title}\n  files: {', '.join(item.files) or 'not said'}\n"
        f"  serves: {', '.join(item.requirements) or 'not said'}"
        for item in items
    ]
    return "The work items of this patch:\n" + block("items", "\n".join(lines)) if lines else ""


def _item(item: Item | None) -> str:
    if item is None:
        return ""
    files = "\n".join(f"- {path}" for path in item.files) or "- not said"
    text = f"{item.id}: {item.title}\n\n{item.instructions}\n\nFiles that it probably touches:\n{files}"
    return block("work item", text)


def _findings(findings: Iterable[Finding], title: str) -> str:
    lines = [_finding(each) for each in findings]
    return f"{title}\n" + block("findings", "\n".join(lines)) if lines else ""


def _finding(each: Finding) -> str:
    place = f"{each.file}:{each.line}" if each.line else each.file or "the whole"
    return f"- [{each.severity.value}, {each.source}] {place}: {each.message}"


def _comments(assignment: Assignment) -> str:
    lines = [f"- {one_line(each.by, 200)}: {each.text}" for each in assignment.comments]
    return "What people say about this task:\n" + block("comments", "\n".join(lines)) if lines else ""


def _test(outcome: TestOutcome | None) -> str:
    if outcome is None:
        return "There is no test report."
    if outcome.untested:
        return "No test command is known for this repository: nothing was tested, so look twice."
    verdict = "The tests passed on this tree." if outcome.passed else "The tests failed on this tree."
    runs = "\n".join(_run(each) for each in outcome.commands)
    failures = _findings(outcome.findings, "Failures that were not there before the patch:")
    return "\n".join(part for part in (verdict, block("test report", runs), failures) if part)


def _run(run: CommandRun) -> str:
    ended = "killed at its time limit" if run.exit_code is None else f"exit code {run.exit_code}"
    before = " (failed in the same way before the patch)" if run.baseline else ""
    return f"$ {run.command}\n{ended}{before}, {run.seconds:.1f} s\n{cap(run.tail, TAIL)}"


def _files(changes: ChangeSet | None) -> str:
    if changes is None:
        return ""
    lines = [
        f"- {one_line(file.path)} (+{file.added} -{file.removed}){' control file' if file.control else ''}"
        for file in changes.files[:2_000]
    ]
    warnings = [f"! {one_line(each)}" for each in changes.warnings]
    return "Changed files:\n" + block("changed files", "\n".join([*lines, *warnings]))


def _diff(diff: str) -> str:
    if not diff:
        return ""
    note = " (shortened; the files themselves are in the current folder)" if len(diff) > DIFF else ""
    return f"The patch{note}:\n" + block("diff", diff, DIFF)


def _json(record: Record) -> str:
    return record.model_dump_json(by_alias=True, indent=1)
