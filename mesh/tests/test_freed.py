"""What a refused call had is given back at once, and not whenever it is collected: that is seldom."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import grpc
import pytest

from mesh.errors import not_found
from mesh.identity import Verifier
from mesh.interceptor import Guard
from mesh.tests.authority import Authority
from scope.query.v1.messages_pb2 import GetNodeRequest, GetNodeResponse, ListProbesRequest, ListProbesResponse
from scope.query.v1.service_pb2_grpc import QueryServiceServicer, QueryServiceStub, add_QueryServiceServicer_to_server

SERVICE = "/scope.query.v1.QueryService"


class Large:
    """What a call works with."""


class Query(QueryServiceServicer):
    def __init__(self) -> None:
        self.worked_with: list[weakref.ref[Large]] = []

    def work(self) -> Large:
        large = Large()
        self.worked_with.append(weakref.ref(large))
        return large

    async def GetNode(self, request: GetNodeRequest, context: object) -> GetNodeResponse:  # noqa: N802
        _large = self.work()
        raise not_found("node", request.node_id)

    async def ListProbes(  # noqa: N802
        self, request: ListProbesRequest, context: object
    ) -> AsyncIterator[ListProbesResponse]:
        _large = self.work()
        yield ListProbesResponse()
        raise not_found("probe", "second")


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Nothing is freed but what nobody has."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@asynccontextmanager
async def serving(server: grpc.aio.Server) -> AsyncIterator[None]:
    await server.start()
    try:
        yield
    finally:
        await server.stop(None)


@pytest.mark.usefixtures("uncollected")
async def test_what_a_refused_call_had_is_given_back(authority: Authority) -> None:
    servicer = Query()
    server = grpc.aio.server(interceptors=[Guard(Verifier(authority, authority.mesh_keys))])
    add_QueryServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    async with serving(server), asyncio.timeout(30), grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = QueryServiceStub(channel)
        node = (("x-scope-identity", authority.token(f"{SERVICE}/GetNode")),)
        probes = (("x-scope-identity", authority.token(f"{SERVICE}/ListProbes")),)
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.GetNode(GetNodeRequest(topology="hosts", node_id="gone"), metadata=node)
        with pytest.raises(grpc.aio.AioRpcError):
            async for _ in stub.ListProbes(ListProbesRequest(), metadata=probes):
                pass
        assert len(servicer.worked_with) == 2
        while any(large() for large in servicer.worked_with):
            await asyncio.sleep(0.01)
