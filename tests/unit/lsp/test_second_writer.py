"""The second writer believes nothing that the client says, and leaves nothing half-done behind."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest
from lsprotocol import types as lsp
from pygls.workspace import Workspace

from sextet.errors import ApplyError
from sextet.lsp import documents, second_writer
from sextet.lsp.client import Client, RefusedError, plain
from sextet.lsp.second_writer import SecondWriter
from sextet.lsp.wishes import Abilities, Wishes
from sextet.workspace.editor import Rewrite
from support.textedits import applied

CAN = Abilities(edits=True, versioned_edits=True, labels=True)


class Room(Client):
    """A client in this process, and how it takes what it is asked."""

    def __init__(self, can: Abilities = CAN, *, extension: bool = False):
        self.workspace = Workspace(None)
        super().__init__(SimpleNamespace(send=lambda _: None), self.workspace.text_documents)
        self.writer_of = SecondWriter(Wishes(can=can, extension=extension), self)
        self.asked: list[tuple[str, dict]] = []
        self.told_of: list[tuple[str, dict]] = []
        self.answers: list = []
        """For each edit: None takes it; else a function of the params."""
        self.changed = asyncio.Event()

    def open(self, path: Path, text: str = "") -> str:
        uri = path.as_uri()
        item = lsp.TextDocumentItem(uri, "plaintext", 1, text)
        documents.opened(self.workspace, lsp.DidOpenTextDocumentParams(item))
        return uri

    def change(self, uri: str, text: str) -> None:
        version = self.document(uri).version + 1
        identifier = lsp.VersionedTextDocumentIdentifier(version, uri)
        self.workspace.update_text_document(identifier, lsp.TextDocumentContentChangeWholeDocument(text))
        message = {"params": {"textDocument": {"uri": uri, "version": version}}}
        self.writer_of.told(SimpleNamespace(method="textDocument/didChange", message=message))

        self.changed.set()

    async def until(self, condition) -> None:
        while not condition():
            self.changed.clear()
            await self.changed.wait()

    def tell(self, method, params):
        self.told_of.append((method, params))

    async def ask(self, method, params):
        self.asked.append((method, plain(params)))
        if method == "workspace/applyEdit":
            answer = self.answers.pop(0) if self.answers else None
            if answer is not None:
                found = answer(self, plain(params))
                return await found if asyncio.iscoroutine(found) else found
            return take(self, plain(params))
        return {"saved": params["uris"]}


def take(room: Room, params, most: int = 99):
    for change in params["edit"]["documentChanges"][:most]:
        uri, version = change["textDocument"]["uri"], change["textDocument"]["version"]
        if room.document(uri).version != version:
            return {"applied": False}
        room.change(uri, applied(room.text(uri), change["edits"]))
    return {"applied": True}


@pytest.fixture(autouse=True)
def _hurry(monkeypatch):
    for name, seconds in (("PATIENCE", 0.2), ("GRACE", 0.1), ("_PAUSE", 0.05)):
        monkeypatch.setattr(second_writer, name, seconds)


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.fixture
async def rewrites(room, tmp_path):
    for name in ("a", "b"):
        room.open(tmp_path / name, f"{name}\n1\n2\n")
    found = await room.writer_of.look(tmp_path)
    return [Rewrite(name, found[name], f"{name}\n1\nlast\n", f"Do {name}") for name in ("a", "b")]


def texts(room: Room) -> list[str]:
    return [document.source for document in room.open_files().values()]


BEFORE, AFTER = ["a\n1\n2\n", "b\n1\n2\n"], ["a\n1\nlast\n", "b\n1\nlast\n"]


async def refused(room: Room, rewrites) -> str:
    with pytest.raises(ApplyError) as caught:
        await room.writer_of.write("Apply patch-1", rewrites)
    return str(caught.value)


# Looking ------------------------------------------------------------------------------------------
async def test_a_file_is_taken_for_another_one_because_of_its_name(room, tmp_path):
    names = ("a%41.txt", "a#b", "a?b", "é 🦊", "a+b")
    for name in names:
        room.open(tmp_path / name, name)
    found = await room.writer_of.look(tmp_path)
    assert {name: each.text for name, each in found.items()} == {name: name for name in names}


async def test_a_file_is_not_found_behind_a_link_or_one_outside_is(room, tmp_path):
    top, other = tmp_path / "real", tmp_path / "other"
    for folder in (top / "d", other):
        folder.mkdir(parents=True)
    (tmp_path / "way").symlink_to(top)
    (top / "link").symlink_to("d/target")
    (top / "d" / "target").write_text("")
    room.open(tmp_path / "way" / "d" / "a", "through a folder")
    room.open(tmp_path / "way" / "link", "through a link")
    room.open(other / "b", "outside")
    room.open(tmp_path / "really", "outside too")
    found = await room.writer_of.look(tmp_path / "way")
    assert {name: each.text for name, each in found.items()} == {
        "d/a": "through a folder",
        "link": "through a link",
        "d/target": "through a link",
    }
    room.open(top / "d" / "target", "another text")
    found = await room.writer_of.look(top)
    assert (found["d/target"].clear, found["link"].clear) == (False, True)


# Writing ------------------------------------------------------------------------------------------
async def test_an_edit_is_not_versioned_or_labelled(room, rewrites):
    await room.writer_of.write("Apply patch-1", rewrites)
    [(_, said)] = room.asked
    assert said["label"] == "Apply patch-1"
    assert [change["textDocument"]["version"] for change in said["edit"]["documentChanges"]] == [1, 1]
    labels = [each["label"] for each in said["edit"]["changeAnnotations"].values()]
    assert labels == ["Do a", "Do b"]
    assert texts(room) == AFTER


async def test_what_is_typed_right_after_the_edit_makes_it_look_untaken(room, rewrites):
    def and_type(room, params):
        answer = take(room, params)
        uri = next(iter(room.open_files().values())).uri
        room.change(uri, room.text(uri) + "typed\n")
        return answer

    room.answers = [and_type]
    await room.writer_of.write("Apply patch-1", rewrites)
    assert texts(room) == [AFTER[0] + "typed\n", AFTER[1]]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda *_: {"applied": False, "failureReason": "busy"}, r"did not take the changes \(busy\)"),
        (lambda *_: {"applied": False}, "gave no reason"),
        (lambda *_: None, "gave no reason"),
        (lambda *_: {"applied": "yes"}, "gave no reason"),
        (lambda *_: {"applied": True}, "says that it has changed a, b, but it has not"),
        (lambda room, params: take(room, params, 1), "says that it has changed b, but it has not"),
        (
            lambda room, params: take(room, params, 1) and {"applied": False},
            "did not take the changes",
        ),
    ],
    ids=["reason", "none", "null", "text", "lie", "half", "half and no"],
)
async def test_a_client_that_refuses_or_lies_keeps_a_part_or_gives_no_reason(room, rewrites, answer, why):
    room.answers = [answer]
    with pytest.raises(ApplyError, match=why) as caught:
        await room.writer_of.write("Apply patch-1", rewrites)
    assert caught.value.facts["files"] == ["a", "b"]
    assert texts(room) == BEFORE


async def test_a_client_that_cannot_be_asked_is_waited_for(room, rewrites):
    def broken(*_):
        raise RefusedError("no such method")

    room.answers = [broken]
    assert "no such method" in await refused(room, rewrites)


async def test_a_document_that_is_another_one_by_now_is_changed(room, rewrites):
    room.change(rewrites[1].buffer.uri, "typed\n")
    assert "b was changed in the editor" in await refused(room, rewrites)
    assert room.asked == []


async def test_what_was_typed_meanwhile_is_lost_when_the_edit_is_taken_back(room, rewrites):
    def half_and_type(room, params):
        take(room, params, 1)
        uri = rewrites[0].buffer.uri
        room.change(uri, room.text(uri) + "typed\n")
        return {"applied": True}

    room.answers = [half_and_type]
    assert "still holds changes of the patch in a" in await refused(room, rewrites)
    assert texts(room) == [AFTER[0] + "typed\n", BEFORE[1]]


async def test_a_client_that_never_answers_is_waited_for_without_end(room, rewrites):
    async def never(*_):
        await asyncio.Event().wait()

    room.answers = [never]
    assert "did not answer" in await refused(room, rewrites)
    assert "has not answered to the change before" in await refused(room, rewrites)
    assert texts(room) == BEFORE


async def test_an_edit_that_was_given_up_is_there_in_the_end_when_the_client_wakes_up(room, rewrites):
    wake = asyncio.Event()

    async def late(room, params):
        await wake.wait()
        return take(room, params)

    room.answers = [late]
    assert "did not answer" in await refused(room, rewrites)
    wake.set()
    await room.until(lambda: len(room.asked) == 2 and texts(room) == BEFORE)
    await asyncio.gather(*room.writer_of._tasks)
    found = await room.writer_of.look(Path(rewrites[0].buffer.uri.removeprefix("file://")).parent)
    again = [Rewrite(each.path, found[each.path], each.text) for each in rewrites]
    await room.writer_of.write("Apply patch-1", again)
    assert texts(room) == AFTER


async def test_an_edit_stays_that_was_taken_without_an_answer(room, rewrites):
    async def mute(room, params):
        take(room, params)
        await asyncio.Event().wait()

    room.answers = [mute]
    assert "did not answer" in await refused(room, rewrites)
    assert texts(room) == BEFORE


async def test_a_cancelled_apply_leaves_its_edit_behind(room, rewrites):
    async def mute(room, params):
        take(room, params)
        await asyncio.Event().wait()

    room.answers = [mute]
    task = asyncio.create_task(room.writer_of.write("Apply patch-1", rewrites))
    await room.until(lambda: texts(room) == AFTER)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert texts(room) == BEFORE


async def test_what_was_written_cannot_be_taken_back_or_a_closed_file_is_opened_for_that(room, rewrites):
    await room.writer_of.write("Apply patch-1", rewrites)
    room.workspace.remove_text_document(rewrites[0].buffer.uri)
    assert await room.writer_of.take_back(rewrites) == ()
    assert texts(room) == BEFORE[1:]


# Saving -------------------------------------------------------------------------------------------
async def test_a_client_that_is_not_ours_is_asked_to_save_or_nobody_tells_its_person(room):
    await room.writer_of.save(["file:///a"])
    assert room.asked == []
    room.writer_of.remind([f"f{number}" for number in range(10)])
    [(method, said)] = room.told_of
    assert (method, said["message"][-10:]) == ("window/showMessage", "and 2 more")


async def test_our_extension_is_not_asked_to_save_or_waited_for_without_end(room):
    ours = Room(extension=True)
    await ours.writer_of.save(["file:///a"])
    assert ours.asked == [("sextet/save", {"uris": ["file:///a"]})]

    async def never(*_):
        await asyncio.Event().wait()

    ours.ask = never
    await ours.writer_of.save(["file:///a"])
