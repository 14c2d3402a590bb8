"""The live view: a run on a terminal, as large as the terminal is."""

from __future__ import annotations

import asyncio
import sys
import termios
from contextlib import suppress
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live as RichLive
from rich.text import Text

from sextet.cli.asking import accepted, prompt_lines
from sextet.cli.screen import Screen
from sextet.cli.words import REHEARSAL, amount, choices, span, state_of, told
from sextet.model.events import Entry
from sextet.model.live import LogBatch
from sextet.model.names import Role, RunState, TaskState, WorkerState
from sextet.model.notes import Question
from sextet.model.task import Task
from sextet.roles.wording import one_line
from sextet.runtime.bus import Message

INTERVAL = 0.125
"""Seconds between two pictures at least."""

_COLOURS = {
    TaskState.READY: "dim",
    TaskState.IN_PROGRESS: "cyan",
    TaskState.AWAITING_REVIEW: "yellow",
    TaskState.DONE: "green",
    TaskState.INTEGRATED: "green",
    TaskState.BLOCKED: "yellow",
    TaskState.ERROR: "red",
    TaskState.STOPPED: "red",
    TaskState.SUPERSEDED: "dim",
}
_RUN_COLOURS = {
    RunState.RUNNING: "cyan",
    RunState.WAITING_FOR_HUMAN: "yellow",
    RunState.COMPLETED: "green",
    RunState.FAILED: "red",
    RunState.STOPPED: "red",
}


class Live:
    """Header, tasks, workers, the latest lines and open questions, drawn anew when something happened."""

    interactive = True

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._screen: Screen | None = None
        self._live: RichLive | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tick: asyncio.TimerHandle | None = None
        self._keys = Keyboard()

    def begin(self, screen: Screen) -> None:
        """Start to draw."""
        self._screen = screen
        if screen.view.reason:
            screen.lines.append(("run", state_of(screen.view)))
        self._open()

    def news(self, message: Message, entry: Entry | None) -> None:
        """Draw soon, once for all that happens until then."""
        if self._screen is None:
            return
        if entry is not None and (found := told(entry.event, self._screen.view)):
            self._screen.lines.append(found)
        if self._timer is None and (entry is not None or isinstance(message, LogBatch) or self._live):
            self._timer = asyncio.get_running_loop().call_later(INTERVAL, self._draw)

    def say(self, text: str) -> None:
        """A remark above the picture."""
        self._console.print(Text(text))

    def end(self) -> None:
        """Leave the last picture where it is."""
        self._draw()
        self._shut()

    # Questions ------------------------------------------------------------------------------------
    async def ask(self, question: Question) -> str:
        """Put the picture aside, ask, and read a line; the run goes on meanwhile."""
        self._draw()
        self._shut()
        try:
            for line in prompt_lines(question):
                self._console.print(Text(line))
            while True:
                self._console.print(Text(f"Your answer{choices(question)}: "), end="")
                answer = accepted(question, await _line())
                if answer is not None:
                    return answer
                self._console.print(Text("That is not one of the answers."))
        except asyncio.CancelledError:
            self._console.print()  # else the picture begins behind the prompt
            raise
        finally:
            self._open()

    # Drawing --------------------------------------------------------------------------------------
    def _open(self) -> None:
        if self._live is None:
            self._live = RichLive(console=self._console, auto_refresh=False, vertical_overflow="crop")
            self._live.start()
            self._keys.hold()
            self._draw()
            self._later()

    def _shut(self) -> None:
        for handle in (self._timer, self._tick):
            if handle is not None:
                handle.cancel()
        self._timer = self._tick = None
        if self._live is not None:
            self._live.stop()
            self._live = None
        self._keys.free()

    def _later(self) -> None:
        """Clocks move on also when nothing happens."""
        with suppress(RuntimeError):
            self._tick = asyncio.get_running_loop().call_later(1.0, self._second)

    def _second(self) -> None:
        with suppress(OSError):  # the terminal is gone; whoever tells news hears of it
            self._draw()
        self._later()

    def _draw(self) -> None:
        self._timer = None
        if self._live is not None and self._screen is not None and self._screen.view.run is not None:
            self._live.update(picture(self._screen, self._console.size), refresh=True)


class Keyboard:
    """Keeps what is typed while nothing is asked from the picture, and from being an answer later."""

    def __init__(self) -> None:
        self._before: list[Any] | None = None

    def hold(self) -> None:
        """Show no keys; Ctrl-C still works."""
        with suppress(termios.error, ValueError, OSError):
            fd = sys.stdin.fileno()
            self._before = termios.tcgetattr(fd)
            changed = termios.tcgetattr(fd)
            changed[3] &= ~termios.ECHO
            termios.tcsetattr(fd, termios.TCSADRAIN, changed)

    def free(self) -> None:
        """As it was; what was typed meanwhile is forgotten."""
        before, self._before = self._before, None
        if before is not None:
            with suppress(termios.error, ValueError, OSError):
                termios.tcsetattr(sys.stdin.fileno(), termios.TCSAFLUSH, before)


