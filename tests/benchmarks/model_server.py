"""The scripted model in a process of its own, so that it shares no interpreter with what is measured."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

HERE = Path(__file__).resolve()
WANTED = ("body", "rule", "step")
"""What is told of a request."""


class ModelServer:
    """A model server that says what a scenario tells it; use it as a context manager."""

    def __init__(self, scenario: Mapping[str, Any]) -> None:
        argv = [sys.executable, str(HERE)]
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self._ask(scenario))

    def count(self) -> int:
        """How many requests for a response there were."""
        return len(self.requests())

    def requests(self) -> list[dict[str, Any]]:
        """All requests since the last `forget`."""
        found: list[dict[str, Any]] = self._ask("requests")
        return found

    def forget(self) -> None:
        """Count from nought again."""
        self._ask("forget")

    def _ask(self, what: object) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def main() -> None:
    """Serve until the input ends."""
    sys.path.insert(0, str(HERE.parents[1]))
    from support import scripted_model

    with scripted_model.start(json.loads(sys.stdin.readline())) as server:
        print(server.port, flush=True)
        for line in sys.stdin:
            if json.loads(line) == "forget":
                server.requests.clear()
            told = [{key: request[key] for key in WANTED} for request in server.requests]
            print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
