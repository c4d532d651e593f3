"""Migrations work while the code that was there before goes on: it misses nothing, and both read what either wrote.

That code is the commit's in `users/migrations/BASELINE`; see `old_code.py`.
"""

import asyncio

import grpc
import pytest

from mesh.background import running
from mesh.headers import IDENTITY
from scope.users.v1.messages_pb2 import (
    CreateTokenRequest,
    DeleteTokenRequest,
    ListTokensRequest,
    LogoutRequest,
    LookupRequest,
    LookupResponse,
)
from scope.users.v1.service_pb2_grpc import SessionServiceStub, TokenServiceStub
from users.migrations import migrate
from users.tests.conftest import LIST_TOKENS, LOOKUP, PUBLISH, Service, denial
from users.tests.old_code import ADMINISTRATOR, OldCode, old, old_tree

__all__ = ["old", "old_tree"]

CREATE_TOKEN = "/scope.users.v1.TokenService/CreateToken"
DELETE_TOKEN = "/scope.users.v1.TokenService/DeleteToken"
LOGOUT = "/scope.users.v1.SessionService/Logout"


@pytest.fixture
def postgres_template() -> str:
    """An empty database: it is the old code that makes the tables."""
    return "template1"


@pytest.fixture
def accounts_url(old: OldCode, postgres_url: str) -> str:
    """The old code's database, with the new tables."""
    migrate(postgres_url)
    return postgres_url


def test_it_is_the_old_code_that_runs(old: OldCode) -> None:
    for module in ("users", "mesh", "scope.users.v1.service_pb2"):
        assert old.module(module).is_relative_to(old.tree)


async def test_no_call_to_the_old_code_fails_while_the_tables_change(old: OldCode, postgres_url: str) -> None:
    made = old.command("create-organization", "acme", "--admin", ADMINISTRATOR)
    metadata = {rpc: ((IDENTITY, await old.identity(rpc, made["api_token"])),) for rpc in (LOOKUP, CREATE_TOKEN)}
    called: list[Exception | None] = []

    async def call() -> None:
        await SessionServiceStub(old.channel).Lookup(LookupRequest(), metadata=metadata[LOOKUP])
        request = CreateTokenRequest(kind="probe", name="x")
        await TokenServiceStub(old.channel).CreateToken(request, metadata=metadata[CREATE_TOKEN])

    async def call_all_the_time() -> None:
        while True:
            try:
                await call()
                called.append(None)
            except Exception as error:  # noqa: BLE001 - whatever it is, the test fails by it
                called.append(error)

    async with running(call_all_the_time(), call_all_the_time()):
        await asyncio.to_thread(migrate, postgres_url)
        after = len(called) + 10
        async with asyncio.timeout(60):
            while len(called) < after:
                await asyncio.sleep(0.01)
    assert not [error for error in called if error]


async def lookup(users: Service, **headers: str) -> LookupResponse:
    metadata = await users.metadata(LOOKUP, **headers)
    answer: LookupResponse = await SessionServiceStub(users.channel).Lookup(LookupRequest(), metadata=metadata)
    return answer


async def sign_in(users: Service, secret: str) -> str:
    """Signs a person in and answers the Cookie header."""
    return (await users.login(secret)).partition(";")[0]


async def names(users: Service, **headers: str) -> set[str]:
    metadata = await users.metadata(LIST_TOKENS, **headers)
    listed = await TokenServiceStub(users.channel).ListTokens(ListTokensRequest(), metadata=metadata)
    return {one.name for one in listed.tokens}


async def create(users: Service, token: str, kind: str, name: str) -> tuple[str, str]:
    metadata = await users.metadata(CREATE_TOKEN, method="POST", authorization=f"Bearer {token}")
    request = CreateTokenRequest(kind=kind, name=name)
    made = await TokenServiceStub(users.channel).CreateToken(request, metadata=metadata)
    return made.id, made.token


