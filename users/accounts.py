"""People."""

import re
from collections.abc import Collection

from sqlalchemy import ARRAY, ColumnElement, String, any_, func, literal, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mesh.errors import invalid_field, not_found, permission_denied
from users import audit
from users.audit import Action
from users.mail import Occasion, post
from users.tables import EMAIL_LENGTH, User, new_id

#: Who administers a deployment when nobody was named.
FIRST_ADMINISTRATOR = "admin@localhost"

# What mail servers take without extensions or quotes; in ASCII lower case is the same everywhere. Some programs read
# what begins with =? as another text (RFC 2047), and so as another address.
_EMAIL = re.compile(
    r"(?=.{1,64}@)(?!.*=\?)[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)
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
    user = await find(session, address)
    if user is None:
        raise not_found("person", address)
    return user


async def find(session: AsyncSession, address: str) -> User | None:
    """The person with that normal address; None when there is none."""
    return (await session.exec(select(User).where(User.email == address))).first()


async def by_id(session: AsyncSession, user_id: str) -> User:
    """The person with that id; raises ServiceError NOT_FOUND."""
    user = await session.get(User, user_id, populate_existing=True)
    if user is None:
        raise not_found("person", user_id)
    return user


async def addresses(session: AsyncSession, user_ids: Collection[str]) -> dict[str, str]:
    """The addresses of people by id; what is nobody's id is left out."""
    chosen = select(User.id, User.email).where(col(User.id) == any_(literal(list(user_ids), ARRAY(String))))
    return dict((await session.exec(chosen)).all())


async def administrator(session: AsyncSession, email: str | None) -> User:
    """Who is to administer a new organization.

    By address: that person, who is made if need be. Without one: the deployment's first administrator. The first person
    of all administers the deployment.
    """
    await session.exec(select(func.pg_advisory_xact_lock(_LOCK)))
    first = await first_administrator(session)
    if first and not email:
        return first
    address = normal(email or FIRST_ADMINISTRATOR)
    nobody_yet = (await session.exec(select(User.id).limit(1))).first() is None
    await sign_up(session, address, approved=True, themselves=False)
    if nobody_yet or not email:
        await _administers(session, address)
    return await by_email(session, address)


async def first_administrator(session: AsyncSession) -> User | None:
    """The oldest of those who administer the deployment; None when nobody does."""
    chosen = select(User).where(col(User.admin), col(User.disabled).is_(None))
    return (await session.exec(chosen.order_by(col(User.created)))).first()


async def administering(session: AsyncSession, user_id: str) -> None:
    """Returns when the person administers the deployment now; until the transaction ends nobody else does anything so.

    So of two administrators who disable each other at once one succeeds, and one is left.

    Raises:
        ServiceError: PERMISSION_DENIED.
    """
    await session.exec(select(func.pg_advisory_xact_lock(_LOCK)))
    chosen = select(User.id).where(User.id == user_id, col(User.admin), col(User.disabled).is_(None))
    if (await session.exec(chosen)).first() is None:
        message = "you no longer administer the deployment"
        raise permission_denied(message)


async def create_admin(session: AsyncSession, email: str) -> User:
    """Somebody who administers the deployment and may sign in: the person with that address, who is made if need be.

    Raises:
        ServiceError: INVALID_ARGUMENT for what is no address, or that of somebody who is disabled.
    """
    address = normal(email)
    await sign_up(session, address, approved=True, themselves=False)
    await _administers(session, address)
    user = await by_email(session, address)
    if user.disabled is not None:
        raise invalid_field("email", f"{address} is disabled; enable the person first")
    return user


async def sign_up(session: AsyncSession, address: str, *, approved: bool, themselves: bool) -> None:
    """Sees to it that there is a person with that normal address, and that who is approved no longer waits.

    Args:
        session: the transaction.
        address: the person's.
        approved: whether the person may sign in.
        themselves: whether it is the person who asks for it.
    """
    row = {"id": new_id(), "email": address, "admin": False, "approved": func.now() if approved else None}
    made = insert(User).values(row).on_conflict_do_nothing().returning(col(User.id))
    if user_id := (await session.exec(made)).scalar_one_or_none():
        await audit.record(session, Action.USER_SIGN_UP, subject=user_id, actor=user_id if themselves else "")
    elif approved:
        await _let_in(session, col(User.email) == address)


async def approve(session: AsyncSession, user_id: str) -> User:
    """Lets a person sign in, and sends the link for it. Approving once more changes nothing and sends nothing.

    Raises:
        ServiceError: NOT_FOUND when there is no such person.
    """
    if email := await _let_in(session, col(User.id) == user_id):
        await post(session, Occasion.APPROVED, email)
    return await by_id(session, user_id)


async def _let_in(session: AsyncSession, who: ColumnElement[bool]) -> str | None:
    """Approves who waits, and answers the address; None when nobody does."""
    waiting = update(User).where(who, col(User.approved).is_(None)).values(approved=func.now())
    row = (await session.exec(waiting.returning(col(User.id), col(User.email)))).one_or_none()
    if row is None:
        return None
    await audit.record(session, Action.USER_APPROVE, subject=row.id)
    return str(row.email)


async def _administers(session: AsyncSession, address: str) -> None:
    chosen = update(User).where(col(User.email) == address, col(User.admin).is_(False)).values(admin=True)
    if user_id := (await session.exec(chosen.returning(col(User.id)))).scalar_one_or_none():
        before, after = {"admin": False}, {"admin": True}
        await audit.record(session, Action.USER_SET_ADMINISTRATOR, subject=user_id, before=before, after=after)
