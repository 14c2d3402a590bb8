"""Change set: all that differs between two trees, exact; its hunks and its picture are for people."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import cast

from sextet.errors import UnsafePathError
from sextet.model.patch import ChangeSet, FileChange, Hunk, Mode6
from sextet.system.paths import check_relative
from sextet.workspace.control import fold, is_control
from sextet.workspace.git import Git, fields
from sextet.workspace.mirror import Mirror
from sextet.workspace.snapshot import pairs

MANY_FILES = 500
"""Files above which a change set carries a warning."""
MANY_LINES = 20_000
"""Changed lines above which it does."""
LARGE_FILE = 5 * 1024 * 1024
"""Bytes of a file above which it does."""
MANY_DELETED = 0.2
"""Share of the old tree's files whose deletion is warned of (from 5 deletions on)."""

NAMED = 8
"""How many names a warning lists."""
_LOOKED_THROUGH = 2 * 1024 * 1024
"""Bytes up to which a text file is searched for characters that deceive."""
_LONGEST_LINE = 20_000
"""Characters of one line that a hunk shows."""
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MODES = frozenset({"000000", "100644", "100755", "120000"})
_OPTIONS = ("-r", "--no-renames", "--full-index", "--no-ext-diff", "--no-textconv", "--no-color")
_RANGE = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@.*\n", re.MULTILINE)


async def diff(mirror: Mirror, old_tree: str, new_tree: str) -> ChangeSet:
    """All that differs between two trees, control files first.

    Raises:
        UnsafePathError: a path or mode that is never written: a submodule, a device, `.git`, `codex-runs`, a
            name that is not UTF-8.
    """
    out = await mirror.git("diff-tree", *_OPTIONS, "-z", "--raw", "--numstat", old_tree, new_tree)
    parts = fields(out)
    count = next((at for at in range(0, len(parts), 2) if not parts[at].startswith(":")), len(parts))
    stats = {name: (added, removed) for added, removed, name in _numstat(parts[count:])}
    changes = [_change(raw, name, stats[name]) for raw, name in pairs(parts[:count])]
    changes.sort(key=lambda change: (not change.control, change.path))
    warnings = await _warnings(mirror.git, old_tree, changes)
    return ChangeSet(old_tree=old_tree, new_tree=new_tree, files=tuple(changes), warnings=tuple(warnings))


def _numstat(parts: Sequence[str]) -> Iterable[tuple[str, str, str]]:
    for part in parts:
        added, removed, name = part.split("\t", 2)
        yield added, removed, name


def _change(raw: str, name: str, stat: tuple[str, str]) -> FileChange:
    old_mode, new_mode, old_blob, new_blob, _status = raw[1:].split(" ")
    if old_mode not in _MODES or new_mode not in _MODES:
        raise UnsafePathError(
            f"{name!a} has mode {new_mode}, which Sextet never writes (a submodule has 160000).",
            next_step="Request changes: the file must be a plain file or a symbolic link.",
            path=ascii(name),
        )
    check_relative(name)
    if not is_text(name):
        raise UnsafePathError(
            f"The name {name!a} is not UTF-8.",
            next_step="Request changes: the file needs another name.",
            path=ascii(name),
        )
    binary = stat[0] == "-"
    return FileChange(
        path=name,
        old_mode=cast("Mode6", old_mode),
        new_mode=cast("Mode6", new_mode),
        old_blob=_blob(old_blob),
        new_blob=_blob(new_blob),
        control=is_control(name),
        binary=binary,
        added=0 if binary else int(stat[0]),
        removed=0 if binary else int(stat[1]),
    )


