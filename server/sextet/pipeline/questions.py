"""Questions that the pipeline itself asks, and what their answers lead to.

A question's id is derived from what it is about, so it is asked once however often a run is resumed.
"""

from __future__ import annotations

from sextet.model import events as ev
from sextet.model.names import Kind, RunState, TaskState
from sextet.model.notes import Choice, Question, QuestionKind
from sextet.model.outcome import Finding
from sextet.model.patch import PatchState
from sextet.model.task import FailureKind, Task
from sextet.pipeline.transitions import CLOSED
from sextet.pipeline.view import RunView

Events = list[ev.RunEvent]

RETRY = Choice(value="retry", label="Try again")
SKIP = Choice(value="skip", label="Go on without it")
STOP = Choice(value="stop", label="Stop the run")
AGAIN = Choice(value="again", label="One more round of rework")
ACCEPT = Choice(value="accept", label="Take the patch as it is")
MORE = Choice(value="more", label="Allow as many tokens again")
WITHOUT = Choice(value="without", label="Go on without the unapplied work")

USED = "The run has used"
"""How the warning about tokens begins."""

WITHDRAWN = "withdrawn"
"""The answer of Sextet itself to a question whose subject is gone."""

_OURS = ("task-", "stopped-", "budget-", "review-", "rework-")
_GOES_ON = frozenset({"retry", "skip", "again", "accept", "more", WITHDRAWN})
_OF_AN_ATTEMPT = frozenset({QuestionKind.APPROVAL, QuestionKind.AGENT})
_SINGLE = (Kind.CONSENSUS, Kind.SPLIT, Kind.TEST, Kind.REVIEW)
_CANNOT_GO_ON = frozenset({TaskState.ERROR, TaskState.BLOCKED, TaskState.STOPPED})

_KIND_OF_FAILURE = {
    FailureKind.LOGIN: QuestionKind.LOGIN,
    FailureKind.CODEX: QuestionKind.LOGIN,
    FailureKind.SANDBOX: QuestionKind.TRUST,
}


def question(
    view: RunView, question_id: str, kind: QuestionKind, text: str, **more: object
) -> ev.QuestionAsked:
    """A question with the run's deadline, counted from the latest event."""
    seconds = view.the_run.settings.question_minutes * 60
    fields: dict[str, object] = {"default": "stop", "deadline": view.time + seconds, **more}
    return ev.QuestionAsked(
        question=Question.model_validate({"id": question_id, "kind": kind, "text": text, **fields})
    )


def trouble(view: RunView) -> Events:
    """For tasks in `error` or `blocked`, and for stopped ones that all others wait for: ask, then obey."""
    for task in (*(view.tasks[name] for name in view.troubled), *_missed(view)):
        found = _one(view, task)
        if found:
            return found
    return []


def _missed(view: RunView) -> list[Task]:
    """Stopped tasks without which the patch cannot go on."""
    patch = view.patches.get(view.patch)
    if patch is not None and patch.state is not PatchState.DRAFT:
        return []
    found = (view.tasks.get(f"{kind}-{view.patch}") for kind in _SINGLE)
    return [task for task in found if task is not None and task.state is TaskState.STOPPED]


def about(task: Task) -> str:
    """The id of the question about a task that cannot go on."""
    word = "stopped" if task.state is TaskState.STOPPED else "task"
    return f"{word}-{task.id}-{task.epoch}"


def moot(view: RunView) -> Events:
    """Withdraw the first open question whose subject is gone, so that nobody answers in vain."""
    for asked in view.questions.values():
        if _is_moot(view, asked):
            answer = asked.default if asked.kind in _OF_AN_ATTEMPT else WITHDRAWN
            return [ev.QuestionAnswered(question_id=asked.id, answer=answer, by="sextet")]
    return []


def _is_moot(view: RunView, asked: Question) -> bool:
    task = view.tasks.get(asked.task_id or "")
    if task is None:
        return False
    if asked.kind in _OF_AN_ATTEMPT:
        return task.state is not TaskState.IN_PROGRESS
    if asked.id.startswith(("task-", "stopped-")):
        return task.state not in _CANNOT_GO_ON or asked.id != about(task)
    if asked.id.startswith(("rework-", "review-")):
        return not _still_judges(view, task, asked.id)
    return False


def ends_with_the_run(asked: Question) -> bool:
    """True for questions that nobody has to answer once the run has ended.

    Those of the pipeline are asked again when the run is begun again; those of others are theirs.
    """
    return asked.kind in _OF_AN_ATTEMPT or asked.id.startswith(_OURS)


def _still_judges(view: RunView, review: Task, question_id: str) -> bool:
    current = question_id.endswith(f"-{view.patch}-{review.epoch}")
    return current and review.state is TaskState.DONE and view.implemented(view.patch)


def means_stop(question_id: str, answer: str) -> bool:
    """True when an answer to one of the pipeline's questions ended the run."""
    return question_id.startswith(_OURS) and answer not in _GOES_ON


def _one(view: RunView, task: Task) -> Events:
    question_id = about(task)
    if question_id in view.questions:
        return []
    answer = view.answer(question_id)
    if answer == "retry":
        return [ev.TaskRetried(task_id=task.id)]
    if answer == "skip" and _can_skip(view, task):
        return [ev.TaskSuperseded(task_id=task.id, reason="left out on request")]
    if answer is not None:
        return _stop(f"{task.title}: {_cause(task)}")
    return [_about(view, task, question_id)]


