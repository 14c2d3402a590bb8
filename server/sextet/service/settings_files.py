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
from sextet.roles.wording import one_line
from sextet.service import jsonc
from sextet.service.settings import MOST_PROBLEMS, Layer, Resolved, named, resolve
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
    return _layer("repository", repository_settings_file(folder), lambda: _of_repository(folder))


def read_user() -> Layer:
    """The user's layer; links are followed, since people keep such files elsewhere and link them."""
    return _layer("user", user_settings_file(), _of_user)


def texts(folder: Path | None) -> dict[Path, str]:
    """The settings files for a work tree as text, to show problems in; empty where one cannot be read."""
    found = {user_settings_file(): _text(_of_user)}
    if folder is not None:
        found[repository_settings_file(folder)] = _text(lambda: _of_repository(folder))
    return found


def _text(read: Callable[[], bytes]) -> str:
    try:
        return read().decode("utf-8-sig", "replace")
    except (SextetError, OSError):
        return ""


def _of_repository(folder: Path) -> bytes:
    with durable.Folder.at(folder) as top, top.below(".vscode") as inside:
        return inside.read("settings.json", SIZE_LIMIT)


def _of_user() -> bytes:
    try:
        path = user_settings_file().resolve()
    except RuntimeError as error:
        raise StoreError("It is a symbolic link that leads back to itself.") from error
    return durable.read(path, SIZE_LIMIT)


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
        file = named(str(path))
        sentence = one_line(f"{file[-400:]} is not used. {error}")
        return Layer(origin, {}, str(path), (Problem(key="", sentence=sentence, file=file),))
    return Layer(origin, document.value, str(path), tuple(_twice(path, document.duplicates)))


def _twice(path: Path, names: tuple[str, ...]) -> list[Problem]:
    """Warnings for keys that an object has twice; other tools' keys in a shared file are not our business."""
    file = named(str(path))
    return [
        Problem(
            key=name,
            sentence=one_line(f"{name} is written twice in {file[-400:]}; the last one counts."),
            file=file,
            level="warning",
        )
        for name in (one_line(each[:200], 200) for each in names[:MOST_PROBLEMS])
    ]
