"""What a credential stands for, read from the database: one query for each kind of credential."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Row, Select, String, and_, any_, bindparam, func, literal, select
from sqlmodel import col

from scope.auth.v1.access_pb2 import Caller
from scope.auth.v1.identity_pb2 import Identity
from users import roles
from users.database import Database
from users.secrets import Kind, Secret
from users.tables import ApiToken, Membership, Organization, ProbeToken, Session, User, is_id


@dataclass(frozen=True)
class Place:
    """An organization that a credential is good for."""

    organization: str
    slug: str
    permissions: Sequence[str]


@dataclass(frozen=True)
class Holder:
    """Who holds a credential that is good now."""

    #: As in Identity.credential.
    credential: str
    subject: str
    caller: Caller.ValueType
    admin: bool
    places: Sequence[Place]
    #: When the credential was last noted to be used.
    last_used: datetime | None = field(default=None, compare=False)

    def identity(self, place: Place | None) -> Identity:
        """The holder acting in one of its places, or in none."""
        return Identity(
            subject=self.subject,
            organization=place.organization if place else "",
            permissions=place.permissions if place else (),
            credential=self.credential,
            caller=self.caller,
            admin=self.admin,
        )


#: How the kinds of credential begin in Identity.credential; a sign-in link is none.
KINDS = (Kind.SESSION, Kind.API, Kind.PROBE)


async def by_secret(database: Database, secret: Secret) -> Holder | None:
    """The holder of a presented secret; None when it is unknown, revoked, expired or worth nothing any more."""
    if secret.kind not in KINDS:
        return None
    rows = await database.read(_BY_DIGEST[secret.kind], {"digest": secret.digest})
    if not rows or not secret.matches(rows[0].digest):
        return None
    return _holder(secret.kind, rows)


async def by_name(database: Database, names: Iterable[str]) -> Mapping[str, Holder]:
    """The holders of credentials by their names, `session:ID`; what is not worth anything any more is left out."""
    holders: dict[str, Holder] = {}
    wanted = set(names)
    for kind in KINDS:
        if ids := ids_of(kind, wanted):
            rows = await database.read(_BY_IDS[kind], {"ids": ids})
            holders |= {holder.credential: holder for holder in _holders(kind, rows)}
    return holders


def table_of(kind: Kind) -> Any:
    """Where credentials of the kind are kept."""
    return {Kind.SESSION: Session, Kind.API: ApiToken, Kind.PROBE: ProbeToken}[kind]


def ids_of(kind: Kind, names: Iterable[str]) -> Sequence[str]:
    """The ids among names of credentials, `session:ID`, that are of the kind."""
    named = (name.partition(":") for name in names)
    return [found for prefix, _, found in named if prefix == kind and is_id(found)]


def _holders(kind: Kind, rows: Sequence[Row[Any]]) -> Iterable[Holder]:
    grouped: dict[str, list[Row[Any]]] = {}
    for row in rows:
        grouped.setdefault(row.id, []).append(row)
    return [_holder(kind, group) for group in grouped.values()]


def _holder(kind: Kind, rows: Sequence[Row[Any]]) -> Holder:
    first = rows[0]
    return Holder(
        credential=f"{kind}:{first.id}",
        subject=first.subject,
        caller=Caller.CALLER_PROBE if kind == Kind.PROBE else Caller.CALLER_USER,
        admin=first.admin,
        places=[
            Place(row.organization, row.slug, roles.PROBE if kind == Kind.PROBE else roles.PERMISSIONS[row.role])
            for row in rows
            if row.organization
        ],
        last_used=first.last_used,
    )


def _columns(table: Any, subject: Any, admin: Any, role: Any) -> Select[Any]:
    credential = (table.id, table.digest, table.last_used, subject.label("subject"), admin.label("admin"))
    place: tuple[Any, ...] = (col(Organization.id).label("organization"), col(Organization.slug), role)
    return select(*credential, *place).where(table.revoked.is_(None))


def _probe_tokens() -> Select[Any]:
    live = and_(col(Organization.id) == col(ProbeToken.organization_id), col(Organization.deleted).is_(None))
    chosen = _columns(ProbeToken, col(ProbeToken.id), literal(value=False), literal("").label("role"))
    return chosen.join(Organization, live)


def _api_tokens() -> Select[Any]:
    member = and_(
        col(Membership.user_id) == col(ApiToken.user_id),
        col(Membership.organization_id) == col(ApiToken.organization_id),
    )
    live = and_(col(Organization.id) == col(ApiToken.organization_id), col(Organization.deleted).is_(None))
    chosen = _columns(ApiToken, col(User.id), literal(value=False), col(Membership.role))
    return (
        chosen.join(User, and_(col(User.id) == col(ApiToken.user_id), col(User.disabled).is_(None)))
        .join(Membership, member)
        .join(Organization, live)
    )


def _sessions() -> Select[Any]:
    live = and_(col(Organization.id) == col(Membership.organization_id), col(Organization.deleted).is_(None))
    chosen = _columns(Session, col(User.id), col(User.admin), col(Membership.role))
    return (
        chosen.where(col(Session.expires) > func.now())
        .join(User, and_(col(User.id) == col(Session.user_id), col(User.disabled).is_(None)))
        .outerjoin(Membership, col(Membership.user_id) == col(User.id))
        .outerjoin(Organization, live)
        .order_by(col(Organization.slug))
    )


def among_ids(column: Any) -> Any:
    """That the column is one of the parameter `ids`: one parameter however many there are."""
    return column == any_(bindparam("ids", type_=ARRAY(String)))


# Made once: SQLAlchemy takes longer to put such a statement together than PostgreSQL to answer it.
_SELECT = {Kind.SESSION: _sessions(), Kind.API: _api_tokens(), Kind.PROBE: _probe_tokens()}
_BY_DIGEST = {kind: chosen.where(table_of(kind).digest == bindparam("digest")) for kind, chosen in _SELECT.items()}
_BY_IDS = {kind: chosen.where(among_ids(table_of(kind).id)) for kind, chosen in _SELECT.items()}