async def _line() -> str:
    """A line from the terminal, without holding anything up.

    Raises:
        EOFError: the terminal is gone.
    """
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def readable() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(sys.stdin.fileno(), readable)
    try:
        await ready
    finally:
        loop.remove_reader(sys.stdin.fileno())
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line


# The picture --------------------------------------------------------------------------------------
def picture(screen: Screen, size: Any) -> RenderableType:
    """The whole view in at most `size.height - 1` lines of `size.width` columns."""
    width, room = size.width, size.height - 1
    head = _head(screen, width)
    asked = _asked(screen, width)
    workers = _workers(screen, width)
    room -= len(head) + len(asked) + len(workers) + 3
    tasks = list(screen.view.tasks.values())
    if len(tasks) <= max(6, room - 6):
        rows = [_task_row(screen, task, width) for task in tasks]
    else:
        rows = _role_rows(screen, width)
    lines = _lines(screen, width, max(0, room - len(rows)))
    rule = Text("─" * width, style="dim")
    return Group(*head, rule, *rows, rule, *workers, rule, *lines, *asked)


def _head(screen: Screen, width: int) -> list[Text]:
    view = screen.view
    run = view.the_run
    elapsed = span((view.time if screen.over else screen.clock()) - run.created_at)
    facts = [elapsed, f"{amount(view.usage.total)} tokens"]
    if view.rounds[view.patch]:
        facts.append(f"rework {view.rounds[view.patch]}")
    second = Text(view.state.value.replace("_", " "), style=_RUN_COLOURS.get(view.state, "dim"))
    second.append(f"  {'  '.join(facts)}", style="default")
    if screen.rehearsal:
        second.append(f"  {REHEARSAL}", style="yellow")
    goal = Text(one_line(run.briefing.goal, width), style="bold")
    return [goal, _cut(second, width), _cut(Text(run.id, style="dim"), width)]


def _cut(text: Text, width: int) -> Text:
    text.truncate(width, overflow="ellipsis")
    return text


def _task_row(screen: Screen, task: Task, width: int) -> Text:
    row = Text(f"{task.id:<16} ", no_wrap=True)
    row.append(f"{task.state.value.replace('_', ' '):<16}", style=_COLOURS[task.state])
    seconds = task.seconds
    if task.state is TaskState.IN_PROGRESS:
        seconds += screen.clock() - task.claimed_at
    again = f"#{task.epoch}" if task.epoch > 1 else ""
    row.append(f"{span(seconds) if task.epoch else '':>7} {again:<3} {one_line(task.title, 200)}")
    return _cut(row, width)


def _role_rows(screen: Screen, width: int) -> list[Text]:
    """One line per role, where the tasks are too many for the terminal."""
    found = []
    for role in Role:
        tasks = [task for task in screen.view.tasks.values() if task.role is role]
        row = Text(f"{role.value:<13}", no_wrap=True)
        for state in TaskState:
            count = sum(1 for task in tasks if task.state is state)
            if count:
                row.append(f"{count} {state.value.replace('_', ' ')}  ", style=_COLOURS[state])
        found.append(_cut(row, width))
    return found


def _workers(screen: Screen, width: int) -> list[Text]:
    working = [screen.view.tasks[name] for name in screen.view.working]
    found = [_worker_row(screen, task, width) for task in working]
    idle = len(screen.workers) - len(working)
    return [*found, Text(f"{idle} workers are idle" if idle > 0 else "", style="dim")]


def _worker_row(screen: Screen, task: Task, width: int) -> Text:
    """From the journal who is at work, from the heartbeat what it spent, from its log what it does."""
    now, name = screen.clock(), task.owner or ""
    beat = screen.workers.get(name)
    if beat is not None and beat.task_id != task.id:
        beat = None
    last, said = screen.heard.get(name, (task.claimed_at, ""))
    row = Text(f"{name:<15} ", style="cyan", no_wrap=True)
    row.append(f"{task.id:<14}{span(now - task.claimed_at):>6}", style="default")
    spent = beat.usage.total if beat else 0
    row.append(f" {f'{max(0.0, now - last):.0f}s ago':>7} {amount(spent) if spent else '':>6} ", style="dim")
    if beat is not None and beat.state is not WorkerState.WORKING:
        row.append(f"{beat.state.value} ", style="yellow")
    row.append(f"{task.model + ' ' if task.model else ''}{one_line(said, 200)}", style="default")
    return _cut(row, width)


def _lines(screen: Screen, width: int, room: int) -> list[Text]:
    latest = [pair for pair in screen.lines if pair[1].strip()][-room:] if room else []
    found = []
    for who, line in latest:
        row = Text(f"{who:<15} ", style="dim", no_wrap=True)
        row.append(one_line(line, width * 2), style="default")
        found.append(_cut(row, width))
    return found


def _asked(screen: Screen, width: int) -> list[Text]:
    return [
        _cut(Text(f"? {asked.id}: {one_line(asked.text, 400)}{choices(asked)}", style="yellow"), width)
        for asked in screen.open_questions[:3]
    ]
