"""Control files, in every spelling that some file system takes for them."""

from __future__ import annotations

import pytest

from sextet.workspace.control import is_control


@pytest.mark.parametrize(
    "path",
    [
        ".vscode/tasks.json",
        ".VSCODE/Tasks.json",
        "sub/.idea/workspace.xml",
        ".vs\u200ccode/tasks.json",
        ".vscode./tasks.json",
        ".vscode /tasks.json",
        ".vscode:stream/tasks.json",
        "\uff0evscode/settings.json",
        ".github/workflows/ci.yml",
        "x.code-workspace",
        "AGENTS.md",
        "docs/Claude.MD",
        ".gitmodules",
        "deep/.gitattributes",
        ".env",
        ".env.production",
        ".envrc",
        ".npmrc",
        ".yarnrc.yml",
        "web/package.json",
        "Makefile",
        "JUSTFILE",
        "setup.py",
        "tests/conftest.py",
        "sitecustomize.py",
        "lib/x.pth",
        ".cargo/config.toml",
        "rust-toolchain.toml",
        ".husky/pre-commit",
        ".pre-commit-config.yaml",
        ".codex",
        ".cursor/mcp.json",
        ".devcontainer/devcontainer.json",
    ],
)
def test_what_steers_tools_is_a_control_file(path):
    assert is_control(path)


@pytest.mark.parametrize(
    "path",
    ["src/main.py", "vscode/tasks.json", "docs/agents.md.txt", "github/x", "makefile.py"],
)
def test_what_only_looks_alike_is_none(path):
    assert not is_control(path)
