"""What an attempt left behind, read piece by piece as plain text."""

from __future__ import annotations

import asyncio
import codecs

from sextet.roles.wording import clean
from sextet.service.orchestrator import Orchestrator
from sextet.service.params import ReadArtifact
from sextet.service.results import ArtifactName, ArtifactPage
from sextet.store import runs
from sextet.store.artifacts import Artifacts
from sextet.store.layout import RunFolder


async def read(orchestrator: Orchestrator, asked: ReadArtifact) -> ArtifactPage:
    """`artifact/read`: the names of an attempt's files, or a piece of one of them.

    Raises:
        NotFoundError: there is no such run, task or file.
        UnsafePathError: the name is no plain file name.
        StoreError: it is no regular file, or the disk refuses.
    """
    place, epoch = orchestrator.place, asked.epoch
    folder = runs.open_run(place.top, place.state, asked.run_id, read_only=True)
    if epoch is None:
        epoch = (await orchestrator.look(asked.run_id)).task(asked.task_id).epoch
    return await asyncio.to_thread(_read, folder, asked, epoch)


def _read(folder: RunFolder, asked: ReadArtifact, epoch: int) -> ArtifactPage:
    artifacts = Artifacts(folder)
    try:
        if not asked.name:
            sizes = artifacts.sizes(asked.task_id, epoch)
            names = tuple(ArtifactName(name=name, size=size) for name, size in sizes.items())
            return ArtifactPage(epoch=epoch, names=names)
        data, size = artifacts.piece(asked.task_id, epoch, asked.name, asked.offset, asked.limit)
    finally:
        artifacts.close()
    shown = data if asked.offset + len(data) >= size else whole(data)
    text = shown.decode("utf-8", "replace")
    end = min(asked.offset, size) + len(shown)
    return ArtifactPage(epoch=epoch, text=clean(text, len(text)), next=end, size=size)


def whole(data: bytes) -> bytes:
    """What of a piece is given now, so that nothing is cut in two: lines, or else characters and line ends.

    Args:
        data: 4 bytes or more, with more of the file behind them.

    Returns:
        Its beginning; never empty.
    """
    lines = data.rfind(b"\n") + 1
    if lines:
        return data[:lines]
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    decoder.decode(data)
    data = data[: len(data) - len(decoder.getstate()[0])]
    return data[:-1] if len(data) > 1 and data.endswith(b"\r") else data
