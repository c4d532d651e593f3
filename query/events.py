"""Server-sent events, as the comment of QueryService.StreamTopology describes them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import orjson

from query.difference import Difference
from query.render import array, members

#: At most so many nodes in an event.
NODES = 500
#: An event ends where its nodes or measurements exceed this, in bytes.
_BYTES = 1024 * 1024

#: What keeps an idle stream open.
COMMENT = b":\n\n"


def event(name: str, data: bytes, cursor: str = "") -> bytes:
    """One event; `data` is JSON in one line."""
    at = f"id: {cursor}\n" if cursor else ""
    return f"event: {name}\n{at}data: ".encode() + data + b"\n\n"


def told(name: str, content: Mapping[str, Any]) -> bytes:
    """An event with a few facts: `failure` or `end`."""
    return event(name, orjson.dumps(content))


def events(difference: Difference, nodes: Mapping[str, bytes], cursor: str, *, reset: bool) -> list[bytes]:
    """The events that bring a difference to a reader, of bounded size; the last carries the cursor.

    Args:
        difference: what the reader has missed.
        nodes: the nodes that it names, as JSON.
        cursor: where the reader is afterwards.
        reset: whether the reader forgets what it had before the first.
    """
    parts = list(_parts(difference, nodes))
    names = ["reset" if reset else "update"] + ["update"] * (len(parts) - 1)
    cursors = [""] * (len(parts) - 1) + [cursor]
    return [event(*each) for each in zip(names, parts, cursors, strict=True)]


def _parts(difference: Difference, nodes: Mapping[str, bytes]) -> Iterator[bytes]:
    """The data of each event; at least one."""
    part = _Part(remove=[orjson.dumps(node) for node in difference.remove])
    items = chain(
        (("add", nodes[node]) for node in difference.add),
        (("update", nodes[node]) for node in difference.update),
        (("metrics", block) for block in difference.metrics),
    )
    for kind, item in items:
        if part.is_full(len(item)):
            yield part.data()
            part = _Part()
        part.put(kind, item)
    yield part.data()


class _Part:
    """The data of one event."""

    def __init__(self, remove: Sequence[bytes] = ()) -> None:
        self._items: dict[str, list[bytes]] = {"add": [], "update": [], "remove": list(remove), "metrics": []}
        self._size = 0
        self._count = 0

    def is_full(self, more: int) -> bool:
        """Whether an item of so many bytes belongs in the next event."""
        return self._count == NODES or (self._size > 0 and self._size + more > _BYTES)

    def put(self, kind: str, item: bytes) -> None:
        self._items[kind].append(item)
        self._size += len(item)
        self._count += kind != "metrics"

    def data(self) -> bytes:
        return members((kind, array(items)) for kind, items in self._items.items())
