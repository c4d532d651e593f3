"""A pipe service whose other end is the test."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Self, TypeAlias

import grpc
from grpc_status import rpc_status

from authfe.tests.standins import free_port
from mesh.background import running
from mesh.errors import ServiceError
from mesh.headers import READ_ONLY
from scope.pipe.v1.messages_pb2 import Ack, AttachRequest, AttachResponse, Data, End, Frame, Joined, Rewind
from scope.pipe.v1.service_pb2_grpc import PipeServiceServicer, add_PipeServiceServicer_to_server

#: How long a test waits for what should take a moment, in seconds.
PATIENCE = 30.0

Context: TypeAlias = "grpc.aio.ServicerContext[AttachRequest, AttachResponse]"


class Attached:
    """An attachment: what comes by it, and what is to go there."""

    def __init__(self, metadata: dict[str, str]) -> None:
        self.metadata = metadata
        #: Set when its caller has ended the stream, or is gone.
        self.left = asyncio.Event()
        self._heard: asyncio.Queue[Frame] = asyncio.Queue()
        self._frames: asyncio.Queue[Frame | ServiceError | None] = asyncio.Queue()

    @property
    def waiting(self) -> int:
        """How many frames were not taken from here."""
        return self._frames.qsize()

    async def heard(self) -> Frame:
        """The next frame that comes."""
        async with asyncio.timeout(PATIENCE):
            return await self._heard.get()

    async def until(self, kind: str) -> Frame:
        """The next frame of a kind."""
        while True:
            frame = await self.heard()
            if frame.WhichOneof("event") == kind:
                return frame

    async def typed(self, count: int) -> bytes:
        """So many bytes, each at its place."""
        content = bytearray()
        while len(content) < count:
            data = (await self.until("data")).data
            assert data.offset == len(content)
            assert len(data.content) <= 64 * 1024
            content += data.content
        return bytes(content)

    def say(self, **frame: Any) -> None:
        """Sends a frame."""
        self._frames.put_nowait(Frame(**frame))

    def join(self, received: int = 0) -> None:
        """The other end is there, and has so many bytes."""
        self.say(joined=Joined())
        self.say(rewind=Rewind(received=received))

    def data(self, content: bytes, offset: int = 0) -> None:
        """Sends bytes."""
        self.say(data=Data(offset=offset, content=content))

    def ack(self, received: int) -> None:
        """So many bytes were taken in."""
        self.say(ack=Ack(received=received))

    def end(self, **end: Any) -> None:
        """The other end is through."""
        self.say(end=End(**end))

    def over(self, error: ServiceError | None = None) -> None:
        """Ends the stream."""
        self._frames.put_nowait(error)

    async def hear(self, requests: AsyncIterator[AttachRequest]) -> None:
        """Takes in what comes, until nothing follows: then the stream ends."""
        async for request in requests:
            self._heard.put_nowait(request.frame)
        self.over()

    async def frames(self, context: Context) -> AsyncIterator[AttachResponse]:
        """What is to go there, until the stream is to end."""
        while (frame := await self._frames.get()) is not None:
            if isinstance(frame, ServiceError):
                await context.abort_with_status(rpc_status.to_status(frame.status()))
            else:
                yield AttachResponse(frame=frame)


class PipeStandIn(PipeServiceServicer):
    """One replica."""

    def __init__(self, *, read_only: bool = False) -> None:
        self.port = free_port()
        #: How many attachments it has taken.
        self.taken = 0
        #: What it refuses every attachment with, if it does.
        self.refusal: ServiceError | None = None
        self._read_only = read_only
        self._attached: asyncio.Queue[Attached] = asyncio.Queue()
        self._server: grpc.aio.Server | None = None

    @property
    def address(self) -> str:
        """`HOST:PORT`."""
        return f"127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
        add_PipeServiceServicer_to_server(self, self._server)
        self._server.add_insecure_port(self.address)
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server:
            await self._server.stop(0)

    async def attached(self) -> Attached:
        """The next attachment."""
        async with asyncio.timeout(PATIENCE):
            return await self._attached.get()

    async def Attach(  # noqa: N802 - the contract's name
        self, requests: AsyncIterator[AttachRequest], context: Context
    ) -> AsyncIterator[AttachResponse]:
        if self.refusal:
            await context.abort_with_status(rpc_status.to_status(self.refusal.status()))
        metadata = {key: str(value) for key, value in context.invocation_metadata() or ()}
        attached = Attached(metadata)
        await context.send_initial_metadata(((READ_ONLY, "true"),) if self._read_only else ())
        self.taken += 1
        self._attached.put_nowait(attached)
        try:
            async with running(attached.hear(requests)):
                async for response in attached.frames(context):
                    yield response
        finally:
            attached.left.set()
