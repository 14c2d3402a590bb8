"""Trees as dictionaries: put into a mirror and a folder, without git, and read back."""

from __future__ import annotations

import hashlib
import shutil
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from support import repos
from support.repos import Content, Link, Program


class File(NamedTuple):
    """A file as git keeps it; the bytes of a link are its target."""

    mode: str
    data: bytes


Tree = Mapping[str, File]


def blob_of(git_dir: Path, data: bytes) -> str:
    """Store a blob; its id."""
    return _store(git_dir, b"blob", data)


def tree_of(git_dir: Path, files: Tree) -> str:
    """Store a tree with all that is in it; its id."""
    here: dict[str, tuple[str, str]] = {}
    below: dict[str, dict[str, File]] = {}
    for path, file in files.items():
        first, _, rest = path.partition("/")
        if rest:
            below.setdefault(first, {})[rest] = file
        else:
            here[first] = (file.mode, blob_of(git_dir, file.data))
    here |= {name: ("40000", tree_of(git_dir, inside)) for name, inside in below.items()}
    return raw_tree(git_dir, [(mode, name, oid) for name, (mode, oid) in here.items()])


def raw_tree(git_dir: Path, entries: list[tuple[str, str, str]]) -> str:
    """Store a tree of (mode, name, id), whatever git would say to them; its id."""
    encoded = [(mode, name.encode("utf-8", "surrogateescape"), oid) for mode, name, oid in entries]
    encoded.sort(key=lambda entry: entry[1] + b"/" * (entry[0] in {"40000", "040000"}))
    return _store(
        git_dir, b"tree", b"".join(b"%b %b\0%b" % (m.encode(), n, bytes.fromhex(o)) for m, n, o in encoded)
    )


def _store(git_dir: Path, sort: bytes, data: bytes) -> str:
    whole = b"%b %d\0%b" % (sort, len(data), data)
    oid = hashlib.sha1(whole).hexdigest()
    path = git_dir / "objects" / oid[:2] / oid[2:]
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(zlib.compress(whole, 1))
    return oid


def lay_out(where: Path, files: Tree) -> None:
    """Make a folder hold exactly these files, beside its `.git`."""
    for path in where.iterdir():
        if path.name == ".git":
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    repos.write(where, {name: _content(file) for name, file in files.items()})


def _content(file: File) -> Content:
    if file.mode == "120000":
        return Link(file.data.decode("utf-8", "surrogateescape"))
    return Program(file.data) if file.mode == "100755" else file.data


def found_in(where: Path) -> dict[str, File]:
    """What a folder holds, beside its `.git`."""
    found = {}
    for name, content in repos.read(where).items():
        if isinstance(content, Link):
            found[name] = File("120000", content.target.encode("utf-8", "surrogateescape"))
        elif isinstance(content, Program):
            found[name] = File("100755", content.data)
        else:
            found[name] = File("100644", content if isinstance(content, bytes) else content.encode())
    return found
