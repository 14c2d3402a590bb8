from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sextet.codex import activity
from sextet.codex.turn import Activity
from sextet.model.task import Usage


def done(item: dict[str, Any]) -> tuple[Activity, ...]:
    return activity.of_event({"type": "item.completed", "item": item})


def completed(item: dict[str, Any]) -> tuple[Activity, ...]:
    return activity.of_notification("item/completed", {"item": item, "threadId": "t", "turnId": "u"})


SAME = [
    (
        {"type": "agent_message", "id": "item_1", "text": "hi"},
        {"type": "agentMessage", "id": "msg_1", "text": "hi", "phase": None},
        ("message", "hi"),
    ),
    (
        {"type": "reasoning", "id": "item_0", "text": "**Looking**"},
        {"type": "reasoning", "id": "rs", "summary": ["**Looking**"], "content": []},
        ("reasoning", "**Looking**"),
    ),
    (
        {
            "type": "file_change",
            "id": "i",
            "changes": [{"path": "/w/a.py", "kind": "update"}],
            "status": "completed",
        },
        {
            "type": "fileChange",
            "id": "c",
            "status": "completed",
            "changes": [{"path": "/w/a.py", "kind": {"type": "update", "move_path": None}, "diff": "@@"}],
        },
        ("file", "update /w/a.py"),
    ),
    (
        {"type": "mcp_tool_call", "id": "i", "server": "echo", "tool": "say", "arguments": {}, "error": None},
        {"type": "mcpToolCall", "id": "i", "server": "echo", "tool": "say", "arguments": {}, "error": None},
        ("tool", "echo.say"),
    ),
    (
        {"type": "web_search", "id": "ws", "query": "codex"},
        {"type": "webSearch", "id": "ws", "query": "codex"},
        ("tool", "web search: codex"),
    ),
]


@pytest.mark.parametrize(("exec_item", "server_item", "told"), SAME)
def test_both_forms_of_an_item_tell_the_same(exec_item, server_item, told):
    assert [(each.kind, each.text) for each in done(exec_item)] == [told]
    assert done(exec_item) == completed(server_item)


def test_a_command_is_told_at_its_start_and_at_its_end():
    item = {
        "type": "command_execution",
        "id": "i",
        "command": "/bin/bash -c 'exit 3'",
        "aggregated_output": "",
        "exit_code": None,
        "status": "in_progress",
    }
    (begun,) = activity.of_event({"type": "item.started", "item": item})
    assert (begun.kind, begun.done, begun.exit_code) == ("command", False, None)
    said, ended = done({**item, "exit_code": 3, "aggregated_output": "no\x1b[0m\n"})
    assert (said.kind, said.text) == ("output", "no\n")
    assert (ended.kind, ended.done, ended.exit_code) == ("command", True, 3)


def test_streamed_output_is_not_told_again_with_its_command():
    delta = {"threadId": "t", "itemId": "call", "delta": "5\n"}
    assert activity.of_notification("item/commandExecution/outputDelta", delta)[0].text == "5\n"
    item = {
        "type": "commandExecution",
        "id": "call",
        "command": "x",
        "aggregatedOutput": "5\n",
        "exitCode": 0,
    }
    assert [each.kind for each in completed(item)] == ["command"]


def test_a_long_output_keeps_its_end():
    item = {"type": "command_execution", "command": "seq", "aggregated_output": "a" * 1_000_000 + "end"}
    assert done(item)[0].text.endswith("end")
    assert len(done(item)[0].text) <= activity.LONGEST


def test_a_reconnect_is_not_an_end():
    event = {"type": "error", "message": "Reconnecting... 1/5"}
    assert activity.of_event(event) == (Activity("error", "Reconnecting... 1/5", done=False),)
    notified = {"error": {"message": "Reconnecting... 1/5"}, "willRetry": True}
    assert activity.of_notification("error", notified) == activity.of_event(event)


def test_a_plan_is_a_list_of_boxes():
    items = [{"text": "look", "completed": True}, {"text": "edit", "completed": False}]
    (plan,) = activity.of_event({"type": "item.updated", "item": {"type": "todo_list", "items": items}})
    assert plan.text == "[x] look\n[ ] edit"
    steps = [{"step": "look", "status": "completed"}, {"step": "edit", "status": "pending"}]
    assert activity.of_notification("turn/plan/updated", {"plan": steps})[0].text == plan.text


def test_an_unknown_item_is_named_and_an_unknown_event_is_ignored():
    assert done({"type": "telepathy"}) == (Activity("other", "telepathy"),)
    assert activity.of_event({"type": "future.event"}) == ()
    assert activity.of_notification("future/event", {}) == ()


@pytest.mark.parametrize("value", [-1, "7", True, None, 1e999])
def test_a_count_that_is_no_count_is_zero(value):
    assert activity.usage_of({"input_tokens": value, "outputTokens": 5}) == Usage(output=5)


def test_the_tokens_of_a_turn_are_what_the_thread_gained():
    before, after = Usage(input=100, output=10), Usage(input=300, cached=50, output=15, reasoning=1)
    assert activity.minus(after, before) == Usage(input=200, cached=50, output=5, reasoning=1)
    assert activity.minus(before, after) == Usage()


keys = st.sampled_from(
    [
        "type",
        "item",
        "text",
        "command",
        "changes",
        "kind",
        "path",
        "summary",
        "plan",
        "error",
        "message",
        "items",
        "id",
        "exit_code",
        "delta",
    ]
)
kinds = st.sampled_from(
    [
        "item.completed",
        "item.started",
        "error",
        "command_execution",
        "file_change",
        "reasoning",
        "todo_list",
        "mcpToolCall",
        "agentMessage",
    ]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | kinds,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=12,
)


@given(st.dictionaries(keys, anything, max_size=5))
def test_events_of_any_shape_are_tolerated(event):
    for each in activity.of_event(event):
        assert "\x1b" not in each.text
    for method in ("item/completed", "item/started", "error", "turn/plan/updated", "warning"):
        activity.of_notification(method, event)
