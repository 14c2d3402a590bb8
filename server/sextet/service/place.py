"""Place: one work tree with its repository, state folder, trust and mirror."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from sextet.errors import SettingsError, TrustError
from sextet.model.settings import Settings
from sextet.service import settings_files
from sextet.service.editor_settings import EditorSettings
from sextet.service.inbox import Inbox
from sextet.service.radar import Radar
from sextet.service.settings import Layer, Resolved, TrustItem, needs_trust, resolve
from sextet.store.state import State
from sextet.store.trust import Trust
from sextet.workspace.editor import Buffer, Editor
from sextet.workspace.mirror import Mirror
from sextet.workspace.repository import Repository, inspect, look_again
from sextet.workspace.worktree import Workshop

_SHOWN = 3
"""Problems of a request that are told at once."""


@dataclass(frozen=True, slots=True)
class Place:
    """A work tree that Sextet may work on."""

    repository: Repository
    state: State
    trust: Trust
    editor: EditorSettings = field(default_factory=EditorSettings, compare=False)
    """What the editor says in its settings; it may say something else at any moment."""
    applying: asyncio.Lock = field(default_factory=asyncio.Lock, compare=False)
    """Held while a patch is written into the work tree or taken back."""
    inbox: Inbox = field(default_factory=Inbox, compare=False, repr=False)
    """Pictures of patches."""
    second_writer: Editor | None = field(default=None, compare=False, repr=False)
    """The editor of this process, which has files of the work tree open; None without one."""
    radar: Radar = field(default_factory=Radar, compare=False, repr=False)
    """What of the runs' changes collides."""
    _kept: list[Workshop] = field(default_factory=list, compare=False, repr=False)
    """The workshop, once it was opened."""

    @classmethod
    async def open(cls, folder: Path, editor: EditorSettings | None = None) -> Self:
        """Find the work tree that `folder` is in; nothing is written and nothing of it is run.

        Args:
            folder: any folder in it.
            editor: what an editor says in its settings; None for a terminal, which has none.

        Raises:
            RepositoryError: it is not in a repository that can be worked on, and why.
            StoreError: the state folder cannot be used.
        """
        repository = await inspect(folder)
        state = State.of(repository.top)
        return cls(repository, state, Trust(state), editor or EditorSettings())

    @property
    def top(self) -> Path:
        """Top level of the work tree."""
        return self.repository.top

    async def workshop(self) -> Workshop:
        """Mirror and worktrees, the same each time; the mirror is made at the first time."""
        if self._kept and not (self._kept[0].mirror.git_dir / "HEAD").is_file():
            self._kept.clear()
        if not self._kept:
            mirror = await Mirror.open(self.repository, self.state.path)
            self._kept.append(Workshop(self.repository, mirror, self.state.path))
        return self._kept[0]

    async def buffers(self) -> Mapping[str, Buffer]:
        """What is open in the editor, by path, saved or not."""
        return {} if self.second_writer is None else await self.second_writer.look(self.top)

    async def now(self) -> tuple[Repository, Workshop]:
        """The repository as it is now, with a mirror that holds its HEAD, for a snapshot."""
        repository = await look_again(self.repository)
        workshop = await self.workshop()
        if repository.head != self.repository.head:
            await workshop.mirror.refresh(repository)
        return repository, workshop

    async def close(self) -> None:
        """Remove what was made ahead; wait for what is removed in the background."""
        for workshop in self._kept:
            await workshop.unstock()

    def settings(self, overrides: dict[str, object] | None = None) -> Resolved:
        """The settings in force here, with what was not used of them and why.

        Raises:
            SettingsError: `overrides` holds what is no setting or cannot be used; a run that was asked for in
                so many words does not begin with something else.
        """
        wrong = resolve([Layer("run", overrides or {})]).problems
        if wrong:
            raise SettingsError(
                " ".join(each.sentence for each in wrong[:_SHOWN]),
                next_step="Put it right, or leave it out. `sextet schema` lists all settings.",
                key=wrong[0].key,
            )
        return settings_files.load(self.top, editor=self.editor.values, run=overrides or {})

    def untrusted(self, resolved: Resolved) -> tuple[TrustItem, ...]:
        """What would execute something or take a guard away, and nobody has agreed to it yet."""
        items = needs_trust(resolved.settings, resolved.sources)
        return tuple(item for item in items if not self.trust.is_trusted(item.key, item.value))

    def agree(
        self, resolved: Resolved, *, by: str, trust: bool = False, agreed: Collection[str] = ()
    ) -> Settings:
        """The settings, when everything that would execute is trusted.

        Args:
            resolved: from `settings`.
            by: who.
            trust: the person agrees now, to all of it; written down.
            agreed: digests of what the person was shown and agrees to now; written down.

        Raises:
            TrustError: something is not trusted; nothing was run. `facts["digests"]` tells what.
        """
        missing = self.untrusted(resolved)
        unseen = [item for item in missing if not trust and item.digest not in agreed]
        if unseen:
            listed = "\n".join(f"  sextet.{item.key}: {_shown(item.value)}" for item in missing)
            raise TrustError(
                "The settings of this repository execute something that you have not trusted yet:\n"
                f"{listed}\n",
                next_step="Read it; if you agree, say so with --trust (remembered until it changes).",
                keys=[item.key for item in missing],
                digests=[item.digest for item in missing],
            )
        for item in missing:
            self.trust.trust(item.key, item.value, by)
        return resolved.settings


def _shown(value: object) -> str:
    """A value as it is written in JSON, with escapes for what a screen would not show or obey."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)
