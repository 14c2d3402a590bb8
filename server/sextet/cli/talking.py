"""Commands by which a person says something to a run; they reach it where it is worked on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from sextet.cli import options as o
from sextet.cli.doors import Here, meant, place_of, reread, writing
from sextet.cli.exits import APPROVED
from sextet.pipeline.view import RunView
from sextet.system.whoami import whoami

Params = dict[str, Any]
Said = Callable[[RunView], str]


async def _send(folder: Path, run: str, method: str, params: Params) -> int:
    """Carry out a verb on a run, where it is worked on or here, and say what comes of it."""
    place = await place_of(folder)
    async with writing(place) as door:
        run_id = await meant(door, run, going=True)
        await door.call(method, {"runId": run_id, **params})
        live = not isinstance(door, Here)
    click.echo(_told(method, params, reread(place, run_id), live=live))
    return APPROVED


def _told(method: str, params: Params, view: RunView, *, live: bool) -> str:
    said = {
        "run/stop": f"Run {view.the_run.id} is stopped: {view.reason}.",
        "question/answer": f"Answered {params.get('questionId')}: {params.get('answer')}.",
        "task/approve": f"Approved {params.get('taskId')} as {params['by']}.",
        "task/comment": f"Your remark on {params.get('taskId')} is kept; its agent reads it next time.",
        "task/retry": f"{params.get('taskId')} is ready again.",
        "task/steer": f"Said to the agent of {params.get('taskId')}.",
        "task/interrupt": f"{params.get('taskId')} is being stopped.",
    }[method]
    if live or view.ended:
        return said
    return f"{said}\nNobody works on this run now; go on with it: sextet resume {view.the_run.id}"


@click.command()
@o.run_id
@click.option("--reason", default="", help="Why; it is kept with the run.")
@o.name
@o.repo
def stop(run: str, reason: str, by: str, repo: Path) -> int:
    """End a run for good; what was written so far is kept."""
    return o.finish(_send(repo, run, "run/stop", {"reason": reason, "by": whoami(by)}))


@click.command()
@click.argument("question")
@click.argument("answer")
@o.run_id
@o.name
@o.repo
def answer(question: str, run: str, by: str, repo: Path, **given: str) -> int:
    """Answer QUESTION with one of its choices, or with words."""
    params = {"questionId": question, "answer": given["answer"], "by": whoami(by)}
    return o.finish(_send(repo, run, "question/answer", params))


@click.command()
@click.argument("task")
@o.run_id
@click.option("--seen", default="", help="The tree or ledger hash that you looked at; another is refused.")
@o.name
@o.repo
def approve(task: str, run: str, seen: str, by: str, repo: Path) -> int:
    """Approve TASK in your name: `consensus-1`, or the patch of `review-1`."""
    params = {"taskId": task, "seen": seen, "by": whoami(by)}
    return o.finish(_send(repo, run, "task/approve", params))


@click.command()
@click.argument("task")
@click.argument("text")
@o.run_id
@o.name
@o.repo
def comment(task: str, text: str, run: str, by: str, repo: Path) -> int:
    """Leave a remark on TASK; its agent reads it at the next attempt."""
    return o.finish(_send(repo, run, "task/comment", {"taskId": task, "text": text, "by": whoami(by)}))


@click.command()
@click.argument("task")
@o.run_id
@o.name
@o.repo
def retry(task: str, run: str, by: str, repo: Path) -> int:
    """Try TASK again after it failed, was blocked or was stopped."""
    return o.finish(_send(repo, run, "task/retry", {"taskId": task, "by": whoami(by)}))


@click.command()
@click.argument("task")
@click.argument("text")
@o.run_id
@o.name
@o.repo
def steer(task: str, text: str, run: str, by: str, repo: Path) -> int:
    """Say something to the agent that is at work on TASK now."""
    return o.finish(_send(repo, run, "task/steer", {"taskId": task, "text": text, "by": whoami(by)}))


@click.command()
@click.argument("task")
@o.run_id
@click.option("--reason", default="", help="Why; it is kept with the task.")
@o.name
@o.repo
def interrupt(task: str, run: str, reason: str, by: str, repo: Path) -> int:
    """Stop TASK; it is not repeated by itself, and what it wrote is kept."""
    params = {"taskId": task, "text": reason, "by": whoami(by)}
    return o.finish(_send(repo, run, "task/interrupt", params))
