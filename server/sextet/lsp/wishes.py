"""What a client says about itself and its folder when it says hello."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lsprotocol.types import ClientCapabilities, InitializeParams
from pygls.uris import to_fs_path

EXTENSION = "sextet-vscode"
"""Name by which our own extension may give itself to be known."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a client can be asked to do; what it does not say, it cannot."""

    asks: bool = False
    """Shows messages with buttons: it has windows at all."""
    progress: bool = False
    """Shows work that goes on, and lets it be cancelled."""
    documents: bool = False
    """Opens a document when asked."""
    settings: bool = False
    """Tells its settings when asked."""
    watches_settings: bool = False
    """Can be asked to tell when they change."""
    refreshes_lenses: bool = False
    edits: bool = False
    """Changes documents when asked."""
    versioned_edits: bool = False
    """Refuses to when a document is not the one that is meant any more."""
    labels: bool = False
    """Shows what a change is called."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """The folders that are open, what may be done in them, and what the client can do.

    `trusted`, `resume` and `extension` are what clients know as `service.params.InitializationOptions`; that
    record itself is too heavy for the time before the answer to `initialize`.
    """

    folders: tuple[Path, ...] = ()
    trusted: bool = True
    """False: nothing is started."""
    resume: str = ""
    """The run that this window was at work on when its server ended; empty: none is gone on with."""
    extension: bool = False
    """True for our own extension, which has a palette and an inbox of its own."""
    inbox: bool = False
    """True for any client that puts questions and tells of patches by itself, as it hears of them."""
    can: Abilities = Abilities()


def wishes_of(params: InitializeParams) -> Wishes:
    """The wishes in the params of `initialize`; what has another shape than expected counts as not said."""
    given = params.initialization_options
    options: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    resume = options.get("resume")
    client = params.client_info.name if params.client_info else ""
    extension = options.get("extension") is True or client == EXTENSION
    return Wishes(
        folders=_folders(params),
        trusted=options.get("trusted", True) is True,
        resume=resume if isinstance(resume, str) else "",
        extension=extension,
        inbox=extension or options.get("inbox") is True,
        can=_abilities(params.capabilities),
    )


def _abilities(said: ClientCapabilities) -> Abilities:
    window, workspace = said.window, said.workspace
    watched = workspace.did_change_configuration if workspace else None
    lenses = workspace.code_lens if workspace else None
    edits = workspace.workspace_edit if workspace else None
    return Abilities(
        asks=window is not None,
        progress=bool(window and window.work_done_progress),
        documents=bool(window and window.show_document and window.show_document.support),
        settings=bool(workspace and workspace.configuration),
        watches_settings=bool(watched and watched.dynamic_registration),
        refreshes_lenses=bool(lenses and lenses.refresh_support),
        edits=bool(workspace and workspace.apply_edit),
        versioned_edits=bool(edits and edits.document_changes),
        labels=bool(edits and edits.change_annotation_support),
    )


def _folders(params: InitializeParams) -> tuple[Path, ...]:
    uris = [folder.uri for folder in params.workspace_folders or ()]
    if not uris and params.root_uri:
        uris = [params.root_uri]
    found = [_path(uri) for uri in uris]
    if not uris and params.root_path:
        found = [Path(params.root_path)]
    return tuple(path for path in found if path is not None and path.is_absolute())


def _path(uri: str) -> Path | None:
    """The folder of a `file:` URI on this machine; None for any other."""
    try:
        parts = urlsplit(uri)
        named = to_fs_path(uri) if parts.scheme == "file" and not parts.netloc else None
    except ValueError:
        return None
    return Path(named) if named and "\0" not in named else None
