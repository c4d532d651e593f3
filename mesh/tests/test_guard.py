"""What a service's port answers, whoever reaches it and however."""

import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import grpc
import jwt
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from mesh.errors import not_found
from mesh.identity import Verifier, current, service_metadata
from mesh.interceptor import Guard
from mesh.keyring import MeshKeys
from mesh.keys import RemoteKeys
from mesh.serve import users_channel
from mesh.tests.authority import Authority
from scope.query.v1.messages_pb2 import (
    GetNodeRequest,
    GetNodeResponse,
    GetTopologyRequest,
    GetTopologyResponse,
    ListProbesRequest,
    ListProbesResponse,
)
from scope.query.v1.service_pb2_grpc import QueryServiceServicer, QueryServiceStub, add_QueryServiceServicer_to_server
from scope.users.v1.messages_pb2 import ListKeysRequest
from scope.users.v1.service_pb2_grpc import IdentityServiceStub

if TYPE_CHECKING:
    from scope.query.v1.service_pb2_grpc import QueryServiceAsyncStub

SERVICE = "/scope.query.v1.QueryService"
GET_TOPOLOGY = f"{SERVICE}/GetTopology"


class Query(QueryServiceServicer):
    async def GetTopology(self, request: GetTopologyRequest, context: object) -> GetTopologyResponse:  # noqa: N802
        return GetTopologyResponse(next_page_token=current().subject)

    async def GetNode(self, request: GetNodeRequest, context: object) -> GetNodeResponse:  # noqa: N802
        if request.node_id == "broken":
            raise RuntimeError("the password is hunter2")
        raise not_found("node", request.node_id)

    async def ListProbes(  # noqa: N802
        self, request: ListProbesRequest, context: object
    ) -> AsyncIterator[ListProbesResponse]:
        yield ListProbesResponse(id=current().organization)
        raise not_found("probe", "second")


