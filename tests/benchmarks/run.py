"""`make bench`: measures Sextet beside what stands in for it, and prints each figure beside its limit."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import isolation  # noqa: E402 -- found by the path above
