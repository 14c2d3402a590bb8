"""Views: fresh soon, whole always, and never the truth."""

from __future__ import annotations

import json
import threading

import pytest

from sextet.model.names import Kind, TaskState
from sextet.model.task import Task
from sextet.store.layout import RunFolder
from sextet.store.views import Views
from support.disks import FaultyDisk


def a_task(state=TaskState.READY, name="a"):
    return Task(id=f"implement-1-{name}", kind=Kind.IMPLEMENT, title="do it", patch=1, state=state)


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path)


@pytest.fixture
def views(folder):
    opened = Views(folder)
    yield opened
    opened.close()


def content(folder, task):
    return Task.model_validate_json(folder.task(task.kind, task.id).read_bytes())


def test_only_the_latest_state_is_written(views, folder):
    for state in (TaskState.IN_PROGRESS, TaskState.READY, TaskState.DONE):
        views.put(a_task(state))
    views.flush()
    assert content(folder, a_task()).state is TaskState.DONE
    assert [path.name for path in (folder.tasks / "implement").iterdir()] == ["implement-1-a.json"]


def test_a_put_is_written_without_being_asked(folder):
    written = threading.Event()

    class Told(FaultyDisk):
        def rename(self, *args):
            super().rename(*args)
            written.set()

    views = Views(folder, Told())
    views.put(a_task())
    assert written.wait(5)
    assert content(folder, a_task()) == a_task()
    views.close()


def test_closing_writes_what_is_due_and_ends_the_thread(folder):
    views = Views(folder)
    for number in range(50):
        views.put(a_task(name=str(number)))
    views.close()
    views.close()
    assert len(list((folder.tasks / "implement").iterdir())) == 50
    assert "views" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("damage", [None, b"", b"{", bytes(4096), b"\xff", b'{"state":"done"}'])
def test_a_view_that_is_missing_or_damaged_is_written_again(views, folder, damage):
    views.put(a_task())
    views.flush()
    path = folder.task(Kind.IMPLEMENT, "implement-1-a")
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage)
    views.check([a_task()])
    views.close()
    assert content(folder, a_task()) == a_task()


def test_a_link_in_the_place_of_a_view_is_replaced_not_followed(views, folder, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "f"
    outside.write_text("untouched")
    path = folder.task(Kind.IMPLEMENT, "implement-1-a")
    path.parent.mkdir(parents=True)
    path.symlink_to(outside)
    views.check([a_task()])
    views.close()
    assert outside.read_text() == "untouched"
    assert json.loads(path.read_text())["id"] == "implement-1-a"


def test_a_full_disk_loses_no_view_once_there_is_space_again(folder):
    disk = FaultyDisk(at=3, forever=True)
    views = Views(folder, disk)
    for number in range(5):
        views.put(a_task(name=str(number)))
    views.flush()
    assert views.failure is not None
    disk.at = 0
    views.flush()
    assert views.failure is None
    assert len(list((folder.tasks / "implement").glob("*.json"))) == 5
    views.close()
