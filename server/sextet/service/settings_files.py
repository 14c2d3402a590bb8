"""Where settings files are, and how they are read: bounded, and a repository's without following links."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import platformdirs

from sextet.errors import SettingsError, SextetError, StoreError
from sextet.model.settings import Origin, Problem
from sextet.service import jsonc
from sextet.service.settings import MOST_PROBLEMS, Layer, Resolved, resolve
from sextet.system import durable

SIZE_LIMIT = 1 << 20
"""Bytes of a settings file."""


def user_settings_file() -> Path:
    """The user's own settings file; `SEXTET_CONFIG_HOME` names another folder for it."""
    named = os.environ.get("SEXTET_CONFIG_HOME", "")
    folder = Path(named) if named else platformdirs.user_config_path("sextet", appauthor=False)
    return folder / "settings.json"


def repository_settings_file(folder: Path) -> Path:
    """The settings file that a repository brings along; `folder` is the work tree's top level."""
    return folder / ".vscode" / "settings.json"


def load(
    folder: Path | None, *, editor: Mapping[str, Any] | None = None, run: Mapping[str, Any] | None = None
) -> Resolved:
    """The settings for a work tree, from its file, the user's, and what is handed over.

    Args:
        folder: top level of the work tree; None leaves the repository out.
        editor: the editor's section `sextet`; the terminal has none.
        run: what this run overrides.
    """
    layers = [Layer("run", run or {}), Layer("editor", editor or {}), read_user()]
    return resolve([*layers, read_repository(folder)] if folder else layers)


def read_repository(folder: Path) -> Layer:
    """The repository's layer; a file that cannot be used is an empty one with its problem."""

    def read() -> bytes:
        with durable.Folder.at(folder) as top, top.below(".vscode") as inside:
            return inside.read("settings.json", SIZE_LIMIT)

    return _layer("repository", repository_settings_file(folder), read)


def read_user() -> Layer:
    """The user's layer; links are followed, since people keep such files elsewhere and link them."""
    path = user_settings_file()
    return _layer("user", path, lambda: durable.read(path.resolve(), SIZE_LIMIT))


def _layer(origin: Origin, path: Path, read: Callable[[], bytes]) -> Layer:
    try:
        document = jsonc.parse(read())
        if not isinstance(document.value, dict):
            raise SettingsError("It must hold one object: { … }.")
    except FileNotFoundError:
        return Layer(origin, {}, str(path))
    except SextetError as error:
        if isinstance(error, StoreError) and error.facts.get("errno") == errno.ENOENT:
            return Layer(origin, {}, str(path))
        sentence = f"{str(path)[-400:]} is not used. {error}"[:1_000]
        return Layer(origin, {}, str(path), (Problem(key="", sentence=sentence, file=str(path)[-1_000:]),))
    return Layer(origin, document.value, str(path), tuple(_twice(path, document.duplicates)))


def _twice(path: Path, names: tuple[str, ...]) -> list[Problem]:
    """Warnings for keys that an object has twice; other tools' keys in a shared file are not our business."""
    return [
        Problem(
            key=name[:200],
            sentence=f"{name[:200]} is written twice in {str(path)[-400:]}; the last one counts.",
            file=str(path)[-1_000:],
            level="warning",
        )
        for name in names[:MOST_PROBLEMS]
    ]
