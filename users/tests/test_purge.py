"""What goes once it was kept for long enough, from a real database and a real log."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import nats
import nats.errors
import pytest
from nats.js import JetStreamContext

from conftest import NatsServer
from mesh import bus
from mesh.errors import ServiceError
from scope.users.v1.organizations_pb2 import (
    CreateOrganizationRequest,
    DeleteOrganizationRequest,
    InviteRequest,
    RevokeInvitationRequest,
)
from users import purge
from users.bus import Bus
from users.settings import UsersSettings
from users.tests.conftest import Service
from users.tests.people import Somebody, events, founder, somebody

AFTER = timedelta(days=30)


@pytest.fixture
def settings(settings: UsersSettings, nats_server: NatsServer) -> UsersSettings:
    """With the bus of this test."""
    found = {"nats_url": nats_server.url, "nats_nkey_file": nats_server.nkey_file("users")}
    return settings.model_copy(update=found)


@asynccontextmanager
async def _connected(server: NatsServer, name: str) -> AsyncIterator[JetStreamContext]:
    seed = str(server.nkey_file(name))
    client = await nats.connect(server.url, nkeys_seed=seed, inbox_prefix=f"_INBOX_{name}")
    yield client.jetstream()
    await client.close()


@pytest.fixture
async def stream(settings: UsersSettings, nats_server: NatsServer) -> AsyncIterator[JetStreamContext]:
    """JetStream as users has it."""
    client = await bus.connect("users", settings)
    yield client.jetstream(timeout=1)
    await bus.close(client)


async def _gone(users: Service, server: NatsServer, *, days: int = 31, org: str = "gone") -> str:
    """An organization with a member, tokens, an invitation and a log, deleted so many days ago; its internal id."""
    ann = await somebody(users, f"{org}-admin")
    await users.organization(org, ann.email)
    await ann.ask(InviteRequest(email="new@example.org"))
    await ann.ask(DeleteOrganizationRequest(confirm=org))
    users.execute("UPDATE organizations SET deleted = now() - make_interval(days => %s) WHERE slug = %s", days, org)
    return await _log_of(users, server, org)


async def _log_of(users: Service, server: NatsServer, org: str) -> str:
    (organization,) = [found for found, slug in users.rows("SELECT id, slug FROM organizations") if slug == org]
    async with _connected(server, "collection") as stream:
        await stream.add_stream(name=f"reports-{organization}", subjects=[f"reports.{organization}.>"])
    return str(organization)


async def _logs(server: NatsServer) -> set[str]:
    async with _connected(server, "reader") as stream:
        answer = await stream._api_request("$JS.API.STREAM.NAMES")
    return set(answer["streams"] or ())


def _left(users: Service) -> dict[str, int]:
    return {table: users.count(table) for table in ("memberships", "probe_tokens", "api_tokens", "invitations")}


def _purged(users: Service) -> list[str]:
    return [slug for (slug,) in users.rows("SELECT slug FROM organizations WHERE purged IS NOT NULL ORDER BY slug")]


async def test_of_what_was_deleted_long_ago_nothing_is_left_but_its_name(
    users: Service, nats_server: NatsServer, stream: JetStreamContext
) -> None:
    gone, young = await _gone(users, nats_server), await _gone(users, nats_server, days=29, org="young")
    ann = await founder(users, "stays")
    await ann.ask(InviteRequest(email="new@example.org"))
    stays = await _log_of(users, nats_server, "stays")
    before = _left(users)
    await purge.purge(users.database, stream, AFTER)
    assert await _logs(nats_server) == {f"reports-{stays}", f"reports-{young}"}
    assert _left(users) == {table: count - 1 for table, count in before.items()}
    assert _purged(users) == ["gone"]
    assert events(users)[-1][:3] == ("organization:organization:purge", False, gone)
    assert await ann.refusal(CreateOrganizationRequest(id="gone")) == "ALREADY_EXISTS"


async def test_without_the_bus_nothing_goes_and_with_it_everything_does(
    users: Service, nats_server: NatsServer, stream: JetStreamContext
) -> None:
    gone = await _gone(users, nats_server)
    before = _left(users)
    nats_server.stop()
    with pytest.raises((nats.errors.Error, OSError)):
        await purge.purge(users.database, stream, AFTER)
    assert (_left(users), _purged(users)) == (before, [])
    nats_server.start()
    await _until_purged(users, stream)
    assert f"reports-{gone}" not in await _logs(nats_server)
    assert set(_left(users).values()) == {0}


async def _until_purged(users: Service, stream: JetStreamContext) -> None:
    async with asyncio.timeout(30):
        while not _purged(users):
            try:
                await purge.purge(users.database, stream, AFTER)
            except (nats.errors.Error, OSError):
                await asyncio.sleep(0.05)


async def test_who_dies_in_the_middle_is_followed_by_another(
    users: Service, nats_server: NatsServer, stream: JetStreamContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _gone(users, nats_server)
    before = _left(users)

    async def dies(*_: object, **__: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr("users.audit.record", dies)
        with pytest.raises(asyncio.CancelledError):
            await purge.purge(users.database, stream, AFTER)
    assert not await _logs(nats_server)
    assert (_left(users), _purged(users)) == (before, [])
    await purge.purge(users.database, stream, AFTER)
    assert _purged(users) == ["gone"]


async def test_several_replicas_purge_once(users: Service, nats_server: NatsServer, stream: JetStreamContext) -> None:
    for org in ("one", "two", "three"):
        await _gone(users, nats_server, org=org)
    await asyncio.gather(*(purge.purge(users.database, stream, AFTER) for _ in range(3)))
    assert _purged(users) == ["one", "three", "two"]
    assert [event[0] for event in events(users)].count("organization:organization:purge") == 3


async def test_it_is_looked_for_now_and_then_whatever_becomes_of_it(
    users: Service, nats_server: NatsServer, settings: UsersSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purge, "INTERVAL", 0.05)
    await _gone(users, nats_server)
    users.execute("UPDATE invitations SET closed = now() - interval '8 days'")
    nats_server.stop()
    found = Bus(1)
    connecting = asyncio.create_task(found.run(settings))
    async with purge.purging(users.database, found, AFTER), asyncio.timeout(30):
        while users.count("invitations"):
            await asyncio.sleep(0.02)
        assert not _purged(users)
        nats_server.start()
        while not _purged(users):
            await asyncio.sleep(0.02)
    connecting.cancel()
    await asyncio.gather(connecting, return_exceptions=True)


async def test_without_a_bus_no_organization_goes(
    users: Service, nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purge, "INTERVAL", 0.02)
    await _gone(users, nats_server)
    users.execute("UPDATE invitations SET closed = now() - interval '8 days'")
    async with purge.purging(users.database, None, AFTER), asyncio.timeout(30):
        while users.count("invitations"):
            await asyncio.sleep(0.02)
    assert not _purged(users)


async def _old(users: Service) -> tuple[Somebody, str]:
    ann = await founder(users)
    await users.organization("other", ann.email)
    here = ann.within("acme")
    invited = (await here.ask(InviteRequest(email="new@example.org"))).invitation
    await here.ask(RevokeInvitationRequest(id=invited.id))
    await here.ask(InviteRequest(email="another@example.org"))
    return here, invited.id


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("sessions", "revoked"),
        ("sessions", "expires"),
        ("login_tokens", "expires"),
        ("probe_tokens", "revoked"),
        ("probe_tokens", "expires"),
        ("api_tokens", "revoked"),
        ("api_tokens", "expires"),
        ("invitations", "closed"),
        ("invitations", "expires"),
        ("outbox", "created"),
    ],
)
async def test_what_ended_is_kept_for_a_week(users: Service, table: str, column: str) -> None:
    await _old(users)
    before = users.count(table)
    assert before
    for days, left in ((6, before), (8, 0)):
        users.execute(f"UPDATE {table} SET {column} = now() - interval '{days} days'")
        await purge.sweep(users.database)
        assert users.count(table) == left


async def test_what_goes_on_is_not_swept(users: Service) -> None:
    here, _ = await _old(users)
    tables = ("sessions", "probe_tokens", "api_tokens", "invitations", "memberships", "outbox")
    before = [users.count(table) for table in tables]
    await purge.sweep(users.database)
    assert [users.count(table) for table in tables] == before
    await here.ask(InviteRequest(email="third@example.org"))


async def test_a_token_goes_after_those_that_were_made_with_it(users: Service) -> None:
    await _old(users)
    users.execute(
        "INSERT INTO api_tokens (id, user_id, organization_id, name, digest, parent_id) "
        "SELECT 'child', user_id, organization_id, name, '', id FROM api_tokens"
    )
    users.execute("UPDATE api_tokens SET revoked = now() - interval '8 days' WHERE parent_id IS NULL")
    await purge.sweep(users.database)
    assert users.count("api_tokens") == 2
    users.execute("UPDATE api_tokens SET revoked = now() - interval '8 days'")
    await purge.sweep(users.database)
    await purge.sweep(users.database)
    assert users.count("api_tokens") == 0


async def test_many_go_in_batches(users: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge, "BATCH", 2)
    ann = await founder(users)
    users.execute(
        "INSERT INTO sessions (id, user_id, digest, expires) SELECT n, %s, n::text::bytea, now() - interval '8 days' "
        "FROM generate_series(1, 5) n",
        ann.id,
    )
    await purge.sweep(users.database)
    assert users.count("sessions") == 1


async def test_the_database_away_is_said(users: Service) -> None:
    users.away(away=True)
    with pytest.raises(ServiceError):
        await purge.sweep(users.database)
    users.away(away=False)
