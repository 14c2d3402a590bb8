"""What a server tells without being asked: each notification with its params."""

from __future__ import annotations

from sextet.model.base import Count, Record
from sextet.model.events import Entry
from sextet.model.live import Heartbeat, LogLines
from sextet.model.names import RunId


class EventTold(Record):
    """`sextet/event`: a journal entry that is on the disk.

    Entries of a run come in the order of `seq`, each once and without a gap. When the first one that you
    hear of a run is not the one behind your snapshot, or a number is missing later, ask `sextet/run/events`
    for those after the last one you have; entries whose `seq` you have are passed over.
    """

    run_id: RunId
    seq: Count
    """The number of the entry, as in it: 1, 2, 3 … in each run."""
    event: Entry


class ResyncTold(Record):
    """`sextet/resync`: entries of this run are missing, or the server has just found the run.

    Ask for `sextet/run/snapshot`; entries after its `seq` go on from there. It comes when more than 4 MiB
    of entries waited for you, when a supervisor elsewhere is gone, and at the beginning for each run that
    has not ended.
    """

    run_id: RunId
    seq: Count
    """The newest entry that is known of; your snapshot has at least that."""


class LogTold(Record):
    """`sextet/log`: lines of workers' logs, about every 30 ms while you read as fast as they are written.

    Each worker has a log of its own in each run, with lines numbered from 1. They are told in order and never
    hold up entries; when you do not keep up, the oldest are left out and counted in `dropped`.
    `sextet/log/read` pages through all lines, told or not.
    """

    run_id: RunId
    batches: tuple[LogLines, ...]
    """Of one worker or several; several of one worker are in order."""


NOTIFICATIONS: dict[str, type[Record]] = {
    "event": EventTold,
    "log": LogTold,
    "heartbeat": Heartbeat,
    "resync": ResyncTold,
}
"""Params of every notification by its name on the wire (there with the prefix `sextet/`)."""
