"""The registry of runs: create, list, open, adopt; and which of them were made here."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from pydantic import ValidationError

from sextet.errors import ForeignRunError, NotFoundError, StoreError
from sextet.model.base import Count, Record
from sextet.model.events import Entry, RunCreated
from sextet.model.names import RunState
from sextet.model.run import SCHEMA_VERSION, Run
from sextet.store.journal import Journal
from sextet.store.layout import JOURNAL, RUN, RUNS, RunFolder, check_run_id, is_run_id
from sextet.store.state import State
from sextet.system.disk import DISK, Disk, explained
from sextet.system.durable import Folder, install_dir, read

_RUN_LIMIT = 16 << 20
_TAIL = 64 << 10
_RECORD_LIMIT = 4_096
_SLUG = 32
_STATE = re.compile(rb'"kind":"run_state_changed","state":"([a-z_]{1,30})"')


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One line of a list of runs."""

    id: str
    goal: str
    created_at: float
    """Seconds since 1970; 0 when `run.json` cannot be read."""
    state: RunState | None
    """As the journal says it last; None when it does not say."""
    ours: bool
    """False for a run that came with a clone."""
    problem: str
    """What is wrong with its `run.json`, or that it is not ours; empty when all is well."""


class _Ownership(Record):
    device: Count
    inode: Count


def new_run_id(goal: str, now: float, random: Callable[[int], str] = secrets.token_hex) -> str:
    """An id that sorts by time and can be read: `20261122-143005-fix-add-7f3a`.

    Args:
        goal: what the user asked for.
        now: seconds since 1970; shown in UTC.
        random: gives that many random bytes in hex.
    """
    plain = unicodedata.normalize("NFKD", goal[:1_000]).encode("ascii", "ignore").decode().lower()
    slug = "-".join(re.findall("[a-z0-9]+", plain))
    if len(slug) > _SLUG:
        slug = slug[: _SLUG + 1].rpartition("-")[0] or slug[:_SLUG]
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y%m%d-%H%M%S")
    return f"{moment}-{slug or 'run'}-{random(2)}"


def create(root: Path, state: State, run: Run, disk: Disk = DISK) -> RunFolder:
    """Make the folder of a new run, complete with its first event, and write down that it is ours.

    It is prepared under another name and renamed into place: a crash leaves all of it or nothing.

    Args:
        root: the top level of the work tree.
        state: the work tree's state folder.
        run: what was fixed at the start; its id names the folder.
        disk: where tests put faults.

    Raises:
        StoreError: `codex-runs` is not a folder, a run of this id exists, or the disk refuses.
    """
    with Folder.at(root, disk) as top, top.below(RUNS, create=True) as runs:
        with suppress(FileExistsError):
            runs.create(".gitignore", b"*\n")
        if run.id in runs.names():
            raise StoreError(f"There is a run {run.id} already.")
        spare = f".new-{run.id}"
        with runs.below(spare, create=True) as folder:
            _fill(folder, run)
            _own(state, run.id, folder)
        if not install_dir(spare, run.id, runs, runs):
            raise StoreError(f"There is a run {run.id} already.")
        with explained(f"create run {run.id}"):
            disk.sync(runs.fd)
    return RunFolder(root / RUNS / run.id)


def _fill(folder: Folder, run: Run) -> None:
    folder.replace(RUN, run.to_json() + b"\n")
    folder.remove(JOURNAL)  # of a creation that failed half-way
    journal = Journal.create(RunFolder(folder.path), folder.disk)
    try:
        entry = Entry(seq=1, time=run.created_at, actor="sextet", event=RunCreated(run=run))
        journal.append([entry.to_json()])
    finally:
        journal.close()


def _own(state: State, run_id: str, folder: Folder) -> None:
    device, inode = folder.identity()
    with Folder.at(state.runs, folder.disk) as records:
        records.replace(check_run_id(run_id), _Ownership(device=device, inode=inode).to_json())


