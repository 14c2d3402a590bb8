"""Change sets that mean no good, built from raw trees, and work trees that lie in wait: nothing leads out."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from sextet.errors import ApplyError, SextetError, UnsafePathError
from sextet.workspace import changeset
from sextet.workspace.apply import Order, apply, plan, revert
from sextet.workspace.fit import Fit
from sextet.workspace.mirror import Mirror
from sextet.workspace.plan import Plan
from sextet.workspace.repository import Repository, inspect
from support import repos, trees
from support.repos import Link

BASE = {"a.txt": "a\n", "d/f": "f\n", "link": Link("d"), ".gitignore": "vendor\n"}


@dataclass
class Stand:
    """A repository, and everything around it that must stay as it is."""

    repository: Repository
    mirror: Mirror
    outside: Path
    base: str

    @property
    def top(self) -> Path:
        return self.repository.top

    @property
    def order(self) -> Order:
        return Order(by="Mallory", state=self.mirror.folder)

    def blob(self, data: bytes = b"evil\n") -> str:
        return trees.blob_of(self.mirror.git_dir, data)

    def tree(self, *entries: tuple[str, str, str]) -> str:
        """The base with these entries (mode, name, id) at the top, whatever git would say to them."""
        out = repos.git(self.mirror.git_dir, "ls-tree", "-z", self.base).split("\0")
        known = [(line.split(" ")[0], *_named(line)) for line in out if line]
        new = {name for _, name, _ in entries}
        return trees.raw_tree(
            self.mirror.git_dir, [*(entry for entry in known if entry[1] not in new), *entries]
        )

    def folder(self, *entries: tuple[str, str, str]) -> str:
        return trees.raw_tree(self.mirror.git_dir, list(entries))

    async def plan(self, tree: str, base: str = "") -> Plan:
        return await plan(
            self.repository, self.mirror, await changeset.diff(self.mirror, base or self.base, tree)
        )

    def around(self) -> tuple[str, str]:
        """Everything outside, and `.git`."""
        return repos.fingerprint(self.outside), repos.fingerprint(self.top / ".git")


def _named(line: str) -> tuple[str, str]:
    facts, _, name = line.partition("\t")
    return name, facts.split(" ")[2]


@pytest.fixture
async def stand(tmp_path):
    """At the end nothing outside of the work tree and nothing in `.git` is other than before."""
    outside = tmp_path / "outside"
    repos.write(outside, {"secret": "s\n", "deep/secret": "s\n"})
    top = repos.make(outside / "repo" / "work", BASE)
    repository = await inspect(top)
    mirror = await Mirror.open(repository, tmp_path / "state")
    it = Stand(repository, mirror, tmp_path / "elsewhere", repos.git(top, "rev-parse", "HEAD^{tree}"))
    it.outside.mkdir()
    repos.write(it.outside, {"secret": "s\n", "deep/secret": "s\n"})
    before = it.around()
    sibling = repos.fingerprint(outside / "deep"), (outside / "secret").read_bytes()
    yield it
    assert it.around() == before
    assert (repos.fingerprint(outside / "deep"), (outside / "secret").read_bytes()) == sibling
    assert sorted(path.name for path in outside.iterdir()) == ["deep", "repo", "secret"]
    assert sorted(path.name for path in (outside / "repo").iterdir()) == ["work"]


# Corpus D: trees that are refused before anything is looked at -------------------------------------
NAMES = {
    "72 out": "../x",
    "73 in and out": "d/../../x",
    "74 absolute": "/tmp/x",
    "75 git's own": ".git",
    "76 another case": ".GIT",
    "76 mixed case": ".Git",
    "76 a short name": "git~1",
    "76 a space after it": ".git ",
    "76 a dot after it": ".git.",
    "76 a stream of it": ".git::$INDEX_ALLOCATION",
    "76 a character that HFS ignores": ".g\u200cit",
    "79 backslashes": "..\\x",
    "79 a backslash": "d\\x",
    "a dot": ".",
    "two dots": "..",
    "too long": "n" * 300,
    "not UTF-8": "caf\udce9",
    "102 our own": "codex-runs",
    "102 our own in another case": "Codex-Runs",
}


@pytest.mark.parametrize("below", [False, True], ids=["as a file", "as a folder"])
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
async def test_a_name_that_is_never_written_gets_into_a_change_set(stand, name, below):
    inner = stand.folder(("100755", "hook", stand.blob()))
    tree = stand.tree(("40000", name, inner) if below else ("100644", name, stand.blob()))
    with pytest.raises(SextetError):
        await stand.plan(tree)


@pytest.mark.parametrize("name", [".git", ".GIT", "git~1", ".git "])
async def test_a_repository_within_a_folder_gets_into_a_change_set(stand, name):
    hooks = stand.folder(("100755", "pre-commit", stand.blob()))
    nested = stand.folder(("40000", name, stand.folder(("40000", "hooks", hooks))))
    with pytest.raises(UnsafePathError):
        await stand.plan(stand.tree(("40000", "sub", nested)))


@pytest.mark.parametrize("mode", ["160000", "999999", "060000", "010644", "140000"])
async def test_a_mode_that_is_never_written_gets_into_a_change_set(stand, mode):
    tree = stand.tree((mode, "new", stand.blob()))
    with pytest.raises(SextetError):
        await apply(await stand.plan(tree), stand.order)
    assert not (stand.top / "new").exists()


@pytest.mark.parametrize("mode", ["100777", "104755", "102755", "100600", "100000"])
async def test_94_bits_that_git_does_not_keep_are_set(stand, mode):
    with suppress(SextetError):
        await apply(await stand.plan(stand.tree((mode, "new", stand.blob()))), stand.order)
    if (stand.top / "new").exists():
        assert stat.S_IMODE((stand.top / "new").stat().st_mode) in {0o644, 0o755}


TWICE = {
    "91 a file twice": lambda it: [("100644", "new", it.blob()), ("100644", "new", it.blob(b"other\n"))],
    "81 a link and a file through it": lambda it: [
        ("120000", "new", it.blob(str(it.outside).encode())),
        ("40000", "new", it.folder(("100644", "evil", it.blob()))),
    ],
    "81 a file and a folder": lambda it: [
        ("100644", "new", it.blob()),
        ("40000", "new", it.folder(("100644", "evil", it.blob()))),
    ],
    "81 a known link and a file through it": lambda it: [
        ("120000", "link", it.blob(str(it.outside).encode())),
        ("40000", "link", it.folder(("100644", "secret", it.blob()))),
    ],
}


@pytest.mark.parametrize("entries", TWICE.values(), ids=TWICE.keys())
async def test_a_path_that_is_two_things_at_once_gets_into_a_change_set(stand, entries):
    before = repos.read(stand.top)
    with pytest.raises(UnsafePathError, match="is there twice"):
        await stand.plan(stand.tree(*entries(stand)))
    assert repos.read(stand.top) == before


# Corpus D: trees that are written, and lead nowhere ------------------------------------------------
@pytest.mark.parametrize("target", ["/etc/passwd", "../..", ".git", "../../secret", "{outside}", "."])
@pytest.mark.parametrize("name", ["new", "a.txt", "link"])
async def test_84_a_link_is_followed_when_it_is_written_replaced_or_taken_back(stand, name, target):
    before = repos.read(stand.top)
    words = target.replace("{outside}", str(stand.outside))
    tree = stand.tree(("120000", name, stand.blob(words.encode())))
    found = await stand.plan(tree)
    assert "symbolic links" in " ".join(found.changeset.warnings)
    first = await apply(found, stand.order)
    assert repos.read(stand.top)[name] == Link(words)
    through = stand.tree(("40000", name, stand.folder(("100644", "secret", stand.blob()))))
    second = await apply(await stand.plan(through, tree), stand.order)
    assert (stand.top / name / "secret").read_text() == "evil\n"
    for applied in (second, first):
        back = await revert(stand.repository, stand.mirror, applied.id, stand.order)
        await apply(back, stand.order)
    assert repos.read(stand.top) == before


async def test_86_the_text_of_a_tracked_link_is_written_to_where_it_leads(stand):
    await apply(await stand.plan(stand.tree(("100644", "link", stand.blob(b"text\n")))), stand.order)
    assert repos.read(stand.top)["link"] == b"text\n"
    assert repos.read(stand.top)["d/f"] == b"f\n"


@pytest.mark.parametrize(
    "name", [".gitmodules", ".gitattributes", ".envrc", "Makefile", "AGENTS.md", ".pre-commit-config.yaml"]
)
async def test_95_a_file_that_steers_git_or_tools_is_like_any_other(stand, name):
    found = await stand.plan(stand.tree(("100644", name, stand.blob(b'[submodule "x"]\n\tupdate = !id\n'))))
    assert found.control == (name,)


@pytest.mark.parametrize("below", [True, False], ids=["in a folder", "at the top"])
async def test_96_a_folder_that_git_takes_for_a_repository_goes_without_a_word(stand, below):
    inner = [
        ("100644", "HEAD", stand.blob(b"ref: refs/heads/main\n")),
        ("100644", "config", stand.blob(b"[core]\n\tfsmonitor = id\n")),
        ("40000", "objects", stand.folder(("100644", "x", stand.blob()))),
        ("40000", "refs", stand.folder(("100644", "x", stand.blob()))),
    ]
    tree = stand.tree(("40000", "bare", stand.folder(*inner))) if below else stand.tree(*inner)
    found = await stand.plan(tree)
    assert any("takes for a repository" in warning for warning in found.changeset.warnings)
    assert set(found.control) >= {"bare/HEAD" if below else "HEAD"}


STRANGE = [
    "-rf",
    "new\nline",
    "esc\x1b[2Jape",
    "rtl\u202etxt",
    "CON",
    "aux.txt",
    "a:b",
    "\uff21\uff22",
    "~",
    "$(id)",
    "%n",
]


@pytest.mark.parametrize("name", STRANGE)
async def test_a_strange_name_is_not_written_as_it_is(stand, name):
    applied = await apply(await stand.plan(stand.tree(("100644", name, stand.blob()))), stand.order)
    assert applied.files == (name,)
    assert repos.read(stand.top)[name] == b"evil\n"


async def test_names_that_differ_in_case_alone_go_without_a_word(stand):
    found = await stand.plan(
        stand.tree(("100644", "README", stand.blob()), ("100644", "Readme", stand.blob(b"other\n")))
    )
    assert any("differ only in case" in warning for warning in found.changeset.warnings)
    with suppress(ApplyError):  # where both are one file
        await apply(found, stand.order)
        assert repos.read(stand.top)["README"] == b"evil\n"
        assert repos.read(stand.top)["Readme"] == b"other\n"


# Corpus A: what lies in wait in the user's work tree -----------------------------------------------
def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def _device(path: Path) -> None:
    try:
        os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("opt-in: only root makes devices")


WAITING: dict[str, Callable[[Path], None]] = {
    "83 an ignored link to a folder": lambda path: path.symlink_to(
        path.parent.parent.parent.parent / "elsewhere"
    ),
    "82 a link to a folder of the work tree": lambda path: path.symlink_to("d"),
    "a dangling link": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a pipe": os.mkfifo,
    "a device": _device,
    "a socket": _socket,
    "a file of a terabyte": _sparse,
}


@pytest.mark.parametrize("lay", WAITING.values(), ids=WAITING.keys())
async def test_something_on_the_way_of_a_new_file_is_crossed(stand, lay):
    lay(stand.top / "vendor")
    before = (stand.top / "vendor").lstat().st_mode
    found = await stand.plan(
        stand.tree(
            ("40000", "vendor", stand.folder(("100644", "evil", stand.blob()))),
            ("100644", "a.txt", stand.blob(b"b\n")),
        )
    )
    assert [(step.path, step.fit) for step in found.steps if step.fit is not Fit.FITS] == [
        ("vendor/evil", Fit.BLOCKED)
    ]
    with pytest.raises(ApplyError, match="vendor/evil cannot be written"):
        await apply(found, stand.order)
    assert (stand.top / "vendor").lstat().st_mode == before
    assert (stand.top / "a.txt").read_text() == "a\n"


@pytest.mark.parametrize("lay", WAITING.values(), ids=WAITING.keys())
@pytest.mark.parametrize("gone", [False, True], ids=["changed", "deleted"])
async def test_something_in_the_place_of_a_file_is_read_followed_or_replaced(stand, lay, gone):
    (stand.top / "a.txt").unlink()
    lay(stand.top / "a.txt")
    before = (stand.top / "a.txt").lstat()
    entry = ("100644", "other", stand.blob()) if gone else ("100644", "a.txt", stand.blob(b"b\n"))
    tree = stand.tree(entry)
    if gone:
        tree = stand.folder(("100644", "other", stand.blob()))
        repos.write(stand.top, {"d/f": None, "link": None, ".gitignore": None})
    found = await stand.plan(tree)
    [step] = [step for step in found.steps if step.path == "a.txt"]
    assert step.fit in {Fit.BLOCKED, Fit.CONFLICT}
    with pytest.raises(ApplyError):
        await apply(found, stand.order)
    after = (stand.top / "a.txt").lstat()
    assert (after.st_mode, after.st_ino, after.st_size) == (before.st_mode, before.st_ino, before.st_size)


@pytest.mark.parametrize("what", ["pipe", "link", "folder"])
async def test_something_that_took_a_file_s_place_after_the_look_is_written_to(stand, what):
    found = await stand.plan(stand.tree(("100644", "a.txt", stand.blob(b"b\n"))))
    (stand.top / "a.txt").unlink()
    if what == "pipe":
        os.mkfifo(stand.top / "a.txt")
    elif what == "link":
        (stand.top / "a.txt").symlink_to(stand.outside / "secret")
    else:
        (stand.top / "a.txt").mkdir()
        (stand.top / "a.txt" / "mine").write_text("mine\n")
    with pytest.raises(ApplyError):
        await apply(found, stand.order)
    assert what != "folder" or (stand.top / "a.txt" / "mine").read_text() == "mine\n"
    assert not list(stand.top.glob(".sextet-*"))


async def test_106_a_file_outside_that_is_the_same_by_a_hard_link_is_written(stand):
    (stand.top / "a.txt").unlink()
    os.link(stand.outside / "secret", stand.top / "a.txt")
    found = await stand.plan(stand.tree(("100644", "a.txt", stand.blob(b"b\n"))))
    with pytest.raises(ApplyError):  # it does not hold what the patch begins with
        await apply(found, stand.order)
    await apply(found.settle({"a.txt": "theirs"}), stand.order)
    assert (stand.top / "a.txt").read_text() == "b\n"
    assert (stand.outside / "secret").read_text() == "s\n"


async def test_a_folder_of_the_user_s_in_the_place_of_a_new_file_is_removed(stand):
    repos.write(stand.top, {"new/mine": "mine\n"})
    found = await stand.plan(stand.tree(("100644", "new", stand.blob())))
    with pytest.raises(ApplyError, match="new cannot be written"):
        await apply(found, stand.order)
    assert (stand.top / "new/mine").read_text() == "mine\n"


async def test_a_deleted_folder_takes_the_user_s_own_files_with_it(stand):
    repos.write(stand.top, {"d/mine": "mine\n"})
    tree = stand.folder(("100644", "d", stand.blob()))
    found = await stand.plan(tree)
    with pytest.raises(ApplyError):
        await apply(found, stand.order)
    assert repos.read(stand.top)["d/mine"] == b"mine\n"
    assert repos.read(stand.top)["d/f"] == b"f\n"
