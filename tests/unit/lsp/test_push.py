"""Events, log lines and heartbeats on their way to a client, fast or slow."""

from __future__ import annotations

import asyncio
import json

import pytest

from sextet.lsp import push
from sextet.lsp.frames import Parser
from sextet.model.live import Heartbeat, LogBatch
from sextet.runtime.bus import Resync
from sextet.service.notifications import LogTold
from support.disks import RUN_ID


class Sent:
    """A writer whose client reads as a test says."""

    def __init__(self):
        self.backlog = 0
        self.frames = []

    def send(self, data):
        self.frames.append(data)

    def said(self):
        return [json.loads(body) for data in self.frames for body in Parser().feed(data)]

    def batches(self):
        return [
            each
            for said in self.said()
            if said["method"] == "sextet/log"
            for each in said["params"]["batches"]
        ]


def batch(first, *lines, worker="analyst-1", dropped=0):
    return LogBatch(run_id=RUN_ID, worker_id=worker, first_seq=first, lines=lines, dropped=dropped)


@pytest.fixture
def sent():
    return Sent()


@pytest.fixture
async def pushing(sent):
    made = push.Push(sent)
    yield made
    made.close()


async def test_the_first_line_of_a_burst_waits_for_the_window(pushing, sent):
    pushing.take(batch(1, "a"))
    assert [each["lines"] for each in sent.batches()] == [["a"]]
    pushing.take(batch(2, "b"))
    assert len(sent.frames) == 1


async def test_lines_that_came_within_a_window_are_not_sent_together(pushing, sent):
    pushing.take(batch(1, "a"))
    pushing.take(batch(2, "b"))
    pushing.take(batch(1, "c", worker="analyst-2"))
    pushing._again()
    assert len(sent.frames) == 2
    assert [(each["workerId"], each["firstSeq"]) for each in sent.batches()][1:] == [
        ("analyst-1", 2),
        ("analyst-2", 1),
    ]


async def test_a_notification_outgrows_its_limit_or_loses_lines(pushing, sent):
    lines = ["é😀" * 500 + str(number) for number in range(100)]
    pushing.take(batch(1, *lines))
    assert all(len(frame) <= push.NOTIFICATION_LIMIT + 1_024 for frame in sent.frames)
    assert [line for each in sent.batches() for line in each["lines"]] == lines
    firsts = [(each["firstSeq"], len(each["lines"])) for each in sent.batches()]
    assert [first for first, _ in firsts[1:]] == [first + length for first, length in firsts[:-1]]


async def test_a_client_that_does_not_read_is_sent_lines_or_what_is_left_out_is_not_counted(pushing, sent):
    sent.backlog = push.CALM
    first = 1
    for _ in range(600):
        pushing.take(batch(first, *["x" * 1_000] * 10))
        first += 10
    assert sent.frames == []
    sent.backlog = 0
    pushing._again()
    found = sent.batches()
    got = sum(len(each["lines"]) for each in found)
    assert sum(len(each["lines"]) * 1_000 for each in found) <= push.RINGS
    assert got + sum(each["dropped"] for each in found) == first - 1
    assert found[0]["dropped"] == found[0]["firstSeq"] - 1
    assert found[-1]["firstSeq"] + len(found[-1]["lines"]) == first


async def test_a_talkative_worker_costs_a_quiet_one_its_lines_or_all_of_them_the_memory(pushing, sent):
    sent.backlog = push.CALM
    pushing.take(batch(1, "a word", worker="reviewer-1"))
    for turn in range(100):
        for number in range(1, 17):
            worker = f"implementer-{number}"
            pushing.take(batch(turn * 50 + 1, *["x" * 100] * 50, worker=worker))
    assert sum(ring.size for ring in pushing._rings.values()) <= push.RINGS
    sent.backlog = 0
    pushing._again()
    found = sent.batches()
    quiet = [each for each in found if each["workerId"] == "reviewer-1"]
    assert [(each["lines"], each["dropped"]) for each in quiet] == [(["a word"], 0)]
    assert sum(len(each["lines"]) + each["dropped"] for each in found) == 100 * 50 * 16 + 1


async def test_a_client_that_reads_well_again_waits_for_the_window(pushing, sent):
    sent.backlog = push.CALM
    pushing.take(batch(1, "a"))
    sent.backlog = 0
    await asyncio.sleep(push.SOON * 2)
    assert [each["lines"] for each in sent.batches()] == [["a"]]


async def test_heartbeats_pile_up_while_nobody_reads(pushing, sent):
    sent.backlog = push.CALM
    for seq in range(5):
        pushing.take(Heartbeat(run_id=RUN_ID, time=1.0, seq=seq))
    sent.backlog = 0
    pushing._again()
    assert [each["params"]["seq"] for each in sent.said()] == [4]


async def test_lines_are_told_in_another_shape_than_the_contract_says(pushing, sent):
    sent.backlog = push.CALM
    for number in range(1, 40):
        pushing.take(batch(number * 3, "x" * 40_000, "\x00é😀", dropped=2))
    sent.backlog = 0
    pushing._again()
    logs = [said["params"] for said in sent.said()]
    assert len(logs) > 1
    for each in logs:
        told = LogTold.model_validate_json(json.dumps(each))
        assert told.model_dump(mode="json", by_alias=True) == each
    assert any(each["dropped"] for each in sent.batches())


async def test_a_resync_of_the_bus_is_not_passed_on(pushing, sent):
    pushing.take(Resync(RUN_ID, 7))
    assert sent.said() == [
        {"jsonrpc": "2.0", "method": "sextet/resync", "params": {"runId": RUN_ID, "seq": 7}}
    ]
