"""The measures of the house: sizes, one sentence per module, nothing of one machine in what is committed."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "server" / "sextet"
MODULES = sorted(PACKAGE.rglob("*.py"))
MODULE_LINES = 300
FUNCTION_LINES = 40
CATALOGUES = {"server/sextet/model/events.py": 400}
"""Lists of records, which are read like a dictionary and would only be harder to find in pieces."""

REGISTRIES = (
    "registry.npmjs.org",
    "pypi.org/simple",
    "files.pythonhosted.org",
    "--index-url",
    "--extra-index-url",
)
MACHINE = re.compile(r"(?<![\w.-])/(?:work|opt/pypi|root)/")


def committed() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listing.returncode != 0:
        pytest.skip("opt-in: this is an export without git")
    names = listing.stdout.decode().split("\0")
    return [path for path in (ROOT / name for name in names if name) if path.is_file()]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_outgrows_its_room(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines, most = len(text.splitlines()), CATALOGUES.get(name_of(path), MODULE_LINES)
    assert lines <= most
    summary = (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
    assert summary.endswith("."), "the first line of a module says in one sentence what its one job is"
    too_long = [f"{function.name} ({size})" for function, size in functions(text) if size > FUNCTION_LINES]
    assert too_long == []


def functions(text: str) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, int]]:
    """Every function with its lines, the docstring not counted: what is long there is no complexity."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            last = node.end_lineno or node.lineno
            yield node, last - (body[0].lineno if body else last) + 1


def test_a_long_function_is_not_seen() -> None:
    ((_, size),) = functions("def f():\n    '''Doc.'''\n" + "    x = 1\n" * 41)
    assert size == 41


def test_a_registry_address_or_a_path_of_one_machine_is_committed() -> None:
    found = []
    for path in committed():
        if path == Path(__file__):
            continue
        text = path.read_bytes().decode("utf-8", "ignore")
        found += [f"{name_of(path)}: {address}" for address in REGISTRIES if address in text]
        found += [f"{name_of(path)}: {match.group()}" for match in MACHINE.finditer(text)]
    assert found == []


def test_a_lock_file_says_where_packages_come_from() -> None:
    for path in committed():
        if path.name in {"package-lock.json", "npm-shrinkwrap.json"}:
            packages = json.loads(path.read_text(encoding="utf-8")).get("packages", {})
            assert [name for name, package in packages.items() if "resolved" in package] == [], name_of(path)


def pins() -> dict[str, str]:
    lines = (ROOT / "server" / "constraints.txt").read_text().splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {normal(name): version for name, version in pairs}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_a_package_in_use_is_not_pinned() -> None:
    unpinned, todo, seen = [], ["sextet"], set()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    todo += [*project["dependency-groups"]["dev"], *project["build-system"]["requires"], "editables"]
    while todo:
        name = normal(re.split(r"[^\w.-]", todo.pop(), maxsplit=1)[0])
        if name in seen:
            continue
        seen.add(name)
        try:
            todo += [r for r in metadata.requires(name) or [] if "extra ==" not in r]
        except metadata.PackageNotFoundError:
            continue  # for another platform or an older Python
        if name != "sextet" and pins().get(name) != metadata.version(name):
            unpinned.append(f"{name}=={metadata.version(name)}")
    assert unpinned == []


def test_the_build_backend_differs_from_its_pin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["build-system"]["requires"] == [f"hatchling=={pins()['hatchling']}"]


def test_a_sub_make_prints_after_pytests_closing_line() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert script.rstrip().endswith("exec make --no-print-directory test")
    assert "export CI=true" in script
