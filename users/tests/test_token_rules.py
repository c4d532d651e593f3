"""What may be asked of tokens: their end, their permissions, those made with another, rotation, and all at once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from scope.users.v1.messages_pb2 import (
    CreateTokenRequest,
    CreateTokenResponse,
    DeleteTokenRequest,
    ListTokensRequest,
    RotateTokenRequest,
)
from users import tokens
from users.cache import FRESH
from users.tests.administrators import person
from users.tests.calling import bearer, call, events, refused
from users.tests.conftest import LOOKUP, PUBLISH, Service
from users.tests.test_sign_in import reason

A_DAY = timedelta(days=1)


@pytest.fixture
async def ann(users: Service) -> dict[str, str]:
    """The browser of an organization's administrator."""
    await users.organization("acme")
    return {"cookie": await users.cookie()}


async def viewer(users: Service) -> dict[str, str]:
    """The browser of a viewer of the organization."""
    bob = person(users, "bob@example.org")
    users.execute(
        "INSERT INTO memberships (user_id, organization_id, role) SELECT %s, id, 'viewer' FROM organizations", bob
    )
    return {"cookie": await users.cookie("bob@example.org")}


async def create(users: Service, headers: dict[str, str], **asked: Any) -> CreateTokenResponse:
    answer: CreateTokenResponse = await call(users, asking(**asked), **headers)
    return answer


def asking(kind: str = "api", expires: timedelta | None = None, **asked: Any) -> CreateTokenRequest:
    request = CreateTokenRequest(name="made", kind=kind, **asked)
    if expires is not None:
        request.expires.FromDatetime(datetime.now(UTC) + expires)
    return request


async def listed(users: Service, headers: dict[str, str]) -> dict[str, Any]:
    answer = await call(users, ListTokensRequest(), **headers)
    return {token.id: token for token in answer.tokens}


def left(end: Timestamp) -> timedelta:
    """How long it is until then."""
    return end.ToDatetime(UTC) - datetime.now(UTC)


async def works(users: Service, token: str, rpc: str = LOOKUP) -> bool:
    users.clock.seconds += FRESH
    return bool((await users.check(rpc, **bearer(token))).HasField("ok_response"))


