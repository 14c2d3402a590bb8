"""What the editor's telemetry hears when the person allows it: that an agent failed, nothing of the work."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from lsprotocol.types import TELEMETRY_EVENT
from pydantic import TypeAdapter, ValidationError

from sextet.lsp.client import Client
from sextet.model import events as ev
from sextet.model.names import ROLE_OF
from sextet.model.settings import ModelName
from sextet.runtime.bus import Message, StateChanged
from sextet.service.editor_settings import EditorSettings

SETTING: Final = "telemetry.enabled"
FALLBACK: Final = "fallback"
"""The kind of an event that says that the next model was taken."""
_REMEMBERED: Final = 1_000
"""Tasks whose model is remembered."""
_NAME: Final = TypeAdapter[str](ModelName)
_ROLES: Final = {kind.value: role.value for kind, role in ROLE_OF.items()}
"""By what the id of a task begins with."""


class Telemetry:
    """Tells role, kind of failure and model of what happens now; events of the past never come here.

    Args:
        client: whom to tell.
        editor: its settings say whether.
    """

    def __init__(self, client: Client, editor: EditorSettings) -> None:
        self._client = client
        self._editor = editor
        self._models: OrderedDict[tuple[str, str], tuple[int, str]] = OrderedDict()
        """Epoch and model of the latest turn, by run and task."""

    def take(self, message: Message) -> None:
        """Look at something that has just happened."""
        if not isinstance(message, StateChanged):
            return
        event = message.entry.event
        if isinstance(event, ev.TurnStarted):
            key = message.run_id, event.task_id
            before = self._models.pop(key, (0, ""))
            self._models[key] = event.epoch, event.model
            if len(self._models) > _REMEMBERED:
                self._models.popitem(last=False)
            if event.reason and before != (event.epoch, event.model):
                self._tell(event.task_id, FALLBACK, event.model)
        elif isinstance(event, ev.TaskFailed):
            _, model = self._models.get((message.run_id, event.task_id), (0, ""))
            self._tell(event.task_id, event.failure.kind.value, model)

    def _tell(self, task_id: str, kind: str, model: str) -> None:
        role = _ROLES.get(task_id.partition("-")[0])
        if role is not None and self._editor.value(SETTING) is True:
            self._client.tell(TELEMETRY_EVENT, {"role": role, "kind": kind, "model": _named(model)})


def _named(model: str) -> str:
    """A model's name; empty for what has not the shape of one."""
    try:
        return _NAME.validate_python(model)
    except ValidationError:
        return ""
