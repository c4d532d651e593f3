"""Where somebody is signed in: listed, ended, and how it begins."""

import asyncio
from typing import Any

import grpc
import pytest

from mesh.headers import ADDRESS
from scope.users.v1.messages_pb2 import (
    EndSessionRequest,
    EndSessionsRequest,
    ListSessionsRequest,
    LoginRequest,
    LoginResponse,
    LogoutRequest,
    LookupRequest,
)
from scope.users.v1.service_pb2_grpc import SessionServiceStub
from users import roles, secrets, sessions
from users.cache import FRESH
from users.secrets import Kind
from users.tests.administrators import person
from users.tests.calling import bearer, call, events, refused, rpc_of
from users.tests.conftest import LOGIN, LOOKUP, Service, denial

HERE = {ADDRESS.replace("-", "_"): "192.0.2.7"}


@pytest.fixture
async def ann(users: Service) -> dict[str, str]:
    """A browser of somebody with an organization."""
    await users.organization("acme")
    return {"cookie": await users.cookie()}


async def listed(users: Service, headers: dict[str, str]) -> list[Any]:
    return list((await call(users, ListSessionsRequest(), **headers)).sessions)


async def good(users: Service, headers: dict[str, str]) -> bool:
    return bool((await users.check(LOOKUP, **headers)).HasField("ok_response"))


async def sign_in(users: Service) -> LoginResponse:
    answer: LoginResponse = await call(users, LoginRequest(token=await users.login_secret()), **HERE)
    return answer


async def test_they_are_listed_with_the_last_used_first(users: Service, ann: dict[str, str]) -> None:
    other = {"cookie": await users.cookie()}
    users.execute("UPDATE sessions SET created = now() - interval '5 days'")
    await users.check(LOOKUP, **other)
    await users.usage.write()
    first, second = await listed(users, ann)
    assert (first.current, second.current) == (False, True)
    assert (first.HasField("last_used"), second.HasField("last_used")) == (True, False)
    assert first.expires.seconds - first.created.seconds == pytest.approx(35 * 86_400, abs=60)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE sessions SET revoked = now()",
        "UPDATE sessions SET expires = now()",
        "UPDATE sessions SET created = now() - interval '14 days', last_used = NULL",
    ],
)
async def test_those_that_are_over_are_neither_listed_nor_ended(users: Service, statement: str) -> None:
    await users.organization("acme")
    await users.cookie()
    ((gone,),) = users.rows("SELECT id FROM sessions")
    users.execute(statement)
    here = {"cookie": await users.cookie()}
    assert [one.current for one in await listed(users, here)] == [True]
    assert (await refused(users, EndSessionRequest(id=gone), **here))[0] == "NOT_FOUND"


async def test_where_somebody_signed_in_is_kept_as_it_can_be_shown(users: Service, ann: dict[str, str]) -> None:
    await sign_in(users)
    ((address, user_agent),) = users.rows("SELECT address, user_agent FROM sessions WHERE address IS NOT NULL")
    assert (address, user_agent.startswith("grpc-python")) == ("192.0.2.7", True)
    (found,) = [one for one in await listed(users, ann) if not one.current]
    assert (found.address, found.user_agent) == (address, user_agent)


@pytest.mark.parametrize(
    ("said", "kept"), [("a\x00b\x1b[31m\u202ec\n", "ab[31mc"), ("x" * 300, "x" * 255), ("", None), ("\n", None)]
)
def test_what_a_browser_says_it_is_is_short_and_without_control_characters(said: str, kept: str | None) -> None:
    assert sessions.Browser("", said).row() == {"address": None, "user_agent": kept}


async def test_ending_one_ends_it_at_once_and_no_other(users: Service, ann: dict[str, str]) -> None:
    other = {"cookie": await users.cookie()}
    assert await good(users, other)
    (found,) = [one for one in await listed(users, ann) if not one.current]
    await call(users, EndSessionRequest(id=found.id), **ann)
    assert not await good(users, other)
    assert [one.current for one in await listed(users, ann)] == [True]


async def test_nobody_ends_somebody_elses(users: Service, ann: dict[str, str]) -> None:
    person(users, "bob@example.org")
    bob = {"cookie": await users.cookie("bob@example.org")}
    (anns,) = [one.id for one in await listed(users, ann)]
    for name in (anns, "no id", "\x00", "0" * 32):
        assert (await refused(users, EndSessionRequest(id=name), **bob))[0] == "NOT_FOUND"
    await call(users, EndSessionsRequest(), **bob)
    assert await good(users, ann)


@pytest.mark.parametrize("keep", [True, False])
async def test_all_are_ended_but_the_one_that_asks_if_it_is_kept(
    users: Service, ann: dict[str, str], keep: bool
) -> None:
    others = [{"cookie": await users.cookie()} for _ in range(2)]
    rpc = rpc_of(EndSessionsRequest())
    asked = SessionServiceStub(users.channel).EndSessions(
        EndSessionsRequest(keep_current=keep), metadata=await users.metadata(rpc, method="POST", **ann)
    )
    assert (await asked).ended == 3 - keep
    cleared = [value for key, value in await asked.initial_metadata() if key == "set-cookie"]
    assert bool(cleared) != keep
    assert [await good(users, one) for one in (ann, *others)] == [keep, False, False]


