"""The gRPC face of the query service."""

import hashlib
import hmac
import importlib.metadata
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import grpc
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.timestamp_pb2 import Timestamp

from mesh import headers
from mesh.bounds import Bound, Per
from mesh.errors import ServiceError, not_found
from mesh.identity import current
from mesh.limits import ANSWER_BYTES
from mesh.renewal import Lease
from mesh.serve import Mesh, Registers
from mesh.streams import until
from query.events import told
from query.model import conflict, probes_by_id
from query.organization import Organization, Organizations, following
from query.probe import Probe
from query.render import to_json
from query.settings import QuerySettings
from query.topologies import topologies
from query.topologies.definition import Definition
from query.view import View
from query.watch import SENSITIVE, watch
from scope.errors.v1.errors_pb2 import Reason
from scope.query.v1 import messages_pb2 as pb
from scope.query.v1.service_pb2 import DESCRIPTOR
from scope.query.v1.service_pb2_grpc import QueryServiceServicer, add_QueryServiceServicer_to_server

_NAME = DESCRIPTOR.services_by_name["QueryService"].full_name
_STREAM = f"/{_NAME}/StreamTopology"
_JSON = "application/json"
_EVENTS = "text/event-stream"
_MOST = 2**31 - 1
#: Answers of fewer bytes are sent as they are.
_WORTH_COMPRESSING = 16 * 1024

Context = grpc.aio.ServicerContext[Any, Any]


@asynccontextmanager
async def query_service(mesh: Mesh) -> AsyncIterator[Registers]:
    """What the query service consists of."""
    settings = mesh.settings
    assert isinstance(settings, QuerySettings)
    async with following(settings) as organizations:
        servicer = Query(mesh, organizations, settings)
        yield {_NAME: partial(add_QueryServiceServicer_to_server, servicer)}


