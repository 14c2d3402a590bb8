"""Control files: those that steer tools, editors, agents or CI, and are confirmed apart."""

from __future__ import annotations

import re
import unicodedata

_FOLDERS = frozenset(
    {
        ".agents",
        ".cargo",
        ".circleci",
        ".claude",
        ".codex",
        ".cursor",
        ".devcontainer",
        ".gemini",
        ".git-hooks",
        ".githooks",
        ".github",
        ".husky",
        ".idea",
        ".vscode",
        ".windsurf",
        ".zed",
    }
)
"""Everything in a folder of one of these names, at any depth."""
_NAMES = frozenset(
    {
        ".bazelrc",
        ".cursorrules",
        ".direnvrc",
        ".gitattributes",
        ".gitconfig",
        ".gitlab-ci.yml",
        ".gitmodules",
        ".mcp.json",
        ".npmrc",
        ".pnpmfile.cjs",
        ".pre-commit-config.yaml",
        ".travis.yml",
        "agents.md",
        "azure-pipelines.yml",
        "build.rs",
        "claude.md",
        "conftest.py",
        "gemini.md",
        "gnumakefile",
        "head",  # with it any folder may be a bare repository, whose config runs programs
        "jenkinsfile",
        "justfile",
        "lefthook.yml",
        "makefile",
        "package.json",
        "setup.py",
        "sitecustomize.py",
        "usercustomize.py",
    }
)
_PATTERNS = re.compile(r"\.env.*|\.yarnrc.*|rust-toolchain.*|.*\.pth|.*\.code-workspace|agents\..*\.md")
_IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)


def is_control(path: str) -> bool:
    """Whether a path is a control file on any file system: case, look-alike spellings and tails do not count.

    Args:
        path: relative, `/`-separated.
    """
    parts = [fold(part) for part in path.replace("\\", "/").split("/")]
    name = parts[-1]
    return (
        name in _NAMES
        or _PATTERNS.fullmatch(name) is not None
        or any(part in _FOLDERS for part in parts[:-1])
        # A link in the place of such a folder redirects all that is in it.
        or name in _FOLDERS
    )


def fold(part: str) -> str:
    """A path's component as a file system may take it that ignores case, tails and invisible characters."""
    bare = _IGNORABLE.sub("", unicodedata.normalize("NFKC", part)).partition(":")[0].rstrip(" .")
    return unicodedata.normalize("NFC", bare.casefold())
