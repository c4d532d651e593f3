"""Reads events: in pages for people, all of them for programs."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any, Protocol

from google.protobuf.json_format import MessageToJson
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import ColumnElement, Row, Select, func, or_, select
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
from users.tables import AuditEvent, Organization
from users.times import timestamp

#: The action of the last line of an export: without it, the export was cut.
END = "audit:export:end"
#: How many events an export reads at once, and makes lines of before other work gets its turn.
BATCH = 100

_POSITION = (col(AuditEvent.time), col(AuditEvent.id))
_NEWEST_FIRST = Order(*_POSITION, descending=True)
_OLDEST_FIRST = Order(*_POSITION)
_EVENTS: Select[Any] = select(*AuditEvent.__table__.columns, col(Organization.slug)).outerjoin(  # type: ignore[attr-defined] # as SQLModel makes it
    Organization, col(Organization.id) == col(AuditEvent.organization_id)
)


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
        yield b"".join(map(_line, map(_event, rows)))
        number += len(rows)
        await asyncio.sleep(0)
        rows = await database.read(_OLDEST_FIRST.after(statement, _OLDEST_FIRST.token(rows[-1])), {})
    end = Event(action=END, time=timestamp(now))
    end.after.update({"events": number})
    yield _line(end)


async def _fill(
    database: Database, statement: Select[Any], request: ListEventsRequest | ListAllEventsRequest, events: Any
) -> str:
    async with database.begin() as session:
        found = await paging.read(session, statement, _NEWEST_FIRST, request.page_size, request.page_token)
    return found.fill(events, map(_event, found.rows))


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
        yield col(AuditEvent.subject) == request.subject


def _time(field: str, text: str) -> datetime:
    parsed = Timestamp()
    try:
        parsed.FromJsonString(text)
    except ValueError:
        raise invalid_field(field, f"is {text!r}, not a time like 2026-01-31T12:00:00Z") from None
    return parsed.ToDatetime(UTC)


def _event(row: Row[Any]) -> Event:
    event = Event(
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
    if row.before is not None:
        event.before.update(row.before)
    if row.after is not None:
        event.after.update(row.after)
    return event


def _line(event: Event) -> bytes:
    return MessageToJson(event, indent=None).encode() + b"\n"