class Query(QueryServiceServicer):
    """Answers views of what the reader's organization runs; the contract's comments say what each does."""

    def __init__(self, mesh: Mesh, organizations: Organizations, settings: QuerySettings) -> None:
        self._mesh = mesh
        self._organizations = organizations
        self._quiet = settings.quiet_after
        self._watches = Bound(settings.watches_per_user, "watches", Per.USER, "WATCHES_PER_USER")
        self._info = pb.GetInfoResponse(
            id=hmac.new(settings.mesh_key(), b"deployment", hashlib.sha256).hexdigest()[:32],
            version=importlib.metadata.version("scope-service"),
        )

    async def GetInfo(self, _request: pb.GetInfoRequest, _context: Context) -> pb.GetInfoResponse:  # noqa: N802 - the contract's name
        """Says what answers here."""
        return self._info

    async def ListTopologies(  # noqa: N802 - the contract's name
        self,
        _request: pb.ListTopologiesRequest,
        _context: Context,
    ) -> AsyncIterator[pb.ListTopologiesResponse]:
        """Lists the topologies by name."""
        organization = await self._organization()
        for definition in sorted(topologies().values(), key=lambda definition: definition.name):
            yield pb.ListTopologiesResponse(
                name=definition.name,
                rank=definition.rank,
                hide_if_empty=definition.hide_if_empty,
                url=f"/api/topology/{definition.id}",
                stats=_view(organization, definition).stats(),
            )

    async def GetTopology(  # noqa: N802 - the contract's name
        self,
        request: pb.GetTopologyRequest,
        _context: Context,
    ) -> pb.GetTopologyResponse:
        """Answers a page of a topology."""
        definition = _definition(request.topology)
        view = _view(await self._organization(), definition)
        return view.page(request.page_size, request.page_token)

    async def RenderTopology(  # noqa: N802 - the contract's name
        self, request: pb.RenderTopologyRequest, context: Context
    ) -> HttpBody:
        """Answers a topology as JSON, compressed for those who accept it."""
        definition = _definition(request.topology)
        view = _view(await self._organization(), definition)
        await view.prepare()
        instead = "read it in pages with GetTopology (gRPC)"
        _bound(view.size(), instead)
        answer = view.answer()
        _bound(len(answer), instead)
        if len(answer) < _WORTH_COMPRESSING or "gzip" not in headers.received(context).get("accept-encoding", ""):
            return HttpBody(content_type=_JSON, data=answer)
        await context.send_initial_metadata((("content-encoding", "gzip"), ("vary", "accept-encoding")))
        return HttpBody(content_type=_JSON, data=await view.compressed())

    async def GetNode(self, request: pb.GetNodeRequest, _context: Context) -> pb.GetNodeResponse:  # noqa: N802 - the contract's name
        """Answers one node with its details."""
        return await self._node(request.topology, request.node_id)

    async def RenderNode(self, request: pb.RenderNodeRequest, _context: Context) -> HttpBody:  # noqa: N802 - the contract's name
        """Answers one node with its details as JSON."""
        node = await self._node(request.topology, request.node_id)
        answer = to_json(node)
        _bound(len(answer), "read one of the nodes it is connected to")
        return HttpBody(content_type=_JSON, data=answer)

    async def StreamTopology(  # noqa: N802 - the contract's name
        self, request: pb.StreamTopologyRequest, context: Context
    ) -> AsyncIterator[HttpBody]:
        """Answers a topology and then what changes in it, as server-sent events."""
        definition = _definition(request.topology)
        await self._organization()
        async with self._mesh.renewals.lease(_STREAM, self._watches) as lease:
            await context.send_initial_metadata((("cache-control", "no-cache"),))
            cursor = headers.received(context).get("last-event-id", "")
            events = watch(self._organizations, lease, definition, cursor)
            async for event in until(events, lease.ended, self._mesh.draining):
                yield HttpBody(content_type=_EVENTS, data=event)
            yield HttpBody(content_type=_EVENTS, data=_end(lease))

    async def ListProbes(  # noqa: N802 - the contract's name
        self,
        _request: pb.ListProbesRequest,
        _context: Context,
    ) -> AsyncIterator[pb.ListProbesResponse]:
        """Lists the probes that reported lately, by id."""
        organization = await self._organization()
        for probe in probes_by_id(organization.model):
            yield _probe(probe, self._quiet)

    async def _organization(self) -> Organization:
        return await self._organizations.get(current().organization)

    async def _node(self, topology: str, node: str) -> pb.GetNodeResponse:
        definition = _definition(topology)
        details = _view(await self._organization(), definition).details(node)
        if details is None:
            raise not_found("node", node)
        return pb.GetNodeResponse(node=details)


def _definition(topology: str) -> Definition:
    definition = topologies().get(topology)
    if definition is None:
        raise not_found("topology", topology)
    return definition


def _view(organization: Organization, definition: Definition) -> View:
    return organization.view(definition, sensitive=SENSITIVE in current().permissions)


def _bound(size: int, instead: str) -> None:
    """Refuses an answer of so many bytes where that is too many."""
    if size > ANSWER_BYTES:
        message = f"the answer has {size} bytes or more, the most is {ANSWER_BYTES}; {instead}"
        raise ServiceError(grpc.StatusCode.FAILED_PRECONDITION, Reason.REASON_ANSWER_TOO_LARGE, message)


def _end(lease: Lease) -> bytes:
    """The last event: why the stream ends."""
    if lease.error is not None:
        return told("end", {"reason": lease.error.reason_name, "message": lease.error.message})
    return told("end", {"reason": "DRAIN", "message": "this replica is leaving; connect again"})


def _probe(probe: Probe, quiet: float) -> pb.ListProbesResponse:
    seen = Timestamp()
    seen.FromMicroseconds(int(probe.heard_at * 1_000_000))
    return pb.ListProbesResponse(
        hostname=probe.hostname(),
        id=probe.id,
        last_seen=seen,
        version=probe.version,
        conflict=conflict(probe, time.monotonic(), quiet),
        dropped=min(probe.dropped, _MOST),
    )
