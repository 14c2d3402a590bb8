"""Hostile bytes on the server's stdin: every well-formed id is answered, or the process ends cleanly."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest

from support import repos
from support.lsp import Editor, frame, packed


@pytest.fixture
def top(tmp_path: Path) -> Path:
    return repos.make(tmp_path / "repo", {"a.txt": "a\n"})


def ours(request_id: object, params: bytes) -> bytes:
    """A request of ours with params as they stand."""
    said = b'{"jsonrpc":"2.0","id":%b,"method":"sextet/run/list","params":%b}'
    return frame(said % (json.dumps(request_id).encode(), params))


def list_runs(request_id: object, **more) -> bytes:
    return packed(id=request_id, method="sextet/run/list", **more)


STILL_THERE = {
    "a length of zero": (b"Content-Length: 0\r\n\r\n", None, -32700),
    "a lower-case header": (list_runs(7).replace(b"Content-Length: ", b"content-length:"), 7, None),
    "other headers": (b"X-Other: 1\r\nContent-Type: text/plain\r\n" + list_runs(7), 7, None),
    "bytes that are no UTF-8": (frame(b'{"id":7,"method":"\xff"}'), None, -32700),
    "a byte order mark": (frame(b"\xef\xbb\xbf" + b'{"jsonrpc":"2.0","id":7,"method":"a"}'), None, -32700),
    "a hundred thousand brackets": (ours(7, b"[" * 100_000 + b"]" * 100_000), None, -32700),
    "five hundred brackets": (ours(7, b'{"a":' * 500 + b"1" + b"}" * 500), 7, -32602),
    "five thousand digits": (ours(7, b'{"a":' + b"1" * 5_000 + b"}"), 7, -32602),
    "not a number": (ours(7, b'{"a":NaN}'), 7, -32602),
    "an infinity": (ours(7, b'{"a":1e999}'), 7, -32602),
    "an array": (frame(b"[]"), None, -32600),
    "null": (frame(b"null"), None, -32600),
    "a text": (frame(b'"x"'), None, -32600),
    "no version": (frame(b'{"id":7,"method":"sextet/run/list"}'), 7, -32600),
    "no params": (frame(b'{"jsonrpc":"2.0","id":7,"method":"sextet/run/list"}'), 7, None),
    "null as params": (list_runs(7, params=None), 7, None),
    "an array as params": (list_runs(7, params=[]), 7, -32602),
    "a number as params": (list_runs(7, params=1), 7, -32602),
    "the protocol's own params in another shape": (packed(id=7, method="initialize", params=[1]), 7, -32600),
    "a key that is there twice": (ours(7, b'{"approve":false,"approve":true}'), 7, -32602),
    "a nested message": (ours(7, b'{"x":{"jsonrpc":"2.0","method":"exit"}}'), 7, -32602),
    "a command with a nested message": (
        packed(
            id=7,
            method="workspace/executeCommand",
            params={"command": "sextet.run.list", "arguments": [{"jsonrpc": "2.0", "id": 1}]},
        ),
        7,
        -32602,
    ),
    "an empty id": (list_runs(None), None, -32600),
    "an object as id": (list_runs({}), None, -32600),
    "a fraction as id": (list_runs(1.5), None, -32600),
    "a text as id": (list_runs("seven"), "seven", None),
    "half a character as id": (list_runs("\ud800"), None, -32600),
    "half a character in the params": (list_runs(7, params={"\ud800": 1}), 7, -32602),
    "keys of other languages": (ours(7, b'{"__proto__":{"a":1},"constructor":1}'), 7, -32602),
    "an unknown method": (packed(id=7, method="sextet/constructor"), 7, -32601),
    "a notification with an id": (packed(id=7, method="textDocument/didOpen", params={}), 7, -32601),
    "a goodbye with an id": (packed(id=7, method="exit"), 7, -32601),
    "a method that is none of ours": (packed(id=7, method="$/nonsense"), 7, -32601),
    "a body beyond the limit": (
        b"Content-Length: %d\r\n\r\n" % ((16 << 20) + 1) + b" " * ((16 << 20) + 1),
        None,
        -32600,
    ),
}


@pytest.mark.parametrize("said", STILL_THERE.values(), ids=STILL_THERE.keys())
def test_hostile_bytes_are_not_answered_or_end_the_session(top, said):
    data, request_id, code = said
    with Editor.ready(top) as editor:
        editor.last_id = 100
        editor.write(data)
        answer = editor.answer(request_id)
        assert answer.get("error", {}).get("code") == code
        assert editor.call("sextet/run/list") == {"runs": []}
        assert editor.goodbye() == 0
        assert (editor.errors, editor.problems) == (b"", [])


ENDS = {
    "a length of 10^12": b"Content-Length: 1000000000000\r\n\r\n",
    "a length of 10^20": b"Content-Length: 100000000000000000000\r\n\r\n",
    "a length of 5000 digits": b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n",
    "a negative length": b"Content-Length: -1\r\n\r\n{}",
    "ten megabytes without a length": b"x" * 10_000_000,
    "a header that is none": b"hello\r\n\r\n",
}


@pytest.mark.parametrize("data", ENDS.values(), ids=ENDS.keys())
def test_a_stream_that_nobody_can_follow_hangs_or_crashes_the_server(top, data):
    with Editor.ready(top) as editor:
        with contextlib.suppress(BrokenPipeError):  # it does not read to the end what it will not follow
            editor.write(data)
        assert editor.wait() == 1
        assert editor.messages[-1]["error"]["code"] == -32600
        assert (editor.errors, editor.problems) == (b"", [])


def test_a_body_that_is_cut_off_is_waited_for(top):
    with Editor.ready(top) as editor:
        editor.write(list_runs(7)[:-5])
        assert editor.hang_up() == 1
        assert editor.errors == b""


@pytest.mark.parametrize("form", ["request", "command"])
def test_a_key_that_is_there_twice_is_decided_by_the_later_one(top, form):
    params = b'{"goal":"a","executor":"rehearsal","autoStart":true,"autoStart":false}'
    method = b'"sextet/run/start"'
    if form == "command":
        method, params = (
            b'"workspace/executeCommand"',
            b'{"command":"sextet.run.start","arguments":[%b]}' % params,
        )
    with Editor.ready(top) as editor:
        editor.write(frame(b'{"jsonrpc":"2.0","id":7,"method":%b,"params":%b}' % (method, params)))
        assert editor.answer(7)["error"]["code"] == -32602
        assert editor.call("sextet/run/list") == {"runs": []}


# At the wrong moment ------------------------------------------------------------------------------
def test_a_request_before_hello_or_after_goodbye_is_not_refused(top):
    with Editor.start(top) as editor:
        assert editor.refused("sextet/run/list")["code"] == -32002
        assert editor.refused("shutdown")["code"] == -32002
        editor.tell("initialized")
        editor.tell("textDocument/didOpen")
        editor.hello(top)
        editor.call("shutdown")
        assert editor.refused("sextet/run/list")["code"] == -32600
        assert editor.refused("initialize")["code"] == -32600
        editor.tell("exit")
        assert editor.wait() == 0


def test_a_hello_in_another_shape_is_not_answered_or_cannot_be_repeated(top):
    with Editor.start(top) as editor:
        assert editor.refused("initialize", capabilities=1, processId={})["code"] == -32602
        assert editor.hello(top)["serverInfo"]["name"] == "sextet"


def test_ten_thousand_cancels_or_answers_to_nobody_disturb_the_session(top):
    with Editor.ready(top) as editor:
        odd = [{"id": {}}, {"id": None}, {}, [], None, {"id": "x"}]
        for params in odd:
            editor.write(packed(method="$/cancelRequest", params=params))
        editor.write(b"".join(packed(method="$/cancelRequest", params={"id": n}) for n in range(500, 10_500)))
        editor.write(packed(id="nobody", result=1) + packed(id=None, error={"code": 1, "message": "x"}))
        editor.write(packed(id=1, result={"x": 1}) + packed(id={}, result=1))
        editor.tell("textDocument/didChange", nonsense=1)
        editor.tell("$/nonsense")
        assert editor.call("sextet/run/list") == {"runs": []}
        assert editor.goodbye() == 0
        assert editor.problems == []


def test_an_id_that_is_in_use_is_taken_again(top):
    with Editor.ready(top) as editor:
        editor.write(list_runs(7) * 2)
        editor.until(lambda said: said.get("id") == 7 and said.get("error", {}).get("code") == -32600)
        editor.until(lambda said: said.get("id") == 7 and "result" in said)


def test_controls_in_a_goal_are_lost_or_break_a_message(top):
    goal = "a\0b\x1b[31m\x9b\u2028\u202e\U0001f600"
    with Editor.ready(top) as editor:
        run_id = editor.call("sextet/run/start", goal=goal, executor="rehearsal", autoStart=False)["runId"]
        assert editor.call("sextet/run/snapshot", runId=run_id)["briefing"]["goal"] == goal
        assert editor.problems == []
