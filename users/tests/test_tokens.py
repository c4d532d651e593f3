"""Managing tokens."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import grpc
import pytest
import structlog
import structlog.testing

from scope.users.v1.messages_pb2 import (
    CreateTokenRequest,
    CreateTokenResponse,
    DeleteTokenRequest,
    ListTokensRequest,
    ListTokensResponse,
)
from scope.users.v1.service_pb2_grpc import TokenServiceStub
from users import tokens, usage
from users.tests.conftest import LIST_TOKENS, LOOKUP, PUBLISH, Service, denial
from users.tests.test_sign_in import reason

CREATE = "/scope.users.v1.TokenService/CreateToken"
DELETE = "/scope.users.v1.TokenService/DeleteToken"


async def _create(users: Service, token: str, name: str, kind: str = "") -> CreateTokenResponse:
    metadata = await users.metadata(CREATE, authorization=f"Bearer {token}")
    request = CreateTokenRequest(name=name, kind=kind)
    answer: CreateTokenResponse = await TokenServiceStub(users.channel).CreateToken(request, metadata=metadata)
    return answer


async def _list(users: Service, token: str) -> ListTokensResponse:
    metadata = await users.metadata(LIST_TOKENS, authorization=f"Bearer {token}")
    answer: ListTokensResponse = await TokenServiceStub(users.channel).ListTokens(
        ListTokensRequest(), metadata=metadata
    )
    return answer


async def _delete(users: Service, token: str, token_id: str) -> None:
    metadata = await users.metadata(DELETE, authorization=f"Bearer {token}")
    await TokenServiceStub(users.channel).DeleteToken(DeleteTokenRequest(id=token_id), metadata=metadata)


async def test_a_new_token_works_and_is_listed(users: Service) -> None:
    first = await users.organization("acme")
    api = await _create(users, first.api_token, "script")
    probe = await _create(users, first.api_token, "rack 7", "probe")
    assert (await users.identity(LOOKUP, authorization=f"Bearer {api.token}")).credential == f"api:{api.id}"
    assert (await users.identity(PUBLISH, authorization=f"Bearer {probe.token}")).credential == f"probe:{probe.id}"
    listed = (await _list(users, first.api_token)).tokens
    assert [(token.kind, token.name) for token in listed[2:]] == [("api", "script"), ("probe", "rack 7")]
    assert {(token.kind, token.name) for token in listed[:2]} == {("api", "first"), ("probe", "first")}
    assert not any(token.HasField("last_used") for token in listed)
    assert "scope_" not in str(listed)


async def test_secrets_are_not_in_the_database(users: Service) -> None:
    created = await users.organization("acme")
    await users.cookie()
    link = await users.login_secret()
    for secret in (created.api_token, created.service_token, link):
        for table in ("api_tokens", "probe_tokens", "sessions", "login_tokens"):
            assert secret[12:] not in users.text(table)


async def test_a_revoked_token_is_nothing_at_once(users: Service) -> None:
    first = await users.organization("acme")
    made = await _create(users, first.api_token, "script")
    assert (await users.check(LOOKUP, authorization=f"Bearer {made.token}")).HasField("ok_response")
    await _delete(users, first.api_token, made.id)
    assert denial(await users.check(LOOKUP, authorization=f"Bearer {made.token}")) == (401, "CREDENTIAL_INVALID")
    assert made.id not in {token.id for token in (await _list(users, first.api_token)).tokens}


async def test_what_is_not_listed_cannot_be_revoked(users: Service) -> None:
    mine = await users.organization("mine")
    foreign = await users.organization("foreign", "bob@example.org")
    others = [token.id for token in (await _list(users, foreign.api_token)).tokens]
    gone = await _create(users, mine.api_token, "gone")
    await _delete(users, mine.api_token, gone.id)
    for token_id in (*others, gone.id, "made-up", "\x00"):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await _delete(users, mine.api_token, token_id)
        assert (caught.value.code(), reason(caught.value)) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
    assert (await users.check(PUBLISH, authorization=f"Bearer {foreign.service_token}")).HasField("ok_response")


async def test_another_members_api_token_is_not_listed_and_not_revoked(users: Service) -> None:
    created = await users.organization("acme")
    users.execute("INSERT INTO users (id, email, admin, approved) VALUES ('bob', 'bob@example.org', false, now())")
    users.execute(
        "INSERT INTO memberships (user_id, organization_id, role) SELECT 'bob', id, 'admin' FROM organizations"
    )
    bob = TokenServiceStub(users.channel)
    metadata = await users.metadata(CREATE, cookie=await users.cookie("bob@example.org"))
    theirs = await bob.CreateToken(CreateTokenRequest(name="bobs"), metadata=metadata)
    assert "bobs" not in {token.name for token in (await _list(users, created.api_token)).tokens}
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await _delete(users, created.api_token, theirs.id)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    ("name", "kind", "field"), [("", "", "name"), ("x" * 101, "", "name"), ("a\nb", "", "name"), ("x", "root", "kind")]
)
async def test_bad_input_is_named(users: Service, name: str, kind: str, field: str) -> None:
    created = await users.organization("acme")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await _create(users, created.api_token, name, kind)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert field in str(caught.value.details())


async def test_there_is_a_bound(users: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "LIMIT", 2)
    created = await users.organization("acme")
    for kind in ("api", "probe"):
        await _create(users, created.api_token, "second", kind)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await _create(users, created.api_token, "third", kind)
        assert reason(caught.value) == "LIMIT_EXCEEDED"
    await _create(users, (await users.organization("roomy")).api_token, "second", "probe")


async def test_use_is_noted_at_most_once_a_minute(users: Service) -> None:
    created = await users.organization("acme")

    async def used() -> datetime | None:
        users.clock.seconds += 2
        await users.check(PUBLISH, authorization=f"Bearer {created.service_token}")
        await users.usage.write()
        (probe,) = [token for token in (await _list(users, created.api_token)).tokens if token.kind == "probe"]
        return probe.last_used.ToDatetime(UTC) if probe.HasField("last_used") else None

    first = await used()
    assert first is not None
    assert abs((datetime.now(UTC) - first).total_seconds()) < 60
    assert await used() == first
    users.execute("UPDATE probe_tokens SET last_used = last_used - interval '1 minute'")
    second = await used()
    assert second is not None
    assert second >= first


async def test_a_use_that_cannot_be_written_is_written_later(users: Service) -> None:
    created = await users.organization("acme")
    await users.check(PUBLISH, authorization=f"Bearer {created.service_token}")
    users.away(away=True)
    with pytest.raises(Exception, match="cannot be reached"):
        await users.usage.write()
    users.away(away=False)
    await users.usage.write()
    listed = (await _list(users, created.api_token)).tokens
    assert any(token.kind == "probe" and token.HasField("last_used") for token in listed)


async def test_noting_goes_on_after_a_failure(users: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "INTERVAL", 0.01)
    created = await users.organization("acme")
    await users.check(PUBLISH, authorization=f"Bearer {created.service_token}")
    unused = users.text("probe_tokens")
    users.execute("ALTER TABLE probe_tokens RENAME TO elsewhere")
    writing = asyncio.create_task(users.usage.run())
    with structlog.testing.capture_logs() as logs:
        await _until(lambda: bool(logs))
    users.execute("ALTER TABLE elsewhere RENAME TO probe_tokens")
    await _until(lambda: users.text("probe_tokens") != unused)
    assert not writing.done()
    writing.cancel()


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)
