"""A control service for tests: calls what a test wants called, and tells what came back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import grpc
import grpc.aio

from scope.collection.v1.service_pb2_grpc import add_CollectionServiceServicer_to_server
from scope.control.v1.messages_pb2 import (
    Answer,
    Call,
    Cancel,
    ConnectRequest,
    ConnectResponse,
    Drain,
    Hello,
    Ready,
    Replaced,
)
from scope.control.v1.service_pb2_grpc import ControlServiceServicer, add_ControlServiceServicer_to_server
from scope.pipe.v1.service_pb2_grpc import add_PipeServiceServicer_to_server
from scope_sdk import Call as Asked
from scope_sdk import Controller, Controls, Service, Topology

from .far_end import FarEnd
from .pipe_service import PIPE, PROBE, PipeEnds

if TYPE_CHECKING:
    from scope.control.v1.service_pb2_grpc import _MaybeAsyncIterator, _ServicerContext

HOST = Topology.TOPOLOGY_HOST


@dataclass(eq=False)
class Connected:
    """A stream of a probe."""

    metadata: dict[str, str]
    hello: Hello = field(default_factory=Hello)
    ended: bool = False
    events: asyncio.Queue[ConnectResponse | grpc.StatusCode] = field(default_factory=asyncio.Queue)


@dataclass
class Caller(ControlServiceServicer):
    """Keeps the streams of probes; beside it are a pipe service and one that takes reports, at the same address."""

    pipes: PipeEnds = field(default_factory=PipeEnds)
    reports: FarEnd = field(default_factory=FarEnd)
    refusals: list[grpc.StatusCode] = field(default_factory=list)
    streams: list[Connected] = field(default_factory=list)
    answers: list[tuple[Connected, Answer]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    deaf: bool = False
    missed: int = 0
    _calls: int = 0

    async def Connect(  # noqa: N802  # as the contract calls it
        self, request_iterator: _MaybeAsyncIterator[ConnectRequest], context: _ServicerContext
    ) -> AsyncIterator[ConnectResponse]:
        if self.refusals:
            await context.abort(self.refusals.pop(0), "as the test wants it")
        stream = Connected({str(key): str(value) for key, value in context.invocation_metadata() or ()})
        await context.send_initial_metadata(())
        reader = asyncio.create_task(self._read(stream, request_iterator))
        try:
            while not isinstance(event := await stream.events.get(), grpc.StatusCode):
                yield ConnectResponse.FromString(event.SerializeToString())
            if event is not grpc.StatusCode.OK:
                await context.abort(event, "cut")
        finally:
            stream.ended = True
            reader.cancel()
            self._note()

    async def _read(self, stream: Connected, requests: _MaybeAsyncIterator[ConnectRequest]) -> None:
        async for request in requests:
            if request.HasField("hello"):
                stream.hello = request.hello
                stream.events.put_nowait(ConnectResponse(ready=Ready()))
                self.streams.append(stream)
            elif self.deaf:
                self.missed += 1
            else:
                self.answers.append((stream, request.answer))
            self._note()
        stream.events.put_nowait(grpc.StatusCode.OK)

    def _note(self) -> None:
        self.changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits for what probes bring about, at most 60 s."""
        async with asyncio.timeout(60):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def connected(self, number: int = 1) -> Connected:
        """The stream of that number."""
        await self.until(lambda: len(self.streams) >= number)
        return self.streams[number - 1]

    async def call(self, control: str, *, timeout_ms: int = 30_000, read_only: bool = False, **arguments: str) -> str:
        """Has the newest stream do something; returns the call's id."""
        await self.connected()
        self._calls += 1
        id_ = f"call{self._calls}"
        call = Call(
            id=id_,
            node_id="one;<host>",
            control=control,
            arguments=arguments,
            timeout_ms=timeout_ms,
            pipe=PIPE,
            read_only=read_only,
        )
        self.streams[-1].events.put_nowait(ConnectResponse(call=call))
        return id_

    async def answer(self, call: str) -> Answer:
        """What became of a call."""
        await self.until(lambda: any(answer.call == call for _, answer in self.answers))
        return next(answer for _, answer in self.answers if answer.call == call)

    async def invoke(self, control: str, **arguments: str) -> Answer:
        """Calls and waits."""
        return await self.answer(await self.call(control, **arguments))

    def cancel(self, call: str) -> None:
        self.streams[-1].events.put_nowait(ConnectResponse(cancel=Cancel(call=call)))

    def drain(self) -> None:
        self.streams[-1].events.put_nowait(ConnectResponse(drain=Drain()))

    def replace(self) -> None:
        self.streams[-1].events.put_nowait(ConnectResponse(replaced=Replaced()))

    def cut(self, code: grpc.StatusCode = grpc.StatusCode.INTERNAL) -> None:
        self.streams[-1].events.put_nowait(code)

    @property
    def service(self) -> Service:
        return self.pipes.service

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Caller]:
        async with AsyncExitStack() as stack:
            server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
            add_ControlServiceServicer_to_server(self, server)
            add_PipeServiceServicer_to_server(self.pipes, server)
            add_CollectionServiceServicer_to_server(self.reports, server)
            assert server.add_insecure_port(f"127.0.0.1:{self.pipes.port}")
            await server.start()
            stack.push_async_callback(server.stop, None)
            yield self


@asynccontextmanager
async def controller(caller: Caller, controls: Controls) -> AsyncIterator[Controller]:
    async with (
        asyncio.timeout(60),
        caller.serving(),
        Controller(caller.service, controls, probe_id=PROBE, version="7") as made,
    ):
        await caller.connected()
        yield made


def greeting() -> Controls:
    controls = Controls()

    @controls.control("greet", topology=HOST)
    async def greet(node_id: str, *, call: Asked, times: int = 1) -> str:
        return f"{node_id} {call.control}{'!' * times}"

    return controls


async def happens(happened: list[str], what: str) -> None:
    async with asyncio.timeout(60):
        while what not in happened:
            await asyncio.sleep(0.005)
