"""Writes what was refused, apart from the change that was undone; however often it is tried, few rows.

Of the same refusal, which is one action refused to one credential (or address, where there is none) in one
organization, the first within a minute is written as it is. The others of that minute are counted, and one event tells
their number when it is over.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DataError

from mesh.errors import ServiceError
from scope.auth.v1.identity_pb2 import Identity
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
        actor: str = "",
    ) -> None:
        """Notes a refusal, which `run` writes: no caller waits for that."""
        key: tuple[str, ...] = (action, actor or by.credential or by.address, organization)
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
                        await session.exec(insert(AuditEvent).values(row).on_conflict_do_nothing())
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


@cache
def refusals(database: Database) -> Refusals:
    """The refusals of this process that are written to the database."""
    return Refusals(database)


async def refuse(
    database: Database,
    action: Action,
    *,
    organization: str = "",
    subject: str = "",
    after: Facts | None = None,
    actor: str = "",
) -> None:
    """Writes that the caller was refused something, in a transaction of its own: call it outside of the change's.

    It never fails: the caller is to hear the refusal, and what cannot be written now is written later.

    Args:
        database: where it is written.
        action: what was refused.
        organization: the internal id of the organization that it concerns.
        subject: the id of what it was to be done to.
        after: how that was to be, and why it was refused: `{"reason": error.reason_name}`; never a secret.
        actor: who was refused, where that is known and not the caller: a person's id.
    """
    noted = refusals(database)
    noted.note(action, events.caller(), organization=organization, subject=subject, after=after, actor=actor)
    try:
        await noted.write()
    except ServiceError as error:
        _log.warning("a refusal could not be written; it is tried again", action=action, why=error.message)


def _now() -> datetime:
    return datetime.now(UTC)