def _about(view: RunView, task: Task, question_id: str) -> ev.QuestionAsked:
    failure = task.failure
    kind = (
        QuestionKind.BLOCKED if failure is None else _KIND_OF_FAILURE.get(failure.kind, QuestionKind.BLOCKED)
    )
    choices = (RETRY, SKIP, STOP) if _can_skip(view, task) else (RETRY, STOP)
    step = f" {failure.next_step}" if failure and failure.next_step else ""
    return question(
        view,
        question_id,
        kind,
        f"{task.id} ({task.title}) cannot go on: {_cause(task)}"[: 4_000 - len(step)] + step,
        choices=choices,
        task_id=task.id,
        detail=failure.next_step if failure else "",
    )


def _cause(task: Task) -> str:
    if task.state is TaskState.STOPPED:
        return "it was stopped, and all that follows needs it"
    return task.failure.cause if task.failure else "it cannot go on"


def _can_skip(view: RunView, task: Task) -> bool:
    """A draft may be left out while another is there or may come; an item may always be."""
    if task.kind is Kind.ANALYSIS:
        closed = view.number(Kind.ANALYSIS, task.patch, *CLOSED)
        return view.total(Kind.ANALYSIS, task.patch) - closed > 1
    return task.kind is Kind.IMPLEMENT


def _stop(reason: str) -> Events:
    return [ev.RunStateChanged(state=RunState.FAILED, reason=reason[:1_000])]


def granted(view: RunView) -> int:
    """How often a person allowed the budget once more."""
    count = 0
    while view.answer(f"budget-{count + 1}") == "more":
        count += 1
    return count


def out_of_tokens(view: RunView) -> bool:
    """True when the run's tokens are used up and nobody allowed more: nothing is claimed then."""
    limit = view.the_run.settings.budget.run_tokens
    return bool(limit) and view.usage.total >= limit * (1 + granted(view))


def budget(view: RunView) -> Events:
    """Ask when the tokens are used up (and something is left to be done with more of them)."""
    if not out_of_tokens(view):
        return []
    question_id = f"budget-{granted(view) + 1}"
    if question_id in view.questions:
        return []
    if view.answer(question_id) is not None:
        return _stop("the run's tokens are used up")
    limit = view.the_run.settings.budget.run_tokens
    text = f"The run has used {view.usage.total:,} tokens; its limit is {limit:,}."
    return [question(view, question_id, QuestionKind.BUDGET, text, choices=(MORE, STOP))]


def warning(view: RunView) -> Events:
    """Tell once that the run has used the number of tokens that the user wants to hear of."""
    budget = view.the_run.settings.budget
    if not budget.warn_at or view.warned or view.usage.total < budget.warn_at:
        return []
    limit = f"its limit is {budget.run_tokens:,}" if budget.run_tokens else "there is no limit"
    text = f"{USED} {view.usage.total:,} tokens; {limit}."
    return [ev.Noted(text=text, level="warning", next_step="Stop the run if that is too much.")]


def review_blocked(view: RunView, review: Task) -> Events:
    """The reviewer says that it cannot judge: a person decides."""
    question_id = f"review-{view.patch}-{review.epoch}"
    if question_id in view.questions:
        return []
    answer = view.answer(question_id)
    if answer == "retry":
        return [ev.TaskReopened(task_id=review.id, reason="asked to look again")]
    if answer is not None:
        return _stop("the reviewer could not judge the patch")
    summary = review.outcome.summary if review.outcome and review.outcome.kind == "review" else ""
    text = f"The reviewer cannot judge the patch: {summary}"[:4_000]
    return [question(view, question_id, QuestionKind.BLOCKED, text, choices=(RETRY, STOP), task_id=review.id)]


def rework_answer(view: RunView, review: Task) -> str | None:
    """What a person said to the reviewer's findings of this epoch: `again`, `accept`, `stop` or None."""
    return view.answer(f"rework-{view.patch}-{review.epoch}")


def ask_rework(view: RunView, review: Task, why: str, findings: tuple[Finding, ...]) -> Events:
    """Both positions go to a person: the cap is reached, or a finding came back."""
    question_id = f"rework-{view.patch}-{review.epoch}"
    if question_id in view.questions:
        return []
    choices = (AGAIN, ACCEPT, STOP) if view.passed(view.patch) else (AGAIN, STOP)
    summary = review.outcome.summary if review.outcome and review.outcome.kind == "review" else ""
    said = [f"The reviewer says: {summary}"]
    said += [
        f"{task.id} says: {task.outcome.summary}"
        for task in view.of_kind(Kind.IMPLEMENT, view.patch)
        if task.outcome and task.outcome.kind == "implement"
    ]
    return [
        question(
            view,
            question_id,
            QuestionKind.REWORK,
            f"{why} How shall it go on?",
            choices=choices,
            task_id=review.id,
            detail="\n".join(said)[:20_000],
            findings=findings[:50],
        )
    ]


def follow_up_id(patch: int) -> str:
    """The question whether a follow-up goes on without the approved work that collides with its base."""
    return f"follow-up-{patch}"


def waits_for(view: RunView) -> str:
    """What a waiting run waits for, in a few words."""
    if view.questions:
        first = next(iter(view.questions.values()))
        return first.text[:300]
    if view.number(Kind.CONSENSUS, view.patch, TaskState.AWAITING_REVIEW):
        return f"consensus-{view.patch} needs a named approval"
    idle = [role for role, ready in view.ready.items() if ready and view.settings_of(role).workers == 0]
    return f"the {idle[0]} role has no workers" if idle else "nothing can go on by itself"
