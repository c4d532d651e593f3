"""Writes events."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from mesh.identity import current
from scope.auth.v1.identity_pb2 import Identity
from users.audit.actions import Action
from users.tables import AuditEvent, User, new_id

#: Who does what is done without a caller: the command line, and users itself.
OPERATOR = "operator"


async def record(
    session: AsyncSession,
    action: Action,
    *,
    organization: str = "",
    subject: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    refused: bool = False,
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
        refused: whether it was refused.
        actor: who did it, where that is not the caller: a person's id.
    """
    caller = _caller()
    name = actor or caller.subject or OPERATOR
    event = {
        "id": new_id(),
        "action": action,
        "refused": refused,
        "actor": name,
        "actor_email": select(col(User.email)).where(col(User.id) == name).scalar_subquery(),
        "credential": caller.credential,
        "impersonator": caller.impersonator or None,
        "address": caller.address or None,
        "organization_id": organization or None,
        "subject": subject,
        "before": before,
        "after": after,
    }
    await session.exec(insert(AuditEvent).values(event))


def _caller() -> Identity:
    try:
        return current()
    except LookupError:
        return Identity()
