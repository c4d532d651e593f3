"""Organizations, as administrators see and change them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mesh.errors import invalid_field, not_found
from scope.users.v1.administration_pb2 import (
    Limits,
    ListAllOrganizationsRequest,
    ListAllOrganizationsResponse,
    ManagedOrganization,
    Refusal,
)
from users import paging
from users.administration import changes
from users.audit import Action
from users.credentials import live
from users.database import Database
from users.paging import Order
from users.tables import Membership, Organization, ProbeToken
from users.times import timestamp

_BY_SLUG = Order(col(Organization.slug))


async def listed(database: Database, request: ListAllOrganizationsRequest) -> ListAllOrganizationsResponse:
    """A page of the organizations; raises ServiceError INVALID_ARGUMENT for an odd page_token, UNAVAILABLE."""
    conditions = _conditions(request)
    async with database.begin() as session:
        total = (await session.exec(select(func.count()).select_from(Organization).where(*conditions))).one()
        statement = _COUNTED.where(*conditions)
        page = await paging.read(session, statement, _BY_SLUG, request.page_size, request.page_token)
    answer = ListAllOrganizationsResponse(total=total)
    answer.next_page_token = page.fill(answer.organizations, map(_managed, page.rows))
    return answer


async def described(session: AsyncSession, slug: str) -> ManagedOrganization:
    """An organization, as administrators see one; raises ServiceError NOT_FOUND."""
    row = (await session.exec(_COUNTED.where(col(Organization.slug) == slug))).first()
    if row is None:
        raise not_found("organization", slug)
    return _managed(row)


async def set_limits(session: AsyncSession, slug: str, limits: Limits) -> ManagedOrganization:
    """Gives an organization limits of its own; what is absent is the deployment's again.

    Raises:
        ServiceError: NOT_FOUND when there is no such organization.
    """
    organization = await _locked(session, slug)
    before = _limits(organization)
    organization.probes = limits.probes if limits.HasField("probes") else None
    organization.reports_per_second = limits.reports_per_second if limits.HasField("reports_per_second") else None
    after = _limits(organization)
    await changes.record(
        session, Action.ORGANIZATION_SET_LIMITS, before, after, subject=organization.id, organization=organization.id
    )
    return await described(session, organization.slug)


async def set_refusal(session: AsyncSession, slug: str, refusal: Refusal) -> ManagedOrganization:
    """Refuses an organization's members, or its probes, or no longer.

    Raises:
        ServiceError: NOT_FOUND when there is no such organization, INVALID_ARGUMENT for a refusal without a reason.
    """
    refused = refusal.access or refusal.upload
    if refused and not refusal.reason.strip():
        raise invalid_field("refusal.reason", "must say why, in words for those who are refused")
    organization = await _locked(session, slug)
    before = _refusal(organization)
    organization.access_refused, organization.upload_refused = refusal.access, refusal.upload
    organization.refusal = refusal.reason if refused else None
    after = _refusal(organization)
    await changes.record(
        session, Action.ORGANIZATION_SET_REFUSAL, before, after, subject=organization.id, organization=organization.id
    )
    return await described(session, organization.slug)


def _conditions(request: ListAllOrganizationsRequest) -> Sequence[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if search := request.search.strip():
        columns = col(Organization.slug), col(Organization.name)
        conditions.append(or_(*(column.icontains(search, autoescape=True) for column in columns)))
    if not request.deleted:
        conditions.append(col(Organization.deleted).is_(None))
    return conditions


def _counted() -> Any:
    """Organizations with what belongs to them counted, in one statement."""
    members = select(func.count()).where(Membership.organization_id == Organization.id)
    tokens = select(func.count()).where(ProbeToken.organization_id == Organization.id, live(ProbeToken))
    last = select(func.max(ProbeToken.last_used)).where(ProbeToken.organization_id == Organization.id)
    return select(  # type: ignore[call-overload]  # columns, which SQLModel's overloads count
        *Organization.__table__.columns,  # type: ignore[attr-defined]
        members.scalar_subquery().label("members"),
        tokens.scalar_subquery().label("probe_tokens"),
        last.scalar_subquery().label("last_report"),
    )


_COUNTED = _counted()


def _managed(row: Any) -> ManagedOrganization:
    return ManagedOrganization(
        id=row.slug,
        internal_id=row.id,
        name=row.name,
        created=timestamp(row.created),
        deleted=timestamp(row.deleted),
        purged=timestamp(row.purged),
        members=row.members,
        probe_tokens=row.probe_tokens,
        last_report=timestamp(row.last_report),
        limits=Limits(**_limits(row)),
        refusal=Refusal(access=row.access_refused, upload=row.upload_refused, reason=row.refusal),
    )


def _limits(organization: Any) -> Mapping[str, int | None]:
    return {"probes": organization.probes, "reports_per_second": organization.reports_per_second}


def _refusal(organization: Organization) -> Mapping[str, Any]:
    return {
        "access": organization.access_refused,
        "upload": organization.upload_refused,
        "reason": organization.refusal,
    }


async def _locked(session: AsyncSession, slug: str) -> Organization:
    """The organization, which nobody else changes before this transaction ends; not one that was deleted."""
    live = select(Organization).where(Organization.slug == slug.lower(), col(Organization.deleted).is_(None))
    organization = (await session.exec(live.with_for_update())).first()
    if organization is None:
        raise not_found("organization", slug)
    return organization
