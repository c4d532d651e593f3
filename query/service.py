"""The gRPC face of the query service."""

import hashlib
import hmac
import importlib.metadata
import math
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeVar

import grpc
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.timestamp_pb2 import Timestamp

from mesh import headers
from mesh.bounds import Bound, Per
from mesh.errors import ServiceError, invalid_field, not_found
from mesh.headers import Context
from mesh.identity import current
from mesh.limits import ANSWER_BYTES
from mesh.renewal import Lease
from mesh.serve import Mesh, Registers
from mesh.streams import until
from query.events import EVENTS
from query.messages import MESSAGES
from query.model import conflict, probes_by_id
from query.options import Choice
from query.organization import Organization, Organizations, following
from query.past import Past, parse
from query.probe import Probe
from query.render import to_json
from query.retained import Retained
from query.settings import QuerySettings
from query.telling import Form
from query.topologies import topologies
from query.topologies.definition import Definition
from query.view import View
from query.watch import SENSITIVE, Choose, watch
from scope.errors.v1.errors_pb2 import Reason
from scope.query.v1 import messages_pb2 as pb
from scope.query.v1.service_pb2 import DESCRIPTOR
from scope.query.v1.service_pb2_grpc import QueryServiceServicer, add_QueryServiceServicer_to_server

_NAME = DESCRIPTOR.services_by_name["QueryService"].full_name
_JSON = "application/json"
_IN_PAGES = "read it in pages (page_size), or as a graph (view=graph)"
_EVENTS = "text/event-stream"
_MOST = 2**31 - 1
#: Answers of fewer bytes are sent as they are.
_WORTH_COMPRESSING = 16 * 1024

T = TypeVar("T")

