"""Calls of a users service, made as a browser or a program makes them."""

from functools import cache
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message

from mesh.contracts import rpcs
from scope.users.v1 import service_pb2_grpc
from users.tests.conftest import Service, denial
from users.tests.test_sign_in import reason


@cache
def _by_request() -> dict[str, str]:
    return {method.input_type.full_name: rpc for rpc, method in rpcs().items()}


def rpc_of(request: Message) -> str:
    """The RPC that takes the request."""
    return _by_request()[request.DESCRIPTOR.full_name]


async def call(users: Service, request: Message, **headers: str) -> Any:
    """The answer to a request with these headers."""
    return await made(users, request, await users.metadata(rpc_of(request), method="POST", **headers))


async def made(users: Service, request: Message, metadata: Any) -> Any:
    """The answer to a call that Check has admitted with this metadata."""
    _, service, method = rpc_of(request).replace("/", ".").rsplit(".", 2)
    stub = getattr(service_pb2_grpc, f"{service}Stub")(users.channel)
    return await getattr(stub, method)(request, metadata=metadata)


async def refused(users: Service, request: Message, **headers: str) -> tuple[str, str]:
    """The reason why a request is refused, by Check or by the service, and what is said about it."""
    answer = await users.check(rpc_of(request), method="POST", **headers)
    if not answer.HasField("ok_response"):
        return denial(answer)[1], answer.denied_response.body
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(users, request, **headers)
    return reason(caught.value), str(caught.value.details())


def bearer(token: str) -> dict[str, str]:
    """The header that a token is sent in."""
    return {"authorization": f"Bearer {token}"}


def events(users: Service, source: str) -> list[tuple[Any, ...]]:
    """What was recorded by callers, oldest first: action, actor, subject, organization, before, after."""
    return users.rows(
        "SELECT action, actor, subject, coalesce(organization_id, ''), before, after FROM audit_events "
        f"WHERE action LIKE '{source}%' AND actor <> 'operator' ORDER BY time, id"
    )
