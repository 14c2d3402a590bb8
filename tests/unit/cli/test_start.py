"""What is imported when: `--help` is quick, and only the command line knows click and rich."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys

import click
import pytest

from sextet.cli import app


def loaded(code: str) -> set[str]:
    script = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_help_imports_what_it_does_not_need() -> None:
    found = loaded(
        "import sextet.cli.app\n"
        "sys.argv = ['sextet', '--help']\n"
        "try:\n    sextet.cli.app.main()\nexcept SystemExit as done:\n    assert done.code == 0"
    )
    assert "click" in found
    assert not found & {"pydantic", "pygls", "lsprotocol", "rich", "sextet.service", "sextet.model"}


def test_the_service_imports_what_belongs_to_the_command_line() -> None:
    names = "control, control_client, dispatch, doctor, orchestrator, place, settings_files"
    found = loaded(f"from sextet.service import {names}")
    assert not found & {"click", "rich", "pygls", "lsprotocol", "dask", "distributed"}


@pytest.mark.parametrize("name", list(app._COMMANDS))
def test_a_command_is_missing_or_says_something_else_than_the_list(name: str) -> None:
    module, _, attribute = app._COMMANDS[name].partition(":")
    command = getattr(importlib.import_module(f"sextet.cli.{module}"), attribute)
    assert isinstance(command, click.Command)
    assert command.name == name
    assert command.help