class TestMaking:
    async def test_an_api_token_ends_after_90_days_and_a_probe_token_never(
        self, users: Service, ann: dict[str, str]
    ) -> None:
        made = await create(users, ann)
        assert timedelta(days=89, hours=23) < left(made.expires) <= timedelta(days=90)
        assert not (await create(users, ann, kind="probe")).HasField("expires")

    @pytest.mark.parametrize("kind", ["api", "probe"])
    async def test_another_end_can_be_chosen(self, users: Service, ann: dict[str, str], kind: str) -> None:
        longest = timedelta(days=366) - timedelta(minutes=1)
        for wanted in (timedelta(minutes=1), longest):
            made = await create(users, ann, kind=kind, expires=wanted)
            assert wanted - timedelta(minutes=1) < left(made.expires) <= wanted
            assert (await listed(users, ann))[made.id].expires == made.expires

    @pytest.mark.parametrize("kind", ["api", "probe"])
    @pytest.mark.parametrize("wanted", [timedelta(), -A_DAY, timedelta(days=366, minutes=1)])
    async def test_one_that_is_over_or_too_far_away_cannot(
        self, users: Service, ann: dict[str, str], kind: str, wanted: timedelta
    ) -> None:
        why, message = await refused(users, asking(kind, wanted), **ann)
        assert (why, message.startswith("expires: ")) == ("INVALID_FIELD", True)

    async def test_neither_can_what_is_no_time(self, users: Service, ann: dict[str, str]) -> None:
        request = CreateTokenRequest(name="x", expires=Timestamp(seconds=2**60))
        why, message = await refused(users, request, **ann)
        assert (why, message.startswith("expires: ")) == ("INVALID_FIELD", True)

    async def test_a_narrowed_one_may_do_that_and_nothing_else(self, users: Service, ann: dict[str, str]) -> None:
        made = await create(users, ann, permissions=["report.view", "token.own"])
        identity = await users.identity(LOOKUP, **bearer(made.token))
        assert sorted(identity.permissions) == ["report.view", "token.own"]
        assert list((await listed(users, ann))[made.id].permissions) == ["report.view", "token.own"]

    async def test_permissions_that_are_not_there_or_not_the_callers_are_named(
        self, users: Service, ann: dict[str, str]
    ) -> None:
        why, message = await refused(users, asking(permissions=["report.view", "report.veiw"]), **ann)
        assert (why, "permissions[1]" in message) == ("INVALID_FIELD", True)
        why, message = await refused(users, asking(permissions=["audit.view"]), **await viewer(users))
        assert (why, "audit.view" in message) == ("PERMISSION_DENIED", True)

    async def test_a_probe_token_has_no_permissions_to_choose(self, users: Service, ann: dict[str, str]) -> None:
        request = asking("probe", permissions=["report.view"])
        assert (await refused(users, request, **ann))[0] == "INVALID_FIELD"

    async def test_of_many_at_once_as_many_are_made_as_there_may_be(
        self, users: Service, ann: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tokens, "LIMIT", 4)
        outcomes = await asyncio.gather(*(create(users, ann) for _ in range(8)), return_exceptions=True)
        full = [reason(error) for error in outcomes if isinstance(error, grpc.aio.AioRpcError)]
        assert full == ["LIMIT_EXCEEDED"] * 5
        assert users.count("api_tokens") == 4

    async def test_tokens_that_are_over_take_no_room(
        self, users: Service, ann: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tokens, "LIMIT", 1)
        assert (await refused(users, asking(), **ann))[0] == "LIMIT_EXCEEDED"
        users.execute("UPDATE api_tokens SET expires = now()")
        made = await create(users, ann)
        assert [one for one, token in (await listed(users, ann)).items() if token.kind == "api"] == [made.id]


class TestProbeTokens:
    """They are the organization's, and managed by who has the permission."""

    async def test_who_may_not_manage_them_neither_makes_nor_sees_nor_touches_them(
        self, users: Service, ann: dict[str, str]
    ) -> None:
        made = await create(users, ann, kind="probe")
        bob = await viewer(users)
        why, message = await refused(users, asking("probe"), **bob)
        assert (why, "token.manage" in message) == ("PERMISSION_DENIED", True)
        assert not await listed(users, bob)
        for request in (DeleteTokenRequest(id=made.id), RotateTokenRequest(id=made.id)):
            assert (await refused(users, request, **bob))[0] == "NOT_FOUND"
        narrow = await create(users, ann, permissions=["token.own", "report.view"])
        assert (await refused(users, asking("probe"), **bearer(narrow.token)))[0] == "PERMISSION_DENIED"
        assert await works(users, made.token, PUBLISH)

    async def test_who_lost_the_permission_a_moment_ago_makes_none(self, users: Service, ann: dict[str, str]) -> None:
        await users.identity(LOOKUP, **ann)
        users.execute("UPDATE memberships SET role = 'editor'")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(users, asking("probe"), **ann)
        assert reason(caught.value) == "PERMISSION_DENIED"