def is_text(name: str) -> bool:
    """Whether a name that git gave is UTF-8, so that a record can hold it."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _blob(oid: str) -> str | None:
    return oid if oid.strip("0") else None


async def _warnings(git: Git, old_tree: str, changes: Sequence[FileChange]) -> list[str]:
    warnings = []
    lines = sum(change.added + change.removed for change in changes)
    if len(changes) > MANY_FILES or lines > MANY_LINES:
        warnings.append(f"This is a very large change: {len(changes)} files, {lines} lines.")
    deleted = sum(change.new_blob is None for change in changes)
    if deleted >= 5:
        names = await git("ls-tree", "-r", "-z", "--name-only", "--full-tree", old_tree)
        if deleted > MANY_DELETED * names.count(b"\0"):
            warnings.append(f"It deletes {deleted} of {names.count(bytes(1))} files.")
    links = [change.path for change in changes if change.new_mode == "120000"]
    warnings += sentence_about("It makes or changes symbolic links", links)
    warnings += sentence_about("Names that differ only in case or form", _collisions(changes))
    sizes = await git.sizes(change.new_blob for change in changes if change.new_blob)
    large = [change.path for change in changes if sizes.get(change.new_blob or "", 0) > LARGE_FILE]
    warnings += sentence_about("Very large files", large)
    return warnings + sentence_about(
        "Characters that change the direction of text (what you see may not be what runs)",
        await _deceiving(git, changes, sizes),
    )


async def _deceiving(git: Git, changes: Sequence[FileChange], sizes: dict[str, int]) -> list[str]:
    readable = [
        change
        for change in changes
        if change.new_blob and not change.binary and sizes.get(change.new_blob, 0) <= _LOOKED_THROUGH
    ]
    blobs = await git.blobs(change.new_blob for change in readable if change.new_blob)
    return [
        change.path
        for change in readable
        if _BIDI.search(change.path) or _BIDI.search(blobs[change.new_blob or ""].decode("utf-8", "replace"))
    ]


def _collisions(changes: Sequence[FileChange]) -> list[str]:
    seen: dict[str, str] = {}
    found = []
    for change in changes:
        if change.new_blob is None:
            continue
        folded = "/".join(map(fold, change.path.split("/")))
        if seen.setdefault(folded, change.path) != change.path:
            found.append(change.path)
    return found


def sentence_about(what: str, names: Sequence[str]) -> list[str]:
    """A warning that names the first few of `names`; none without names."""
    if not names:
        return []
    first = names[:NAMED]
    shown = ", ".join(name if name.isprintable() and name.isascii() else ascii(name) for name in first)
    return [f"{what}: {shown}{' …' if len(names) > NAMED else ''}."[:1_000]]


async def picture(mirror: Mirror, changeset: ChangeSet, paths: Iterable[str] = ()) -> str:
    """A unified diff for people to read; never applied by anything of ours.

    Args:
        mirror: where both trees are.
        changeset: what to show.
        paths: only these; all when empty.
    """
    return (await _drawn(mirror, changeset, paths)).decode("utf-8", "replace")


async def _drawn(mirror: Mirror, changeset: ChangeSet, paths: Iterable[str]) -> bytes:
    wanted = [f":(top,literal){path}" for path in paths]
    return await mirror.git(
        *("diff-tree", *_OPTIONS, "-p", "-U3", "--src-prefix=a/", "--dst-prefix=b/"),
        *(changeset.old_tree, changeset.new_tree, "--", *wanted),
    )


async def hunks(mirror: Mirror, changeset: ChangeSet, paths: Iterable[str] = ()) -> tuple[Hunk, ...]:
    """The hunks of all text files, in the order of git (sorted by path), or of `paths` only."""
    wanted = set(paths)
    names = sorted((change.path for change in changeset.files), key=lambda name: name.encode())
    chosen = [name for name in names if not wanted or name in wanted]
    if not chosen:
        return ()
    kinds = {change.path: sections(change.old_mode, change.new_mode) for change in changeset.files}
    order = [name for name in chosen for _ in range(kinds[name])]
    drawn = await _drawn(mirror, changeset, wanted)
    pictures = re.split(rb"^diff --git .*\n", drawn, flags=re.MULTILINE)[1:]
    seen: Counter[str] = Counter()
    return tuple(
        hunk for name, section in zip(order, pictures, strict=True) for hunk in _hunks(name, section, seen)
    )


def whole_file(change: FileChange) -> str:
    """The id of the one hunk that a file without lines to show is."""
    return _digest(change.path, change.old_mode, change.new_mode, change.old_blob, change.new_blob)


def _digest(path: str, *what: object) -> str:
    text = "\0".join(map(str, (path, *what)))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def sections(old_mode: str, new_mode: str) -> int:
    """How often a file is drawn: one that becomes a link, or the reverse, is one deleted and one new."""
    return len({mode[:3] for mode in (old_mode, new_mode)} - {"000"})


def _hunks(name: str, section: bytes, seen: Counter[str]) -> Iterable[Hunk]:
    """The hunks of a file; the id of each comes from the very bytes that it changes, without context."""
    begins = list(_RANGE.finditer(section))
    ends = [found.start() for found in begins[1:]] + [len(section)] * bool(begins)
    for found, end in zip(begins, ends, strict=True):
        body = section[found.end() : end].removesuffix(b"\n").split(b"\n")
        changed = hashlib.sha256(b"\n".join(line for line in body if not line.startswith(b" "))).hexdigest()
        seen[name + changed] += 1
        old_start, old_lines, new_start, new_lines = found.groups()
        yield Hunk(
            id=_digest(name, changed, seen[name + changed]),
            path=name,
            old_start=int(old_start),
            old_lines=int(old_lines or 1),
            new_start=int(new_start),
            new_lines=int(new_lines or 1),
            lines=tuple(line.decode("utf-8", "replace")[:_LONGEST_LINE] for line in body),
        )
