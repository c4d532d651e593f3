"""The way to the service, and what its refusals mean to people."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import grpc
import grpc.aio
from google.protobuf import json_format

from scope.control.v1.messages_pb2 import InvokeRequest, InvokeResponse
from scope.control.v1.service_pb2_grpc import ControlServiceStub
from scope.query.v1.messages_pb2 import (
    GetNodeRequest,
    GetTopologyRequest,
    WatchTopologyRequest,
    WatchTopologyResponse,
)
from scope.query.v1.node_pb2 import NodeControl, NodeDetails, NodeSummary
from scope.query.v1.service_pb2_grpc import QueryServiceStub
from scope_probe.client.failures import Failure, Status
from scope_probe.watch import advice
from scope_sdk import Pipe, Service, attach, errors

CALL_SECONDS = 30.0
"""How long a call may take: a little longer than the service lets a control take."""

_STATUSES = {
    grpc.StatusCode.INVALID_ARGUMENT: Status.USAGE,
    grpc.StatusCode.OUT_OF_RANGE: Status.USAGE,
    grpc.StatusCode.NOT_FOUND: Status.NO_TARGET,
    grpc.StatusCode.UNAVAILABLE: Status.UNAVAILABLE,
    grpc.StatusCode.ABORTED: Status.REFUSED,
    grpc.StatusCode.FAILED_PRECONDITION: Status.BROKEN,
    grpc.StatusCode.DEADLINE_EXCEEDED: Status.LATER,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Status.LATER,
    grpc.StatusCode.UNAUTHENTICATED: Status.NOT_ALLOWED,
    grpc.StatusCode.PERMISSION_DENIED: Status.NOT_ALLOWED,
}


class Link:
    """A way to the service on behalf of one token; `connected` makes it."""

    def __init__(self, service: Service, channel: grpc.aio.Channel) -> None:
        self._service, self._channel = service, channel
        self._query = QueryServiceStub(channel)
        self._control = ControlServiceStub(channel)
        self._metadata = service.metadata()

    async def nodes(self, topology: str, **options: str) -> list[NodeSummary]:
        """A topology's nodes, in ascending order of id."""
        found: list[NodeSummary] = []
        request = json_format.ParseDict({"topology": topology, **options}, GetTopologyRequest())
        while True:
            page = await self._query.GetTopology(request, metadata=self._metadata, timeout=CALL_SECONDS)
            found += page.nodes.values()
            if not page.next_page_token:
                return sorted(found, key=lambda node: node.id)
            request.page_token = page.next_page_token

    async def node(self, topology: str, node_id: str) -> NodeDetails:
        """A node with its details; Failure where there is none."""
        request = GetNodeRequest(topology=topology, node_id=node_id)
        return (await self._query.GetNode(request, metadata=self._metadata, timeout=CALL_SECONDS)).node

    def watch(self, request: WatchTopologyRequest) -> AsyncIterator[WatchTopologyResponse]:
        """What changes in a topology."""
        return aiter(self._query.WatchTopology(request, metadata=self._metadata))

    async def invoke(self, control: NodeControl, arguments: Mapping[str, str]) -> InvokeResponse:
        """Has it done; answers when it is."""
        request = InvokeRequest(
            probe_id=control.probe_id, node_id=control.node_id, control=control.id, arguments=arguments
        )
        return await self._control.Invoke(request, metadata=self._metadata, timeout=CALL_SECONDS)

    def attach(self, pipe_id: str) -> AbstractAsyncContextManager[Pipe]:
        """The caller's end of a pipe."""
        return attach(self._service, pipe_id, channel=self._channel)


@asynccontextmanager
async def connected(service: Service) -> AsyncIterator[Link]:
    """A way to the service. What the service refuses meanwhile becomes a Failure."""
    channel = service.channel()
    try:
        yield Link(service, channel)
    except grpc.aio.AioRpcError as error:
        raise failure(error, service.target) from None
    finally:
        await channel.close()


def failure(error: grpc.aio.AioRpcError, target: str) -> Failure:
    """What an error of the service means: its own words, and what else helps."""
    known = errors.read(error)
    status = _STATUSES.get(known.code, Status.FAULT)
    if known.metadata.get("resource") == "topology":  # what was meant by a word, and no node
        status = Status.USAGE
    if not known.reason and status in (Status.UNAVAILABLE, Status.FAULT):
        return Failure(Status.UNAVAILABLE, f"{target} does not answer: {known.message}. Next: {advice(known.message)}")
    if known.code is grpc.StatusCode.UNAUTHENTICATED:
        return Failure(status, f"the token (SCOPE_TOKEN) is not accepted: {known.message}")
    permission = known.metadata.get("permission", "")
    missing = f" (permission: {permission})" if permission not in known.message else ""
    return Failure(status, known.message + missing)
