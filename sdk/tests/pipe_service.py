"""A pipe service for tests: keeps nothing, loses what it is told to lose, and speaks the contract otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import grpc
import grpc.aio

from deploy.local.command import free_ports
from scope.pipe.v1.messages_pb2 import (
    AttachRequest,
    AttachResponse,
    Drain,
    End,
    EndReason,
    Frame,
    GetPipeRequest,
    GetPipeResponse,
    Joined,
)
from scope.pipe.v1.service_pb2_grpc import PipeServiceServicer, add_PipeServiceServicer_to_server
from scope_sdk import Service

if TYPE_CHECKING:
    from scope.pipe.v1.service_pb2_grpc import _MaybeAsyncIterator, _ServicerContext

PIPE = "0123456789abcdef0123456789abcdef"
PROBE = "p1"


@dataclass(eq=False)
class Attached:
    """An end that is attached."""

    metadata: dict[str, str]
    frames: asyncio.Queue[Frame | grpc.StatusCode] = field(default_factory=asyncio.Queue)

    @property
    def side(self) -> str:
        return "probe" if "x-scope-probe-id" in self.metadata else "user"


@dataclass
class PipeEnds(PipeServiceServicer):
    """Passes frames on; `refusals` are what the next attachments are told instead."""

    refusals: list[tuple[grpc.StatusCode, str]] = field(default_factory=list)
    lose: int = 0
    ended: End | None = None
    attachments: list[Attached] = field(default_factory=list)
    passed: list[Frame] = field(default_factory=list)
    port: int = field(default_factory=lambda: free_ports(1)[0])
    _ends: dict[str, Attached] = field(default_factory=dict)

    async def Attach(  # noqa: N802  # as the contract calls it
        self, request_iterator: _MaybeAsyncIterator[AttachRequest], context: _ServicerContext
    ) -> AsyncIterator[AttachResponse]:
        if self.refusals:
            await context.abort(*self.refusals.pop(0))
        if self.ended is not None:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, self.ended.message)
        end = Attached({str(key): str(value) for key, value in context.invocation_metadata() or ()})
        self.attachments.append(end)
        await context.send_initial_metadata(())
        self._join(end)
        reader = asyncio.create_task(self._read(end, request_iterator))
        try:
            while not isinstance(frame := await end.frames.get(), grpc.StatusCode):
                yield AttachResponse(frame=frame)
            if frame is not grpc.StatusCode.OK:
                await context.abort(frame, "cut")
        finally:
            reader.cancel()
            if self._ends.get(end.side) is end:
                del self._ends[end.side]

    async def GetPipe(  # noqa: N802  # as the contract calls it
        self, request: GetPipeRequest, context: _ServicerContext
    ) -> GetPipeResponse:
        return GetPipeResponse(id=request.id, end=self.ended)

    def _join(self, end: Attached) -> None:
        older = self._ends.get(end.side)
        if older is not None:
            older.frames.put_nowait(Frame(end=End(reason=EndReason.END_REASON_REPLACED, message="elsewhere")))
            older.frames.put_nowait(grpc.StatusCode.OK)
        self._ends[end.side] = end
        if len(self._ends) == 2:
            for joined in self._ends.values():
                joined.frames.put_nowait(Frame(joined=Joined()))

    async def _read(self, end: Attached, requests: _MaybeAsyncIterator[AttachRequest]) -> None:
        async for request in requests:
            frame = request.frame
            self.passed.append(frame)
            if frame.HasField("end"):
                self.ended = self.ended or frame.end
            if frame.HasField("data") and self.lose:
                self.lose -= 1
                continue
            other = self._ends.get("user" if end.side == "probe" else "probe")
            if other is not None and self._ends.get(end.side) is end:
                other.frames.put_nowait(frame)
        end.frames.put_nowait(grpc.StatusCode.OK)

    def cut(self, side: str, code: grpc.StatusCode = grpc.StatusCode.INTERNAL) -> None:
        """Ends an end's stream, as one whose replica was killed."""
        end = self._ends.pop(side, None)
        if end is not None:
            end.frames = _emptied(end.frames)
            end.frames.put_nowait(code)

    def say(self, side: str, frame: Frame) -> None:
        """Says something to an end."""
        self._ends[side].frames.put_nowait(frame)

    def drain(self, side: str) -> None:
        self.say(side, Frame(drain=Drain()))

    @property
    def service(self) -> Service:
        return Service(f"127.0.0.1:{self.port}", token="secret")

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[PipeEnds]:
        """Serves, each time on the same port."""
        server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        add_PipeServiceServicer_to_server(self, server)
        assert server.add_insecure_port(f"127.0.0.1:{self.port}") == self.port
        await server.start()
        try:
            yield self
        finally:
            self._ends.clear()
            await server.stop(None)


def _emptied(queue: asyncio.Queue[Frame | grpc.StatusCode]) -> asyncio.Queue[Frame | grpc.StatusCode]:
    """What was on the way is lost with the replica."""
    while not queue.empty():
        queue.get_nowait()
    return queue
