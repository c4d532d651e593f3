"""What watchers are told as messages: the same as in server-sent events."""

import math
from typing import Any

import orjson
from google.protobuf.message import Message

from mesh.errors import ServiceError
from query.telling import Part, Source
from scope.query.v1.change_pb2 import MetricBlock, MetricValues, TopologyChange
from scope.query.v1.messages_pb2 import Heartbeat, WatchEnd, WatchTopologyResponse


class Messages:
    """How watchers are told in messages."""

    #: A heartbeat.
    alive = WatchTopologyResponse(heartbeat=Heartbeat())

    async def prepare(self, source: Source) -> None:
        """Nothing: a message takes its nodes as they are."""

    def begin(self, source: Source) -> "_Change":
        """A message with nothing in it."""
        return _Change(source)

    def failure(self, error: ServiceError) -> WatchTopologyResponse:
        """What is shown may be out of date."""
        return WatchTopologyResponse(failure=error.status())

    def end(self, reason: str, message: str) -> WatchTopologyResponse:
        """The last message: why the stream ends."""
        return WatchTopologyResponse(end=WatchEnd(reason=reason, message=message))


class _Change(Part[Any, WatchTopologyResponse]):
    """A message under construction; ids of nodes that left are its strings, all else are messages."""

    def told(self, cursor: str, *, reset: bool) -> WatchTopologyResponse:
        items: dict[str, Any] = {**self._items, "missing": next(iter(self._items["missing"]), None)}
        change = TopologyChange(**items)
        if reset:
            return WatchTopologyResponse(reset=change, cursor=cursor)
        return WatchTopologyResponse(update=change, cursor=cursor)

    def _find(self, kind: str, name: Any) -> str | Message | None:
        if kind == "remove":
            return str(name)
        if kind == "missing":
            return self._source.missing()
        if kind != "metrics":
            return self._source.summary(name)
        block = self._source.block(name)
        return None if block is None else _block(block)

    def _measure(self, item: str | Message) -> int:
        return len(item.encode()) if isinstance(item, str) else item.ByteSize()


def _block(printed: bytes) -> MetricBlock:
    """A block of measurements, from how it is printed."""
    block = orjson.loads(printed)
    values = {
        metric: MetricValues(values=[math.nan if value is None else value for value in column])
        for metric, column in block["values"].items()
    }
    return MetricBlock(nodes=block["nodes"], times=block["times"], values=values)


#: The one way to tell watchers in messages.
MESSAGES = Messages()