@pytest.fixture
async def channel(authority: Authority) -> AsyncIterator[grpc.aio.Channel]:
    async with users_channel(authority.address) as users:
        keys = RemoteKeys(users, "query", authority.mesh_keys)
        server = grpc.aio.server(interceptors=[Guard(Verifier(keys, authority.mesh_keys))])
        add_QueryServiceServicer_to_server(Query(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel
        await server.stop(None)


@pytest.fixture
async def query(channel: grpc.aio.Channel) -> "QueryServiceAsyncStub":
    return QueryServiceStub(channel)


async def code_of(call: "grpc.aio.UnaryUnaryCall[Any, Any]") -> grpc.StatusCode:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call
    return failed.value.code()


def details(error: grpc.aio.AioRpcError) -> dict[str, object]:
    status = rpc_status.from_call(error)
    assert status is not None
    unpacked: dict[str, object] = {}
    for kind in (error_details_pb2.ErrorInfo, error_details_pb2.BadRequest):
        for detail in status.details:
            message = kind()
            if detail.Unpack(message):
                unpacked[kind.__name__] = message
    return unpacked


async def test_a_call_with_an_identity_for_it_is_answered(authority: Authority, query: "QueryServiceAsyncStub") -> None:
    metadata = (("x-scope-identity", authority.token(GET_TOPOLOGY)),)
    answer = await query.GetTopology(GetTopologyRequest(topology="hosts"), metadata=metadata)
    assert answer.next_page_token == "somebody"


async def test_a_call_around_the_edge_is_unauthenticated(query: "QueryServiceAsyncStub") -> None:
    code = await code_of(query.GetTopology(GetTopologyRequest(topology="hosts")))
    assert code == grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize("wrong", ["garbage", "a.b.c", ""])
async def test_a_token_that_is_none_is_unauthenticated(query: "QueryServiceAsyncStub", wrong: str) -> None:
    metadata = (("x-scope-identity", wrong),)
    code = await code_of(query.GetTopology(GetTopologyRequest(topology="hosts"), metadata=metadata))
    assert code == grpc.StatusCode.UNAUTHENTICATED


async def test_an_identity_for_another_rpc_is_refused(authority: Authority, query: "QueryServiceAsyncStub") -> None:
    metadata = (("x-scope-identity", authority.token(f"{SERVICE}/GetNode")),)
    code = await code_of(query.GetTopology(GetTopologyRequest(topology="hosts"), metadata=metadata))
    assert code == grpc.StatusCode.UNAUTHENTICATED


async def test_an_identity_signed_by_another_key_is_refused(
    authority: Authority, query: "QueryServiceAsyncStub"
) -> None:
    forged = Authority().token(GET_TOPOLOGY)
    code = await code_of(
        query.GetTopology(GetTopologyRequest(topology="hosts"), metadata=(("x-scope-identity", forged),))
    )
    assert code == grpc.StatusCode.UNAUTHENTICATED


async def test_an_expired_identity_is_refused(authority: Authority, query: "QueryServiceAsyncStub") -> None:
    claims = jwt.decode(authority.token(GET_TOPOLOGY), options={"verify_signature": False})
    claims |= {"iat": time.time() - 120, "exp": time.time() - 60}
    expired = jwt.encode(claims, authority.key.private, algorithm="EdDSA", headers={"kid": authority.key.kid})
    code = await code_of(
        query.GetTopology(GetTopologyRequest(topology="hosts"), metadata=(("x-scope-identity", expired),))
    )
    assert code == grpc.StatusCode.UNAUTHENTICATED


async def test_the_mesh_key_makes_no_users(authority: Authority, query: "QueryServiceAsyncStub") -> None:
    claims = jwt.decode(authority.token(GET_TOPOLOGY), options={"verify_signature": False})
    forged = jwt.encode(claims, authority.mesh_keys.signing, algorithm="HS256", headers={"kid": authority.key.kid})
    for metadata in ((("x-scope-identity", forged),), (("authorization", f"Mesh {forged}"),)):
        code = await code_of(query.GetTopology(GetTopologyRequest(topology="hosts"), metadata=metadata))
        assert code == grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize("unreadable", [b"\x0a", b"\x0a\x01\xff"])
async def test_a_request_that_cannot_be_read_is_invalid(
    authority: Authority, channel: grpc.aio.Channel, unreadable: bytes
) -> None:
    call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(GET_TOPOLOGY)
    for metadata, code in (
        ((), grpc.StatusCode.UNAUTHENTICATED),
        ((("x-scope-identity", authority.token(GET_TOPOLOGY)),), grpc.StatusCode.INVALID_ARGUMENT),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await call(unreadable, metadata=metadata)
        assert failed.value.code() == code
        assert "DecodeError" not in (failed.value.details() or "")


async def test_a_missing_permission_is_denied(authority: Authority, query: "QueryServiceAsyncStub") -> None:
    metadata = (("x-scope-identity", authority.token(GET_TOPOLOGY, permissions=["token.manage"])),)
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await query.GetTopology(GetTopologyRequest(topology="hosts"), metadata=metadata)
    assert failed.value.code() == grpc.StatusCode.PERMISSION_DENIED
    info = details(failed.value)["ErrorInfo"]
    assert isinstance(info, error_details_pb2.ErrorInfo)
    assert (info.domain, info.reason, dict(info.metadata)) == (
        "scope",
        "PERMISSION_DENIED",
        {"permission": "report.view"},
    )


async def test_a_broken_field_rule_is_named(authority: Authority, query: "QueryServiceAsyncStub") -> None:
    metadata = (("x-scope-identity", authority.token(GET_TOPOLOGY)),)
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await query.GetTopology(GetTopologyRequest(page_size=-1, topology="hosts"), metadata=metadata)
    assert failed.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    bad = details(failed.value)["BadRequest"]
    assert isinstance(bad, error_details_pb2.BadRequest)
    assert [violation.field for violation in bad.field_violations] == ["page_size"]


async def test_an_unexpected_error_tells_nothing_of_the_inside(
    authority: Authority, query: "QueryServiceAsyncStub"
) -> None:
    metadata = (("x-scope-identity", authority.token(f"{SERVICE}/GetNode")),)
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await query.GetNode(GetNodeRequest(topology="hosts", node_id="broken"), metadata=metadata)
    assert failed.value.code() == grpc.StatusCode.INTERNAL
    assert "hunter2" not in (failed.value.details() or "")


async def test_a_stream_ends_with_its_error(authority: Authority, query: "QueryServiceAsyncStub") -> None:
    metadata = (("x-scope-identity", authority.token(f"{SERVICE}/ListProbes")),)
    call = query.ListProbes(ListProbesRequest(), metadata=metadata)
    assert (await call.read()).id == "o"
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call.read()
    assert failed.value.code() == grpc.StatusCode.NOT_FOUND


async def test_services_prove_themselves_with_the_mesh_key(authority: Authority) -> None:
    list_keys = "/scope.users.v1.IdentityService/ListKeys"
    async with grpc.aio.insecure_channel(authority.address) as channel:
        users = IdentityServiceStub(channel)
        right = service_metadata(authority.mesh_keys, "query", list_keys)
        assert "first" in (await users.ListKeys(ListKeysRequest(), metadata=right)).jwks
        wrong_key = service_metadata(MeshKeys([b"0" * 32]), "query", list_keys)
        wrong_rpc = service_metadata(authority.mesh_keys, "query", "/scope.users.v1.IdentityService/Renew")
        for metadata in (wrong_key, wrong_rpc, (("x-scope-identity", authority.token(list_keys)),)):
            code = await code_of(users.ListKeys(ListKeysRequest(), metadata=metadata))
            assert code in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)


async def test_without_users_a_call_is_unavailable_not_unauthenticated(authority: Authority) -> None:
    async with users_channel("127.0.0.1:9") as nowhere:
        keys = RemoteKeys(nowhere, "query", authority.mesh_keys)
        server = grpc.aio.server(interceptors=[Guard(Verifier(keys, authority.mesh_keys))])
        add_QueryServiceServicer_to_server(Query(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            metadata = (("x-scope-identity", authority.token(GET_TOPOLOGY)),)
            stub = QueryServiceStub(channel)
            code = await code_of(stub.GetTopology(GetTopologyRequest(topology="hosts"), metadata=metadata))
        await server.stop(None)
    assert code == grpc.StatusCode.UNAVAILABLE
