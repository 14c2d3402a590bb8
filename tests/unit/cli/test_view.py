"""The live view: what stands on a terminal of the usual size."""

from __future__ import annotations

import asyncio
import io

import pytest
from rich.console import Console

from sextet.cli import view
from sextet.cli.screen import Screen
from sextet.model.notes import Question, QuestionKind
from sextet.model.task import Usage
from sextet.pipeline.view import RunView
from support import plays


def shown(screen: Screen, width: int, height: int) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width, height=height, force_terminal=False)
    console.print(view.picture(screen, console.size))
    return out.getvalue().splitlines()


def playing() -> Screen:
    view_ = plays.Play(plays.run()).view
    assert view_.run is not None
    long = "20261122-140341-count-words-without-regard-to-3640"
    view_.run = view_.run.model_copy(update={"id": long})
    view_.usage = Usage(input=1_234_500_000)
    view_.rounds[view_.patch] = 3
    return Screen(long, reread=RunView, clock=lambda: 100_000.0, view=view_)


def test_state_tokens_rounds_or_the_runs_id_do_not_fit_on_eighty_columns() -> None:
    lines = shown(playing(), 80, 24)
    assert any("tokens" in line and "rework 3" in line and view.REHEARSAL in line for line in lines[:3])
    assert "20261122-140341-count-words-without-regard-to-3640" in lines[:3]
    assert len(lines) <= 23
    assert max(map(len, lines)) <= 80


async def test_a_question_answered_elsewhere_leaves_its_prompt_to_the_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out, asked = io.StringIO(), asyncio.Event()

    async def nobody() -> str:
        asked.set()
        return await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(view, "_line", nobody)
    live = view.Live(Console(file=out, width=80, height=24))
    question = Question(id="q", kind=QuestionKind.AGENT, text="Which?", default="", deadline=0)
    asking = asyncio.create_task(live.ask(question))
    await asked.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    live.end()
    assert "Your answer: \n" in out.getvalue()
