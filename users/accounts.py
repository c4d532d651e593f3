"""People."""

import re
from datetime import UTC, datetime

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mesh.errors import invalid_field, not_found
from users.tables import EMAIL_LENGTH, User

#: Who administers a deployment when nobody was named.
FIRST_ADMINISTRATOR = "admin@localhost"

_EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f]+@[^\s@\x00-\x1f\x7f]+")
_LOCK = 0x73636F7066


def normal(email: str) -> str:
    """An address as it is kept and compared; raises ServiceError INVALID_ARGUMENT when it cannot be one."""
    found = email.strip().lower()
    if len(found) > EMAIL_LENGTH or not _EMAIL.fullmatch(found):
        raise invalid_field("email", f"must be an address like name@example.org of at most {EMAIL_LENGTH} characters")
    return found


async def by_email(session: AsyncSession, email: str) -> User:
    """The person with that address; raises ServiceError NOT_FOUND."""
    address = normal(email)
    user = (await session.exec(select(User).where(User.email == address))).first()
    if user is None:
        raise not_found("person", address)
    return user


async def by_id(session: AsyncSession, user_id: str) -> User:
    """The person with that id; raises ServiceError NOT_FOUND."""
    user = await session.get(User, user_id)
    if user is None:
        raise not_found("person", user_id)
    return user


async def administrator(session: AsyncSession, email: str | None) -> User:
    """Who is to administer a new organization.

    By address: that person, who is made if need be. Without one: the deployment's first administrator. The first person
    of all administers the deployment.
    """
    await session.exec(select(func.pg_advisory_xact_lock(_LOCK)))
    user = None if email else await _first_administrator(session)
    address = normal(email or FIRST_ADMINISTRATOR)
    user = user or (await session.exec(select(User).where(User.email == address))).first()
    if user is None:
        nobody_yet = (await session.exec(select(User.id).limit(1))).first() is None
        user = User(email=address, admin=nobody_yet or not email, approved=datetime.now(UTC))
        session.add(user)
        await session.flush()
    return user


async def _first_administrator(session: AsyncSession) -> User | None:
    chosen = select(User).where(col(User.admin), col(User.disabled).is_(None))
    return (await session.exec(chosen.order_by(col(User.created)))).first()
