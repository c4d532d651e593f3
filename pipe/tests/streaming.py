"""Ends as programs have them: the SDK's, attached to any of some replicas, and cut off when a test says so."""

import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import grpc

from scope.pipe.v1.messages_pb2 import End, EndReason
from scope.pipe.v1.service_pb2_grpc import PipeServiceStub
from scope_sdk.errors import PublishError
from scope_sdk.pipes import Pipe

#: The channels to the replicas, and what a call has with it.
Channels = Sequence[grpc.aio.Channel]
Metadata = Callable[[], tuple[tuple[str, str], ...]]
#: Of a channel that does not wait for long when its connection was broken.
OPTIONS = (("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 100))


class Way:
    """How an end comes to a replica: each time any one."""

    def __init__(self, channels: Channels, metadata: Metadata, chance: random.Random) -> None:
        self._channels = channels
        self._metadata = metadata
        self._chance = chance
        #: How often it was attached.
        self.attached = 0

    def open(self) -> grpc.aio.StreamStreamCall[Any, Any]:
        """Attaches to a replica."""
        self.attached += 1
        return PipeServiceStub(self._chance.choice(self._channels)).Attach(metadata=self._metadata())


async def _explain(error: PublishError) -> End:
    return End(reason=EndReason.END_REASON_FAILED, message=error.message)


@asynccontextmanager
async def end(way: Way) -> AsyncIterator[Pipe]:
    """An end that attaches by itself."""
    pipe = Pipe(way.open, _explain)
    try:
        yield pipe
    finally:
        await pipe.close()


async def send(pipe: Pipe, data: bytes, at_once: int) -> None:
    """Writes all of it, and that nothing follows."""
    for start in range(0, len(data), at_once):
        await pipe.write(data[start : start + at_once])
    pipe.finish()


async def receive(pipe: Pipe, heard: Callable[[int], object] = lambda _: None) -> bytes:
    """All that the other end writes; tells of each part how many bytes it has."""
    parts = []
    while part := await pipe.read():
        parts.append(part)
        heard(len(part))
    return b"".join(parts)