def open_run(root: Path, state: State, run_id: str, *, read_only: bool = False) -> RunFolder:
    """The folder of a run.

    Args:
        root: the top level of the work tree.
        state: the work tree's state folder.
        run_id: which run.
        read_only: also give a run that was not made here, to be looked at and nothing else.

    Raises:
        NotFoundError: there is no such run.
        ForeignRunError: it was not made here, and `read_only` is not set.
        StoreError: `codex-runs` or the run is a link or a file.
        UnsafePathError: `run_id` is not the id of a run.
    """
    with _entered(root, check_run_id(run_id)) as folder:
        if not read_only and not _is_ours(state, run_id, folder):
            raise ForeignRunError(
                f"Run {run_id} was not made here, so nothing in it is executed.",
                next_step=f"Look at it; if you trust it, run `sextet adopt {run_id}`.",
                run=run_id,
            )
    return RunFolder(root / RUNS / run_id)


def adopt(root: Path, state: State, run_id: str) -> RunFolder:
    """Take over a run that was not made here, because the user said so; raises as `open_run`."""
    with _entered(root, check_run_id(run_id)) as folder:
        _own(state, run_id, folder)
    return RunFolder(root / RUNS / run_id)


def remove(root: Path, state: State, run_id: str) -> None:
    """Remove a run that was made here, with all of its records.

    Raises:
        NotFoundError, ForeignRunError, StoreError: as `open_run`, or the disk refuses half-way.
    """
    folder = open_run(root, state, run_id)
    with explained(f"remove run {run_id}"):
        shutil.rmtree(folder.path)
        shutil.rmtree(state.pages / run_id, ignore_errors=True)
        state.run(run_id).unlink()


def list_runs(root: Path, state: State, limit: int | None = None) -> list[RunSummary]:
    """The runs below `root`, the newest first, at most `limit`; what is no run is passed over.

    Raises:
        StoreError: `codex-runs` is a link or a file.
    """
    try:
        runs = Folder.at(root / RUNS)
    except StoreError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return []
        raise
    with runs:
        names = sorted((name for name in runs.names() if is_run_id(name)), reverse=True)
        found = (summary for name in names if (summary := _summary(runs, state, name)) is not None)
        return list(islice(found, limit))


def _summary(runs: Folder, state: State, run_id: str) -> RunSummary | None:
    try:
        folder = runs.below(run_id)
    except StoreError:
        return None  # a link or a file
    with folder:
        try:
            said = _loose(folder.read(RUN, _RUN_LIMIT))
        except (FileNotFoundError, StoreError):
            said = {}
        ours = _is_ours(state, run_id, folder)
        return RunSummary(
            id=run_id,
            goal=_text(_part(said, "briefing").get("goal")),
            created_at=_number(said.get("createdAt")),
            state=_last_state(folder),
            ours=ours,
            problem=_problem_of(said) or ("" if ours else "it was not made here"),
        )


def _problem_of(said: dict[str, object]) -> str:
    version = said.get("schemaVersion")
    if not isinstance(version, int):
        return "its run.json is damaged"
    return "it was written by a newer version of Sextet" if version > SCHEMA_VERSION else ""


def _last_state(folder: Folder) -> RunState | None:
    """The run's state by the end of its journal, without reading the rest where that is enough."""
    with suppress(FileNotFoundError, StoreError, ValueError):
        found = _STATE.findall(folder.read_tail(JOURNAL, _TAIL)) or _STATE.findall(
            folder.read(JOURNAL, _RUN_LIMIT)
        )
        return RunState(found[-1].decode()) if found else RunState.QUEUED
    return None


def _entered(root: Path, run_id: str) -> Folder:
    """The run's folder, held open."""
    try:
        with Folder.at(root) as top:
            return top.below(RUNS, run_id)
    except StoreError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise NotFoundError(f"There is no run {run_id} here.", run=run_id) from error
        raise


def _is_ours(state: State, run_id: str, folder: Folder) -> bool:
    try:
        record = _Ownership.model_validate_json(read(state.run(run_id), _RECORD_LIMIT))
    except (FileNotFoundError, StoreError, ValidationError):
        return False
    return (record.device, record.inode) == folder.identity()


def _loose(data: bytes) -> dict[str, object]:
    """A JSON object as far as it is one: for looking at what this version cannot read."""
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _part(said: dict[str, object], key: str) -> dict[str, object]:
    part = said.get(key)
    return part if isinstance(part, dict) else {}


def _text(value: object) -> str:
    return value[:100_000] if isinstance(value, str) else ""


def _number(value: object) -> float:
    return (
        float(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e15
        else 0.0
    )