class TestMadeWithAnother:
    """An API token makes none that may do more, or lasts longer, than itself."""

    async def test_it_is_bounded_and_goes_with_the_one_it_was_made_with(
        self, users: Service, ann: dict[str, str]
    ) -> None:
        first = await create(users, ann, permissions=["report.view", "token.own"], expires=10 * A_DAY)
        second = await create(users, bearer(first.token), expires=300 * A_DAY)
        third = await create(users, bearer(second.token), permissions=["report.view"], expires=A_DAY)
        apart = await create(users, ann)
        assert second.expires == first.expires
        assert left(third.expires) <= A_DAY
        held = (await users.identity(LOOKUP, **bearer(second.token))).permissions
        assert sorted(held) == ["report.view", "token.own"]
        more = asking(permissions=["audit.view"])
        assert (await refused(users, more, **bearer(first.token)))[0] == "PERMISSION_DENIED"
        await call(users, DeleteTokenRequest(id=first.id), **ann)
        assert [await works(users, made.token) for made in (first, second, third, apart)] == [False] * 3 + [True]
        assert await users.renew(*((f"api:{made.id}", "") for made in (first, second, third))) == [None] * 3

    async def test_a_narrow_one_gets_at_no_wider_one(self, users: Service, ann: dict[str, str]) -> None:
        wide = await create(users, ann)
        narrow = await create(users, ann, permissions=["token.own"])
        made = await create(users, bearer(narrow.token))
        assert set(await listed(users, bearer(narrow.token))) == {narrow.id, made.id}
        for request in (RotateTokenRequest(id=wide.id), DeleteTokenRequest(id=wide.id)):
            assert (await refused(users, request, **bearer(narrow.token)))[0] == "NOT_FOUND"

    async def test_none_is_made_with_one_that_is_being_revoked(self, users: Service, ann: dict[str, str]) -> None:
        for _ in range(5):
            first = await create(users, ann)
            making = [create(users, bearer(first.token)) for _ in range(3)]
            revoking = call(users, DeleteTokenRequest(id=first.id), **ann)
            made = await asyncio.gather(*making, revoking, return_exceptions=True)
            secrets = [one.token for one in made if isinstance(one, CreateTokenResponse)]
            assert not any([await works(users, secret) for secret in secrets])


