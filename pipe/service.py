"""The gRPC face of pipe.

Nothing is lost when this process is killed: it keeps no bytes, and its ends attach elsewhere.
"""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any

import grpc

from mesh import bus, headers, logs, routes
from mesh.background import running
from mesh.bounds import Bound, Per
from mesh.errors import ServiceError, invalid_field, permission_denied
from mesh.headers import Context
from mesh.identity import current
from mesh.renewal import Lease
from mesh.serve import Mesh, Registers
from pipe.attachment import Attachment, Side
from pipe.ending import closed, limited, revoked
from pipe.frames import DRAIN
from pipe.instruments import ATTACHED
from pipe.parts import Parts
from pipe.records import check_open, is_new
from pipe.registry import Registry
from pipe.settings import PipeSettings
from pipe.sweeping import Sweeping
from scope.auth.v1.access_pb2 import Caller
from scope.auth.v1.identity_pb2 import Identity
from scope.errors.v1.errors_pb2 import Reason
from scope.pipe.v1.messages_pb2 import (
    ClosePipeRequest,
    ClosePipeResponse,
    GetPipeRequest,
    GetPipeResponse,
    Record,
)
from scope.pipe.v1.service_pb2 import DESCRIPTOR

_NAME = DESCRIPTOR.services_by_name["PipeService"].full_name
_ATTACH = f"/{_NAME}/Attach"
_PIPE_ID = re.compile(r"[0-9a-f]{32}")