#: The fields of requests that hold what somebody has chosen.
_OPTIONS = ("system", "stopped", "pseudo", "unconnected", "namespace")
#: How much of each node drawing takes.
_GRAPH = "graph"
#: What leaves nothing out.
_EVERYTHING = {"system": "all", "stopped": "both", "pseudo": "show", "unconnected": "show"}
_Choosing = (
    pb.GetTopologyRequest
    | pb.RenderTopologyRequest
    | pb.GetNodeRequest
    | pb.RenderNodeRequest
    | pb.StreamTopologyRequest
    | pb.WatchTopologyRequest
)


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
        self._options = settings.options()
        self._quiet = settings.quiet_after
        self._watches = Bound(settings.watches_per_user, "watches", Per.USER, "WATCHES_PER_USER")
        self._info = pb.GetInfoResponse(
            # By the oldest key, which all replicas have for as long as there is another.
            id=hmac.new([*settings.mesh_keys][-1], b"deployment", hashlib.sha256).hexdigest()[:32],
            version=importlib.metadata.version("scope-service"),
            capabilities=pb.Capabilities(historic_reports=True),
        )

    async def GetInfo(self, _request: pb.GetInfoRequest, _context: Context) -> pb.GetInfoResponse:  # noqa: N802 - the contract's name
        """Says what answers here."""
        return self._info

    async def ListTopologies(  # noqa: N802 - the contract's name
        self,
        request: pb.ListTopologiesRequest,
        _context: Context,
    ) -> AsyncIterator[pb.ListTopologiesResponse]:
        """Lists the topologies by name, each with those that show it in another way."""
        chosen = {name: getattr(request, name) for name in _OPTIONS}
        async with self._reading(request.timestamp) as organization:
            for definition in _below(""):
                listed = await self._listed(organization, definition, chosen)
                for sub in _below(definition.id):
                    listed.sub_topologies.append(await self._listed(organization, sub, chosen))
                yield listed

    async def GetTopology(  # noqa: N802 - the contract's name
        self,
        request: pb.GetTopologyRequest,
        _context: Context,
    ) -> pb.GetTopologyResponse:
        """Answers a page of a topology."""
        async with self._reading(request.timestamp) as organization:
            return (await self._view(organization, request)).page(request.page_size, request.page_token)

    async def RenderTopology(  # noqa: N802 - the contract's name
        self, request: pb.RenderTopologyRequest, context: Context
    ) -> HttpBody:
        """Answers a topology as JSON; all of it is compressed for those who accept that."""
        async with self._reading(request.timestamp) as organization:
            view = await self._view(organization, request)
            if request.page_size or request.page_token:
                return HttpBody(content_type=_JSON, data=await view.rendered(request.page_size, request.page_token))
            _bound(await view.measure(ANSWER_BYTES), _IN_PAGES)
            answer = view.answer()
            _bound(len(answer), _IN_PAGES)
        if len(answer) < _WORTH_COMPRESSING or "gzip" not in headers.received(context).get("accept-encoding", ""):
            return HttpBody(content_type=_JSON, data=answer)
        await context.send_initial_metadata((("content-encoding", "gzip"), ("vary", "accept-encoding")))
        return HttpBody(content_type=_JSON, data=await view.compressed())

    async def GetNode(self, request: pb.GetNodeRequest, _context: Context) -> pb.GetNodeResponse:  # noqa: N802 - the contract's name
        """Answers one node with its details."""
        return await self._node(request)

    async def RenderNode(self, request: pb.RenderNodeRequest, _context: Context) -> HttpBody:  # noqa: N802 - the contract's name
        """Answers one node with its details as JSON."""
        node = await self._node(request)
        answer = to_json(node)
        _bound(len(answer), "read one of the nodes it is connected to")
        return HttpBody(content_type=_JSON, data=answer)

    async def StreamTopology(  # noqa: N802 - the contract's name
        self, request: pb.StreamTopologyRequest, context: Context
    ) -> AsyncIterator[HttpBody]:
        """Answers a topology and then what changes in it, as server-sent events."""
        choose = self._choosing(request)
        async with self._watching("StreamTopology") as lease:
            await context.send_initial_metadata((("cache-control", "no-cache"),))
            cursor = headers.received(context).get("last-event-id", "")
            async for event in self._told(lease, choose, cursor, EVENTS):
                yield HttpBody(content_type=_EVENTS, data=event)

    async def WatchTopology(  # noqa: N802 - the contract's name
        self, request: pb.WatchTopologyRequest, _context: Context
    ) -> AsyncIterator[pb.WatchTopologyResponse]:
        """Answers a topology and then what changes in it, as messages."""
        choose = self._choosing(request)
        async with self._watching("WatchTopology") as lease:
            async for message in self._told(lease, choose, request.cursor, MESSAGES):
                yield message

    async def GetHistory(self, _request: pb.GetHistoryRequest, _context: Context) -> pb.GetHistoryResponse:  # noqa: N802 - the contract's name
        """Says how far back the report log reaches."""
        held = await self._organizations.past.retained(current().organization)
        return pb.GetHistoryResponse() if held is None else _history(held)

    async def ListProbes(  # noqa: N802 - the contract's name
        self,
        request: pb.ListProbesRequest,
        _context: Context,
    ) -> AsyncIterator[pb.ListProbesResponse]:
        """Lists the probes that reported lately, by id."""
        async with self._reading(request.timestamp) as organization:
            for probe in probes_by_id(organization.model):
                yield _probe(probe, conflict=conflict(probe, organization.now(), self._quiet))

    @asynccontextmanager
    async def _watching(self, rpc: str) -> AsyncIterator[Lease]:
        """The caller's right to watch a topology."""
        async with self._reading(), self._mesh.renewals.lease(f"/{_NAME}/{rpc}", self._watches) as lease:
            yield lease

    async def _told(self, lease: Lease, choose: Choose, cursor: str, form: Form[T]) -> AsyncIterator[T]:
        """What a watcher has missed, what changes, and at last why nothing more comes."""
        parts = watch(self._organizations, lease, choose, cursor, form)
        async for part in until(parts, lease.ended, self._mesh.draining):
            if part is not None:  # there is no notice that it could stand for
                yield part
        yield _end(lease, form)

    async def _listed(
        self, organization: Organization | Past, definition: Definition, chosen: Mapping[str, str]
    ) -> pb.ListTopologiesResponse:
        return pb.ListTopologiesResponse(
            name=definition.name,
            rank=definition.rank,
            hide_if_empty=definition.hide_if_empty,
            url=f"/api/topology/{definition.id}",
            stats=await organization.stats(definition, self._options.choice(definition, chosen)),
            options=self._options.offered(definition, organization.model),
        )

    async def _view(self, organization: Organization | Past, request: _Choosing) -> View:
        """What the caller has chosen of a topology and may see of it."""
        return await organization.view(*self._choosing(request)(SENSITIVE in current().permissions))

    def _choosing(self, request: _Choosing) -> Choose:
        """What the caller has chosen; raises ServiceError (INVALID_FIELD) where there is no such thing."""
        definition = _definition(request.topology)
        chosen = {name: getattr(request, name) for name in _OPTIONS}
        detail = getattr(request, "view", "")
        if detail not in ("", _GRAPH):
            raise invalid_field("view", f"must be {_GRAPH}, or empty")

        def choose(sensitive: bool) -> tuple[Definition, Choice]:
            return definition, self._options.choice(definition, chosen, sensitive=sensitive, graph=detail == _GRAPH)

        choose(False)
        return choose

    @asynccontextmanager
    async def _reading(self, timestamp: str = "") -> AsyncIterator[Organization | Past]:
        """The caller's organization as it was at a moment, now where none is given.

        The present begins anew where the body finds that it cannot be shown.
        """
        name, at = current().organization, parse(timestamp)
        if at is not None:
            yield await self._organizations.past.get(name, at)
            return
        organization = await self._organizations.get(name)
        try:
            yield organization
        except ServiceError:
            raise
        except Exception:
            await self._organizations.doubt(name, organization)
            raise

    async def _node(self, request: pb.GetNodeRequest | pb.RenderNodeRequest) -> pb.GetNodeResponse:
        async with self._reading(request.timestamp) as organization:
            details = (await self._view(organization, request)).details(request.node_id)
            if details is None:  # options may leave it out, and others know it: as a child, a parent, or from before
                sensitive = SENSITIVE in current().permissions
                definition = _definition(request.topology)
                everything = self._options.choice(definition, _EVERYTHING, sensitive=sensitive)
                details = (await organization.view(definition, everything)).details(request.node_id)
            if details is None:
                raise not_found("node", request.node_id)
            if request.timestamp:  # what was offered then may do something else now
                details.ClearField("controls")
            return pb.GetNodeResponse(node=details)


