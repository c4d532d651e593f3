"""Invitations: who has the address may become a member, whether there is an account with it or not.

The mail has no secret: who is invited signs in with the address and accepts. An invitation is open until it is
accepted, declined, taken back or seven days old; there is one at a time of an address to an organization.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mesh.errors import limit_exceeded, not_found
from users import accounts, audit, mail, members
from users.audit import Action
from users.mail import Occasion
from users.tables import Invitation, Membership, Organization, Role, User, is_id

#: How long an invitation may be accepted.
LIFETIME = timedelta(days=7)
#: How many open invitations an organization may have.
LIMIT = 1_000

Invited = tuple[Invitation, Organization]


async def open_of(session: AsyncSession, organization: str) -> Sequence[Invited]:
    """The open invitations to an organization, oldest first."""
    return await _open(session, Invitation.organization_id == organization)


async def open_for(session: AsyncSession, email: str) -> Sequence[Invited]:
    """The open invitations of a normal address, oldest first."""
    return await _open(session, Invitation.email == email)


async def _open(session: AsyncSession, *chosen: ColumnElement[bool] | bool) -> Sequence[Invited]:
    live = and_(col(Organization.id) == Invitation.organization_id, col(Organization.deleted).is_(None))
    found = select(Invitation, Organization).join(Organization, live).where(_is_open(), *chosen)
    return (await session.exec(found.order_by(col(Invitation.created), col(Invitation.id)))).all()


def _is_open() -> ColumnElement[bool]:
    return and_(col(Invitation.closed).is_(None), col(Invitation.expires) > func.now())


async def invite(session: AsyncSession, organization: str, inviter: str, email: str, role: Role) -> Invited | None:
    """Invites somebody, or once more; None where they are a member already.

    Args:
        session: the transaction.
        organization: the internal id of where to.
        inviter: the id of the member who invites.
        email: a normal address.
        role: as what; no more than who invites.

    Raises:
        ServiceError: PERMISSION_DENIED without the permission to invite or for a greater role, RESOURCE_EXHAUSTED for
            one open invitation too many.
    """
    place, own = await members.acting(session, organization, inviter, "member.invite")
    members.check_grant(own, role)
    if await _is_member(session, organization, email):
        return None
    sender = await accounts.by_id(session, inviter)
    invitation = await _put(session, organization, sender.email, email, role)
    await mail.post(session, Occasion.INVITATION, email, organization=place.name, inviter=sender.email, role=role.value)
    return invitation, place


async def _is_member(session: AsyncSession, organization: str, email: str) -> bool:
    member = select(Membership.user_id).join(User, col(User.id) == Membership.user_id)
    found = member.where(User.email == email, Membership.organization_id == organization)
    return (await session.exec(found)).first() is not None


async def _put(session: AsyncSession, organization: str, inviter: str, email: str, role: Role) -> Invitation:
    """The open invitation of the address, new or brought up to date. The organization is locked."""
    known = await open_of(session, organization)
    said: dict[str, Any] = {"role": role, "invited_by": inviter, "expires": datetime.now(UTC) + LIFETIME}
    invitation = next((invitation for invitation, _ in known if invitation.email == email), None)
    action = Action.INVITATION_UPDATE if invitation else Action.INVITATION_CREATE
    before = {"email": email, "role": invitation.role} if invitation else None
    if invitation is None and len(known) >= LIMIT:
        message = f"there are {LIMIT} open invitations already; take back one that is not used"
        raise limit_exceeded(message)
    if invitation is None:
        invitation = Invitation(organization_id=organization, email=email, **said)
    session.add(invitation.sqlmodel_update(said))
    await session.flush()
    after = {"email": email, "role": role}
    await audit.record(session, action, organization=organization, subject=invitation.id, before=before, after=after)
    return invitation


async def revoke(session: AsyncSession, organization: str, name: str) -> None:
    """Takes an open invitation of the organization back; raises ServiceError NOT_FOUND for any other."""
    await members.lock(session, organization)
    await _close(session, name, Action.INVITATION_REVOKE, col(Invitation.organization_id) == organization)


async def accept(session: AsyncSession, user: str, name: str) -> tuple[Organization, Role]:
    """Makes a person a member by an open invitation of theirs; answers where, and as what.

    Raises:
        ServiceError: NOT_FOUND for any other invitation, RESOURCE_EXHAUSTED for one organization too many.
    """
    person = await members.lock_person(session, user)
    chosen = [place for invitation, place in await open_for(session, person.email) if invitation.id == name]
    if not chosen:
        raise not_found("invitation", name)
    # Whoever invites somebody meanwhile sees them as invited or as a member.
    organization = await members.lock(session, chosen[0].id)
    accepted = await _close(session, name, Action.INVITATION_ACCEPT, col(Invitation.email) == person.email)
    await members.join(session, organization.id, user, Role(accepted.role))
    return organization, Role((await members.member(session, organization.id, user)).role)


async def decline(session: AsyncSession, user: str, name: str) -> None:
    """Declines an open invitation of a person; raises ServiceError NOT_FOUND for any other."""
    person = await accounts.by_id(session, user)
    await _close(session, name, Action.INVITATION_DECLINE, col(Invitation.email) == person.email)


async def _close(session: AsyncSession, name: str, action: Action, whose: ColumnElement[bool]) -> Invitation:
    """Of several who close one at once, one succeeds."""
    chosen = update(Invitation).where(col(Invitation.id) == name, _is_open(), whose).values(closed=func.now())
    found = await session.exec(chosen.returning(Invitation)) if is_id(name) else None
    closed: Invitation | None = found.scalar_one_or_none() if found else None
    if closed is None:
        raise not_found("invitation", name)
    said = {"email": closed.email, "role": closed.role}
    await audit.record(session, action, organization=closed.organization_id, subject=closed.id, before=said)
    return closed
