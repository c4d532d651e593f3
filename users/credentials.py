"""What a credential stands for, read from the database: one query for each kind of credential."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Interval,
    Row,
    Select,
    String,
    and_,
    any_,
    bindparam,
    func,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy.orm import aliased
from sqlmodel import col

from scope.auth.v1.access_pb2 import Caller
from scope.auth.v1.identity_pb2 import Identity
from users import roles
from users.database import Database
from users.secrets import Kind, Secret
from users.tables import ApiToken, Impersonation, Membership, Organization, ProbeToken, Session, User, is_id


@dataclass(frozen=True)
class Place:
    """An organization that a credential is good for.

    Args:
        organization: its internal id.
        slug: as requests name it.
        permissions: what the holder may do there, were it not refused.
        limits: see Identity.limits.
        refused: why an administrator of the deployment refuses it to the holder; empty where nobody does.
    """

    organization: str
    slug: str
    permissions: Sequence[str]
    limits: Mapping[str, int] = field(default_factory=dict)
    refused: str = ""


@dataclass(frozen=True)
class Holder:
    """Who holds a credential that is good now."""

    #: As in Identity.credential.
    credential: str
    subject: str
    caller: Caller.ValueType
    admin: bool
    places: Sequence[Place]
    #: As in Identity.impersonator.
    impersonator: str = ""
    #: When the credential was last noted to be used.
    last_used: datetime | None = field(default=None, compare=False)

    def identity(self, place: Place | None) -> Identity:
        """The holder acting in one of its places, or in none."""
        identity = Identity(
            subject=self.subject,
            credential=self.credential,
            caller=self.caller,
            admin=self.admin,
            impersonator=self.impersonator,
        )
        if place:
            identity.organization = place.organization
            identity.permissions.extend(() if place.refused else place.permissions)
            identity.limits.update(place.limits)
            identity.refused = place.refused
        return identity


#: How the kinds of credential begin in Identity.credential; a sign-in link is none.
KINDS = (Kind.SESSION, Kind.API, Kind.PROBE)


class Holders:
    """Who holds which credential.

    Args:
        database: where that is.
        session_idle: for how long a session is good unused.
    """

    def __init__(self, database: Database, session_idle: timedelta) -> None:
        self._database = database
        self._idle = {"idle": session_idle}

    async def by_secret(self, secret: Secret) -> Holder | None:
        """The holder of a presented secret; None when it is unknown, revoked, expired or worth nothing any more."""
        if secret.kind not in KINDS:
            return None
        rows = await self._database.read(_BY_DIGEST[secret.kind], {"digest": secret.digest, **self._idle})
        if not rows or not secret.matches(rows[0].digest):
            return None
        return _holder(secret.kind, rows)

    async def by_name(self, names: Iterable[str]) -> Mapping[str, Holder]:
        """The holders of credentials by their names, `session:ID`; what is not worth anything is left out."""
        holders: dict[str, Holder] = {}
        wanted = set(names)
        for kind in KINDS:
            if ids := ids_of(kind, wanted):
                rows = await self._database.read(_BY_IDS[kind], {"ids": ids, **self._idle})
                holders |= {holder.credential: holder for holder in _holders(kind, rows)}
        return holders


def table_of(kind: Kind) -> Any:
    """Where credentials of the kind are kept."""
    return {Kind.SESSION: Session, Kind.API: ApiToken, Kind.PROBE: ProbeToken}[kind]


def ids_of(kind: Kind, names: Iterable[str]) -> Sequence[str]:
    """The ids among names of credentials, `session:ID`, that are of the kind."""
    return [found for name in names if is_id(found := id_of(kind, name))]


def id_of(kind: Kind, name: str) -> str:
    """The id in the name of a credential, `session:ID`; empty where it is of another kind."""
    prefix, _, found = name.partition(":")
    return found if prefix == kind else ""


def live(table: type[ApiToken] | type[ProbeToken]) -> ColumnElement[bool]:
    """That a token was neither revoked nor has expired."""
    return and_(col(table.revoked).is_(None), or_(col(table.expires).is_(None), col(table.expires) > func.now()))


def live_session(idle: timedelta | ColumnElement[timedelta]) -> ColumnElement[bool]:
    """That a session was not revoked, has not expired, and was used within the time `idle`."""
    used = func.greatest(col(Session.created), col(Session.last_used))  # NULL is no moment, and not the greatest
    return and_(col(Session.revoked).is_(None), col(Session.expires) > func.now(), used > func.now() - idle)


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
        places=[_place(kind, row) for row in rows if row.organization],
        impersonator=first.impersonator or "",
        last_used=first.last_used,
    )


def _place(kind: Kind, row: Row[Any]) -> Place:
    held = roles.PROBE if kind == Kind.PROBE else roles.PERMISSIONS[row.role]
    refused = row.upload_refused if kind == Kind.PROBE else row.access_refused
    limits = {"probes": row.probes, "reports_per_second": row.reports_per_second}
    return Place(
        organization=row.organization,
        slug=row.slug,
        permissions=[one for one in held if row.narrowed is None or one in row.narrowed],
        limits={name: limit for name, limit in limits.items() if limit is not None},
        refused=(row.refusal or _NO_REASON) if refused else "",
    )


_NO_REASON = "an administrator of the deployment refuses this organization"

_PLACE: tuple[Any, ...] = (
    col(Organization.id).label("organization"),
    col(Organization.slug),
    col(Organization.access_refused),
    col(Organization.upload_refused),
    col(Organization.refusal),
    col(Organization.probes),
    col(Organization.reports_per_second),
)


_NOTHING: Any = null()


def _columns(
    table: Any, subject: Any, admin: Any, role: Any, *, narrowed: Any = _NOTHING, impersonator: Any = _NOTHING
) -> Select[Any]:
    """What is read of a credential, and of each organization that it is good for."""
    return select(
        table.id,
        table.digest,
        table.last_used,
        subject.label("subject"),
        admin.label("admin"),
        impersonator.label("impersonator"),
        role.label("role"),
        narrowed.label("narrowed"),
        *_PLACE,
    )


def _is(organization_id: Any) -> ColumnElement[bool]:
    return and_(col(Organization.id) == organization_id, col(Organization.deleted).is_(None))


def _may_sign_in(person: Any) -> ColumnElement[bool]:
    return and_(person.approved.is_not(None), person.disabled.is_(None))


def _probe_tokens() -> Select[Any]:
    chosen = _columns(ProbeToken, col(ProbeToken.id), literal(value=False), literal(""))
    return chosen.where(live(ProbeToken)).join(Organization, _is(ProbeToken.organization_id))


def _api_tokens() -> Select[Any]:
    member = and_(
        col(Membership.user_id) == col(ApiToken.user_id),
        col(Membership.organization_id) == col(ApiToken.organization_id),
    )
    chosen = _columns(
        ApiToken, col(User.id), literal(value=False), col(Membership.role), narrowed=col(ApiToken.permissions)
    )
    return (
        chosen.where(live(ApiToken))
        .join(User, and_(col(User.id) == col(ApiToken.user_id), _may_sign_in(User)))
        .join(Membership, member)
        .join(Organization, _is(ApiToken.organization_id))
    )


def _sessions() -> Select[Any]:
    """Sessions; while an administrator acts as somebody else with one, it is that person's."""
    owner, person = aliased(User), aliased(User)
    acting = and_(
        col(Impersonation.session_id) == col(Session.id),
        col(Impersonation.ended).is_(None),
        col(Impersonation.expires) > func.now(),
    )
    alone = col(Impersonation.id).is_(None)
    chosen = _columns(
        Session,
        col(person.id),
        and_(col(person.admin), alone),
        col(Membership.role),
        impersonator=col(Impersonation.administrator_id),
    )
    return (
        chosen.where(live_session(bindparam("idle", type_=Interval())))
        .join(owner, and_(col(owner.id) == col(Session.user_id), _may_sign_in(owner)))
        .outerjoin(Impersonation, acting)
        .where(or_(alone, and_(col(owner.admin), col(owner.id) == col(Impersonation.administrator_id))))
        .join(person, and_(col(person.id) == func.coalesce(Impersonation.user_id, owner.id), _may_sign_in(person)))
        .outerjoin(Membership, col(Membership.user_id) == col(person.id))
        .outerjoin(Organization, _is(Membership.organization_id))
        .order_by(col(Organization.slug))
    )


def among_ids(column: Any) -> Any:
    """That the column is one of the parameter `ids`: one parameter however many there are."""
    return column == any_(bindparam("ids", type_=ARRAY(String)))


# Made once: SQLAlchemy takes longer to put such a statement together than PostgreSQL to answer it.
_SELECT = {Kind.SESSION: _sessions(), Kind.API: _api_tokens(), Kind.PROBE: _probe_tokens()}
_BY_DIGEST = {kind: chosen.where(table_of(kind).digest == bindparam("digest")) for kind, chosen in _SELECT.items()}
_BY_IDS = {kind: chosen.where(among_ids(table_of(kind).id)) for kind, chosen in _SELECT.items()}
