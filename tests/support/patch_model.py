"""What applying must give, said once more in a small way: lines of bytes, and three-way by the rules."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from enum import Enum

from sextet.model.patch import Hunk
from support.trees import File, Tree

LINE = re.compile(rb"[^\n]*\n|[^\n]+")
NEAR = 4
"""Lines between two changes from which on git must not mix them up."""


class Word(Enum):
    """What cannot be said in bytes."""

    CONFLICT = "conflict"
    EITHER = "either"
    """Too near to each other to say: a conflict, or a merge in which the user's own lines are all there."""


Expected = File | None | Word


def lines(data: bytes) -> list[bytes]:
    """As git counts them."""
    return LINE.findall(data)


def text(file: File | None) -> bool:
    """Whether it has hunks that can be chosen one by one."""
    return file is not None and file.mode != "120000" and b"\0" not in file.data[:8_000]


def part(
    old: File | None, new: File | None, drawn: Sequence[Hunk], picked: Collection[int] | None
) -> File | None:
    """The file with some of its hunks; None picks it whole."""
    if picked is not None and not picked:
        return old
    if (
        picked is None
        or len(picked) == len(drawn)
        or not (text(old) and text(new))
        or old is None
        or new is None
    ):
        return new
    before, after = lines(old.data), lines(new.data)
    made: list[bytes] = []
    at = there = 0
    for number, hunk in enumerate(drawn):
        begin = hunk.old_start - (hunk.old_lines > 0)
        opposite = hunk.new_start - (hunk.new_lines > 0)
        assert before[at:begin] == after[there:opposite], "between two hunks nothing differs"
        made += before[at:begin]
        at, there = begin + hunk.old_lines, opposite + hunk.new_lines
        made += after[opposite:there] if number in picked else before[begin:at]
    assert before[at:] == after[there:]
    return File(old.mode, b"".join(made + before[at:]))


def expected(old: File | None, new: File | None, mine: File | None) -> Expected:
    """What becomes of the user's file when the change from `old` to `new` is applied to it."""
    if old == new:
        return mine
    if mine in {old, new}:
        return new
    if mine is None or new is None or "120000" in {each.mode for each in (old, new, mine) if each}:
        return Word.CONFLICT
    mode = new.mode if old is not None and mine.mode == old.mode else mine.mode
    data = _both(old.data if old else None, new.data, mine.data)
    return data if isinstance(data, Word) else File(mode, data)


def _both(old: bytes | None, new: bytes, mine: bytes) -> bytes | Word:
    if new in {mine, old}:
        return mine
    if mine == old:
        return new
    if b"\0" in b"".join(each[:8_000] for each in (old or b"", new, mine)):
        return Word.CONFLICT
    merged = merge(lines(old or b""), lines(new), lines(mine))
    return merged if isinstance(merged, Word) else b"".join(merged)


def merge(old: Sequence[bytes], new: Sequence[bytes], mine: Sequence[bytes]) -> list[bytes] | Word:
    """Both changes to lines that are all different from each other, when they are far apart."""
    if any(len(set(each)) != len(each) for each in (old, new, mine)):
        return Word.EITHER
    theirs, ours = changed(old, new), changed(old, mine)
    if not theirs or not ours or len(set(theirs) & set(ours)) == len(theirs):
        return Word.EITHER
    gaps = [max(a[0] - b[1], b[0] - a[1]) for a in theirs for b in ours]
    if min(gaps) < NEAR:
        touching = any(a[0] < b[1] and b[0] < a[1] and theirs[a] != ours[b] for a in theirs for b in ours)
        inside = touching and not (set(theirs) & set(ours))
        return Word.CONFLICT if inside else Word.EITHER
    result: list[bytes] = []
    at = 0
    for begin, end in sorted({*theirs, *ours}):
        result += old[at:begin]
        result += theirs.get((begin, end)) or ours.get((begin, end)) or ()
        at = end
    return result + list(old[at:])


def changed(old: Sequence[bytes], new: Sequence[bytes]) -> dict[tuple[int, int], list[bytes]]:
    """Ranges of old lines → what is in their place; no line occurs twice, and none has moved."""
    kept = set(old) & set(new)
    found: dict[tuple[int, int], list[bytes]] = {}
    at = there = 0
    for line in [line for line in old if line in kept] + [b""]:
        begin, opposite = at, there
        while at < len(old) and old[at] != line:
            at += 1
        while there < len(new) and new[there] != line:
            there += 1
        if at > begin or there > opposite:
            found[begin, at] = list(new[opposite:there])
        at, there = at + 1, there + 1
    return found


def survives(old: File | None, mine: File, result: File) -> bool:
    """Whether all lines that are the user's own are in the result."""
    own = set(lines(mine.data)) - set(lines(old.data if old else b""))
    return own <= set(lines(result.data))


def whole(old: Tree, new: Tree, mine: Tree) -> dict[str, Expected]:
    """Per path what applying must give, for all paths that are anywhere."""
    paths = {*old, *new, *mine}
    return {path: expected(old.get(path), new.get(path), mine.get(path)) for path in sorted(paths)}
