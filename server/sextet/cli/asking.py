"""Questions as a person sees them, and the consensus gate as one of them."""

from __future__ import annotations

from typing import Final

from sextet.model.notes import Choice, Question, QuestionKind
from sextet.pipeline.view import RunView
from sextet.roles.wording import clean, one_line

GATE: Final = "gate-"
"""Prefix of the questions that stand for an approval by name."""

_GATE_CHOICES: Final = (
    Choice(value="approve", label="Approve it in your name"),
    Choice(value="stop", label="Stop the run"),
)


def gate_question(view: RunView, task_id: str) -> Question:
    """The consensus that waits for approval, put as a question."""
    return Question(
        id=f"{GATE}{task_id}",
        kind=QuestionKind.APPROVAL,
        text="The consensus waits for your approval.",
        choices=_GATE_CHOICES,
        default="stop",
        deadline=0,
        task_id=task_id,
        detail=_agreed(view, task_id),
    )


def _agreed(view: RunView, task_id: str) -> str:
    outcome = view.tasks[task_id].outcome
    if outcome is None or outcome.kind != "consensus":
        return ""
    lines = [outcome.ledger.summary]
    lines += [f"{each.id}: {each.title}" for each in outcome.ledger.requirements]
    lines += [f"Dissent of draft {each.draft}: {each.text}" for each in outcome.ledger.dissent]
    return "\n".join(lines)[:20_000]


def prompt_lines(question: Question) -> list[str]:
    """A question with its details and answers, line by line."""
    lines = [f"? {one_line(question.text, 1_000)}"]
    lines += [f"  {line}" for line in clean(question.detail, 4_000).splitlines()[:20]]
    lines += [f"  {finding.severity}: {one_line(finding.message, 200)}" for finding in question.findings[:8]]
    lines += [f"  {each.value:<10} {one_line(each.label, 100)}" for each in question.choices]
    return lines


def accepted(question: Question, said: str) -> str | None:
    """The answer that was typed: a choice, the beginning of one, or any text where there are none."""
    said = said.strip()
    if not question.choices:
        return said or None
    found = [choice.value for choice in question.choices if said and choice.value.startswith(said.lower())]
    return found[0] if len(found) == 1 else next((each for each in found if each == said.lower()), None)
