"""A writer and a reader with threads of their own: bounded, in order, never in the way."""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time

import pytest

from sextet.lsp import wire
from sextet.lsp.frames import Parser, notification
from sextet.service.notifications import ResyncTold
from support.disks import RUN_ID
from support.lsp import frame


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    ends = [reading, writing]
    yield ends
    for fd in ends:
        os.close(fd)


def writer_on(fd):
    gone = threading.Event()
    return wire.Writer(fd, gone.set), gone


def taken(fd, parser, number):
    """So many messages from the pipe."""
    found = []
    while len(found) < number:
        found += [json.loads(body) for body in parser.feed(os.read(fd, 1 << 16))]
    return found


def event(seq, size=100_000, run_id=RUN_ID):
    return run_id, seq, notification("sextet/event", {"runId": run_id, "seq": seq, "x": "x" * size})


# Writer -------------------------------------------------------------------------------------------
def test_putting_something_in_waits_for_a_client_that_does_not_read(pipe):
    writer, _ = writer_on(pipe[1])
    for number in range(200):
        writer.send(notification("a", {"n": number, "x": "x" * 10_000}))
    assert writer.backlog > 1_000_000
    assert [each["params"]["n"] for each in taken(pipe[0], Parser(), 200)] == list(range(200))
    assert writer.drain(5)


def test_events_that_nobody_reads_grow_without_bound_or_the_client_is_not_told_of_the_gap(pipe):
    writer, _ = writer_on(pipe[1])
    for seq in range(1, 201):
        writer.state(*event(seq))
        while seq == 1 and writer._queue:  # until the pipe is full
            time.sleep(0.001)
        assert writer.backlog < wire.STATE_LIMIT + 200_000
    writer.send(notification("kept", {}))
    parser, found = Parser(), []
    while not found or found[-1]["method"] != "sextet/resync":
        found += taken(pipe[0], parser, 1)
    assert found[-1]["params"] == {"runId": RUN_ID, "seq": 200}
    assert ResyncTold.model_validate(found[-1]["params"]).seq == 200
    assert "kept" in [each["method"] for each in found]
    seqs = [each["params"]["seq"] for each in found if each["method"] == "sextet/event"]
    assert seqs == list(range(1, len(seqs) + 1))
    writer.state(*event(201))
    assert taken(pipe[0], parser, 1)[0]["params"]["seq"] == 201


def test_an_answer_is_left_out_together_with_events(pipe):
    writer, _ = writer_on(pipe[1])
    for seq in range(1, 400):
        writer.state(*event(seq))
        writer.send(notification("answer", {"n": seq}))
    parser, found = Parser(), []
    while [each["method"] for each in found].count("answer") < 399:
        found += taken(pipe[0], parser, 1)
    assert [each["params"]["n"] for each in found if each["method"] == "answer"] == list(range(1, 400))


def test_a_broken_pipe_is_not_told_or_makes_later_words_pile_up(pipe):
    os.close(pipe[0])
    pipe[0] = os.open(os.devnull, os.O_RDONLY)
    writer, gone = writer_on(pipe[1])
    writer.send(frame(b"{}"))
    assert gone.wait(5)
    writer.send(frame(b"{}" * 1_000))
    writer.wait_for_room()
    assert writer.drain(0)


# Reader -------------------------------------------------------------------------------------------
def test_messages_that_nobody_looks_at_are_read_without_bound(pipe, monkeypatch):
    monkeypatch.setattr(wire, "INBOX_LIMIT", 1_000)
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        fcntl.fcntl(pipe[1], fcntl.F_SETPIPE_SZ, 1 << 20)
    body = json.dumps({"jsonrpc": "2.0", "method": "a", "params": {"x": "x" * 900}}).encode()
    delivered, ended, seen = [], threading.Event(), threading.Semaphore(0)

    def deliver(said):
        delivered.append(said)
        seen.release()

    reader = wire.Reader(pipe[0], deliver, ended.set, lambda: None)
    os.write(pipe[1], frame(body) * 10)
    for _ in range(2):
        assert seen.acquire(timeout=5)
    assert not seen.acquire(timeout=0.1)
    for number in range(10):
        reader.done(delivered[number])
        if number < 8:
            assert seen.acquire(timeout=5)
    os.close(pipe[1])
    pipe[1] = os.open(os.devnull, os.O_RDONLY)
    assert ended.wait(5)
