"""Who belongs to an organization, and as what.

All that changes it happens under a lock on the organization, and by the role that whoever does it has then: of two
administrators who remove each other at once, one succeeds. An organization keeps an administrator who can act: one who
is disabled does not count.
"""

from typing import Any

import grpc
from sqlalchemy import delete, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mesh.errors import ServiceError, limit_exceeded, not_found, permission_denied
from scope.errors.v1.errors_pb2 import Reason
from users import audit, paging, roles
from users.audit import Action
from users.paging import Order, Page
from users.tables import ApiToken, Membership, Organization, Role, User, is_id

#: How many organizations somebody may belong to.
LIMIT = 1_000

_BY_ADDRESS = Order(col(User.email))


async def lock(session: AsyncSession, organization: str) -> Organization:
    """An organization that nobody else changes until the transaction ends; raises ServiceError NOT_FOUND."""
    # Not a whole lock: rows that refer to the organization may be added meanwhile.
    live = select(Organization).where(Organization.id == organization, col(Organization.deleted).is_(None))
    locked = (await session.exec(live.with_for_update(key_share=True))).first()
    if locked is None:
        raise gone()
    return locked


async def lock_person(session: AsyncSession, user: str) -> User:
    """A person of whom nobody else changes where they belong to; raises ServiceError NOT_FOUND."""
    chosen = select(User).where(User.id == user)
    locked = (await session.exec(chosen.with_for_update(key_share=True))).first()
    if locked is None:
        raise not_found("person", user)
    return locked


async def acting(session: AsyncSession, organization: str, user: str, permission: str) -> tuple[Organization, Role]:
    """Locks an organization for a member who has the permission now; answers it, and the member's role.

    Raises:
        ServiceError: NOT_FOUND where there is no such organization any more, PERMISSION_DENIED without the permission.
    """
    locked = await lock(session, organization)
    place = await session.get(Membership, (user, organization))
    if place is None or permission not in roles.PERMISSIONS[place.role]:
        message = f"you no longer have the permission {permission} in the organization"
        raise permission_denied(message, permission)
    return locked, Role(place.role)


async def listed(session: AsyncSession, organization: str, size: int, token: str) -> Page:
    """A page of an organization's members, by address: id, email, last_login, role, created. See paging.read."""
    return await paging.read(session, _members(organization), _BY_ADDRESS, size, token)


async def member(session: AsyncSession, organization: str, user: str) -> Any:
    """One of them; raises ServiceError NOT_FOUND."""
    chosen = _members(organization).where(User.id == user) if is_id(user) else None
    found = (await session.exec(chosen)).first() if chosen is not None else None
    if found is None:
        raise not_found("member", user)
    return found


def _members(organization: str) -> Any:
    columns = (User.id, User.email, User.last_login, Membership.role, Membership.created)
    member = col(Membership.user_id) == User.id
    return select(*columns).join(Membership, member).where(Membership.organization_id == organization)  # type: ignore[call-overload] # it knows four columns


async def join(session: AsyncSession, organization: str, user: str, role: Role) -> None:
    """Makes a person a member; who is one already keeps their role. The person is locked (see lock_person).

    Raises:
        ServiceError: RESOURCE_EXHAUSTED for one organization too many.
    """
    counted = select(func.count()).select_from(Membership).where(Membership.user_id == user)
    if (await session.exec(counted)).one() >= LIMIT:
        message = f"you belong to {LIMIT} organizations already, as many as there may be; leave one"
        raise limit_exceeded(message)
    row = {"user_id": user, "organization_id": organization, "role": role}
    await session.exec(insert(Membership).values(row).on_conflict_do_nothing())


async def change_role(session: AsyncSession, organization: str, caller: str, user: str, role: Role) -> Any:
    """Gives a member another role, no greater than the caller's own; answers the member as it is then.

    Raises:
        ServiceError: FAILED_PRECONDITION for the caller themselves, NOT_FOUND for who is no member.
    """
    _, own = await acting(session, organization, caller, "member.update")
    if user == caller:
        message = "nobody changes their own role; another administrator of the organization can"
        raise ServiceError(grpc.StatusCode.FAILED_PRECONDITION, Reason.REASON_OWN_ACCOUNT, message)
    check_grant(own, role)
    before = await member(session, organization, user)
    if before.role == role:
        return before
    place = update(Membership).where(col(Membership.user_id) == user, col(Membership.organization_id) == organization)
    await session.exec(place.values(role=role))
    await audit.record(
        session,
        Action.MEMBER_UPDATE,
        organization=organization,
        subject=user,
        before={"email": before.email, "role": before.role},
        after={"email": before.email, "role": role},
    )
    return await member(session, organization, user)


def check_grant(own: Role, given: Role) -> None:
    """Returns when somebody with the first role may give the second; raises ServiceError PERMISSION_DENIED."""
    if not set(roles.PERMISSIONS[given]) <= set(roles.PERMISSIONS[own]):
        message = f"role: who is {own} cannot make somebody {given}"
        raise permission_denied(message)


async def remove(session: AsyncSession, organization: str, caller: str, user: str) -> None:
    """Ends a membership and revokes the person's API tokens for the organization; with one's own one leaves.

    Raises:
        ServiceError: NOT_FOUND for who is no member, FAILED_PRECONDITION for the last administrator.
    """
    await acting(session, organization, caller, "member.view" if user == caller else "member.remove")
    leaving = await member(session, organization, user)
    if leaving.role == Role.ADMIN and not await _has_other_administrator(session, organization, user):
        message = "the organization would be left without an administrator; make another member one first, or delete it"
        raise ServiceError(grpc.StatusCode.FAILED_PRECONDITION, Reason.REASON_LAST_ADMINISTRATOR, message)
    place = (col(Membership.user_id) == user, col(Membership.organization_id) == organization)
    await session.exec(delete(Membership).where(*place))
    theirs = (col(ApiToken.user_id) == user, col(ApiToken.organization_id) == organization)
    await session.exec(update(ApiToken).where(*theirs, col(ApiToken.revoked).is_(None)).values(revoked=func.now()))
    await audit.record(
        session,
        Action.MEMBER_LEAVE if user == caller else Action.MEMBER_REMOVE,
        organization=organization,
        subject=user,
        before={"email": leaving.email, "role": leaving.role},
    )


async def _has_other_administrator(session: AsyncSession, organization: str, user: str) -> bool:
    others = _members(organization).where(User.id != user, Membership.role == Role.ADMIN, col(User.disabled).is_(None))
    return (await session.exec(others.limit(1))).first() is not None


def gone() -> ServiceError:
    """What is said of an organization that was there a moment ago."""
    message = "there is no such organization any more"
    return ServiceError(grpc.StatusCode.NOT_FOUND, Reason.REASON_NOT_FOUND, message, {"resource": "organization"})
