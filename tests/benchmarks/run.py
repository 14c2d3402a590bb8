"""`make bench`: measures Sextet beside what stands in for it, and prints each figure beside its limit.

A figure over its limit says MISSED and fails nothing: other programs on the machine are measured as well.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))

from measure import HEADINGS, Row  # noqa: E402 -- found beside this file
from page import write  # noqa: E402 -- the same

from support import isolation  # noqa: E402 -- found by the path above

BENCHES = {
    "bare": "What no orchestrator can beat here",
    "startup": "Start-up",
    "claims": "Claims",
    "resume": "Resume",
    "wire_start": "Start of the language server",
    "wire": "One log line to the editor",
    "wire_flood": "A flood of log lines to the editor",
    "wire_stall": "An editor that stops reading",
    "wire_ends": "Ends of the language server",
    "patches": "Patches",
    "overhead": "Overhead of a rehearsal",
    "codex_room": "Turns of the real Codex",
    "eight": "The eight-turn job on the real Codex",
    "idle": "At rest",
}
"""Modules beside this one, and their headings; what removes many files comes late."""


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description="Measure Sextet; each figure is printed beside its limit.")
    parser.add_argument(
        "--only", action="append", choices=list(BENCHES), help="one of the benchmarks; repeatable"
    )
    parser.add_argument("--write", action="store_true", help="write docs/explanation/performance.md anew")
    asked = parser.parse_args()
    if asked.write and asked.only:
        parser.error("--write needs every figure, so it does not go with --only")
    found = measure(asked.only or list(BENCHES))
    missed = [row.name.strip() for rows in found.values() for row in rows if row.verdict == "MISSED"]
    print(f"\nMISSED: {'; '.join(missed)}" if missed else "\nEvery limit is met.")
    if asked.write:
        write(TESTS.parent / "docs/explanation/performance.md", found)


def measure(names: list[str]) -> dict[str, list[Row]]:
    """The rows of each benchmark, printed as they come, in a home that is removed at the end."""
    before = dict(os.environ)
    home = isolation.make_home()
    isolation.replace_environment(isolation.environment(home, before))
    found = {}
    try:
        for name in names:
            began = time.monotonic()
            print(f"\n{BENCHES[name]}", flush=True)
            # Nothing is removed before the end: for minutes after that, ext4 is slow to make files.
            folder = Path(tempfile.mkdtemp(prefix="bench-", dir=home))
            found[name] = importlib.import_module(name).rows(folder / name)
            show(found[name])
            print(f"  ({time.monotonic() - began:.0f} s)", flush=True)
    finally:
        isolation.replace_environment(before)
        isolation.remove_home(home)
    return found


def show(rows: list[Row]) -> None:
    """Print a table."""
    if not rows:
        print("  left out: the Codex CLI is not installed (make codex)")
        return
    cells = [HEADINGS, *(row.cells for row in rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(4)]
    for row in cells:
        print("  " + "  ".join([*(row[at].ljust(widths[at]) for at in range(4)), row[4]]).rstrip())


if __name__ == "__main__":
    main()
