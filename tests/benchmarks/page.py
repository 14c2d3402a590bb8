"""docs/explanation/performance.md, written from what was measured."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from measure import HEADINGS, Row

from support import codex_cli

TEMPLATE = Path(__file__).with_name("performance.md")
"""The words; `{name}` stands for a benchmark's table, `{machine}` for what it was measured on."""


def write(path: Path, found: dict[str, list[Row]]) -> None:
    """Write the page.

    Args:
        path: where.
        found: rows by benchmark.
    """
    tables = {name: table(rows) for name, rows in found.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(TEMPLATE.read_text().format(machine=machine(), **tables))


def table(rows: list[Row]) -> str:
    """Rows in Markdown."""
    if not rows:
        return "Not measured: the Codex CLI was not installed."
    lines = [f"| {' | '.join(HEADINGS)} |", "|---" * len(HEADINGS) + "|"]
    lines += [f"| {' | '.join(cell.strip() for cell in row.cells)} |" for row in rows]
    return "\n".join(lines)


def machine() -> str:
    """What it was measured on."""
    codex = codex_cli.find()
    facts = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "git": _said("git", "--version").removeprefix("git version "),
        "Codex": _said(str(codex), "--version").split()[-1] if codex else "not installed",
    }
    lines = [f"| {name} | {fact} |" for name, fact in facts.items()]
    return "\n".join(["| | |", "|---|---|", *lines])


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _said(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    return done.stdout.strip().splitlines()[-1]
