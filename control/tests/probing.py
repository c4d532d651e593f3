"""A probe that is no more than its stream."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import grpc

from control.tests.replicas import PATIENCE, Reached
from scope.control.v1.messages_pb2 import Answer, Call, ConnectRequest, ConnectResponse, Done, Hello, Offer


class Probe:
    """One stream of a probe: what it is told waits to be looked at; calls are not answered by themselves."""

    def __init__(self, stream: "grpc.aio.StreamStreamCall[ConnectRequest, ConnectResponse]") -> None:
        self.stream = stream
        self._calls: asyncio.Queue[Call] = asyncio.Queue()
        self._others: asyncio.Queue[ConnectResponse] = asyncio.Queue()
        self._reading = asyncio.create_task(self._read())
        self.told = 0
        self._writing = asyncio.Lock()

    async def _read(self) -> None:
        async for event in self.stream:
            if event.HasField("call"):
                self.told += 1
                self._calls.put_nowait(event.call)
            else:
                self._others.put_nowait(event)

    @property
    def is_over(self) -> bool:
        """Whether the stream has ended."""
        return self._reading.done()

    async def next_call(self) -> Call:
        """The next call, whenever it comes."""
        return await self._calls.get()

    async def call(self) -> Call:
        """The next call."""
        return await asyncio.wait_for(self.next_call(), PATIENCE)

    async def other(self) -> ConnectResponse:
        """The next of what is not a call."""
        return await asyncio.wait_for(self._others.get(), PATIENCE)

    async def say(self, answer: Answer) -> None:
        """Answers."""
        async with self._writing:
            await self.stream.write(ConnectRequest(answer=answer))

    async def done(self, call: Call, **done: Any) -> None:
        """Answers that it was done."""
        await self.say(Answer(call=call.id, done=Done(**done)))

    async def ended(self) -> None:
        """Returns when the service has ended the stream; raises what it ended with."""
        async with asyncio.timeout(PATIENCE):
            await self._reading

    async def leave(self) -> None:
        """Ends the stream."""
        self.stream.cancel()
        await asyncio.wait([self._reading])
        if not self._reading.cancelled():
            self._reading.exception()


def hello(offers: Sequence[str | Offer] = ("do",)) -> ConnectRequest:
    """What a probe says first."""
    made = [one if isinstance(one, Offer) else Offer(control=one) for one in offers]
    return ConnectRequest(hello=Hello(offers=made, version="1.0"))


async def connect(
    replica: Reached, offers: Sequence[str | Offer] = ("do",), *, probe: str = "probe-1", **claims: object
) -> Probe:
    """A probe that can be reached by a replica."""
    stream = replica.stub.Connect(metadata=replica.as_probe(probe, **claims))
    await stream.write(hello(offers))
    connected = Probe(stream)
    ready = await connected.other()
    assert ready.HasField("ready")
    return connected


@asynccontextmanager
async def connected(
    replica: Reached, offers: Sequence[str | Offer] = ("do",), *, probe: str = "probe-1", **claims: object
) -> AsyncIterator[Probe]:
    """The same, while the body runs."""
    made = await connect(replica, offers, probe=probe, **claims)
    try:
        yield made
    finally:
        await made.leave()
