"""Reads events: in pages for people, all of them for programs."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any, Protocol

import orjson
from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import ColumnElement, Row, Select, case, func, inspect, or_, select
from sqlmodel import col

from mesh.errors import invalid_field
from scope.users.v1.audit_pb2 import (
    Event,
    ExportEventsRequest,
    ListAllEventsRequest,
    ListAllEventsResponse,
    ListEventsRequest,
    ListEventsResponse,
)
from users import paging
from users.database import Database
from users.paging import Order
from users.tables import AuditEvent, Organization, User
from users.times import timestamp

#: The action of the last line of an export: without it, the export was cut.
END = "audit:export:end"
#: How many events an export reads at once, and makes lines of before other work gets its turn.
BATCH = 100

_POSITION = (col(AuditEvent.time), col(AuditEvent.id))
_NEWEST_FIRST = Order(*_POSITION, descending=True)
_OLDEST_FIRST = Order(*_POSITION)
#: Organizations are known outside by their slugs, also where they are what something was done to.
_SUBJECT: Any = case(
    (col(AuditEvent.subject) == col(AuditEvent.organization_id), col(Organization.slug)), else_=col(AuditEvent.subject)
)
_EVENTS: Select[Any] = select(
    *(column for column in inspect(AuditEvent).columns if column.key != "subject"),
    _SUBJECT.label("subject"),
    col(Organization.slug),
).outerjoin(Organization, col(Organization.id) == col(AuditEvent.organization_id))


class Filter(Protocol):
    """What requests say of the events that they want."""

    after: str
    before: str
    action: str
    actor: str
    subject: str


async def page(database: Database, request: ListEventsRequest, organization: str) -> ListEventsResponse:
    """A page of an organization's events, the newest first.

    Raises:
        ServiceError: INVALID_ARGUMENT for a filter or a token that is none, UNAVAILABLE.
    """
    answer = ListEventsResponse()
    statement = _EVENTS.where(col(AuditEvent.organization_id) == organization, *_wanted(request))
    answer.next_page_token = await _fill(database, statement, request, answer.events)
    return answer


async def page_of_all(database: Database, request: ListAllEventsRequest) -> ListAllEventsResponse:
    """A page of the deployment's events, or of those of one organization by slug; raises as `page` does."""
    answer = ListAllEventsResponse()
    statement = _EVENTS.where(*_wanted(request))
    if request.organization:
        statement = statement.where(col(Organization.slug) == request.organization)
    answer.next_page_token = await _fill(database, statement, request, answer.events)
    return answer


async def export(database: Database, request: ExportEventsRequest, organization: str | None) -> AsyncIterator[bytes]:
    """An organization's events up to now as JSON lines, the oldest first; a last line says how many there were.

    None: the deployment's. Each batch is a transaction of its own, which begins after the last event of the one before.

    Raises:
        ServiceError: INVALID_ARGUMENT for a filter that is none; UNAVAILABLE, also in the midst of it.
    """
    ((now,),) = await database.read(select(func.now()), {})
    chosen = _EVENTS.where(col(AuditEvent.time) <= now, *_wanted(request))
    if organization is not None:
        chosen = chosen.where(col(AuditEvent.organization_id) == organization)
    statement = _OLDEST_FIRST.sorted(chosen).limit(BATCH)
    rows = await database.read(statement, {})
    number = 0
    while rows:
        yield b"".join(map(_line, rows))
        number += len(rows)
        await asyncio.sleep(0)
        rows = await database.read(_OLDEST_FIRST.after(statement, _OLDEST_FIRST.token(rows[-1])), {})
    yield _json(Event(action=END, time=timestamp(now)), after={"events": number})


async def _fill(
    database: Database, statement: Select[Any], request: ListEventsRequest | ListAllEventsRequest, events: Any
) -> str:
    async with database.begin() as session:
        found = await paging.read(session, statement, _NEWEST_FIRST, request.page_size, request.page_token)
    return found.fill(events, map(_message, found.rows))


def _wanted(request: Filter) -> Iterator[ColumnElement[bool]]:
    for name in ("action", "actor", "subject"):
        if not getattr(request, name).isprintable():
            raise invalid_field(name, "must not have control characters")
    if request.after:
        yield col(AuditEvent.time) >= _time("after", request.after)
    if request.before:
        yield col(AuditEvent.time) < _time("before", request.before)
    if request.action:
        yield col(AuditEvent.action).startswith(request.action, autoescape=True)
    if request.actor:
        yield or_(col(AuditEvent.actor) == request.actor, col(AuditEvent.actor_email) == request.actor.lower())
    if request.subject:
        address = select(col(User.id)).where(col(User.email) == request.subject.lower())
        yield or_(request.subject == _SUBJECT, address.scalar_subquery() == col(AuditEvent.subject))


def _time(field: str, text: str) -> datetime:
    parsed = Timestamp()
    try:
        parsed.FromJsonString(text)
    except ValueError:
        raise invalid_field(field, f"is {text!r}, not a time like 2026-01-31T12:00:00Z") from None
    return parsed.ToDatetime(UTC)


def _message(row: Row[Any]) -> Event:
    event = _event(row)
    for name, facts in _facts(row).items():
        getattr(event, name).update(facts)
    return event


def _line(row: Row[Any]) -> bytes:
    return _json(_event(row), **_facts(row))


def _event(row: Row[Any]) -> Event:
    """All but the facts, which are JSON already."""
    return Event(
        id=row.id,
        time=timestamp(row.time),
        action=row.action,
        refused=row.refused,
        actor=row.actor,
        actor_email=row.actor_email or "",
        credential=row.credential,
        impersonator=row.impersonator or "",
        address=row.address or "",
        organization=row.slug or "",
        subject=row.subject,
    )


def _facts(row: Row[Any]) -> dict[str, Any]:
    said = {"before": row.before, "after": row.after}
    return {name: facts for name, facts in said.items() if facts is not None}


def _json(event: Event, **facts: Any) -> bytes:
    """A line, with the same fields as a list has."""
    return orjson.dumps(MessageToDict(event, always_print_fields_with_no_presence=True) | facts) + b"\n"
