"""An editor below the service: buffers in memory, which take an apply's part or do not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sextet.errors import ApplyError
from sextet.workspace.editor import Buffer, Rewrite


@dataclass
class FakeEditor:
    """Holds texts by path below `top`."""

    top: Path
    buffers: dict[str, Buffer] = field(default_factory=dict)
    writes: bool = True
    refuses: bool = False
    formatter: Callable[[str], str] | None = None
    """What saving makes of a text; None: it does not save."""
    written: list[Rewrite] = field(default_factory=list)
    back: list[str] = field(default_factory=list)
    reminded: tuple[str, ...] = ()
    meddle: Callable[[], None] = lambda: None
    """Done before anything is written."""

    def open(self, path: str, text: str | None = None, *, touched: bool | None = None) -> None:
        """Open a file; with a text that is not saved, when one is given."""
        shown = (self.top / path).read_bytes().decode() if text is None else text
        dirty = text is not None if touched is None else touched
        self.buffers[path] = Buffer((self.top / path).as_uri(), shown, 1, touched=dirty)

    def text(self, path: str) -> str:
        return self.buffers[path].text

    async def look(self, top: Path) -> Mapping[str, Buffer]:
        return dict(self.buffers)

    async def write(self, title: str, rewrites: Sequence[Rewrite]) -> None:
        self.meddle()
        if self.refuses:
            raise ApplyError("The editor did not take the changes.", editor="x")
        for each in rewrites:
            assert self.buffers[each.path] == each.buffer
            self._put(each.path, each.text)
        self.written += rewrites

    async def take_back(self, rewrites: Sequence[Rewrite]) -> tuple[str, ...]:
        for each in rewrites:
            self._put(each.path, each.buffer.text)
            self.back.append(each.path)
        return ()

    async def save(self, uris: Sequence[str]) -> None:
        for path, buffer in self.buffers.items():
            if buffer.uri in uris and self.formatter is not None:
                (self.top / path).write_bytes(self.formatter(buffer.text).encode())

    def remind(self, paths: Sequence[str]) -> None:
        self.reminded = tuple(paths)

    def _put(self, path: str, text: str) -> None:
        buffer = self.buffers[path]
        self.buffers[path] = replace(buffer, text=text, version=(buffer.version or 0) + 1, touched=True)
