"""Writes what was refused, apart from the change that was undone; however often it is tried, few rows.

Of the same refusal, which is one action refused to one credential (or address, where there is none) in one
organization, the first within a minute is written as it is. The others of that minute are counted, and one event tells
their number when it is over.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Container
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DataError
from sqlmodel.ext.asyncio.session import AsyncSession

from mesh.errors import ServiceError
from scope.auth.v1.identity_pb2 import Identity
from scope.errors.v1.errors_pb2 import Reason
from users.audit import events
from users.audit.actions import Action
from users.audit.events import Facts
from users.database import Database
from users.tables import AuditEvent

#: For how long the same refusal is only counted, in seconds.
WINDOW = 60.0
#: How many refusals are told apart within that time; of those beyond, nothing is told but the action.
KEYS = 200
#: How many events wait for a database that is away; those beyond are let go.
WAITING = 1_000
#: How often what waits is written, in seconds.
INTERVAL = 1.0
#: Who was refused what is told by action alone.
MANY = "many"

_log = structlog.get_logger()


@dataclass
class _Window:
    """A refusal that is only counted for now."""

    since: float
    #: The event that tells how often it happened again.
    last: dict[str, Any]
    repeated: int = 0


class Refusals:
    """The refusals of one process that are counted, and those that wait to be written.

    Args:
        database: where they are written.
        clock: tells when a minute is over, in seconds.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._windows: dict[tuple[str, ...], _Window] = {}
        self._waiting: list[dict[str, Any]] = []

    def note(
        self,
        action: Action | str,
        by: Identity,
        *,
        organization: str = "",
        subject: str = "",
        after: Facts | None = None,
    ) -> None:
        """Notes a refusal, which `run` writes: no caller waits for that."""
        key: tuple[str, ...] = (action, by.credential or by.address, organization)
        actor = ""
        if key not in self._windows and len(self._windows) >= KEYS:
            key, by, organization, subject, actor = (action,), Identity(), "", "", MANY
        row = events.row(
            action, by, organization=organization, subject=subject, after=after, actor=actor, refused=True, time=_now()
        )
        if window := self._windows.get(key):
            window.last = row
            window.repeated += 1
        else:
            self._windows[key] = _Window(self._clock(), row)
            self._wait(row)

    @asynccontextmanager
    async def recorded(
        self, action: Action, reasons: Container[Reason.ValueType], *, organization: str = "", subject: str = ""
    ) -> AsyncIterator[AsyncSession]:
        """A transaction of the caller's; that it is refused is written apart from what is undone with it.

        Args:
            action: what is tried.
            reasons: for which it matters that it is refused.
            organization: the internal id of the organization that it concerns.
            subject: the id of what it is to be done to.
        """
        try:
            async with self._database.begin() as session:
                yield session
        except ServiceError as error:
            if error.reason in reasons:
                after = {"reason": error.reason_name}
                self.note(action, events.caller(), organization=organization, subject=subject, after=after)
                await self._write_or_say()
            raise

    async def run(self) -> None:
        """Writes what was noted, for ever and once more at the end; what cannot be written is tried again."""
        try:
            while True:
                await asyncio.sleep(INTERVAL)
                await self._write_or_say()
        finally:
            self._close(0)
            await self._write_or_say()

    async def _write_or_say(self) -> None:
        try:
            await self.write()
        except Exception as error:  # noqa: BLE001 - whatever it is, noting goes on
            _log.warning("refusals could not be written", waiting=len(self._waiting), why=str(error))

    async def write(self) -> None:
        """Writes what waits, and what was counted in minutes that are over; raises ServiceError UNAVAILABLE."""
        self._close(WINDOW)
        rows, self._waiting = self._waiting, []
        try:
            if rows:
                async with self._database.begin() as session:
                    for row in rows:
                        await session.exec(insert(AuditEvent).values(events.addressed(row)).on_conflict_do_nothing())
        except DataError as error:
            _log.error("the database cannot hold these refusals", count=len(rows), error=str(error.orig))
        except BaseException:
            self._waiting = rows + self._waiting
            raise

    def _close(self, age: float) -> None:
        """Lets what was counted for so long, in seconds, wait to be written."""
        for key, window in list(self._windows.items()):
            if self._clock() - window.since >= age:
                del self._windows[key]
                if window.repeated:
                    self._wait(window.last | {"after": {**(window.last["after"] or {}), "repeated": window.repeated}})

    def _wait(self, row: dict[str, Any]) -> None:
        if len(self._waiting) < WAITING:
            self._waiting.append(row)


def _now() -> datetime:
    return datetime.now(UTC)
