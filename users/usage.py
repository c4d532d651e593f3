"""When credentials were last used: noted in memory, written now and then, never in the way of a request."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import or_, update

from mesh.background import now_and_then
from users.credentials import KINDS, Holder, among_ids, ids_of, table_of
from users.database import Database

#: How often a credential's use is written, at most.
RESOLUTION = timedelta(minutes=1)
#: How often what was noted is written, in seconds.
INTERVAL = 5.0
#: How many credentials are noted between two writes.
SIZE = 10_000


def _now() -> datetime:
    return datetime.now(UTC)


class Usage:
    """Notes the use of credentials.

    Args:
        database: where it is written.
        clock: the time of day; for tests.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime] = _now) -> None:
        self._database = database
        self._clock = clock
        self._noted: set[str] = set()

    def note(self, holder: Holder) -> None:
        """Notes that the credential is used now, unless that was written within the last minute."""
        old = holder.last_used is None or self._clock() - holder.last_used >= RESOLUTION
        if old and len(self._noted) < SIZE:
            self._noted.add(holder.credential)

    async def run(self) -> None:
        """Writes what was noted, for ever; what cannot be written is tried again."""
        await now_and_then(INTERVAL, self.write, "the use of credentials could not be written")

    async def write(self) -> None:
        """Writes what was noted; raises ServiceError UNAVAILABLE when the database is away."""
        noted, self._noted = self._noted, set()
        try:
            async with self._database.begin() as session:
                for kind in KINDS:
                    if ids := ids_of(kind, noted):
                        await session.exec(_used(table_of(kind), self._clock()), params={"ids": ids})
        except BaseException:
            self._noted |= noted
            raise


def _used(table: Any, now: datetime) -> Any:
    stale = or_(table.last_used.is_(None), table.last_used <= now - RESOLUTION)
    return update(table).where(among_ids(table.id), stale).values(last_used=now)
