"""Trust: what the user agreed to let run, bound to a hash of the exact value."""

from __future__ import annotations

import hashlib
import json
import time

from pydantic import Field, ValidationError

from sextet.errors import StoreError
from sextet.model.base import Line, Record, Timestamp
from sextet.store.state import State
from sextet.system.durable import Folder, read

_LIMIT = 4 << 20
_MOST = 10_000


class _Trusted(Record):
    kind: Line
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    by: Line
    at: Timestamp


class _Records(Record):
    records: tuple[_Trusted, ...] = Field(default=(), max_length=_MOST)


class Trust:
    """The trust records of one work tree, `trust.json` in its state folder.

    A value is what would take effect (a command, a path, `network on`), not the setting that it came from:
    any change of it, wherever it was made, asks again. A file that cannot be read trusts nothing.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def is_trusted(self, kind: str, value: object) -> bool:
        """Whether the user agreed to exactly this.

        Args:
            kind: what sort of thing it is, `tester.commands`.
            value: the resolved value, anything that JSON can hold.
        """
        digest = digest_of(kind, value)
        return any((record.kind, record.digest) == (kind, digest) for record in self._load())

    def trust(self, kind: str, value: object, by: str) -> None:
        """Write down that `by` agreed; on the disk when it returns.

        Raises:
            StoreError: it could not be written; nothing is trusted that was not before.
        """
        if self.is_trusted(kind, value):
            return
        new = _Trusted(kind=kind, digest=digest_of(kind, value), by=by, at=time.time())
        self._save((*self._load(), new)[-_MOST:])

    def _load(self) -> tuple[_Trusted, ...]:
        try:
            return _Records.model_validate_json(read(self._state.trust, _LIMIT)).records
        except (FileNotFoundError, StoreError, ValidationError):
            return ()

    def _save(self, records: tuple[_Trusted, ...]) -> None:
        with Folder.at(self._state.path) as folder:
            folder.replace(self._state.trust.name, _Records(records=records).to_json())


def digest_of(kind: str, value: object) -> str:
    """SHA-256, in hex, of a kind and a JSON value, the same for the same value."""
    text = json.dumps([kind, value], sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