async def delete(users: Service, token: str, name: str) -> None:
    metadata = await users.metadata(DELETE_TOKEN, method="DELETE", authorization=f"Bearer {token}")
    await TokenServiceStub(users.channel).DeleteToken(DeleteTokenRequest(id=name), metadata=metadata)


async def works(users: Service, kinds: dict[str, str]) -> None:
    """That a person's token and session, and a probe's token, are good for what they were made for, and renewed."""
    for rpc, headers in (
        (LOOKUP, {"authorization": f"Bearer {kinds['api']}"}),
        (LOOKUP, {"cookie": kinds["session"]}),
        (PUBLISH, {"authorization": f"Bearer {kinds['probe']}"}),
    ):
        identity = await users.identity(rpc, **headers)
        (renewed,) = await users.renew((identity.credential, identity.organization))
        assert renewed is not None
        assert (renewed.credential, renewed.organization) == (identity.credential, identity.organization)


async def test_the_old_code_does_on_the_new_tables_what_it_did(old: OldCode, users: Service) -> None:
    made = old.command("create-organization", "acme", "--admin", ADMINISTRATOR)
    was = old.seen_by(users)
    secret = old.link()
    session = await sign_in(was, secret)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await was.login(secret)
    assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
    await works(was, {"api": made["api_token"], "probe": made["service_token"], "session": session})
    found = await lookup(was, cookie=session)
    assert (found.email, [(place.id, place.role) for place in found.organizations]) == (
        "ann@example.org",
        [("acme", "admin")],
    )
    for kind in ("api", "probe"):
        name, token = await create(was, made["api_token"], kind, f"a new {kind}")
        rpc = LOOKUP if kind == "api" else PUBLISH
        assert await old.identity(rpc, token)
        assert f"a new {kind}" in await names(was, authorization=f"Bearer {made['api_token']}")
        await delete(was, made["api_token"], name)
        assert not await old.identity(rpc, token)
        assert f"a new {kind}" not in await names(was, authorization=f"Bearer {made['api_token']}")
    metadata = await was.metadata(LOGOUT, method="POST", cookie=session)
    await SessionServiceStub(was.channel).Logout(LogoutRequest(), metadata=metadata)
    assert denial(await was.check(LOOKUP, cookie=session)) == (401, "CREDENTIAL_INVALID")


@pytest.fixture
def before(old: OldCode) -> dict[str, str]:
    """An organization, its tokens and a sign-in link, written by the old code to the old tables."""
    made = old.command("create-organization", "acme", "--admin", ADMINISTRATOR)
    return {**made, "login": old.link()}


async def test_the_new_code_reads_what_the_old_wrote(before: dict[str, str], old: OldCode, users: Service) -> None:
    was = old.seen_by(users)
    session = await sign_in(was, old.link())
    _, api = await create(was, before["api_token"], "api", "a script")
    _, probe = await create(was, before["api_token"], "probe", "a machine")
    signed_in = await sign_in(users, before["login"])
    for person in (session, signed_in):
        for kinds in ({"api": before["api_token"], "probe": before["service_token"]}, {"api": api, "probe": probe}):
            await works(users, {**kinds, "session": person})
        assert (await lookup(users, cookie=person)).email == "ann@example.org"
    assert {"a script", "a machine"} <= await names(users, cookie=signed_in)


async def test_the_old_code_reads_what_the_new_wrote(before: dict[str, str], old: OldCode, users: Service) -> None:
    was = old.seen_by(users)
    made = await users.organization("other", "bob@example.org")
    secret = await users.login_secret("bob@example.org")
    session = await users.cookie("bob@example.org")
    gone, _ = await create(users, made.api_token, "api", "gone")
    await delete(users, made.api_token, gone)
    for person in (session, await sign_in(was, secret)):
        await works(was, {"api": made.api_token, "probe": made.service_token, "session": person})
        assert [place.id for place in (await lookup(was, cookie=person)).organizations] == ["other"]
    assert "gone" not in await names(was, authorization=f"Bearer {made.api_token}")
    await works(was, {"api": before["api_token"], "probe": before["service_token"], "session": session})
