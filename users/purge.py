"""What goes once it was kept for long enough: what deleted organizations had, credentials that ended, and mail.

Every replica does it, each step harmless to repeat. The log of an organization goes first: while the bus is away
nothing of the organization goes, so that no log is left that nobody knows of.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError
from sqlalchemy import delete, func, or_, update
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mesh.background import now_and_then, running
from users import audit
from users.audit import Action
from users.bus import Bus
from users.database import Database
from users.tables import (
    ApiToken,
    Impersonation,
    Invitation,
    LoginToken,
    Mail,
    Membership,
    Organization,
    ProbeToken,
    Session,
)

#: How often it is looked for, in seconds.
INTERVAL = 300.0
#: How long what ended is kept, for people to find out about it, and a mail, whatever became of it.
KEPT = timedelta(days=7)
#: How many rows go in one transaction, and how many organizations in one round.
BATCH = 1_000

_log = structlog.get_logger()


@asynccontextmanager
async def purging(database: Database, bus: Bus | None, after: timedelta) -> AsyncIterator[None]:
    """Does it while the body runs.

    Args:
        database: the accounts.
        bus: where the logs of organizations are; None: nothing of an organization goes.
        after: how long after its deletion an organization is purged.
    """

    async def organizations() -> None:
        if bus is not None:
            await purge(database, await bus.jetstream(), after)

    failed = "what was kept for long enough could not all be deleted"
    both = (organizations, partial(sweep, database))
    async with running(*(now_and_then(INTERVAL, work, failed) for work in both)):
        yield


async def purge(database: Database, stream: JetStreamContext, after: timedelta) -> None:
    """Deletes what organizations had that were deleted that long ago, their logs first.

    Raises:
        nats.errors.Error, OSError: the bus is away, or refuses.
        ServiceError: UNAVAILABLE when the database cannot be reached.
    """
    due = select(Organization.id).where(
        col(Organization.deleted) < func.now() - after, col(Organization.purged).is_(None)
    )
    async with database.begin() as session:
        organizations = (await session.exec(due.order_by(col(Organization.deleted)).limit(BATCH))).all()
    for organization in organizations:
        with suppress(NotFoundError):  # it never had a log, or was purged to here before
            await stream.delete_stream(f"reports-{organization}")
        async with database.begin() as session:
            await _forget(session, organization)


async def _forget(session: AsyncSession, organization: str) -> None:
    """Deletes all of an organization but its row, for its slug is not to be used again."""
    whole = update(Organization).where(col(Organization.id) == organization, col(Organization.purged).is_(None))
    if not (await session.exec(whole.values(purged=func.now()))).rowcount:
        return
    tables: tuple[Any, ...] = (Membership, ProbeToken, ApiToken, Invitation)
    for table in tables:
        await session.exec(delete(table).where(table.organization_id == organization))
    await audit.record(session, Action.ORGANIZATION_PURGE, organization=organization, subject=organization)
    _log.info("a deleted organization was purged", organization=organization)


async def sweep(database: Database) -> None:
    """Deletes what ended, or was posted, that long ago; raises ServiceError UNAVAILABLE."""
    for table, ended in _old():
        old = select(table.id).where(ended).limit(BATCH).with_for_update(skip_locked=True)
        gone = BATCH
        while gone == BATCH:
            async with database.begin() as session:
                gone = (await session.exec(delete(table).where(table.id.in_(old)))).rowcount


def _old() -> list[tuple[Any, Any]]:
    """Each table, and which of its rows are old enough to go."""
    past = func.now() - KEPT
    child = aliased(ApiToken)
    # With a token those would go that were made with it, one of which may still tell something.
    childless = ~select(col(child.id)).where(col(child.parent_id) == col(ApiToken.id)).exists()
    return [
        (Session, or_(col(Session.revoked) < past, col(Session.expires) < past)),
        (LoginToken, col(LoginToken.expires) < past),
        (Impersonation, col(Impersonation.expires) < past),
        (ProbeToken, or_(col(ProbeToken.revoked) < past, col(ProbeToken.expires) < past)),
        (ApiToken, or_(col(ApiToken.revoked) < past, col(ApiToken.expires) < past) & childless),
        (Mail, col(Mail.created) < past),
        (Invitation, or_(col(Invitation.closed) < past, col(Invitation.expires) < past)),
    ]