async def test_sessions_are_managed_in_a_session_alone(users: Service) -> None:
    created = await users.organization("acme")
    for request in (ListSessionsRequest(), EndSessionRequest(id="0" * 32), EndSessionsRequest()):
        assert (await refused(users, request, **bearer(created.api_token)))[0] == "SESSION_REQUIRED"


async def test_so_many_sessions_and_the_least_used_one_goes(
    users: Service, ann: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "LIMIT", 3)
    second, third = [{"cookie": await users.cookie()} for _ in range(2)]
    users.execute("UPDATE sessions SET created = created - interval '1 day'")
    ((second_id,),) = users.rows("SELECT id FROM sessions ORDER BY created OFFSET 1 LIMIT 1")
    users.execute("UPDATE sessions SET last_used = now() WHERE id <> %s", second_id)
    fourth = {"cookie": await users.cookie()}
    users.clock.seconds += FRESH
    assert [await good(users, one) for one in (ann, second, third, fourth)] == [True, False, True, True]


async def test_a_session_is_always_new(users: Service, ann: dict[str, str]) -> None:
    """Nobody can have somebody sign in to a session whose secret they know."""
    planted = f"scope={secrets.generate(Kind.SESSION)}"
    metadata = await users.metadata(LOGIN, method="POST", cookie=planted)
    request = LoginRequest(token=await users.login_secret())
    answer = SessionServiceStub(users.channel).Login(request, metadata=metadata)
    await answer
    (cookie,) = [str(value) for key, value in await answer.initial_metadata() if key == "set-cookie"]
    assert cookie.partition(";")[0] not in (planted, ann["cookie"])
    assert not await good(users, {"cookie": planted})


async def test_the_first_sign_in_is_told_from_later_ones(users: Service) -> None:
    await users.organization("acme")
    assert [(await sign_in(users)).first_login for _ in range(2)] == [True, False]
    assert users.rows("SELECT last_login > now() - interval '1 minute' FROM users") == [(True,)]


async def test_of_two_first_sign_ins_at_once_one_is_the_first(users: Service) -> None:
    await users.organization("acme")
    answers = await asyncio.gather(*(sign_in(users) for _ in range(4)))
    assert [answer.first_login for answer in answers].count(True) == 1


async def test_who_waits_for_approval_does_not_sign_in(users: Service, ann: dict[str, str]) -> None:
    link = await users.login_secret()
    users.execute("UPDATE users SET approved = NULL")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await users.login(link)
    assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED
    users.execute("UPDATE users SET approved = now()")
    assert await users.login(link)


async def test_lookup_says_what_the_caller_may_do_where(users: Service, ann: dict[str, str]) -> None:
    await users.organization("other", "bob@example.org")
    users.execute(
        "INSERT INTO memberships (user_id, organization_id, role) SELECT u.id, o.id, 'viewer' "
        "FROM users u, organizations o WHERE u.email LIKE 'ann%%' AND o.slug = 'other'"
    )
    acme, other = (await call(users, LookupRequest(), **ann)).organizations
    assert (list(acme.permissions), list(other.permissions)) == (
        list(roles.PERMISSIONS["admin"]),
        list(roles.PERMISSIONS["viewer"]),
    )
    users.execute("UPDATE organizations SET access_refused = true, refusal = 'unpaid' WHERE slug = 'acme'")
    acme, other = (await call(users, LookupRequest(), **ann)).organizations
    assert (list(acme.permissions), bool(other.permissions)) == ([], True)


async def test_with_a_token_lookup_says_what_the_token_may(users: Service) -> None:
    created = await users.organization("acme")
    users.execute("UPDATE api_tokens SET permissions = %s", ["report.view"])
    found = await call(users, LookupRequest(), **bearer(created.api_token))
    assert [list(place.permissions) for place in found.organizations] == [["report.view"]]
    assert not found.admin


async def test_signing_in_and_out_is_recorded_and_so_is_who_could_not(users: Service) -> None:
    await users.organization("acme")
    await sign_in(users)
    ((session, user),) = users.rows("SELECT id, user_id FROM sessions")
    users.execute("UPDATE sessions SET created = created - interval '1 second'")
    cookie = {"cookie": await users.cookie()}
    await call(users, LogoutRequest(), **cookie)
    begun, _, ended = events(users, "user:session:")
    assert begun[:5] == ("user:session:begin", user, session, "", None)
    assert begun[5]["user_agent"].startswith("grpc-python")
    assert (ended[0], ended[1]) == ("user:session:end", user)
    assert (await refused(users, LoginRequest(token="made up"), **HERE))[0] == "LOGIN_LINK_INVALID"
    refusals = users.rows("SELECT action, address, after FROM audit_events WHERE refused")
    assert refusals == [("user:session:begin", "192.0.2.7", {"reason": "LOGIN_LINK_INVALID"})]


async def test_signing_out_twice_is_told_once(users: Service, ann: dict[str, str]) -> None:
    metadata = await users.metadata(rpc_of(LogoutRequest()), method="POST", **ann)
    stub = SessionServiceStub(users.channel)
    await asyncio.gather(*(stub.Logout(LogoutRequest(), metadata=metadata) for _ in range(3)))
    assert denial(await users.check(LOOKUP, **ann)) == (401, "CREDENTIAL_INVALID")
    assert len(events(users, "user:session:end")) == 1
