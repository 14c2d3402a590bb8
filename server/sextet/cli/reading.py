"""Commands that only look: list, show, logs."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import click

from sextet.cli import options as o
from sextet.cli.doors import Here, There, meant, place_of, reading
from sextet.cli.exits import APPROVED
from sextet.cli.paper import folded
from sextet.cli.shows import out_json
from sextet.cli.words import REHEARSAL, amount, choices, outcome, span, standing
from sextet.errors import NotFoundError
from sextet.model.events import RunEvent, RunStateChanged
from sextet.model.live import LogBatch
from sextet.model.names import ENDED, RunState, WorkerState
from sextet.model.task import Task
from sextet.roles.wording import clean, one_line
from sextet.runtime.bus import StateChanged
from sextet.service import results as r
from sextet.service.place import Place

_AT_REST = {*ENDED, RunState.INTERRUPTED}
"""In any other state somebody is at work, or was killed at it."""


@click.command("list")
@o.as_json
@o.repo
def list_runs(*, as_json: bool, repo: Path) -> int:
    """List the runs of this repository, the newest first."""
    return o.finish(_list(repo, as_json=as_json))


async def _list(folder: Path, *, as_json: bool) -> int:
    async with reading(await place_of(folder)) as door:
        found = await door.call("run/list", {})
    assert isinstance(found, r.RunList)  # noqa: S101 -- for mypy
    if as_json:
        out_json(found.model_dump(mode="json", by_alias=True))
    elif not found.runs:
        click.echo('There are no runs here. Start one: sextet run "<goal>"')
    else:
        for line in found.runs:
            click.echo(folded(_line(line), 4))
    return APPROVED


def _line(run: r.RunLine) -> str:
    state = run.state.value.replace("_", " ") if run.state else "unknown"
    started = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created_at))
    word = "at work now" if run.live else run.problem
    if not word and run.ours and run.state not in _AT_REST:
        word = "nobody works on it now"
    return f"{run.id:<52} {state:<18} {started}  {one_line(run.goal, 60)}" + (f"  ({word})" if word else "")


# show ---------------------------------------------------------------------------------------------
@click.command()
@o.run_id
@o.as_json
@o.repo
def show(run: str, *, as_json: bool, repo: Path) -> int:
    """Show a run: state, tasks, workers, questions, patches."""
    return o.finish(_show(repo, run, as_json=as_json))


async def _show(folder: Path, run: str, *, as_json: bool) -> int:
    place = await place_of(folder)
    async with reading(place) as door:
        found = await door.call("run/snapshot", {"runId": await meant(door, run)})
    assert isinstance(found, r.Snapshot)  # noqa: S101 -- for mypy
    if as_json:
        out_json(found.model_dump(mode="json", by_alias=True))
    else:
        click.echo("\n".join(_page(found)))
    return APPROVED


def _page(shown: r.Snapshot) -> list[str]:
    left = shown.state not in _AT_REST and not shown.live
    lines = [
        folded(f"{shown.run_id}  {standing(shown.state, shown.reason)}", 10),
        *([f"Note:     nobody works on it now; go on: sextet resume {shown.run_id}"] if left else []),
        folded(f"Goal:     {one_line(shown.briefing.goal, 400)}", 10),
        *([f"Note:     {REHEARSAL}"] if shown.executor == "rehearsal" else []),
        f"Tokens:   {amount(shown.usage.total)}",
        f"Records:  {shown.folder}",
        "",
        *(_task(task) for task in shown.tasks),
        *_workers(shown),
        *_waiting(shown),
    ]
    lines.extend(f"{each.id}  {each.state.value}  tree {each.tree[:12]}" for each in shown.patches)
    return lines


def _task(task: Task) -> str:
    state = task.state.value.replace("_", " ")
    said = outcome(task.outcome) if task.outcome else one_line(task.title, 200)
    if task.failure is not None:
        said = one_line(f"{task.failure.cause} {task.failure.next_step}", 400)
    attempts = f" ({task.epoch} attempts)" if task.epoch > 1 else ""
    return folded(f"{task.id:<16} {state:<15} {span(task.seconds):>6}  {said}{attempts}", 41)


def _workers(shown: r.Snapshot) -> list[str]:
    working = [each for each in shown.workers if each.state not in {WorkerState.IDLE, WorkerState.STOPPED}]
    return [
        folded(
            f"{each.id:<16} {each.state.value:<15} {each.task_id or ''} {one_line(each.activity, 120)}", 33
        )
        for each in working
    ]


def _waiting(shown: r.Snapshot) -> list[str]:
    lines = []
    for asked in shown.questions:
        lines.append(folded(f"? {asked.id}: {one_line(asked.text, 400)}{choices(asked)}", 2))
        lines.append(f"  sextet answer {asked.id} <answer> {shown.run_id}")
    return lines


# logs ---------------------------------------------------------------------------------------------
@click.command()
@o.run_id
@click.argument("worker", required=False, default="")
@click.option("-f", "--follow", is_flag=True, help="Go on while the run is worked on.")
@o.repo
def logs(run: str, worker: str, *, follow: bool, repo: Path) -> int:
    """Print what the workers of RUN said, or what one WORKER said."""
    return o.finish(_logs(repo, run, worker, follow=follow))


async def _logs(folder: Path, run: str, worker: str, *, follow: bool) -> int:
    place = await place_of(folder)
    async with reading(place) as door:
        run_id = await meant(door, run)
        known = await asyncio.to_thread(_with_logs, place, run_id)
        if worker and worker not in known and not follow:
            step = f"Those who have: {', '.join(known)}." if known else "Look at the run: `sextet show`."
            raise NotFoundError(f"No worker {worker[:80]!r} has said anything in {run_id}.", next_step=step)
        names = [worker] if worker else known
        if follow and isinstance(door, There):
            await door.client.subscribe()
        told = {name: await _print_log(door, run_id, name, 1, several=not worker) for name in names}
        if follow and isinstance(door, There):
            await _tail(door, run_id, told, worker)
    return APPROVED


async def _tail(door: There, run_id: str, told: dict[str, int], worker: str) -> None:
    """Print what is new each time that somebody says something, until nobody works on the run."""
    async for message in door.listen():
        if message.run_id != run_id:
            continue
        if isinstance(message, LogBatch) and worker in {"", message.worker_id}:
            first = told.get(message.worker_id, 1)
            name = message.worker_id
            told[name] = await _print_log(door, run_id, name, first, several=not worker)
        elif isinstance(message, StateChanged) and _is_over(message.entry.event):
            return


def _is_over(event: RunEvent) -> bool:
    return isinstance(event, RunStateChanged) and event.state in {*ENDED, RunState.INTERRUPTED}


def _with_logs(place: Place, run_id: str) -> list[str]:
    from sextet.store import runs  # noqa: PLC0415 -- only this command looks at the folder

    folder = runs.open_run(place.top, place.state, run_id, read_only=True)
    if not folder.logs.is_dir() or folder.logs.is_symlink():
        return []
    return sorted(path.stem for path in folder.logs.iterdir() if path.suffix == ".log")


async def _print_log(door: Here | There, run_id: str, name: str, first: int, *, several: bool) -> int:
    """Print a log from a line on; the number of the next one."""
    while True:
        asked = {"runId": run_id, "workerId": name, "fromSeq": first, "limit": 1_000}
        page = await door.call("log/read", asked)
        assert isinstance(page, r.LogPage)  # noqa: S101 -- for mypy
        for line in page.lines:
            click.echo(f"{name:<14} {clean(line)}" if several else clean(line))
        if not page.lines or page.next <= first:
            return page.next
        first = page.next
