"""Writes what was done, with what it did."""

from sqlalchemy import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from users.audit import events
from users.audit.actions import Action
from users.audit.events import Facts
from users.tables import AuditEvent


async def record(
    session: AsyncSession,
    action: Action,
    *,
    organization: str = "",
    subject: str = "",
    before: Facts | None = None,
    after: Facts | None = None,
    actor: str = "",
) -> None:
    """Writes an event in the transaction of the change that it tells of, so that there is neither without the other.

    Args:
        session: the transaction.
        action: what was done.
        organization: the internal id of the organization that it concerns.
        subject: the id of what it was done to.
        before: what was changed, as it was; never a secret.
        after: and as it is now.
        actor: who did it, where that is not the caller: a person's id.
    """
    row = events.row(
        action,
        events.caller(),
        organization=organization,
        subject=subject,
        before=before,
        after=after,
        actor=actor,
    )
    await session.exec(insert(AuditEvent).values(events.addressed(row)))
