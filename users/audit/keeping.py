"""What goes on beside: refusals are written, what other services did is filed, and events go when they are too old."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy import delete, func, select, text
from sqlmodel import col

from mesh.background import now_and_then, running
from mesh.identity import Verifier
from users.audit.filing import Filing
from users.audit.refusals import Refusals
from users.bus import Bus
from users.database import Database
from users.tables import AuditEvent

#: How often those that are too old are looked for, in seconds.
INTERVAL = 3600.0
#: How many go in one transaction.
BATCH = 1_000

_SAY = text("SELECT set_config('scope.audit_keep', :keep, true)")
_log = structlog.get_logger()


async def purge(database: Database, keep: timedelta) -> int:
    """Deletes what is older, and answers how many events that were; raises ServiceError UNAVAILABLE."""
    gone = 0
    while True:
        async with database.begin() as session:
            # The database itself refuses to delete an event, but in a transaction that says what it keeps.
            said = f"{keep.total_seconds()} seconds"
            await (await session.connection()).execute(_SAY, {"keep": said})
            old = select(col(AuditEvent.id)).where(col(AuditEvent.time) < func.now() - keep)
            oldest = old.order_by(col(AuditEvent.time)).limit(BATCH)
            deleted = await session.exec(delete(AuditEvent).where(col(AuditEvent.id).in_(oldest)))
        gone += deleted.rowcount
        if deleted.rowcount < BATCH:
            break
    if gone:
        _log.info("events were kept for long enough", deleted=gone, days=keep.days)
    return gone


async def keep_for(database: Database, keep: timedelta) -> None:
    """Deletes what is older now and then, for ever."""
    await now_and_then(INTERVAL, partial(purge, database, keep), "old events could not be deleted")


@asynccontextmanager
async def kept(
    database: Database, refusals: Refusals, bus: Bus | None, verifier: Verifier, keep: timedelta
) -> AsyncIterator[None]:
    """Does all of that while the body runs.

    Args:
        database: where events are.
        refusals: those of this process.
        bus: where other services put what they did; None: nothing is filed.
        verifier: tells whether users signed the identities in that.
        keep: for how long events are kept.
    """
    filing = [Filing(bus, database, verifier).run()] if bus else []
    async with running(refusals.run(), keep_for(database, keep), *filing):
        yield
