"""Random bytes in settings, journals and on the control socket: sentences come out, and nobody dies."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sextet.errors import SextetError
from sextet.model.settings import Settings
from sextet.runtime.bus import Bus
from sextet.service import control, settings_files
from sextet.service.dispatch import Dispatcher
from sextet.service.orchestrator import Orchestrator
from sextet.service.place import Place
from sextet.service.settings_table import TABLE
from sextet.store import reading, runs
from sextet.store.journal import Journal
from sextet.store.layout import RunFolder
from sextet.store.state import State
from support.hostile import rehearse, run_folder, scenario
from support.repos import make

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("--yolo") | st.just("/")
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)
KEYS = st.sampled_from([*TABLE, "roles", "tester", "codex", "roles.analyst"]).map(lambda key: f"sextet.{key}")
FILES = st.dictionaries(KEYS | st.text(), VALUES, max_size=8).map(lambda value: json.dumps(value).encode())


def test_no_settings_file_is_too_bad_to_be_read(home: Path) -> None:
    file = home / "repo" / ".vscode" / "settings.json"
    file.parent.mkdir(parents=True)

    @given(FILES | st.binary(max_size=300))
    @settings(max_examples=200)
    def check(data: bytes) -> None:
        file.write_bytes(data)
        found = settings_files.load(home / "repo")
        assert Settings.model_validate_json(found.settings.to_json()) == found.settings
        assert all(problem.sentence for problem in found.problems)

    check()


@pytest.mark.slow
def test_no_journal_is_too_bad_to_be_told_apart(home: Path) -> None:
    repo = make(home / "repo", {"a.txt": "a\n"})
    rehearse(repo, scenario(home)).expect(0)
    folder, state = RunFolder(run_folder(repo)), State.of(repo)
    whole = folder.journal.read_bytes()
    known = [entry.seq for entry in reading.read(folder)]

    @given(st.integers(0, len(whole)), st.integers(0, 400), st.binary(max_size=60))
    @settings(max_examples=150)
    def check(at: int, cut: int, put: bytes) -> None:
        folder.journal.write_bytes(whole[:at] + put + whole[at + cut :])
        found = [entry.seq for entry in reading.read(folder)]
        assert found == known[: len(found)] or len(found) > len(known), "a true beginning"
        assert len(runs.list_runs(repo, state)) == 1
        try:
            Journal.open(folder).close()
        except SextetError:
            if folder.journal.read_bytes() != whole[:at] + put + whole[at + cut :]:
                pytest.fail("a damaged journal was changed")

    check()


FRAMES = st.one_of(
    st.binary(max_size=200),
    st.dictionaries(
        st.sampled_from(["jsonrpc", "id", "method", "params", "__proto__"]),
        st.sampled_from(
            ["2.0", "sextet/run/list", "sextet/run/snapshot", "sextet/run/stop", "sextet/subscribe"]
        )
        | st.dictionaries(st.sampled_from(["runId", "taskId", "by"]), VALUES, max_size=3)
        | VALUES,
    ).map(lambda value: json.dumps(value).encode()),
)


async def test_no_frame_ends_the_supervisor(home: Path) -> None:
    repo = make(home / "repo", {"a.txt": "a\n"})
    frames: list[bytes] = [
        b"[" * 100_000,
        b"{" * 100_000,
        b'{"id":' + b"9" * 5_000 + b"}",
        b"\xff\xfe",
        b"\0" * 999,
    ]

    @given(st.lists(FRAMES, max_size=4))
    @settings(max_examples=120)
    def collect(found: list[bytes]) -> None:
        frames.extend(found)

    collect()
    place = await Place.open(repo)
    async with Orchestrator(place, Bus()) as orchestrator:
        path = place.state.socket
        async with control.serving(Dispatcher(orchestrator), orchestrator.bus, path):
            for start in range(0, len(frames), 20):
                await asyncio.wait_for(abuse(path, frames[start : start + 20]), 20)
            await abuse(path, [b"x" * (control.LINE_LIMIT + 10)])
            for cut in (b"", b"{", os.urandom(64)):  # gone in the middle of a line
                _, writer = await asyncio.open_unix_connection(str(path))
                writer.write(cut)
                writer.close()
                await writer.wait_closed()
            assert (await ask(path))["result"] == {"runs": []}


async def abuse(path: Path, frames: list[bytes]) -> None:
    reader, writer = await asyncio.open_unix_connection(str(path), limit=1 << 24)
    try:
        for frame in frames:
            writer.write(frame.replace(b"\n", b" ") + b"\n")
        await writer.drain()
        writer.write_eof()
        async for line in reader:
            assert isinstance(json.loads(line), dict)
    except ConnectionError:
        pass
    finally:
        writer.close()


async def ask(path: Path) -> dict[str, Any]:
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(b'{"jsonrpc":"2.0","id":1,"method":"sextet/run/list","params":{}}\n')
    answer = json.loads(await reader.readline())
    writer.close()
    await writer.wait_closed()
    assert isinstance(answer, dict)
    return answer