class TestRotation:
    @pytest.mark.parametrize(("kind", "rpc"), [("api", LOOKUP), ("probe", PUBLISH)])
    async def test_both_secrets_work_until_the_overlap_is_over(
        self, users: Service, ann: dict[str, str], kind: str, rpc: str
    ) -> None:
        old = await create(users, ann, kind=kind, expires=40 * A_DAY)
        users.execute(f"UPDATE {kind}_tokens SET created = created - interval '30 days'")
        new = await call(users, RotateTokenRequest(id=old.id), **ann)
        assert timedelta(hours=23) < left(new.old_expires) <= A_DAY
        assert timedelta(days=69) < left(new.expires) <= 70 * A_DAY
        assert [await works(users, one.token, rpc) for one in (old, new)] == [True, True]
        shown = await listed(users, ann)
        assert (shown[old.id].replaced_by, shown[old.id].expires) == (new.id, new.old_expires)
        assert (shown[new.id].name, shown[new.id].replaced_by) == ("made", "")
        users.execute(f"UPDATE {kind}_tokens SET expires = now() WHERE id = %s", old.id)
        assert [await works(users, one.token, rpc) for one in (old, new)] == [False, True]
        assert old.id not in await listed(users, ann)

    async def test_without_an_overlap_the_old_secret_is_nothing_at_once(
        self, users: Service, ann: dict[str, str]
    ) -> None:
        old = await create(users, ann, kind="probe")
        assert await works(users, old.token, PUBLISH)
        new = await call(users, RotateTokenRequest(id=old.id, overlap_seconds=0), **ann)
        assert not (await users.check(PUBLISH, **bearer(old.token))).HasField("ok_response")
        assert not new.HasField("expires")

    async def test_an_overlap_never_makes_the_old_one_last_longer(self, users: Service, ann: dict[str, str]) -> None:
        old = await create(users, ann, expires=timedelta(minutes=5))
        new = await call(users, RotateTokenRequest(id=old.id, overlap_seconds=86_400), **ann)
        assert new.old_expires == old.expires

    async def test_of_many_at_once_one_succeeds(self, users: Service, ann: dict[str, str]) -> None:
        old = await create(users, ann)
        rotations = (call(users, RotateTokenRequest(id=old.id), **ann) for _ in range(6))
        outcomes = await asyncio.gather(*rotations, return_exceptions=True)
        assert [reason(one) for one in outcomes if isinstance(one, grpc.aio.AioRpcError)] == ["NOT_FOUND"] * 5
        found = [token for token in (await listed(users, ann)).values() if token.name == "made"]
        assert len(found) == 2
        (refused, *_) = [one for one in outcomes if isinstance(one, grpc.aio.AioRpcError)]
        (new,) = [token.id for token in found if token.id != old.id]
        assert f"it was rotated, and {new} is in its place" in (refused.details() or "")

    async def test_with_itself_a_token_lasts_no_longer(self, users: Service, ann: dict[str, str]) -> None:
        old = await create(users, ann, permissions=["token.own"], expires=10 * A_DAY)
        users.execute("UPDATE api_tokens SET created = created - interval '9 days' WHERE id = %s", old.id)
        new = await call(users, RotateTokenRequest(id=old.id), **bearer(old.token))
        assert new.expires == old.expires
        assert list((await users.identity(LOOKUP, **bearer(new.token))).permissions) == ["token.own"]

    async def test_what_was_made_with_the_old_secret_goes_on_and_is_revoked_with_the_new_one(
        self, users: Service, ann: dict[str, str]
    ) -> None:
        old = await create(users, ann)
        child = await create(users, bearer(old.token))
        new = await call(users, RotateTokenRequest(id=old.id), **ann)
        late = await create(users, bearer(old.token))
        users.execute("UPDATE api_tokens SET expires = now() WHERE id = %s", old.id)
        everything = (child, late, new)
        assert [await works(users, one.token) for one in everything] == [True] * 3
        await call(users, DeleteTokenRequest(id=new.id), **ann)
        assert [await works(users, one.token) for one in everything] == [False] * 3

    async def test_revoking_the_old_secret_leaves_the_new_one(self, users: Service, ann: dict[str, str]) -> None:
        old = await create(users, ann, kind="probe")
        new = await call(users, RotateTokenRequest(id=old.id), **ann)
        await call(users, DeleteTokenRequest(id=old.id), **ann)
        assert [await works(users, one.token, PUBLISH) for one in (old, new)] == [False, True]

    async def test_it_takes_room(self, users: Service, ann: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        old = await create(users, ann)
        monkeypatch.setattr(tokens, "LIMIT", 2)
        assert (await refused(users, RotateTokenRequest(id=old.id), **ann))[0] == "LIMIT_EXCEEDED"

    @pytest.mark.parametrize("seconds", [-1, 2_592_001])
    async def test_an_overlap_is_bounded(self, users: Service, ann: dict[str, str], seconds: int) -> None:
        request = RotateTokenRequest(id="0" * 32, overlap_seconds=seconds)
        assert (await refused(users, request, **ann))[0] == "INVALID_FIELD"


async def test_what_is_done_with_tokens_is_recorded_without_secrets(users: Service, ann: dict[str, str]) -> None:
    made = await create(users, ann, permissions=["report.view"])
    new = await call(users, RotateTokenRequest(id=made.id), **ann)
    await call(users, DeleteTokenRequest(id=new.id), **ann)
    ((organization,),) = users.rows("SELECT id FROM organizations")
    ((user,),) = users.rows("SELECT id FROM users")
    found = events(users, "organization:token:")
    assert {(event[1], event[3]) for event in found} == {(user, organization)}
    create_, rotate, *revoked = found
    assert (create_[0], create_[2], create_[4]) == ("organization:token:create", made.id, None)
    assert create_[5]["permissions"] == ["report.view"]
    assert (rotate[0], rotate[2], rotate[5]["replaced_by"]) == ("organization:token:rotate", made.id, new.id)
    assert rotate[4]["expires"] == create_[5]["expires"]
    assert {(event[0], event[2], event[4]["name"]) for event in revoked} == {
        ("organization:token:revoke", made.id, "made"),
        ("organization:token:revoke", new.id, "made"),
    }
    for secret in (made.token, new.token):
        assert secret[12:] not in users.text("audit_events")
