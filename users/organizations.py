"""Organizations: made, named, deleted."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import grpc
from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import Select

from mesh.errors import ServiceError, invalid_field, limit_exceeded
from scope.errors.v1.errors_pb2 import Reason
from users import accounts, audit, members, names, tokens
from users.audit import Action
from users.tables import SLUG_LENGTH, Membership, Organization, Role, new_id

_SLUG = re.compile(rf"[a-z0-9][a-z0-9_-]{{0,{SLUG_LENGTH - 1}}}")


@dataclass(frozen=True)
class Created:
    """A new organization: its slug, and its first tokens, which are shown this once."""

    org: str
    service_token: str
    api_token: str


async def create(session: AsyncSession, name: str, admin: str | None) -> Created:
    """Makes an organization with an administrator, a probe token and an API token.

    Args:
        session: the transaction.
        name: its name; in lower case it is the slug by which requests name it.
        admin: the address of its administrator; see accounts.administrator.

    Raises:
        ServiceError: INVALID_ARGUMENT for a name that cannot be a slug, ALREADY_EXISTS for one that is taken.
    """
    if not _SLUG.fullmatch(name.lower()):
        description = f"must be letters, digits, - and _, begin with a letter or digit, and have at most {SLUG_LENGTH}"
        raise invalid_field("name", description)
    user = await accounts.administrator(session, admin)
    organization = await _make(session, name, name, user.id)
    probe, api = await tokens.first(session, organization.id, user.id)
    return Created(organization.slug, probe.secret, api.secret)


async def found(session: AsyncSession, user: str, slug: str, name: str, most: int) -> Organization:
    """Makes an organization that a person administers.

    Args:
        session: the transaction.
        user: the person's id.
        slug: its slug, in any case; empty: one is made up.
        name: what people call it; blank: its slug.
        most: how many organizations a person may administer.

    Raises:
        ServiceError: ALREADY_EXISTS for a slug that is or was taken, RESOURCE_EXHAUSTED for one organization too many.
    """
    await members.lock_person(session, user)
    if sum(role == Role.ADMIN for _, role in await of_user(session, user)) >= most:
        message = (
            f"you administer {most} organizations already, as many as a person may make; delete one that is not used"
        )
        raise limit_exceeded(message)
    return await _make(session, slug, name.strip(), user)


async def _make(session: AsyncSession, slug: str, name: str, user: str) -> Organization:
    for candidate in (slug.lower(),) if slug else names.candidates():
        row = {"id": new_id(), "slug": candidate, "name": name or candidate}
        made = insert(Organization).values(row).on_conflict_do_nothing().returning(Organization)
        organization: Organization | None = (await session.exec(made)).scalar_one_or_none()
        if organization:
            await members.join(session, organization.id, user, Role.ADMIN)
            after = {"id": organization.slug, "name": organization.name}
            await audit.record(
                session, Action.ORGANIZATION_CREATE, organization=organization.id, subject=organization.id, after=after
            )
            return organization
    message = f"the id {candidate!r} is taken; an id is never used twice"
    raise ServiceError(grpc.StatusCode.ALREADY_EXISTS, Reason.REASON_ALREADY_EXISTS, message)


async def free_slug(session: AsyncSession) -> str:
    """A slug that no organization has or had."""
    candidates = list(names.candidates())
    taken = set(await session.exec(select(Organization.slug).where(col(Organization.slug).in_(candidates))))
    return next(slug for slug in candidates if slug not in taken)


async def of_user(session: AsyncSession, user: str) -> Sequence[tuple[Organization, Role]]:
    """The organizations that a person belongs to and the role there, by slug."""
    rows = await session.exec(_of_user(user).order_by(col(Organization.slug)))
    return [(organization, Role(role)) for organization, role in rows]


async def of_member(session: AsyncSession, organization: str, user: str) -> tuple[Organization, Role]:
    """An organization and a member's role there; raises ServiceError NOT_FOUND when it was deleted or left."""
    row = (await session.exec(_of_user(user).where(Organization.id == organization))).first()
    if row is None:
        raise members.gone()
    return row[0], Role(row[1])


def _of_user(user: str) -> Select[Organization, str]:
    return (
        select(Organization, Membership.role)
        .join(Membership, col(Membership.organization_id) == Organization.id)
        .where(Membership.user_id == user, col(Organization.deleted).is_(None))
    )


async def rename(session: AsyncSession, organization: str, name: str) -> None:
    """Changes what people call an organization; raises ServiceError INVALID_ARGUMENT for a blank name."""
    renamed = await members.lock(session, organization)
    before, after = renamed.name, name.strip()
    if not after:
        raise invalid_field("name", "must not be blank")
    if after != before:
        renamed.name = after
        await audit.record(
            session,
            Action.ORGANIZATION_UPDATE,
            organization=organization,
            subject=organization,
            before={"name": before},
            after={"name": after},
        )


async def delete(session: AsyncSession, organization: str, confirm: str) -> None:
    """Deletes an organization: from now on nobody reaches it; see purge for what becomes of what it has.

    Raises:
        ServiceError: INVALID_ARGUMENT when `confirm` is not its slug.
    """
    deleted = await members.lock(session, organization)
    if confirm != deleted.slug:
        raise invalid_field("confirm", f"must be {deleted.slug!r}, the id of the organization that is to be deleted")
    deleted.deleted = (await session.exec(select(func.now()))).one()
    await audit.record(
        session,
        Action.ORGANIZATION_DELETE,
        organization=organization,
        subject=organization,
        before={"id": deleted.slug, "name": deleted.name},
    )
