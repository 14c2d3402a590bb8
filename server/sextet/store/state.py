"""The state folder: private to the user, outside every repository, one folder per work tree."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path

import platformdirs

from sextet.errors import StoreError
from sextet.store.layout import check_run_id
from sextet.system.disk import explained
from sextet.system.durable import Folder, read

_SOCKET_BYTES = 103
"""Longest path of a Unix socket on macOS; Linux takes four more."""

_WHERE = "worktree.json"
_SOCKET = "control.sock"
_SOCKET_RECORD = "control.path"


def state_home() -> Path:
    """The user's state folder: `SEXTET_STATE_HOME`, else the platform's place."""
    chosen = os.environ.get("SEXTET_STATE_HOME")
    return Path(chosen).absolute() if chosen else platformdirs.user_state_path("sextet")


class State:
    """What Sextet keeps for one work tree, whichever path leads to it (its key is device and inode)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, top: Path, home: Path | None = None) -> State:
        """The state of the work tree with the top level `top`, its folders made when missing (mode 0700).

        Args:
            top: the top level of the work tree, by any path.
            home: the user's state folder; None takes `state_home()`.

        Raises:
            StoreError: the folder cannot be made, is somebody else's, or others may write to it.
        """
        home = home or state_home()
        with explained(f"open {top}"):
            status = top.stat()
        key = hashlib.sha256(f"{status.st_dev}:{status.st_ino}".encode()).hexdigest()[:16]
        private_folder(home)
        state = cls(home / key)
        for folder in (state.path, state.worktrees, state.applies, state.runs, state.pages):
            private_folder(folder)
        state._write_down(top)
        return state

    @property
    def key(self) -> str:
        """16 hex digits that stand for the work tree."""
        return self.path.name

    @property
    def mirror(self) -> Path:
        """The private bare clone."""
        return self.path / "mirror.git"

    @property
    def worktrees(self) -> Path:
        """Worktrees of attempts."""
        return self.path / "worktrees"

    @property
    def applies(self) -> Path:
        """Journals of applies, one folder each."""
        return self.path / "apply"

    @property
    def lock(self) -> Path:
        """The supervisor's lock file."""
        return self.path / "supervisor.lock"

    @property
    def holder(self) -> Path:
        """Who has the supervisor's lock."""
        return self.path / "supervisor.json"

    @property
    def trust(self) -> Path:
        """What the user trusted."""
        return self.path / "trust.json"

    @property
    def runs(self) -> Path:
        """Ownership records of runs."""
        return self.path / "runs"

    @property
    def pages(self) -> Path:
        """Read-only documents for people, one folder per run."""
        return self.path / "pages"

    def run(self, run_id: str) -> Path:
        """The ownership record of a run."""
        return self.runs / check_run_id(run_id)

    @property
    def socket(self) -> Path:
        """Where the supervisor listens.

        `control.sock` in this folder, or a short path elsewhere when that is too long for a Unix socket; the
        choice is written down, so that every process of the user finds the same.
        """
        usual = self.path / _SOCKET
        if len(os.fsencode(usual)) <= _SOCKET_BYTES:
            return usual
        try:
            recorded = Path(os.fsdecode(read(self.path / _SOCKET_RECORD, _SOCKET_BYTES)))
        except FileNotFoundError:
            return self._short_socket()
        if (
            not recorded.is_absolute() or not recorded.parent.is_dir()
        ):  # a runtime folder ends with its session
            return self._short_socket()
        private_folder(recorded.parent)
        return recorded

    def _short_socket(self) -> Path:
        base = os.environ.get("XDG_RUNTIME_DIR", "")
        shared = Path("/tmp")  # noqa: S108 -- the folder in it is checked to be ours and 0700
        folder = Path(base, "sextet") if base.startswith("/") else shared / f"sextet-{os.getuid()}"
        private_folder(folder)
        name = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]
        path = folder / f"{name}.sock"
        with Folder.at(self.path) as here:
            here.replace(_SOCKET_RECORD, os.fsencode(path))
        return path

    def _write_down(self, top: Path) -> None:
        """Say in plain text whose state this is, for people who look into the folder."""
        data = json.dumps({"path": os.fspath(top.resolve())}).encode()
        with Folder.at(self.path) as here:
            try:
                if here.read(_WHERE, 65_536) == data:
                    return
            except FileNotFoundError:
                pass
            here.replace(_WHERE, data, sync=False)


def private_folder(path: Path) -> None:
    """Make `path` (and its parents) a folder that only this user can enter.

    Raises:
        StoreError: it cannot be made, is a link or a file, or belongs to somebody else.
    """
    with explained(f"make the folder {path}"):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise StoreError(
            f"{path} is not a folder of yours.",
            next_step="Remove it, or set SEXTET_STATE_HOME to another folder.",
        )
    if stat.S_IMODE(status.st_mode) != 0o700:
        with explained(f"make {path} private"):
            path.chmod(0o700)
