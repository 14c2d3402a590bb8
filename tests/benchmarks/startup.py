"""Start-up: how long a person waits for `sextet --help`, and what the supervisor drags in."""

from __future__ import annotations

import os
import subprocess
import sys

from measure import MS, Row, interleaved, median, spread, wall

FORBIDDEN = ("click", "rich", "pygls", "lsprotocol", "dask", "distributed")
SUPERVISOR = "import sextet.service.orchestrator"
LISTING = f"{SUPERVISOR}, sys; print(*(name for name in {FORBIDDEN!r} if name in sys.modules))"


def rows(*_: object) -> list[Row]:
    """The figures."""
    python = [sys.executable]
    found = interleaved(
        11,
        help=lambda: wall([*python, "-m", "sextet", "--help"]) * MS,
        bare=lambda: wall([*python, "-c", "pass"]) * MS,
        supervisor=lambda: wall([*python, "-c", SUPERVISOR]) * MS,
    )
    dragged = subprocess.run(
        [*python, "-c", LISTING], capture_output=True, text=True, check=True, env=os.environ
    ).stdout.split()
    bare = median(found["bare"])
    words = ", ".join(dragged) or f"none of {', '.join(FORBIDDEN)}"
    return [
        Row("sextet --help", median(found["help"]), "ms", 150,
            peer=f"{spread(found['help'], 'ms')}; python -c pass {bare:.0f} ms"),
        Row("import sextet.service.orchestrator", median(found["supervisor"]) - bare, "ms",
            peer=f"whole process {spread(found['supervisor'], 'ms')}"),
        Row("  libraries of the doors that it drags in", len(dragged), "", 0, peer=words),
    ]  # fmt: skip
