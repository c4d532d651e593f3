"""What credentials of open streams are worth, asked by the other services."""

from collections.abc import Mapping, Sequence
from typing import Any

import grpc
import pytest
from sqlalchemy import Executable, Row

from mesh.identity import service_metadata
from mesh.keyring import MeshKeys
from scope.auth.v1.access_pb2 import Caller
from scope.users.v1.messages_pb2 import ListKeysRequest, RenewRequest, StreamCredential
from scope.users.v1.service_pb2_grpc import IdentityServiceStub
from users import roles
from users.tests.conftest import LIST_TOKENS, LOOKUP, PUBLISH, RENEW, Service
from users.tests.test_sign_in import reason


async def _held(users: Service) -> list[tuple[str, str]]:
    """A session, an API token and a probe token, as a stream's service knows them."""
    created = await users.organization("acme")
    found = [
        await users.identity(LIST_TOKENS, cookie=await users.cookie()),
        await users.identity(LIST_TOKENS, authorization=f"Bearer {created.api_token}"),
        await users.identity(PUBLISH, authorization=f"Bearer {created.service_token}"),
    ]
    return [(identity.credential, identity.organization) for identity in found]


async def test_good_credentials_are_renewed_in_order_for_the_asking_service(users: Service) -> None:
    held = await _held(users)
    unknown = ["api:" + "0" * 32, "session:\x00", "probe:", "login:" + "0" * 32, "nonsense", ""]
    renewed = await users.renew(*held, *[(name, held[0][1]) for name in unknown], *held)
    assert [bool(identity) for identity in renewed] == [True] * 3 + [False] * len(unknown) + [True] * 3
    for (credential, organization), identity in zip(held, renewed[:3], strict=True):
        assert identity is not None
        assert (identity.credential, identity.organization) == (credential, organization)
        assert (identity.rpc, identity.audience) == ("", "query")
    assert [identity.caller for identity in renewed[:3] if identity] == [
        Caller.CALLER_USER,
        Caller.CALLER_USER,
        Caller.CALLER_PROBE,
    ]


@pytest.mark.parametrize(
    ("statement", "left"),
    [
        ("UPDATE sessions SET revoked = now()", [False, True, True]),
        ("UPDATE sessions SET expires = now()", [False, True, True]),
        ("UPDATE api_tokens SET revoked = now()", [True, False, True]),
        ("UPDATE probe_tokens SET revoked = now()", [True, True, False]),
        ("UPDATE users SET disabled = now()", [False, False, True]),
        ("DELETE FROM memberships", [False, False, True]),
        ("UPDATE organizations SET deleted = now()", [False, False, False]),
        ("DELETE FROM users", [False, False, True]),
    ],
)
async def test_what_was_taken_away_is_not_renewed(users: Service, statement: str, left: list[bool]) -> None:
    held = await _held(users)
    users.execute(statement)
    assert [bool(identity) for identity in await users.renew(*held)] == left


async def test_a_changed_role_shows(users: Service) -> None:
    held = await _held(users)
    users.execute("UPDATE memberships SET role = 'viewer'")
    renewed = await users.renew(*held[:2])
    assert [list(identity.permissions) for identity in renewed if identity] == [list(roles.PERMISSIONS["viewer"])] * 2


async def test_a_session_is_not_good_for_another_organization(users: Service) -> None:
    held = await _held(users)
    await users.organization("other", "bob@example.org")
    bob = await users.identity(LIST_TOKENS, cookie=await users.cookie("bob@example.org"))
    assert await users.renew(*((credential, bob.organization) for credential, _ in held)) == [None] * 3


async def test_many_are_asked_for_with_one_query_of_each_kind(users: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    held = await _held(users)
    queries: list[Executable] = []
    read = users.database.read

    async def counted(statement: Executable, values: Mapping[str, object]) -> Sequence[Row[Any]]:
        queries.append(statement)
        return await read(statement, values)

    monkeypatch.setattr(users.database, "read", counted)
    renewed = await users.renew(*(held * 100), *((f"probe:{number:032x}", held[0][1]) for number in range(1_700)))
    assert [bool(identity) for identity in renewed] == [True] * 300 + [False] * 1_700
    assert len(queries) == 3


async def test_the_database_away_is_an_error_and_not_a_revocation(users: Service) -> None:
    held = await _held(users)
    users.away(away=True)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await users.renew(*held)
    assert (caught.value.code(), reason(caught.value)) == (grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE")
    users.away(away=False)
    assert all(await users.renew(*held))


async def test_only_services_ask(users: Service) -> None:
    created = await users.organization("acme")
    stub = IdentityServiceStub(users.channel)
    person = await users.metadata(LOOKUP, authorization=f"Bearer {created.api_token}")
    another_key = service_metadata(MeshKeys([b"x" * 32]), "query", RENEW)
    another_rpc = service_metadata(users.mesh_keys, "query", LOOKUP)
    for metadata in ((), person, another_key, another_rpc):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Renew(RenewRequest(credentials=[StreamCredential()]), metadata=metadata)
        assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED


async def test_the_keys_are_published_to_services(users: Service) -> None:
    rpc = "/scope.users.v1.IdentityService/ListKeys"
    metadata = service_metadata(users.mesh_keys, "query", rpc)
    answer = await IdentityServiceStub(users.channel).ListKeys(ListKeysRequest(), metadata=metadata)
    assert answer.jwks == users.keys.jwks()
