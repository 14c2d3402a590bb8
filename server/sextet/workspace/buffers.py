"""Buffers: what saving an open file would write, byte for byte, and which changes an editor can carry out."""

from __future__ import annotations

from typing import Final

from sextet.workspace.editor import Buffer

_MARK: Final = b"\xef\xbb\xbf"
"""The byte order mark of UTF-8: most editors hide it, and write it again when they save."""
_PLAIN: Final = frozenset({"100644", "100755"})


def content(buffer: Buffer, data: bytes) -> bytes | None:
    """The bytes that saving would write; None when an editor might write others.

    Args:
        buffer: the open file.
        data: the file on the disk.
    """
    if not buffer.clear:
        return None
    try:
        data.decode()
        mine = _hidden(buffer, data) + buffer.text.encode()
    except UnicodeError:
        return None
    even = len(_ends(mine) | _ends(data)) <= 1
    return mine if mine == data or even else None


def is_clean(buffer: Buffer, mode: str, data: bytes) -> bool:
    """Whether the buffer holds nothing that the disk does not hold, also where it does not show each byte.

    Args:
        buffer: the open file.
        mode: what is on the disk, as git calls it; `000000` for nothing.
        data: its bytes.
    """
    if not buffer.clear:
        return False
    if mode not in _PLAIN:
        return not buffer.touched and (mode != "000000" or not buffer.text)
    if content(buffer, data) == data:
        return True
    return not buffer.touched and _normal(buffer.text) in {_normal(shown) for shown in _shown(data)}


def text_after(buffer: Buffer, before: bytes, after: bytes) -> str | None:
    """The text with which the buffer means `after`; None when no editor can be trusted to get there.

    An editor gives all lines of a file the same end, and shows one that is no UTF-8 with other characters.

    Args:
        buffer: the open file.
        before: what it means now.
        after: what it is to mean.
    """
    mark = _hidden(buffer, before)
    try:
        if mark + buffer.text.encode() != before or not after.startswith(mark) or b"\0" in after:
            return None
        text = after.removeprefix(mark).decode()
    except UnicodeError:
        return None
    old, new = _ends(before), _ends(after)
    if len(old | new) > 1 or b"\r" in old | new or (b"\r\n" in new and not old):
        return None
    if text.startswith("\ufeff") and not buffer.text.startswith("\ufeff"):
        return None
    return text


def _hidden(buffer: Buffer, data: bytes) -> bytes:
    """The mark that the file has and the editor does not show."""
    return _MARK if data.startswith(_MARK) and not buffer.text.startswith("\ufeff") else b""


def _ends(data: bytes) -> set[bytes]:
    """The kinds of line ends in it."""
    both = data.count(b"\r\n")
    counts = {b"\r\n": both, b"\n": data.count(b"\n") - both, b"\r": data.count(b"\r") - both}
    return {end for end, count in counts.items() if count}


def _shown(data: bytes) -> tuple[str, ...]:
    """How editors show these bytes: as UTF-8, else as a legacy encoding."""
    data = data.removeprefix(_MARK)
    return data.decode(errors="replace"), data.decode("latin-1"), data.decode("cp1252", "replace")


def _normal(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
