"""Acting as somebody else: an administrator's session is another person's for a while, and the audit says so.

What such a session is worth is in users.credentials: it never administers, and nothing once the administrator is none
any more.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import grpc
from sqlalchemy import func, insert, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mesh.errors import ServiceError, not_found, permission_denied
from scope.auth.v1.identity_pb2 import Identity
from scope.errors.v1.errors_pb2 import Reason
from users import audit
from users.audit import Action
from users.tables import Impersonation, Membership, Organization, Session, User, is_id, new_id

#: How long it goes on where nobody says, and at most, in seconds.
USUAL = 3_600
MOST = 8 * 3_600


@dataclass(frozen=True)
class Active:
    """That somebody acts as a person: an administrator, by address, and until when."""

    administrator: str
    ends: datetime


async def begin(
    session: AsyncSession, administrator: str, session_id: str | None, user: str, *, reason: str, seconds: int = 0
) -> Impersonation:
    """Lets a session of an administrator act as a person.

    Args:
        session: the transaction.
        administrator: the administrator's id.
        session_id: the session; None: the one that begins with a sign-in link of the administrator's that names the
            answer (LoginToken.impersonation_id).
        user: the person's id.
        reason: why, for everybody who may read the audit of the person's organizations.
        seconds: for how long; 0: one hour.

    Raises:
        ServiceError: NOT_FOUND where there is no such person, FAILED_PRECONDITION (OWN_ACCOUNT) for the administrator,
            PERMISSION_DENIED for another administrator and for who may not sign in.
    """
    person = await session.get(User, user) if is_id(user) else None
    if person is None:
        raise not_found("person", user)
    _check(administrator, person)
    if session_id:
        await session.exec(select(Session.id).where(Session.id == session_id).with_for_update())  # one at a time
        await end(session, session_id)
    expires = func.now() + timedelta(seconds=min(seconds or USUAL, MOST))
    row = {"id": new_id(), "user_id": user, "administrator_id": administrator, "session_id": session_id}
    made = insert(Impersonation).values(reason=reason, expires=expires, **row).returning(Impersonation)
    begun: Impersonation = (await session.exec(made)).scalar_one()
    after = {"administrator": administrator, "reason": reason, "expires": begun.expires.isoformat()}
    await _record(session, Action.IMPERSONATION_BEGIN, user, after)
    return begun


async def bind(session: AsyncSession, impersonation_id: str, session_id: str) -> bool:
    """Lets a new session act as a link says; False where that was taken back or its time is over."""
    chosen = (col(Impersonation.id) == impersonation_id, col(Impersonation.session_id).is_(None), *_GOES_ON)
    bound = update(Impersonation).where(*chosen).values(session_id=session_id).returning(col(Impersonation.id))
    return (await session.exec(bound)).first() is not None


async def end(session: AsyncSession, session_id: str) -> None:
    """Makes a session the administrator's own again; where it is, nothing changes."""
    chosen = (col(Impersonation.session_id) == session_id, *_GOES_ON)
    ended = update(Impersonation).where(*chosen).values(ended=func.now())
    row = (await session.exec(ended.returning(col(Impersonation.user_id), col(Impersonation.administrator_id)))).first()
    if row is not None:
        await _record(session, Action.IMPERSONATION_END, row.user_id, {"administrator": row.administrator_id})


async def active(session: AsyncSession, session_id: str) -> Active | None:
    """Who acts as somebody else with a session; None where nobody does."""
    chosen = select(User.email, Impersonation.expires).where(
        User.id == Impersonation.administrator_id, col(Impersonation.session_id) == session_id, *_GOES_ON
    )
    row = (await session.exec(chosen)).first()
    return Active(*row) if row else None


def check_own(caller: Identity, message: str) -> None:
    """Returns where nobody acts as the caller.

    Raises:
        ServiceError: PERMISSION_DENIED (SESSION_REQUIRED) with the message: what is done would outlast the acting.
    """
    if caller.impersonator:
        raise ServiceError(grpc.StatusCode.PERMISSION_DENIED, Reason.REASON_SESSION_REQUIRED, message)


_GOES_ON = (col(Impersonation.ended).is_(None), col(Impersonation.expires) > func.now())


def _check(administrator: str, person: User) -> None:
    if person.id == administrator:
        message = "nobody acts as themselves"
        raise ServiceError(grpc.StatusCode.FAILED_PRECONDITION, Reason.REASON_OWN_ACCOUNT, message)
    if person.admin or person.approved is None or person.disabled is not None:
        message = "nobody acts as an administrator of the deployment, or as who may not sign in"
        raise permission_denied(message)


async def _record(session: AsyncSession, action: Action, user: str, after: dict[str, str]) -> None:
    """Tells every organization of the person; where there is none, the deployment alone."""
    places = select(Membership.organization_id).where(
        Membership.organization_id == Organization.id, Membership.user_id == user, col(Organization.deleted).is_(None)
    )
    for organization in (await session.exec(places)).all() or ("",):
        await audit.record(session, action, organization=organization, subject=user, after=after)
