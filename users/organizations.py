"""Organizations, and who belongs to them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import grpc
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mesh.errors import ServiceError, invalid_field
from scope.errors.v1.errors_pb2 import Reason
from users import accounts, tokens
from users.tables import SLUG_LENGTH, Membership, Organization, Role

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
    slug = name.lower()
    if not _SLUG.fullmatch(slug):
        description = f"must be letters, digits, - and _, begin with a letter or digit, and have at most {SLUG_LENGTH}"
        raise invalid_field("name", description)
    user = await accounts.administrator(session, admin)
    organization = Organization(slug=slug, name=name)
    session.add(organization)
    try:
        await session.flush()
    except IntegrityError:
        taken = f"name: {slug!r} is taken; a name is never used twice"
        raise ServiceError(grpc.StatusCode.ALREADY_EXISTS, Reason.REASON_INVALID_FIELD, taken) from None
    session.add(Membership(user_id=user.id, organization_id=organization.id, role=Role.ADMIN))
    await session.flush()
    _, probe = await tokens.create_probe(session, organization.id, "first")
    _, api = await tokens.create_api(session, organization.id, user.id, "first")
    return Created(slug, probe, api)


async def of_user(session: AsyncSession, user_id: str) -> Sequence[tuple[Organization, Role]]:
    """The organizations that a person belongs to and the role there, by slug."""
    statement = (
        select(Organization, Membership.role)
        .where(Organization.id == Membership.organization_id, Membership.user_id == user_id)
        .where(col(Organization.deleted).is_(None))
        .order_by(Organization.slug)
    )
    return [(organization, Role(role)) for organization, role in await session.exec(statement)]
