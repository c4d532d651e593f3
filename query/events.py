"""Server-sent events, as the comment of QueryService.StreamTopology describes them."""

from collections.abc import Mapping
from typing import Any

import orjson
from google.protobuf import json_format

from mesh.errors import ServiceError
from query.render import array, members, to_json
from query.telling import NODES, Part, Source


def event(name: str, data: bytes, cursor: str = "") -> bytes:
    """One event; `data` is JSON in one line."""
    at = f"id: {cursor}\n" if cursor else ""
    return f"event: {name}\n{at}data: ".encode() + data + b"\n\n"


class Events:
    """How readers are told in server-sent events."""

    #: A comment.
    alive = b":\n\n"

    async def prepare(self, source: Source) -> None:
        """Prints what goes into an event."""
        await source.prepare(NODES)

    def begin(self, source: Source) -> "_Event":
        """An event with nothing in it."""
        return _Event(source)

    def failure(self, error: ServiceError) -> bytes:
        """What is shown may be out of date."""
        return _told("failure", json_format.MessageToDict(error.status()))

    def end(self, reason: str, message: str) -> bytes:
        """The last event: why the stream ends."""
        return _told("end", {"reason": reason, "message": message})


class _Event(Part[bytes, bytes]):
    """An event under construction, of items as JSON."""

    def told(self, cursor: str, *, reset: bool) -> bytes:
        kinds = [(kind, array(items)) for kind, items in self._items.items() if kind != "missing"]
        data = members([*kinds, *(("missing", item) for item in self._items["missing"])])
        return event("reset" if reset else "update", data, cursor)

    def _find(self, kind: str, name: Any) -> bytes | None:
        if kind == "remove":
            return orjson.dumps(name)
        if kind == "missing":
            return to_json(self._source.missing())
        return self._source.block(name) if kind == "metrics" else self._source.json(name)

    def _measure(self, item: bytes) -> int:
        return len(item)


def _told(name: str, content: Mapping[str, Any]) -> bytes:
    """An event with a few facts."""
    return event(name, orjson.dumps(content))


#: The one way to tell readers in server-sent events.
EVENTS = Events()
