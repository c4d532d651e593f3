"""The outbox: what is to be sent is a row, written in the transaction that it follows from."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from users.tables import Mail

#: How long who claimed a mail has it for themselves; more than sending may take.
LEASE = timedelta(minutes=2)
#: The key in a session's info that says that it posted a mail.
POSTED = "mail posted"

_OUTCOME_LENGTH = 200


class Occasion(StrEnum):
    """What a mail is written for. What it says is decided when it is sent."""

    SIGN_UP = "sign_up"
    APPROVED = "approved"
    INVITATION = "invitation"


#: What is to be known of each occasion.
FACTS: Mapping[Occasion, frozenset[str]] = {
    Occasion.SIGN_UP: frozenset(),
    Occasion.APPROVED: frozenset(),
    Occasion.INVITATION: frozenset({"organization", "inviter", "role"}),
}


async def post(session: AsyncSession, occasion: Occasion, recipient: str, **facts: str) -> None:
    """Has a mail sent if the transaction is committed.

    Args:
        session: the transaction.
        occasion: what it is written for.
        recipient: a normal address; see accounts.normal.
        facts: what the occasion needs, see FACTS; no secrets, for they are stored.

    Raises:
        ValueError: these are not the occasion's facts.
    """
    if facts.keys() != FACTS[occasion]:
        raise ValueError(f"{occasion} takes {sorted(FACTS[occasion])}, not {sorted(facts)}")
    session.add(Mail(occasion=occasion, recipient=recipient, facts=facts))
    await session.flush()
    session.info[POSTED] = True


async def claim(session: AsyncSession) -> Mail | None:
    """The mail that is due the longest, for the caller alone until the lease ends; None when none is due."""
    waiting = select(Mail.id).where(col(Mail.done).is_(None), col(Mail.due) <= func.now())
    first = waiting.order_by(col(Mail.due)).limit(1).with_for_update(skip_locked=True).scalar_subquery()
    claimed = update(Mail).where(col(Mail.id) == first).values(due=func.now() + LEASE, attempts=Mail.attempts + 1)
    return (await session.exec(claimed.returning(Mail))).scalar_one_or_none()


async def settle(session: AsyncSession, mail: Mail, outcome: str, again: timedelta | None) -> None:
    """Says what became of a claimed mail, unless another has claimed it since: it is tried again then, or never."""
    values: dict[str, object] = {"outcome": outcome[:_OUTCOME_LENGTH]}
    values |= {"done": func.now()} if again is None else {"due": func.now() + again}
    ours = update(Mail).where(col(Mail.id) == mail.id, col(Mail.attempts) == mail.attempts)
    await session.exec(ours.values(values))
