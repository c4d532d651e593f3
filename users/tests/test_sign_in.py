"""Signing in and out as a browser does."""

import asyncio
from datetime import timedelta

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from scope.users.v1.messages_pb2 import LoginRequest, LogoutRequest, LookupRequest, LookupResponse
from scope.users.v1.service_pb2_grpc import SessionServiceStub
from users import secrets
from users.secrets import Kind
from users.sessions import Cookie
from users.tests.conftest import LOGIN, LOOKUP, Service, denial

LOGOUT = "/scope.users.v1.SessionService/Logout"


def reason(error: grpc.aio.AioRpcError) -> str:
    """The reason in an error's details."""
    status = rpc_status.from_call(error)
    info = error_details_pb2.ErrorInfo()
    assert status is not None
    assert status.details[0].Unpack(info)
    return str(info.reason)


async def _refused(users: Service, secret: str) -> str:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await users.login(secret)
    assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED
    return f"{reason(caught.value)} {caught.value.details()}"


async def _lookup(users: Service, **headers: str) -> LookupResponse:
    metadata = await users.metadata(LOOKUP, **headers)
    answer: LookupResponse = await SessionServiceStub(users.channel).Lookup(LookupRequest(), metadata=metadata)
    return answer


async def test_a_link_signs_in_and_lookup_says_who(users: Service) -> None:
    await users.organization("Acme")
    cookie = await users.login(await users.login_secret())
    name, _, attributes = cookie.partition(";")
    assert name.startswith("scope=scope_session_")
    assert attributes == " Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax"
    found = await _lookup(users, cookie=name)
    assert (found.email, found.admin) == ("ann@example.org", True)
    assert [(place.id, place.name, place.role) for place in found.organizations] == [("acme", "Acme", "admin")]


def test_over_https_the_cookie_is_the_hosts_alone() -> None:
    cookie = Cookie("https://scope.example", timedelta(days=30))
    assert cookie.set("x").startswith("__Host-scope=x; Path=/;")
    for header in (cookie.set("x"), cookie.clear()):
        assert header.endswith("HttpOnly; SameSite=Lax; Secure")
        assert "Domain" not in header


async def test_of_many_who_use_a_link_at_once_one_signs_in(users: Service) -> None:
    await users.organization("acme")
    secret = await users.login_secret()
    outcomes = await asyncio.gather(*(users.login(secret) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(outcome, str) for outcome in outcomes) == 1
    assert {reason(error) for error in outcomes if isinstance(error, grpc.aio.AioRpcError)} == {"LOGIN_LINK_INVALID"}


async def test_used_expired_unknown_and_other_secrets_are_refused_alike(users: Service) -> None:
    created = await users.organization("acme")
    used, expired, disabled = [await users.login_secret() for _ in range(3)]
    await users.login(used)
    users.execute("UPDATE login_tokens SET expires = now() WHERE digest = %s", secrets.digest(expired))
    refusals = [
        await _refused(users, secret)
        for secret in (used, expired, secrets.generate(Kind.LOGIN), "nonsense", created.api_token, "é\x00")
    ]
    users.execute("UPDATE users SET disabled = now()")
    refusals.append(await _refused(users, disabled))
    assert len(set(refusals)) == 1
    assert refusals[0].startswith("LOGIN_LINK_INVALID ")


async def test_an_overlong_secret_is_a_bad_field(users: Service) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await users.login("x" * 129)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


async def test_who_tries_too_often_is_told_when_to_try_again(users: Service) -> None:
    await users.organization("acme")
    await _refused(users, secrets.generate(Kind.LOGIN))
    users.execute("UPDATE rates SET restored = now() + interval '20 minutes'")
    secret = await users.login_secret()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await users.login(secret)
    assert (caught.value.code(), reason(caught.value)) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_EXCEEDED")
    assert 500 < int(dict(caught.value.trailing_metadata() or ())["retry-after"]) <= 606
    users.execute("UPDATE rates SET restored = now()")
    assert await users.login(secret)


async def test_the_database_away_does_not_use_up_a_link(users: Service) -> None:
    await users.organization("acme")
    secret = await users.login_secret()
    metadata = await users.metadata(LOGIN)
    users.away(away=True)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await SessionServiceStub(users.channel).Login(LoginRequest(token=secret), metadata=metadata)
    assert (caught.value.code(), reason(caught.value)) == (grpc.StatusCode.UNAVAILABLE, "DATABASE_UNAVAILABLE")
    users.away(away=False)
    assert await users.login(secret)


async def test_signing_out_ends_the_session_and_no_other(users: Service) -> None:
    await users.organization("acme")
    leaving, staying = await users.cookie(), await users.cookie()
    call = SessionServiceStub(users.channel).Logout(
        LogoutRequest(), metadata=await users.metadata(LOGOUT, cookie=leaving)
    )
    await call
    (cleared,) = [value for key, value in await call.initial_metadata() if key == "set-cookie"]
    assert cleared == "scope=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
    assert denial(await users.check(LOOKUP, cookie=leaving)) == (401, "CREDENTIAL_INVALID")
    assert (await users.check(LOOKUP, cookie=staying)).HasField("ok_response")


async def test_signing_out_with_a_token_changes_nothing(users: Service) -> None:
    created = await users.organization("acme")
    headers = {"authorization": f"Bearer {created.api_token}"}
    call = SessionServiceStub(users.channel).Logout(LogoutRequest(), metadata=await users.metadata(LOGOUT, **headers))
    await call
    assert "set-cookie" not in dict(await call.initial_metadata())
    assert (await users.check(LOOKUP, **headers)).HasField("ok_response")


async def test_an_expired_session_is_nothing(users: Service) -> None:
    await users.organization("acme")
    cookie = await users.cookie()
    users.execute("UPDATE sessions SET expires = now()")
    assert denial(await users.check(LOOKUP, cookie=cookie)) == (401, "CREDENTIAL_INVALID")


async def test_with_a_token_lookup_shows_the_tokens_organization_alone(users: Service) -> None:
    created = await users.organization("one")
    await users.organization("two")
    found = await _lookup(users, authorization=f"Bearer {created.api_token}")
    assert [place.id for place in found.organizations] == ["one"]
    assert len((await _lookup(users, cookie=await users.cookie())).organizations) == 2


async def test_the_port_refuses_a_call_around_the_edge(users: Service) -> None:
    stub = SessionServiceStub(users.channel)
    for metadata in ((), (("x-scope-identity", "made.up.token"),), await users.metadata(LOGIN)):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.Lookup(LookupRequest(), metadata=metadata)
        assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED
