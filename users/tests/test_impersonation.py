"""An administrator's session acts as somebody else for a while, and everybody concerned can read that it did."""

import asyncio
from dataclasses import dataclass
from datetime import UTC

import grpc
import pytest

from mesh.errors import ServiceError
from scope.users.v1.messages_pb2 import (
    CreateTokenRequest,
    EndImpersonationRequest,
    EndSessionsRequest,
    ListSessionsRequest,
    ListTokensRequest,
    LogoutRequest,
    LookupRequest,
    RotateTokenRequest,
)
from scope.users.v1.organizations_pb2 import InviteRequest
from scope.users.v1.service_pb2_grpc import OrganizationServiceStub
from users import impersonation, sign_in
from users.cache import FRESH
from users.tests.administrators import person
from users.tests.calling import bearer, call, events, refused
from users.tests.conftest import LIST_TOKENS, LOOKUP, PUBLIC_URL, Service, denial
from users.tests.test_sign_in import reason

ANN, BOSS = "ann@example.org", "boss@example.org"


@dataclass
class Acting:
    """An administrator of the deployment, signed in, and somebody with an organization, whom the session may act as."""

    users: Service
    administrator: str
    person: str
    cookie: str
    session: str
    api_token: str

    async def begin(self, reason: str = "ticket 7", seconds: int = 0) -> None:
        async with self.users.database.begin() as session:
            await impersonation.begin(
                session, self.administrator, self.session, self.person, reason=reason, seconds=seconds
            )
        self.users.clock.seconds += FRESH

    async def subject(self) -> str | None:
        """Whose the session is now, by Check and by Renew, which must agree; None: it is worth nothing."""
        self.users.clock.seconds += FRESH
        (renewed,) = await self.users.renew((f"session:{self.session}", ""))
        answer = await self.users.check(LOOKUP, cookie=self.cookie)
        if not answer.HasField("ok_response"):
            assert denial(answer) == (401, "CREDENTIAL_INVALID")
            assert renewed is None
            return None
        identity = await self.users.identity(LOOKUP, cookie=self.cookie)
        assert renewed is not None
        assert (renewed.subject, renewed.impersonator) == (identity.subject, identity.impersonator)
        return identity.subject


@pytest.fixture
async def acting(users: Service) -> Acting:
    administrator = person(users, BOSS, admin="true")
    created = await users.organization("acme", ANN)
    ((ann,),) = users.rows(f"SELECT id FROM users WHERE email = '{ANN}'")
    users.execute("UPDATE users SET admin = false WHERE id = %s", ann)
    cookie = await users.cookie(BOSS)
    ((session,),) = users.rows("SELECT id FROM sessions")
    return Acting(users, administrator, ann, cookie, session, created.api_token)


async def test_the_session_is_the_other_persons_and_administers_nothing(acting: Acting) -> None:
    assert await acting.subject() == acting.administrator
    await acting.begin()
    identity = await acting.users.identity(LIST_TOKENS, cookie=acting.cookie)
    assert (identity.subject, identity.impersonator) == (acting.person, acting.administrator)
    assert not identity.admin
    assert "token.manage" in identity.permissions
    found = await call(acting.users, LookupRequest(), cookie=acting.cookie)
    assert (found.email, found.admin, found.impersonator) == (ANN, False, BOSS)
    assert [place.id for place in found.organizations] == ["acme"]
    ((ends,),) = acting.users.rows("SELECT expires FROM impersonations WHERE expires > now() + interval '59 minutes'")
    assert found.impersonation_ends.ToDatetime(UTC) == ends


@pytest.mark.parametrize(
    ("statement", "whose"),
    [
        ("UPDATE impersonations SET expires = now() + interval '1 minute'", "person"),
        ("UPDATE impersonations SET expires = now()", "administrator"),
        ("UPDATE impersonations SET ended = now()", "administrator"),
        ("UPDATE users SET admin = false WHERE email = 'boss@example.org'", None),
        ("UPDATE users SET disabled = now() WHERE email = 'boss@example.org'", None),
        ("UPDATE users SET approved = NULL WHERE email = 'boss@example.org'", None),
        ("UPDATE users SET disabled = now() WHERE email = 'ann@example.org'", None),
        ("UPDATE users SET approved = NULL WHERE email = 'ann@example.org'", None),
        ("UPDATE sessions SET revoked = now()", None),
        ("UPDATE impersonations SET administrator_id = user_id", None),
    ],
)
async def test_it_lasts_as_long_as_all_of_it_does(acting: Acting, statement: str, whose: str | None) -> None:
    await acting.begin()
    acting.users.execute(statement)
    assert await acting.subject() == (whose and getattr(acting, whose))


async def test_an_administrators_rights_are_not_given_by_acting_as_one(acting: Acting) -> None:
    await acting.begin()
    acting.users.execute("UPDATE users SET admin = true WHERE id = %s", acting.person)
    assert await acting.subject() == acting.person
    assert not (await acting.users.identity(LOOKUP, cookie=acting.cookie)).admin


async def test_ending_it_gives_the_session_back_at_once(acting: Acting) -> None:
    await acting.begin()
    await call(acting.users, EndImpersonationRequest(), cookie=acting.cookie)
    found = await call(acting.users, LookupRequest(), cookie=acting.cookie)
    assert (found.email, found.impersonator, found.HasField("impersonation_ends")) == (BOSS, "", False)
    await call(acting.users, EndImpersonationRequest(), cookie=acting.cookie)
    await call(acting.users, EndImpersonationRequest(), **bearer(acting.api_token))
    assert len(events(acting.users, "admin:impersonation:end")) == 1


async def test_signing_out_ends_it_too(acting: Acting) -> None:
    await acting.begin()
    await call(acting.users, LogoutRequest(), cookie=acting.cookie)
    assert await acting.subject() is None
    assert acting.users.rows("SELECT ended IS NOT NULL FROM impersonations") == [(True,)]


async def test_who_acts_as_somebody_else_makes_no_api_tokens_and_sees_no_sessions(acting: Acting) -> None:
    await acting.begin()
    made = CreateTokenRequest(name="mine for ever")
    assert (await refused(acting.users, made, cookie=acting.cookie))[0] == "SESSION_REQUIRED"
    listed = await call(acting.users, ListTokensRequest(), cookie=acting.cookie)
    (api,) = [token for token in listed.tokens if token.kind == "api"]
    rotation = RotateTokenRequest(id=api.id)
    assert (await refused(acting.users, rotation, cookie=acting.cookie))[0] == "SESSION_REQUIRED"
    for request in (ListSessionsRequest(), EndSessionsRequest()):
        assert (await refused(acting.users, request, cookie=acting.cookie))[0] == "SESSION_REQUIRED"
    assert await call(acting.users, CreateTokenRequest(name="rack", kind="probe"), cookie=acting.cookie)


async def test_who_acts_as_somebody_else_invites_nobody(acting: Acting) -> None:
    await acting.begin()
    rpc = "/scope.users.v1.OrganizationService/Invite"
    metadata = await acting.users.metadata(rpc, method="POST", cookie=acting.cookie)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await OrganizationServiceStub(acting.users.channel).Invite(
            InviteRequest(email=BOSS, role="admin"), metadata=metadata
        )
    assert (caught.value.code(), reason(caught.value)) == (grpc.StatusCode.PERMISSION_DENIED, "SESSION_REQUIRED")
    assert (acting.users.count("invitations"), acting.users.count("outbox")) == (0, 0)


async def test_a_session_acts_as_one_person_however_many_begin_at_once(acting: Acting) -> None:
    others = [acting.person, *(person(acting.users, f"p{number}@example.org") for number in range(4))]

    async def begin(user: str) -> None:
        async with acting.users.database.begin() as session:
            await impersonation.begin(session, acting.administrator, acting.session, user, reason="all at once")

    await asyncio.gather(*map(begin, others))
    going = acting.users.rows("SELECT user_id FROM impersonations WHERE ended IS NULL")
    assert going == [(await acting.subject(),)]


async def test_every_organization_of_the_person_is_told(acting: Acting) -> None:
    await acting.users.organization("second", ANN)
    await acting.users.organization("gone", ANN)
    acting.users.execute("UPDATE organizations SET deleted = now() WHERE slug = 'gone'")
    await acting.begin(reason="ticket 7")
    await call(acting.users, EndImpersonationRequest(), cookie=acting.cookie)
    places = {row[0] for row in acting.users.rows("SELECT id FROM organizations WHERE slug <> 'gone'")}
    rows = acting.users.rows(
        "SELECT action, organization_id, actor, impersonator, subject, after FROM audit_events "
        "WHERE action LIKE 'admin:impersonation:%%' ORDER BY time"
    )
    begun, ended = rows[:2], rows[2:]
    assert {row[1] for row in begun} == {row[1] for row in ended} == places
    assert {row[4] for row in rows} == {acting.person}
    assert {row[5]["reason"] for row in begun} == {"ticket 7"}
    assert {row[5]["administrator"] for row in rows} == {acting.administrator}
    assert {(row[2], row[3]) for row in ended} == {(acting.person, acting.administrator)}


class TestLinks:
    """The command line's way: a link of the administrator's whose session acts as somebody from its beginning."""

    async def _link(self, acting: Acting) -> str:
        async with acting.users.database.begin() as session:
            begun = await impersonation.begin(session, acting.administrator, None, acting.person, reason="by hand")
            link = (await sign_in.create_link(session, BOSS, PUBLIC_URL)).rpartition("/")[2]
        acting.users.execute("UPDATE login_tokens SET impersonation_id = %s WHERE used IS NULL", begun.id)
        return link

    async def test_the_new_session_acts_and_no_other_does(self, acting: Acting) -> None:
        cookie = (await acting.users.login(await self._link(acting))).partition(";")[0]
        assert (await acting.users.identity(LOOKUP, cookie=cookie)).subject == acting.person
        assert await acting.subject() == acting.administrator

    @pytest.mark.parametrize("column", ["ended", "expires"])
    async def test_a_link_whose_time_is_over_signs_nobody_in(self, acting: Acting, column: str) -> None:
        link = await self._link(acting)
        acting.users.execute(f"UPDATE impersonations SET {column} = now()")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await acting.users.login(link)
        assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED
        assert acting.users.count("sessions") == 1


@pytest.mark.parametrize(
    ("state", "reason"),
    [({"admin": "true"}, "PERMISSION_DENIED"), ({"approved": "NULL"}, "PERMISSION_DENIED")],
)
async def test_nobody_acts_as_an_administrator_or_as_who_waits(
    acting: Acting, state: dict[str, str], reason: str
) -> None:
    other = person(acting.users, "other@example.org", **state)
    for user, why in ((other, reason), (acting.administrator, "OWN_ACCOUNT"), ("nobody", "NOT_FOUND")):
        with pytest.raises(ServiceError) as caught:
            async with acting.users.database.begin() as session:
                await impersonation.begin(session, acting.administrator, acting.session, user, reason="try")
        assert caught.value.reason_name == why
    assert acting.users.count("impersonations") == 0
