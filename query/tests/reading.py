"""Readers of views and of server-sent events, for tests."""

from collections.abc import Callable
from functools import partial
from typing import Any

import orjson

from query.events import EVENTS
from query.telling import Missed, Shelf, Source
from query.tests.machines import done
from query.view import View
from scope.query.v1.node_pb2 import Missing


def nodes(view: View) -> dict[str, Any]:
    """What a GET of the topology answers, by id."""
    found: dict[str, Any] = orjson.loads(view.answer())["nodes"]
    return found


def now(view: View) -> dict[str, Any]:
    """What a page with all nodes answers, by id: also what nobody was told of yet."""
    found: dict[str, Any] = orjson.loads(done(view.rendered(0, "")))["nodes"]
    return found


def told(view: View, cursor: str) -> list[bytes]:
    """The events that a reader has missed."""
    missed = view.since(cursor)
    return _all(missed, partial(view.part, EVENTS, missed)) if missed else []


def parts(source: Source, missed: Missed) -> list[bytes]:
    """The events that tell what was missed."""
    return _all(missed, lambda at: Shelf(0).part(EVENTS, missed, at, source))


def _all(missed: Missed, part: Callable[[int], tuple[bytes, int]]) -> list[bytes]:
    found, at = list[bytes](), 0
    while not found or at < len(missed.difference):
        event, at = part(at)
        found.append(event)
    return found


def cursor_of(event: bytes) -> str:
    """The id of an event; empty for none."""
    head = event.split(b"data:")[0].decode()
    return next((line.removeprefix("id: ") for line in head.splitlines() if line.startswith("id: ")), "")


class Fragments:
    """Nodes of which only the printed form matters."""

    def __init__(self, fragments: dict[str, bytes]) -> None:
        self._fragments = fragments

    async def prepare(self, most: float) -> None: ...

    def json(self, node: str) -> bytes | None:
        return self._fragments.get(node)

    def summary(self, node: str) -> None: ...

    def block(self, number: int) -> None: ...

    def missing(self) -> Missing:
        return Missing()


class Reader:
    """A browser: a map of nodes, and the newest samples."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.cursor = ""
        self.resets = 0
        self.nodes: dict[str, Any] = {}
        self.samples: list[tuple[str, str, int, float | None]] = []
        self.told: list[tuple[str, Any]] = []

    def read(self) -> None:
        chunks = told(self.view, self.cursor)
        for chunk in chunks:
            self.take(chunk)
        if chunks:
            self.cursor = cursor_of(chunks[-1])
            assert self.cursor
        assert not any(cursor_of(chunk) for chunk in chunks[:-1])

    def take(self, chunk: bytes) -> None:
        head, _, data = chunk.partition(b"data: ")
        name = head.split(b"\n")[0].removeprefix(b"event: ").decode()
        content = orjson.loads(data)
        self.told.append((name, content))
        if name == "reset":
            self.resets += 1
            self.nodes = {}
        for node in content["remove"]:
            self.nodes.pop(node, None)  # a slow reader is also told of nodes that came and went meanwhile
        for node in content["update"]:
            assert node["id"] in self.nodes
        for node in content["add"] + content["update"]:
            self.nodes[node["id"]] = node
        for block in content["metrics"]:
            self._block(block)

    def _block(self, block: dict[str, Any]) -> None:
        times = block["times"]
        for metric, values in block["values"].items():
            assert len(values) == len(times) * len(block["nodes"])
            for at, value in enumerate(values):
                node = block["nodes"][at // len(times)]
                self.samples.append((node, metric, times[at % len(times)], value))

    def last_told(self) -> Any:
        return self.told[-1][1]
