"""The command that an editor starts: the language server on stdin and stdout."""

from __future__ import annotations

import importlib

import click


@click.command()
def serve() -> None:
    """Serve an editor: the Language Server Protocol on stdin and stdout."""
    importlib.import_module("sextet.lsp.life").serve()  # by name: no other command loads it
