"""Bodies out of a stream, messages out of bodies: hostile bytes end nothing that can go on."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sextet.lsp import frames
from sextet.lsp.frames import Broken, Parser, Said, read
from sextet.service import codes
from support.lsp import frame


def said(**message) -> Said | Broken:
    return read(json.dumps({"jsonrpc": "2.0", **message}).encode())


# Bodies -------------------------------------------------------------------------------------------
@given(st.lists(st.binary(max_size=300), max_size=8), st.integers(1, 40))
def test_a_body_is_lost_or_changed_when_the_stream_comes_in_pieces(bodies, size):
    stream = b"".join(frame(body) for body in bodies)
    parser, found = Parser(), []
    for at in range(0, len(stream), size):
        found += parser.feed(stream[at : at + size])
    assert found == bodies


@given(st.binary(max_size=400), st.integers(1, 50))
def test_garbage_raises_instead_of_being_told(garbage, size):
    parser = Parser()
    for at in range(0, len(garbage), size):
        for found in parser.feed(garbage[at : at + size]):
            if isinstance(found, bytes):
                read(found)


@pytest.mark.parametrize(
    "header",
    [
        b"content-length: 2\r\n\r\n",
        b"CONTENT-LENGTH:2\r\n\r\n",
        b"Content-Length :  2 \r\n\r\n",
        b"Content-Type: application/vscode-jsonrpc; charset=utf8\r\nContent-Length: 2\r\nX-More: 1\r\n\r\n",
        b"Content-Length: 2\n\n",
    ],
)
def test_an_odd_header_that_is_allowed_is_refused(header):
    assert list(Parser().feed(header + b"{}" + frame(b"[]"))) == [b"{}", b"[]"]


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Length: 1000000000000\r\n\r\n",
        b"Content-Length: 100000000000000000000\r\n\r\n",
        b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: \r\n\r\n",
        b"Content-Length: 0x10\r\n\r\n",
        b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"hello\r\n\r\n",
        b"\r\n\r\n",
        b"A" * 9_000,
    ],
)
def test_a_header_that_nobody_can_follow_does_not_end_the_session(header):
    (found,) = Parser().feed(header + frame(b"{}"))
    assert isinstance(found, Broken)
    assert found.fatal


def test_a_body_beyond_the_limit_is_kept_or_loses_the_next_message():
    parser, size = Parser(), frames.BODY_LIMIT + 1
    found = list(parser.feed(b"Content-Length: %d\r\n\r\n" % size))
    for _ in range(size // (1 << 20)):
        found += parser.feed(b"x" * (1 << 20))
        assert len(parser._data) == 0
    found += parser.feed(b"x" * (size % (1 << 20)) + frame(b"{}"))
    assert [isinstance(each, Broken) for each in found] == [True, False]
    assert not found[0].fatal
    assert found[1] == b"{}"


# Messages -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b"\xef\xbb\xbf{}", b"[" * 100_000, b'{"a":"\x00"}', "{}".encode("utf-16")],
)
def test_what_is_not_json_is_taken_for_a_message(body):
    found = read(body)
    assert isinstance(found, Broken)
    assert found.code == codes.PARSE
    assert not found.fatal


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"1", b"{}", b'{"jsonrpc":"1.0","method":"a"}'])
def test_what_is_no_message_is_taken_for_one(body):
    found = read(body)
    assert isinstance(found, Broken)
    assert found.code == codes.INVALID


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "1e999", "1" * 5_000, "[" * 200 + "]" * 200])
def test_a_flaw_in_the_params_loses_the_id(value):
    found = read(b'{"jsonrpc":"2.0","id":7,"method":"a","params":{"x":' + value.encode() + b"}}")
    assert isinstance(found, Broken)
    assert (found.code, found.request_id) == (codes.PARAMS, 7)


@pytest.mark.parametrize("request_id", [None, {}, 1.5, True, "x" * 1_001, "\ud800"])
def test_an_odd_id_is_accepted_or_echoed(request_id):
    found = said(id=request_id, method="a")
    assert isinstance(found, Broken)
    assert (found.code, found.request_id) == (codes.INVALID, None)


def test_a_message_that_says_no_version_is_not_answered_under_its_id():
    found = read(b'{"id":"a","method":"b"}')
    assert isinstance(found, Broken)
    assert found.request_id == "a"


def test_a_response_or_a_notification_is_refused():
    assert isinstance(said(id=1, result=None), Said)
    assert isinstance(said(id=None, error={}), Said)
    told = said(method="a")
    assert isinstance(told, Said)
    assert told.request_id is None


# Out ----------------------------------------------------------------------------------------------
@given(st.recursive(st.none() | st.floats() | st.text() | st.integers(), st.lists, max_leaves=5))
def test_what_is_sent_is_not_strict_json_or_not_ascii(value):
    header, _, body = frames.result(1, value).partition(b"\r\n\r\n")
    assert header == b"Content-Length: %d" % len(body)
    assert body.isascii()

    def refuse(name):
        raise AssertionError(name)

    json.loads(body, parse_constant=refuse)


def test_half_of_a_surrogate_pair_cannot_be_sent():
    assert b"\\ud800" in frames.result(1, "\ud800")
