"""An editor that stops reading while a run talks and finishes: what is kept for it, and what it misses."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from agents import AGENTS, go, place, program, sixteen
from ear import Ear
from measure import Row
from wire_flood import PRINTED, PRINTER, grouped, unaccounted

from sextet.store import reading
from sextet.store.layout import RunFolder
from support.runs import write

SECONDS = 60.0
"""Of not reading."""
WISHES = 120
"""Events of 90 000 bytes that it asks for meanwhile: more than is kept for it."""
PACE = 0.1
"""Seconds between two of them."""
LOOK = 0.05


def watch(ear: Ear, over: threading.Event, found: list[float]) -> None:
    """Look at the server's memory again and again."""
    while not over.wait(LOOK):
        found.append(ear.resident())


def stall(ear: Ear, home: Path, run_id: str, folder: RunFolder) -> tuple[float, list[float]]:
    """Read nothing for a while; seconds until the run was complete, and the server's memory meanwhile."""
    over, found = threading.Event(), [ear.resident()]
    watching = threading.Thread(target=watch, args=(ear, over, found))
    ear.reading.clear()
    watching.start()
    began, complete = time.monotonic(), 0.0
    go(home, run_id)
    for number in range(WISHES):
        wish = {"reviewer": {"workers": 1, "instructions": f"{number} ".ljust(90_000, "x")}}
        ear.ask("sextet/roles/set", runId=run_id, roles=wish)
        time.sleep(PACE)
    while (passed := time.monotonic() - began) < SECONDS or not complete:
        if not complete and b'"state":"completed"' in folder.journal.read_bytes():
            complete = passed
        time.sleep(0.5)
    over.set()
    watching.join()
    return complete, found


def caught_up(ear: Ear, run_id: str, folder: RunFolder) -> tuple[int, int, int]:
    """Read again, and ask for what was left out: events there are, told by themselves, and missing."""
    ear.reading.set()
    there = [entry.seq for entry in reading.read(folder)]
    ear.until(lambda said: _number(said, run_id) == there[-1])
    told = {each["seq"] for each in ear.told("sextet/event") if each["runId"] == run_id}
    there, known = there[min(told) - 1 :], set(told)  # the first one is the run itself
    while any(resync["seq"] not in known for resync in ear.told("sextet/resync")):
        after = next(number for number in there if number not in known) - 1
        page = ear.call("sextet/run/events", runId=run_id, after=after)
        known |= {entry["seq"] for entry in page["entries"]}
    return len(there), len(told), len(set(there) - known)


def _number(said: object, run_id: str) -> int:
    """The number of the event that a message tells of."""
    if said.get("method") not in {"sextet/event", "sextet/resync"} or said["params"]["runId"] != run_id:
        return 0
    return said["params"]["seq"]


def rows(folder: Path) -> list[Row]:
    """The figures."""
    home, top = place(folder, "stall")
    act = write("{{item}}.txt", "1\n")
    with Ear.ready(top) as ear:
        run_id = ear.start_run(sixteen(home, act, setup=program(home, PRINTER)))
        run = RunFolder(top / "codex-runs" / run_id)
        ear.until_busy(AGENTS)
        time.sleep(1)
        complete, memory = stall(ear, home, run_id, run)
        there, told, missing = caught_up(ear, run_id, run)
        lines = sum(unaccounted(ear, run_id, worker) for worker in list(ear.lines)) + ear.gaps
        got, lost = ear.lines.total(), ear.dropped.total()
        ear.goodbye()
    words = (
        f"{memory[0]:.0f} MB before, {max(memory):.0f} MB at most; {grouped(PRINTED * AGENTS)} lines printed"
    )
    counted = f"{grouped(got)} delivered + {grouped(lost)} counted as left out = {grouped(got + lost)}"
    return [
        Row(f"an editor that reads nothing for {SECONDS:.0f} s: growth", max(memory) - memory[0], "MB", 16,
            peer=words),
        Row("  the run is complete after", complete, "s", SECONDS,
            peer="it does not wait for the editor"),
        Row("  missing events after it reads again", missing, "", 0,
            peer=f"{told} of {there} were kept for it, the rest it asked for"),
        Row("  lines neither delivered nor counted", lines, "", 0, peer=counted),
    ]  # fmt: skip
