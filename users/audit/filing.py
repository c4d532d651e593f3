"""Files what other services did: the records of the stream `audit`, each once.

All replicas share one consumer. A record is acknowledged when it is in the database, where it is once however often it
comes; the stream lets go of it then, and takes no more when it is full, so that nothing is done that is not told.
"""

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC
from typing import Any

import nats.errors
import structlog
from google.protobuf.json_format import MessageToDict, SerializeToJsonError
from google.protobuf.message import DecodeError
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DataError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mesh import bus
from mesh.errors import ServiceError
from mesh.identity import Verifier
from scope.audit.v1.event_pb2 import Record
from scope.auth.v1.identity_pb2 import Identity
from users.audit import events
from users.bus import Bus
from users.database import Database
from users.instruments import FILED
from users.tables import AuditEvent, User, is_id
from users.tables.audit import ACTION_LENGTH, SUBJECT_LENGTH

STREAM = "audit"
CONSUMER = "users"
#: How many bytes of records wait for users, and for how many seconds, at most.
STREAM_BYTES = 64 * 1024 * 1024
STREAM_AGE = 30 * 86_400.0
#: How many bytes a record has at most.
RECORD_BYTES = 64 * 1024
#: After how many seconds a record is delivered again that nobody has acknowledged.
ACK_WAIT = 10.0
#: How many records are filed together, at most, and for how many seconds after the first others are waited for.
BATCH = 100
GATHERED = 0.5
#: After how many seconds what did not work is tried again.
AGAIN = 2.0
#: How often an identity is tried to be verified: its key may be on its way here.
TRIES = 5

_WAIT = 5.0
_ACTION = re.compile(r"([a-z_]+):[a-z_]+:[a-z_]+", re.ASCII)
_log = structlog.get_logger()


class UnfitError(Exception):
    """A record that cannot be filed, and why."""


class Filing:
    """Files the records of the bus, together what comes together.

    Args:
        bus: where they wait.
        database: where they go.
        verifier: tells whether users signed the identities in them.
    """

    def __init__(self, bus: Bus, database: Database, verifier: Verifier) -> None:
        self._bus = bus
        self._database = database
        self._verifier = verifier
        self._stuck = False

    async def run(self) -> None:
        """Files for ever; while the bus or the database is away, what waits stays there, and that is said once."""
        while True:
            try:
                await self._file()
            except Exception as error:  # noqa: BLE001 - whatever it is, what waits must not wait for ever
                if not self._stuck:
                    _log.warning("the audit of other services is not filed for now", why=repr(error))
                self._stuck = True
            await asyncio.sleep(AGAIN)

    async def _file(self) -> None:
        stream = await self._bus.jetstream()
        await _prepare(stream, self._bus.copies)
        waiting = await stream.pull_subscribe_bind(CONSUMER, STREAM)
        try:
            while True:
                await self._take(await _gathered(waiting))
                self._stuck = False
        finally:
            with suppress(nats.errors.Error, OSError):
                await waiting.unsubscribe()

    async def _take(self, messages: Sequence[Msg]) -> None:
        """Files them together. Raises what keeps one of them from being filed now, once the others are."""
        fit: list[tuple[Msg, dict[str, Any]]] = []
        unsure: ServiceError | None = None
        for message in messages:
            try:
                fit.append((message, await self._row(message)))
            except UnfitError as error:
                await _let_go(message, str(error))
            except ServiceError as error:
                await message.nak(delay=AGAIN)
                unsure = error
        await self._keep(fit)
        if unsure:
            raise unsure

    async def _keep(self, fit: Sequence[tuple[Msg, dict[str, Any]]]) -> None:
        if not fit:
            return
        try:
            async with self._database.begin() as session:
                rows = await _with_addresses(session, [row for _, row in fit])
                once = insert(AuditEvent).on_conflict_do_nothing().returning(col(AuditEvent.id))
                added = len((await session.exec(once, params=rows)).all())
        except DataError:
            if len(fit) == 1:
                await _let_go(fit[0][0], "the database cannot hold it")
                return
            # One of them is refused with all others: alone it shows which.
            for one in fit:
                await self._keep([one])
            return
        FILED.add(added, "FILED")
        FILED.add(len(fit) - added, "REPEATED")
        for message, _ in fit:
            await message.ack()

    async def _row(self, message: Msg) -> dict[str, Any]:
        service = message.subject.rpartition(".")[2]
        record = _parsed(message.data, service)
        try:
            by = await self._verifier.verify_then(record.identity, record.time.seconds)
        except ServiceError as error:
            if message.metadata.num_delivered < TRIES:
                raise
            raise UnfitError("users did not sign its identity, or not for then") from error
        if not (by.audience == service or by.audience.startswith(f"scope.{service}.")):
            raise UnfitError("its identity is for another service")
        return _row(record, by)


async def _gathered(waiting: JetStreamContext.PullSubscription) -> list[Msg]:
    """What comes within a moment of the first, none where nothing comes: a transaction costs more than a record."""
    messages: list[Msg] = []
    with suppress(nats.errors.TimeoutError):
        messages += await waiting.fetch(1, timeout=_WAIT)
        messages += await waiting.fetch(BATCH - 1, timeout=GATHERED)
    return messages


async def _let_go(message: Msg, why: str) -> None:
    FILED.add(1, "UNFIT")
    _log.warning("a record of the audit cannot be filed", subject=message.subject, why=why)
    await message.term()


async def _with_addresses(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with everybody's address of now: plain values, so that one statement, compiled once, takes them all."""
    people = select(col(User.id), col(User.email)).where(col(User.id).in_({row["actor"] for row in rows}))
    emails = dict((await session.exec(people)).all())
    return [row | {"actor_email": emails.get(row["actor"])} for row in rows]


def _parsed(data: bytes, service: str) -> Record:
    if len(data) > RECORD_BYTES:
        raise UnfitError("it is too large")
    try:
        record = Record.FromString(data)
    except DecodeError:
        raise UnfitError("it is no record") from None
    action = _ACTION.fullmatch(record.action)
    if not is_id(record.id) or not record.HasField("time") or len(record.subject) > SUBJECT_LENGTH:
        raise UnfitError("its id, its time or its subject is none")
    if not action or action[1] != service or len(record.action) > ACTION_LENGTH:
        raise UnfitError("its action is none of that service's")
    return record


def _row(record: Record, by: Identity) -> dict[str, Any]:
    try:
        row = events.row(
            record.action,
            by,
            organization=by.organization,
            subject=record.subject,
            before=MessageToDict(record.before) if record.HasField("before") else None,
            after=MessageToDict(record.after) if record.HasField("after") else None,
            refused=record.refused,
            time=record.time.ToDatetime(UTC),
        )
    except (SerializeToJsonError, ValueError):
        raise UnfitError("a number in it, or its time, is none") from None
    return row | {"id": record.id}


async def _prepare(stream: JetStreamContext, copies: int) -> None:
    """Makes the stream and the consumer, where they are not there; brings their settings up to date where they are."""
    config = StreamConfig(
        name=STREAM,
        subjects=[f"{STREAM}.*"],
        retention=RetentionPolicy.WORK_QUEUE,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        max_bytes=STREAM_BYTES,
        max_age=STREAM_AGE,
        num_replicas=copies,
    )
    await bus.keep(stream, config)
    consumer = ConsumerConfig(durable_name=CONSUMER, ack_policy=AckPolicy.EXPLICIT, ack_wait=ACK_WAIT)
    await stream.add_consumer(STREAM, consumer)
