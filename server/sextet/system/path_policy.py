"""Which paths may be named at all."""

from __future__ import annotations

import functools
import os
import re
import unicodedata

from sextet.errors import UnsafePathError

COMPONENT_LIMIT = 255
"""Bytes of one component, as of every common file system."""

PATH_LIMIT = 4096
"""Bytes of a whole path."""

OUR_FOLDER = "codex-runs"
"""Where runs are kept: never written on behalf of a patch."""

_IGNORED_BY_HFS = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_GIT_NAMES = re.compile(r"\.git|git~[0-9]+")


@functools.lru_cache(maxsize=16_384)
def check_relative(path: str) -> tuple[str, ...]:
    """The components of a path below some root, if it may be written at all.

    Raises:
        UnsafePathError: it is absolute, leaves the root, is no path on some platform, or names git's own
            folder (in any spelling that some file system takes for `.git`) or `codex-runs`.
    """
    components = tuple(path.split("/"))
    if not path or len(_encoded(path, path)) > PATH_LIMIT:
        raise unsafe(path, "it is empty or too long")
    for component in components:
        _check_component(path, component)
    if _folded(components[0]) == OUR_FOLDER:
        raise unsafe(path, f"{OUR_FOLDER} belongs to Sextet")
    return components


def _check_component(path: str, component: str) -> None:
    if component in {"", ".", ".."}:
        raise unsafe(path, "it is absolute or has an empty, '.' or '..' component")
    if "\0" in component or "\\" in component:
        raise unsafe(path, "it has a NUL character or a backslash")
    if len(_encoded(path, component)) > COMPONENT_LIMIT:
        raise unsafe(path, f"a component is longer than {COMPONENT_LIMIT} bytes")
    if _GIT_NAMES.fullmatch(_folded(component)):
        raise unsafe(path, "it names git's own folder")


def _folded(component: str) -> str:
    """What a file system that ignores case, some characters, and what follows a colon would make of it."""
    bare = _IGNORED_BY_HFS.sub("", component).partition(":")[0].rstrip(" .")
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", bare).casefold())


def _encoded(path: str, part: str) -> bytes:
    try:
        return os.fsencode(part)
    except UnicodeEncodeError as error:
        raise unsafe(path, "it cannot be encoded") from error


def unsafe(path: str, why: str) -> UnsafePathError:
    """The refusal of a path, for `raise`."""
    return UnsafePathError(f"The path {path[:200]!r} is refused: {why}.", path=path[:PATH_LIMIT])
