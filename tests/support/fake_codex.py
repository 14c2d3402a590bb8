"""A codex program that answers what a real one would, without models: versions, sandbox, lists."""

from __future__ import annotations

import json
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODELS = (
    {
        "model": "gpt-large",
        "isDefault": True,
        "supportedReasoningEfforts": [{"reasoningEffort": "low"}, {"reasoningEffort": "high"}],
    },
    {"model": "gpt-small", "isDefault": False, "supportedReasoningEfforts": []},
)

_SCRIPT = """
    #!PYTHON -IS
    import json, sys

    if sys.argv[1] == "--version":
        print("codex-cli 0.169.0")
        sys.exit()
    if sys.argv[1] == "sandbox":
        sys.exit()
    for line in sys.stdin:
        request = json.loads(line)
        with open("ASKED", "a") as asked:
            print(request.get("method"), file=asked)
        answers = {"model/list": {"data": json.loads('MODELS')}}
        if request.get("id") is not None:
            result = answers.get(request["method"], {})
            print(json.dumps({"id": request["id"], "result": result}), flush=True)
"""


@dataclass(frozen=True)
class Fake:
    """The program, and what its app-servers were asked."""

    path: Path

    @property
    def asked(self) -> list[str]:
        log = self.path.with_name("asked")
        return log.read_text().split() if log.exists() else []

    @property
    def starts(self) -> int:
        return self.asked.count("initialize")


def make(folder: Path) -> Fake:
    """A codex program in a new folder, whose app-server offers `MODELS`."""
    folder.mkdir(parents=True)
    path = folder / "codex"
    script = textwrap.dedent(_SCRIPT).strip().replace("PYTHON", sys.executable)
    path.write_text(script.replace("ASKED", str(folder / "asked")).replace("MODELS", json.dumps(MODELS)))
    path.chmod(0o755)
    return Fake(path)


def choose(home: Path, fake: Fake, **more: Any) -> None:
    """Write the user's own settings: this Codex, and more by whole keys."""
    config = home / ".config" / "sextet"
    config.mkdir(parents=True, exist_ok=True)
    (config / "settings.json").write_text(json.dumps({"sextet.codex.path": str(fake.path), **more}))
