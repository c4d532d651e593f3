"""The far end of a publisher's stream: a server that answers reports as a test wants it to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

import grpc
import grpc.aio
from google.protobuf.any_pb2 import Any
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from deploy.local.command import free_ports
from scope.collection.v1.messages_pb2 import (
    Acknowledged,
    Drain,
    PublishDocumentRequest,
    PublishDocumentResponse,
    PublishRequest,
    PublishResponse,
)
from scope.collection.v1.service_pb2_grpc import (
    CollectionServiceServicer,
    add_CollectionServiceServicer_to_server,
)
from scope.report.v1.report_pb2 import Report
from scope_sdk.report.check import check

if TYPE_CHECKING:
    from scope.collection.v1.service_pb2_grpc import _MaybeAsyncIterator, _ServicerContext


@dataclass(frozen=True)
class Received:
    stream: int
    report: Report
    request: PublishRequest
    metadata: dict[str, str]


class Answer(Enum):
    ACKNOWLEDGE = auto()
    DRAIN = auto()  # acknowledges, and asks for another stream
    SILENCE = auto()  # keeps the stream open


@dataclass(frozen=True)
class Refusal:
    """Ends the stream."""

    code: grpc.StatusCode
    reason: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    retry_after_ms: int = 0

    def status(self) -> Status:
        info = Any()
        info.Pack(ErrorInfo(domain="scope", reason=self.reason, metadata=self.metadata))
        details = [info] if self.reason else []
        if self.retry_after_ms:
            wait = RetryInfo()
            wait.retry_delay.FromMilliseconds(self.retry_after_ms)
            details.append(Any())
            details[-1].Pack(wait)
        return Status(code=self.code.value[0], message="as the test wants it", details=details)


Behaviour = Callable[[Received], Answer | Refusal]


def acknowledge(_: Received) -> Answer:
    """Accepts everything."""
    return Answer.ACKNOWLEDGE


@dataclass
class FarEnd(CollectionServiceServicer):
    """Records what comes, and answers each report as `behaviour` says."""

    behaviour: Behaviour = acknowledge
    received: list[Received] = field(default_factory=list)
    streams: int = 0
    ended: list[int] = field(default_factory=list)
    port: int = field(default_factory=lambda: free_ports(1)[0])
    credentials: grpc.ServerCredentials | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def Publish(  # noqa: N802  # as the contract calls it
        self, request_iterator: _MaybeAsyncIterator[PublishRequest], context: _ServicerContext
    ) -> AsyncIterator[PublishResponse]:
        self.streams += 1
        stream = self.streams
        metadata = {str(key): str(value) for key, value in context.invocation_metadata() or ()}
        await context.send_initial_metadata(())
        async for request in request_iterator:
            report = Report.FromString(request.report)
            check(report)
            self.received.append(Received(stream, report, request, metadata))
            self.changed.set()
            answer = self.behaviour(self.received[-1])
            if isinstance(answer, Refusal):
                await context.abort_with_status(rpc_status.to_status(answer.status()))
            if answer is not Answer.SILENCE:
                yield PublishResponse(acknowledged=Acknowledged(epoch=report.epoch, number=report.number))
            if answer is Answer.DRAIN:
                yield PublishResponse(drain=Drain())
        self.ended.append(stream)
        self.changed.set()

    async def PublishDocument(  # noqa: N802  # as the contract calls it
        self, request: PublishDocumentRequest, context: _ServicerContext
    ) -> PublishDocumentResponse:
        raise NotImplementedError

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.port}"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[FarEnd]:
        """Serves, each time on the same port."""
        server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        add_CollectionServiceServicer_to_server(self, server)
        assert self._add_port(server, self.target) == self.port
        await server.start()
        try:
            yield self
        finally:
            await server.stop(None)

    def _add_port(self, server: grpc.aio.Server, address: str) -> int:
        if self.credentials is None:
            return server.add_insecure_port(address)
        return server.add_secure_port(address, self.credentials)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits for what reports bring about, at most 60 s."""
        async with asyncio.timeout(60):
            while not condition():
                self.changed.clear()
                await self.changed.wait()