def _below(parent: str) -> list[Definition]:
    """The topologies that show another one in another way, or none, by name."""
    found = (definition for definition in topologies().values() if definition.parent == parent)
    return sorted(found, key=lambda definition: definition.name)


def _definition(topology: str) -> Definition:
    definition = topologies().get(topology)
    if definition is None:
        raise not_found("topology", topology, f"there are {', '.join(topologies())}")
    return definition


def _bound(size: int, instead: str) -> None:
    """Refuses an answer of so many bytes where that is too many."""
    if size > ANSWER_BYTES:
        message = f"the answer has {size} bytes or more, the most is {ANSWER_BYTES}; {instead}"
        raise ServiceError(grpc.StatusCode.FAILED_PRECONDITION, Reason.REASON_ANSWER_TOO_LARGE, message)


def _end(lease: Lease, form: Form[T]) -> T:
    """The last that is told: why the stream ends."""
    if lease.error is not None:
        return form.end(lease.error.reason_name, lease.error.message)
    return form.end("DRAIN", "this replica is leaving; connect again")


def _history(held: Retained) -> pb.GetHistoryResponse:
    # To the next millisecond: a browser's clock has no finer ones, and must not ask for a moment that is not held.
    answer = pb.GetHistoryResponse()
    answer.newest.FromMilliseconds(math.ceil(held.newest * 1_000))
    if held.oldest <= time.time():
        answer.oldest.FromMilliseconds(math.ceil(held.oldest * 1_000))
    return answer


def _probe(probe: Probe, *, conflict: bool) -> pb.ListProbesResponse:
    seen = Timestamp()
    seen.FromMicroseconds(int(probe.heard_at * 1_000_000))
    return pb.ListProbesResponse(
        hostname=probe.hostname(),
        id=probe.id,
        last_seen=seen,
        version=probe.version,
        conflict=conflict,
        dropped=min(probe.dropped, _MOST),
    )
