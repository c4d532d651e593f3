"""The tokens of an organization: with a probe token probes report, with an API token a program acts as a person.

All that is done with them happens under a lock on the organization (see users.members): no limit is passed by two at
once, of two who rotate a token one succeeds, and nothing is made with a token that is being revoked, or for a member
who is being removed.

An API token manages itself and those that were made with it, and no other: a narrowed one could get the secret of a
wider one otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, update
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mesh.errors import invalid_field, limit_exceeded, not_found, permission_denied, unauthenticated
from scope.auth.v1.identity_pb2 import Identity
from users import audit, impersonation, members, roles, secrets
from users.audit import Action
from users.credentials import id_of, live
from users.secrets import Kind
from users.tables import ApiToken, ProbeToken, is_id, new_id

Token = ProbeToken | ApiToken

#: Tokens of each kind that an organization, or a person in it, may have at a time.
LIMIT = 1_000
#: How long an API token works where nobody says, and any token at most.
USUAL = timedelta(days=90)
LONGEST = timedelta(days=366)

#: What of a token stays when another takes its place.
_KEPT = {"organization_id", "user_id", "name", "permissions", "parent_id"}

_NOT_OWN = "you act as somebody else, whose API tokens are made and rotated by that person alone"
_OWN = "token.own"
_MANAGE = "token.manage"


@dataclass(frozen=True)
class Made:
    """A new token, and its secret, which is shown this once."""

    token: Token
    secret: str


async def first(session: AsyncSession, organization: str, user: str) -> tuple[Made, Made]:
    """The first tokens of a new organization, of its probes and of a member; they do not end."""
    probe = await _add(session, ProbeToken(organization_id=organization, name="first", digest=b""))
    return probe, await _add(session, ApiToken(organization_id=organization, user_id=user, name="first", digest=b""))


async def create_probe(session: AsyncSession, caller: Identity, name: str, expires: datetime | None) -> Made:
    """Makes a probe token of the caller's organization.

    Args:
        session: the transaction.
        caller: who makes it.
        name: what to call it.
        expires: when it stops working; None: never.

    Raises:
        ServiceError: PERMISSION_DENIED without the permission token.manage, RESOURCE_EXHAUSTED where there are as many
            as may be, INVALID_ARGUMENT for an end that is over or too far away.
    """
    _check_end(expires)
    _check_permission(caller, _MANAGE)
    await members.acting(session, caller.organization, caller.subject, _MANAGE)
    return await _add(session, ProbeToken(organization_id=caller.organization, name=name, expires=expires, digest=b""))


async def create_api(
    session: AsyncSession, caller: Identity, name: str, expires: datetime | None, permissions: Sequence[str]
) -> Made:
    """Makes an API token of the caller's for the organization; made with another, it is bounded by that one.

    Args:
        session: the transaction.
        caller: who makes it.
        name: what to call it.
        expires: when it stops working; None: after 90 days.
        permissions: what it may do; none: all that the caller may.

    Raises:
        ServiceError: PERMISSION_DENIED for a permission that the caller has not, and to who acts as somebody else;
            RESOURCE_EXHAUSTED where there are as many as may be; INVALID_ARGUMENT for a permission that is not there,
            or an end that is over or too far away.
    """
    _check_end(expires)
    impersonation.check_own(caller, _NOT_OWN)
    _check_permissions(caller, permissions)
    await members.acting(session, caller.organization, caller.subject, _OWN)
    maker = await _maker(session, caller)
    token = ApiToken(
        organization_id=caller.organization,
        user_id=caller.subject,
        name=name,
        expires=_no_later(expires or _now() + USUAL, maker),
        permissions=list(permissions) or (maker.permissions if maker else None),
        parent_id=maker.id if maker else None,
        digest=b"",
    )
    return await _add(session, token)


async def listed(session: AsyncSession, caller: Identity) -> Sequence[Token]:
    """The caller's API tokens and, for who manages them, the organization's probe tokens, oldest first."""
    found = [one for table in _tables(caller) for one in await session.exec(select(table).where(*_seen(table, caller)))]
    return sorted(found, key=lambda token: (token.created, token.id))


async def rotate(session: AsyncSession, caller: Identity, token_id: str, overlap: timedelta) -> tuple[Made, datetime]:
    """Puts a new token in the place of one that `listed` answers; answers it, and until when the old one works.

    The new one works for as long again as the old one was to, but no longer than the API token that it is rotated with.

    Raises:
        ServiceError: NOT_FOUND for any other, and one that was rotated already; PERMISSION_DENIED for an API token to
            who acts as somebody else; RESOURCE_EXHAUSTED where there are as many as may be.
    """
    old = await _find(session, caller, token_id)
    if old.replaced_by:
        raise not_found("token", token_id, f"it was rotated, and {old.replaced_by} is in its place")
    before, expires = _facts(old), old.expires and _now() + (old.expires - old.created)
    if isinstance(old, ApiToken):
        impersonation.check_own(caller, _NOT_OWN)
        expires = _no_later(expires, await _maker(session, caller))
    made = await _insert(session, type(old)(**old.model_dump(include=_KEPT), expires=expires, digest=b""))
    old_expires = await _replace(session, old, made.token.id, overlap)
    after = _facts(made.token) | {"replaced_by": made.token.id, "old_expires": old_expires.isoformat()}
    await _record(session, Action.TOKEN_ROTATE, old, before=before, after=after)
    return made, old_expires


async def _replace(session: AsyncSession, old: Token, new: str, overlap: timedelta) -> datetime:
    """Lets a token work for no longer than the overlap, and answers until when."""
    table: Any = type(old)
    until = func.least(table.expires, func.now() + overlap)
    ending = update(table).where(table.id == old.id).values(replaced_by=new, expires=until).returning(table.expires)
    end: datetime = (await session.exec(ending)).scalar_one()
    return end


async def revoke(session: AsyncSession, caller: Identity, token_id: str) -> None:
    """Revokes one of the tokens that `listed` answers, those it took the place of, and those that were made with them.

    Raises:
        ServiceError: NOT_FOUND for any other.
    """
    token = await _find(session, caller, token_id)
    table: Any = type(token)
    going = update(table).where(table.id.in_(_family(table, token.id)), live(table))
    for one in (await session.exec(going.values(revoked=func.now()).returning(table))).scalars().all():
        await _record(session, Action.TOKEN_REVOKE, one, before=_facts(one))


async def _find(session: AsyncSession, caller: Identity, token_id: str) -> Token:
    """One of the tokens that `listed` answers, under the lock; raises ServiceError NOT_FOUND for any other."""
    await members.acting(session, caller.organization, caller.subject, _OWN)
    for table in _tables(caller) if is_id(token_id) else ():
        found: Token | None = (
            await session.exec(select(table).where(table.id == token_id, *_seen(table, caller)))
        ).first()
        if found is not None:
            return found
    raise not_found("token", token_id)


def _tables(caller: Identity) -> Sequence[Any]:
    """Where there are tokens that the caller may see."""
    return (ApiToken, ProbeToken) if _MANAGE in caller.permissions else (ApiToken,)


def _seen(table: Any, caller: Identity) -> Sequence[ColumnElement[bool]]:
    """Which tokens the caller may see."""
    seen = [live(table), table.organization_id == caller.organization]
    token_id = _token_id(caller)
    if table is ApiToken:
        seen.append(table.user_id == caller.subject)
    if table is ApiToken and token_id:
        seen.append(col(table.id).in_(_family(table, token_id)))
    return seen


def _family(table: Any, token_id: str) -> Select[Any]:
    """The ids of a token, of those it took the place of, and of those that were made with any of them, all the way."""
    family = select(table.id).where(table.id == token_id).cte(recursive=True)
    other = aliased(table)
    belongs = other.replaced_by == family.c.id
    if table is ApiToken:
        belongs = or_(belongs, other.parent_id == family.c.id)
    return select(family.union(select(other.id).join(family, belongs)).c.id)


def _token_id(caller: Identity) -> str:
    """The id of the API token that the caller comes with; empty for a session."""
    return id_of(Kind.API, caller.credential)


async def _maker(session: AsyncSession, caller: Identity) -> ApiToken | None:
    """The API token that the caller comes with; raises ServiceError UNAUTHENTICATED where it is no longer good."""
    token_id = _token_id(caller)
    if not token_id:
        return None
    token = (await session.exec(select(ApiToken).where(ApiToken.id == token_id, live(ApiToken)))).first()
    if token is None:
        raise unauthenticated()
    return token


async def _add(session: AsyncSession, token: Token) -> Made:
    made = await _insert(session, token)
    await _record(session, Action.TOKEN_CREATE, token, after=_facts(token))
    return made


async def _insert(session: AsyncSession, token: Token) -> Made:
    """Keeps a new token and answers it with its secret."""
    table: Any = type(token)
    mine = [live(table), table.organization_id == token.organization_id]
    if isinstance(token, ApiToken):
        mine.append(table.user_id == token.user_id)
    if (await session.exec(select(func.count()).select_from(table).where(*mine))).one() >= LIMIT:
        message = f"there are {LIMIT} such tokens already; revoke one that is not used"
        raise limit_exceeded(message)
    secret = secrets.generate(_kind(token))
    token.id, token.digest = new_id(), secrets.digest(secret)
    session.add(token)
    await session.flush()
    return Made(token, secret)


def _kind(token: Token) -> Kind:
    return Kind.PROBE if isinstance(token, ProbeToken) else Kind.API


def _facts(token: Token) -> dict[str, Any]:
    facts = {"kind": _kind(token), "name": token.name, "expires": token.expires and token.expires.isoformat()}
    return facts | ({"permissions": token.permissions} if isinstance(token, ApiToken) else {})


async def _record(
    session: AsyncSession,
    action: Action,
    token: Token,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    where = token.organization_id
    await audit.record(session, action, organization=where, subject=token.id, before=before, after=after)


def _now() -> datetime:
    return datetime.now(UTC)


def _no_later(expires: datetime | None, maker: ApiToken | None) -> datetime | None:
    """An end that is not after that of the token with which it is made."""
    return min((end for end in (expires, maker and maker.expires) if end), default=None)


def _check_end(expires: datetime | None) -> None:
    if expires and not timedelta() < expires - _now() <= LONGEST:
        raise invalid_field("expires", f"must be in the future, and at most {LONGEST.days} days from now")


def _check_permission(caller: Identity, permission: str) -> None:
    if permission not in caller.permissions:
        message = f"this needs the permission {permission} in the organization"
        raise permission_denied(message, permission)


def _check_permissions(caller: Identity, permissions: Sequence[str]) -> None:
    """Refuses permissions that are not there, and those that the caller has not."""
    for number, permission in enumerate(permissions):
        if permission not in roles.LEAST:
            raise invalid_field(f"permissions[{number}]", f"there is no permission {permission!r}")
        _check_permission(caller, permission)
