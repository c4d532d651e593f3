"""Reading events."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import grpc
import psycopg
import pytest
from google.protobuf import json_format

from mesh.instruments import LEASES_ENDED
from scope.users.v1.audit_pb2 import Event, ExportEventsRequest, ListEventsRequest, ListEventsResponse
from scope.users.v1.service_pb2_grpc import AuditServiceStub
from users.audit.keeping import purge
from users.audit.reading import BATCH, END
from users.settings import UsersSettings
from users.tests.conftest import Service

LIST = "/scope.users.v1.AuditService/ListEvents"
EXPORT = "/scope.users.v1.AuditService/ExportEvents"

ADDED = """
    INSERT INTO audit_events (id, time, action, actor, actor_email, credential, organization_id, subject, after)
    SELECT md5(random()::text), '2026-01-01'::timestamptz + %s * interval '1 s', %s, %s, %s, 'session:1',
        (SELECT id FROM organizations WHERE slug = %s), %s, '{"role": "admin"}'
"""


def add(users: Service, number: int, organization: str = "acme", **event: str) -> None:
    """Adds an event, so many seconds after the beginning of 2026."""
    usual = {"action": "organization:member:invite", "actor": "a" * 32, "email": "ann@example.org", "subject": ""}
    values = usual | {"subject": str(number)} | event
    users.execute(ADDED, number, values["action"], values["actor"], values["email"], organization, values["subject"])


async def administrator(users: Service, name: str = "acme") -> dict[str, str]:
    """Makes an organization without events, and answers what its administrator asks with."""
    users.execute("ALTER TABLE audit_events DISABLE TRIGGER ALL")
    created = await users.organization(name, f"{name}@example.org")
    users.execute("DELETE FROM audit_events")
    users.execute("ALTER TABLE audit_events ENABLE TRIGGER ALL")
    return {"authorization": f"Bearer {created.api_token}"}


async def read(users: Service, who: dict[str, str], **request: Any) -> ListEventsResponse:
    """A page."""
    metadata = await users.metadata(LIST, **who)
    answer: ListEventsResponse = await AuditServiceStub(users.channel).ListEvents(
        ListEventsRequest(**request), metadata=metadata
    )
    return answer


def add_many(users: Service, number: int = 30_000) -> None:
    """Adds more than is on its way to a reader at once."""
    users.execute(
        "INSERT INTO audit_events (id, time, action, actor, credential, organization_id, subject, after)"
        " SELECT md5(n::text), '2026-01-01'::timestamptz + (n / 10) * interval '1 s', 'user:session:begin', '', '',"
        " (SELECT id FROM organizations), n, jsonb_build_object('text', repeat('x', 200))"
        " FROM generate_series(1, %s) AS n",
        number,
    )


async def take(parts: AsyncIterator[bytes], into: list[bytes]) -> None:
    """Reads to the end."""
    into.extend([part async for part in parts])


async def subjects(users: Service, who: dict[str, str], **request: Any) -> list[str]:
    """What the events are about, of all pages."""
    found: list[str] = []
    token = ""
    while True:
        answer = await read(users, who, page_token=token, **request)
        found += [event.subject for event in answer.events]
        token = answer.next_page_token
        if not token:
            return found


async def exported(users: Service, who: dict[str, str], **request: Any) -> AsyncIterator[bytes]:
    """What an export answers, part by part."""
    metadata = await users.metadata(EXPORT, **who)
    async for part in AuditServiceStub(users.channel).ExportEvents(ExportEventsRequest(**request), metadata=metadata):
        assert part.content_type == "application/x-ndjson"
        yield part.data


async def lines(users: Service, who: dict[str, str], **request: Any) -> list[dict[str, Any]]:
    """The lines of an export."""
    whole = b"".join([part async for part in exported(users, who, **request)])
    assert whole.endswith(b"\n")
    return [json.loads(line) for line in whole.splitlines()]


async def test_events_are_listed_the_newest_first_with_all_that_they_say(users: Service) -> None:
    who = await administrator(users)
    add(users, 1)
    add(users, 2)
    answer = await read(users, who)
    assert [event.subject for event in answer.events] == ["2", "1"]
    event = answer.events[0]
    assert event.time.ToJsonString() == "2026-01-01T00:00:02Z"
    assert (event.action, event.refused) == ("organization:member:invite", False)
    assert (event.actor, event.actor_email, event.credential) == ("a" * 32, "ann@example.org", "session:1")
    assert event.organization == "acme"
    assert not event.HasField("before")
    assert dict(event.after.items()) == {"role": "admin"}


async def test_pages_neither_lose_nor_repeat_while_events_come_in(users: Service) -> None:
    who = await administrator(users)
    for number in range(25):
        add(users, number // 5)  # several at one moment
    seen: list[str] = []
    token = ""
    for number in range(100, 200):
        answer = await read(users, who, page_token=token, page_size=4)
        seen += [event.id for event in answer.events]
        token = answer.next_page_token
        add(users, number)
        if not token:
            break
    assert len(seen) == 25
    assert len(set(seen)) == 25


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"after": "2026-01-01T00:00:02Z"}, "432"),
        ({"before": "2026-01-01T00:00:02Z"}, "10"),
        ({"after": "2026-01-01T01:00:01+01:00", "before": "2026-01-01T00:00:03.5Z"}, "321"),
        ({"action": "user:"}, "4"),
        ({"action": "user_"}, ""),
        ({"actor": "b" * 32}, "3"),
        ({"actor": "Bob@Example.org"}, "3"),
        ({"subject": "2"}, "2"),
        ({"action": "organization:", "actor": "a" * 32, "after": "2026-01-01T00:00:01Z"}, "21"),
    ],
)
async def test_filters(users: Service, wanted: dict[str, str], found: str) -> None:
    who = await administrator(users)
    for number in range(3):
        add(users, number)
    add(users, 3, actor="b" * 32, email="bob@example.org")
    add(users, 4, action="user:session:begin")
    assert await subjects(users, who, **wanted) == list(found)
    assert [line["subject"] for line in (await lines(users, who, **wanted))[:-1]] == list(reversed(found))


@pytest.mark.parametrize(
    ("field", "value"),
    [("after", "yesterday"), ("before", "2026-13-01T00:00:00Z"), ("actor", "a\0"), ("page_token", "x")],
)
async def test_what_is_no_filter_is_refused_by_name(users: Service, field: str, value: str) -> None:
    who = await administrator(users)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await read(users, who, **{field: value})
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert str(refused.value.details()).startswith(f"{field}: ")


async def test_nothing_of_another_organization_is_ever_read(users: Service) -> None:
    ours, theirs = await administrator(users), await administrator(users, "other")
    add(users, 1)
    add(users, 2, "other")
    add(users, 3, "of no organization")
    assert await subjects(users, ours) == ["1"]
    assert await subjects(users, theirs) == ["2"]
    assert [line["subject"] for line in (await lines(users, ours))[:-1]] == ["1"]
    for wanted in ({"subject": "2"}, {"actor": "ann@example.org", "after": "2026-01-01T00:00:02Z"}):
        assert await subjects(users, ours, **wanted) == []
        assert (await lines(users, ours, **wanted))[:-1] == []


async def test_an_organization_is_named_by_its_slug_everywhere(users: Service) -> None:
    who = await administrator(users)
    ((internal,),) = users.rows("SELECT id FROM organizations")
    add(users, 1, subject=internal)
    (event,) = (await read(users, who, subject="acme")).events
    assert (event.organization, event.subject) == ("acme", "acme")
    assert internal not in str(await lines(users, who))
    assert await subjects(users, who, subject=internal) == []


async def test_an_export_is_all_events_the_oldest_first_and_says_that_it_is_whole(users: Service) -> None:
    who = await administrator(users)
    number = 3 * BATCH + 7
    add_many(users, number)
    *events, end = await lines(users, who)
    assert sorted(int(event["subject"]) for event in events) == list(range(1, number + 1))
    assert [event["time"] for event in events] == sorted(event["time"] for event in events)
    assert end["action"] == END
    assert end["after"] == {"events": number}
    listed = {event.id: event for event in (await read(users, who, page_size=1000)).events}
    assert all(json_format.ParseDict(event, Event()) == listed[event["id"]] for event in events)


async def test_an_export_does_not_wait_for_what_is_recorded_meanwhile(users: Service) -> None:
    who = await administrator(users)
    for number in range(BATCH + 1):
        add(users, number)
    parts = exported(users, who)
    first = await anext(parts)
    users.execute(ADDED.replace("'2026-01-01'", "now()"), 3600, "user:session:begin", "", "", "acme", "later")
    rest = b"".join([part async for part in parts])
    assert b"later" not in first + rest
    assert json.loads(rest.splitlines()[-1])["after"] == {"events": BATCH + 1}


async def test_an_export_that_is_cut_does_not_say_that_it_is_whole(users: Service) -> None:
    who = await administrator(users)
    add_many(users)
    parts = exported(users, who)
    got = [await anext(parts)]
    users.mesh.draining.set()
    with pytest.raises(grpc.aio.AioRpcError) as cut:
        await take(parts, got)
    assert cut.value.code() == grpc.StatusCode.UNAVAILABLE
    assert END.encode() not in b"".join(got)


async def test_an_export_ends_when_its_credential_is_revoked(users: Service) -> None:
    who = await administrator(users)
    add_many(users)
    parts = exported(users, who)
    got = [await anext(parts)]
    ended = LEASES_ENDED.read("CREDENTIAL_REVOKED")
    users.execute("UPDATE api_tokens SET revoked = now()")
    async with asyncio.timeout(15):
        while LEASES_ENDED.read("CREDENTIAL_REVOKED") == ended:
            await asyncio.sleep(0.05)
    with pytest.raises(grpc.aio.AioRpcError) as cut:
        await take(parts, got)
    assert cut.value.code() == grpc.StatusCode.UNAUTHENTICATED
    assert END.encode() not in b"".join(got)


async def test_more_exports_at_once_than_a_person_may_have_are_refused(users: Service) -> None:
    who = await administrator(users)
    add_many(users)
    most = UsersSettings.model_fields["exports_per_user"].default
    *held, one_more = (exported(users, who) for _ in range(most + 1))
    for export in held:
        await anext(export)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await anext(one_more)
    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "EXPORTS_PER_USER" in str(refused.value.details())
    for export in held:
        await export.aclose()


@pytest.mark.parametrize(
    "statements",
    [
        ["UPDATE audit_events SET actor = 'somebody else'"],
        ["DELETE FROM audit_events"],
        ["TRUNCATE audit_events"],
        ["SET scope.audit_keep = '60 days'", "DELETE FROM audit_events"],
        ["SET scope.audit_keep = '0 s'", "DELETE FROM audit_events WHERE subject = 'young'"],
    ],
)
async def test_the_database_refuses_to_change_or_delete_events(users: Service, statements: list[str]) -> None:
    await old_and_young(users)
    *said, forbidden = statements
    with psycopg.connect(users.url) as connection:
        for statement in said:
            connection.execute(statement.encode())
        with pytest.raises(psycopg.errors.RaiseException, match="audit_events"):
            connection.execute(forbidden.encode())
    assert users.count("audit_events") == 2


async def test_events_go_when_they_were_kept_for_long_enough(users: Service) -> None:
    who = await old_and_young(users)
    assert await purge(users.database, timedelta(days=60)) == 0
    assert await purge(users.database, timedelta(days=40)) == 1
    assert await subjects(users, who) == ["young"]


async def old_and_young(users: Service) -> dict[str, str]:
    """An organization with an event of 50 days ago and one of 29."""
    who = await administrator(users)
    for days, subject in ((50, "old"), (29, "young")):
        statement = ADDED.replace("'2026-01-01'", "now()")
        users.execute(statement, -86_400 * days, "user:session:begin", "", "", "acme", subject)
    return who