class PipeService:
    """See the contract."""

    def __init__(self, mesh: Mesh, settings: PipeSettings, parts: Parts) -> None:
        self._mesh = mesh
        self._patience = settings.orphaned_after
        self._bounds = {
            Side.USER: Bound(settings.pipes_per_user, "open pipes", Per.USER, "PIPES_PER_USER"),
            Side.PROBE: Bound(settings.pipes_per_credential, "open pipes", Per.CREDENTIAL, "PIPES_PER_CREDENTIAL"),
        }
        self._records = parts.records
        self._joining = parts.joining
        self._passing = parts.passing
        self._endings = parts.endings

    def register(self, server: grpc.aio.Server) -> None:
        """Adds the service to a server; frames of pipes stay the bytes that they came as."""
        handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            "Attach": grpc.stream_stream_rpc_method_handler(self.attach, bytes, bytes),
            "GetPipe": grpc.unary_unary_rpc_method_handler(
                self.get_pipe, GetPipeRequest.FromString, GetPipeResponse.SerializeToString
            ),
            "ClosePipe": grpc.unary_unary_rpc_method_handler(
                self.close_pipe, ClosePipeRequest.FromString, ClosePipeResponse.SerializeToString
            ),
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_NAME, handlers),))

    async def attach(self, received: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
        """See the contract."""
        metadata = headers.received(context)
        pipe = _pipe_id(metadata)
        record, side = await self._own(pipe, metadata.get(headers.PROBE_ID, ""))
        check_open(record, self._patience)
        permission = _needed(record, side)
        await self._joining.make_room(pipe, side)
        async with AsyncExitStack() as stack:
            lease = await self._lease(stack, record, side, permission)
            attachment = Attachment(record, side)
            await stack.enter_async_context(self._joining.attached(attachment))
            await context.send_initial_metadata(((headers.READ_ONLY, "true"),) if attachment.read_only else ())
            watching = [self._watch(attachment, lease)]
            if side is Side.PROBE:
                opener = stack.enter_context(self._mesh.renewals.held(_opener(record)))
                watching.append(self._watch_opener(pipe, opener))
            await stack.enter_async_context(running(self._passing.run(attachment, received), *watching))
            if self._mesh.draining.is_set():
                attachment.outbox.put(DRAIN)
            frames = await stack.enter_async_context(aclosing(attachment.outbox.frames()))
            async for frame in frames:
                yield frame
            if lease.error:
                raise lease.error

    async def _own(self, pipe: str, probe: str = "") -> tuple[Record, Side]:
        """The record of a pipe, and which of its ends is the caller's; raises as Records.own does."""
        logs.about(organization=current().organization, pipe=pipe)
        record, side = await self._records.own(pipe, current(), probe)
        opened = record.pipe
        logs.about(probe=opened.probe_id, control=opened.control, node=opened.node_id, end=side)
        return record, side

    async def _lease(self, stack: AsyncExitStack, record: Record, side: Side, permission: str) -> Lease:
        """Its right to be attached. One pipe too many ends; what had its place and lost that replica may try again."""
        try:
            return await stack.enter_async_context(self._mesh.renewals.lease(_ATTACH, self._bounds[side], permission))
        except ServiceError as error:
            if error.reason == Reason.REASON_LIMIT_EXCEEDED and is_new(record):
                await self._endings.end(record.pipe.id, limited(error.message))
            raise

    async def _watch(self, attachment: Attachment, lease: Lease) -> None:
        """Ends an end that may not go on; with it the pipe, where that is the end of whoever opened it."""
        await lease.ended.wait()
        assert lease.error is not None
        if attachment.side is Side.USER and lease.error.code != grpc.StatusCode.UNAVAILABLE:
            end = revoked(lease.error.message)
            attachment.finish(end)
            self._endings.begin(attachment.pipe, end)
        else:
            attachment.finish()

    async def _watch_opener(self, pipe: str, opener: Lease) -> None:
        """Ends a pipe with the credential that opened it, also while nobody has the other end."""
        await opener.ended.wait()
        assert opener.error is not None
        if opener.error.code != grpc.StatusCode.UNAVAILABLE:
            self._endings.begin(pipe, revoked(opener.error.message))

    async def get_pipe(self, request: GetPipeRequest, _: Context) -> GetPipeResponse:
        """See the contract."""
        record, _side = await self._own(request.id)
        return record.pipe

    async def close_pipe(self, request: ClosePipeRequest, _: Context) -> ClosePipeResponse:
        """See the contract."""
        record, _side = await self._own(request.id)
        if not record.over:
            await self._endings.end(request.id, closed())
        return ClosePipeResponse()


def _pipe_id(metadata: dict[str, str]) -> str:
    pipe = metadata.get(headers.PIPE_ID, "")
    if not _PIPE_ID.fullmatch(pipe):
        raise invalid_field(headers.PIPE_ID, "must be 32 of the characters 0-9 a-f")
    return pipe


def _needed(record: Record, side: Side) -> str:
    """The permission that an end must keep; raises ServiceError PERMISSION_DENIED where its caller has it not."""
    if side is Side.PROBE:
        return ""
    if record.permission not in current().permissions:
        message = f"this pipe needs the permission {record.permission} in the organization"
        raise permission_denied(message, record.permission)
    return record.permission


def _opener(record: Record) -> Lease:
    """The right by which a pipe was opened."""
    identity = Identity(
        caller=Caller.CALLER_USER,
        organization=record.organization,
        subject=record.user,
        impersonator=record.impersonator,
        credential=record.credential,
    )
    return Lease(_ATTACH, identity, record.permission)


async def _drain(mesh: Mesh, registry: Registry) -> None:
    await mesh.draining.wait()
    for attachment in registry:
        attachment.outbox.put(DRAIN)


@asynccontextmanager
async def pipe_service(mesh: Mesh) -> AsyncIterator[Registers]:
    """What pipe consists of."""
    settings = mesh.settings
    assert isinstance(settings, PipeSettings)

    async def returned() -> None:
        await parts.joining.again()
        parts.errands.begin(parts.endings.write())

    client = await bus.connect(mesh.name, settings, returned)
    try:
        parts = Parts(client, settings.nats_replicas)
        sweeping = Sweeping(parts, settings)
        service = PipeService(mesh, settings, parts)
        beside = running(sweeping.run(), sweeping.keep(), _drain(mesh, parts.registry))
        answering = routes.answering(client, mesh, parts.registry.routes)
        async with parts.joining.listening(), answering, beside:
            with ATTACHED.reads(lambda: len(parts.registry)):
                yield {_NAME: service.register}
            await parts.errands.done()
    finally:
        await bus.close(client)
