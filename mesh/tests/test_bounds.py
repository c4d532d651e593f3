"""What one caller may hold at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import grpc
import pytest
from grpc_status import rpc_status

from mesh.bounds import Bound, Per
from mesh.errors import ServiceError
from mesh.identity import Verifier, set_current
from mesh.interceptor import Guard
from mesh.renewal import Renewals
from mesh.tests.authority import Authority
from scope.auth.v1.access_pb2 import Caller
from scope.auth.v1.identity_pb2 import Identity
from scope.query.v1.messages_pb2 import GetInfoRequest, GetInfoResponse, GetTopologyRequest, GetTopologyResponse
from scope.query.v1.service_pb2_grpc import QueryServiceServicer, QueryServiceStub, add_QueryServiceServicer_to_server

GET_INFO = "/scope.query.v1.QueryService/GetInfo"
GET_TOPOLOGY = "/scope.query.v1.QueryService/GetTopology"
WATCH = "/scope.query.v1.QueryService/StreamTopology"


@pytest.fixture
def renewals(authority: Authority) -> Renewals:
    channel = grpc.aio.insecure_channel(authority.address)
    return Renewals(channel, "query", authority.mesh_keys, Verifier(authority, authority.mesh_keys))


async def test_leases_are_counted_for_a_user_however_the_user_comes(renewals: Renewals) -> None:
    bound = Bound(2, "watches", Per.USER, "WATCHES_PER_USER")
    async with AsyncExitStack() as held:
        for credential in ("session:1", "api:1"):
            set_current(Identity(subject="ann", credential=credential))
            last = await held.enter_async_context(renewals.lease(WATCH, bound))
        with pytest.raises(ServiceError, match="WATCHES_PER_USER") as refused:
            await held.enter_async_context(renewals.lease(WATCH, bound))
        assert refused.value.reason_name == "LIMIT_EXCEEDED"
        set_current(Identity(subject="bob", credential="api:2"))
        await held.enter_async_context(renewals.lease(WATCH, bound))
    set_current(last.identity)
    async with renewals.lease(WATCH, bound):
        pass
    assert not bound._held


@dataclass
class Query(QueryServiceServicer):
    """Answers when it is told to."""

    under_way: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def GetTopology(self, request: GetTopologyRequest, context: object) -> GetTopologyResponse:  # noqa: N802
        await self._told()
        return GetTopologyResponse()

    async def GetInfo(self, request: GetInfoRequest, context: object) -> GetInfoResponse:  # noqa: N802
        await self._told()
        return GetInfoResponse()

    async def _told(self) -> None:
        async with self.changed:
            self.under_way += 1
            self.changed.notify_all()
        await self.answer.wait()

    async def until(self, under_way: int) -> None:
        async with asyncio.timeout(60), self.changed:
            await self.changed.wait_for(lambda: self.under_way == under_way)


@dataclass
class Served:
    authority: Authority
    query: Query
    stub: QueryServiceStub

    async def topology(self, credential: str) -> None:
        metadata = (("x-scope-identity", self.authority.token(GET_TOPOLOGY, credential=credential)),)
        await self.stub.GetTopology(GetTopologyRequest(topology="hosts"), metadata=metadata)

    async def info(self) -> None:
        token = self.authority.token(GET_INFO, credential="", caller=Caller.CALLER_PUBLIC)
        await self.stub.GetInfo(GetInfoRequest(), metadata=(("x-scope-identity", token),))


@pytest.fixture
async def served(authority: Authority) -> AsyncIterator[Served]:
    """A service that works on two calls of a credential at once."""
    query = Query()
    server = grpc.aio.server(interceptors=[Guard(Verifier(authority, authority.mesh_keys), 2)])
    add_QueryServiceServicer_to_server(query, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield Served(authority, query, QueryServiceStub(channel))
    await server.stop(None)


async def test_a_call_too_many_is_refused_until_one_ends_and_other_credentials_go_on(served: Served) -> None:
    waiting = [asyncio.create_task(served.topology("api:1")) for _ in range(2)]
    await served.query.until(2)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await served.topology("api:1")
    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "REQUESTS_PER_CREDENTIAL" in (refused.value.details() or "")
    status = rpc_status.from_call(refused.value)
    assert status is not None
    assert b"LIMIT_EXCEEDED" in status.details[0].value
    waiting.append(asyncio.create_task(served.topology("api:2")))
    await served.query.until(3)
    served.query.answer.set()
    await asyncio.gather(*waiting)
    await served.topology("api:1")


async def test_those_who_come_without_a_credential_are_counted_together(served: Served) -> None:
    waiting = [asyncio.create_task(served.info()) for _ in range(2)]
    await served.query.until(2)
    with pytest.raises(grpc.aio.AioRpcError, match="all without a credential may have 2 at once"):
        await served.info()
    waiting.append(asyncio.create_task(served.topology("api:1")))
    await served.query.until(3)
    served.query.answer.set()
    await asyncio.gather(*waiting)


def test_services_are_not_counted() -> None:
    bound = Bound(1, "calls", Per.CREDENTIAL, "REQUESTS_PER_CREDENTIAL")
    query = Identity(subject="query", caller=Caller.CALLER_SERVICE)
    with bound.held(query), bound.held(query):
        pass
