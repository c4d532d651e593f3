"""What an administrator changed, as the audit tells it."""

from collections.abc import Mapping
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from users import audit
from users.audit import Action


async def record(
    session: AsyncSession,
    action: Action,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    subject: str,
    organization: str = "",
) -> None:
    """Records what differs between two states of the same; what changes nothing is not recorded."""
    changed = [name for name in after if before[name] != after[name]]
    if changed:
        await audit.record(
            session,
            action,
            organization=organization,
            subject=subject,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )
