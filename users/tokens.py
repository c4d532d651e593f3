"""The tokens of an organization: with a probe token probes report, with an API token a program acts as a person."""

from collections.abc import Sequence

import grpc
from sqlalchemy import ColumnElement, func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mesh.errors import ServiceError, not_found
from scope.errors.v1.errors_pb2 import Reason
from users import secrets
from users.secrets import Kind
from users.tables import ApiToken, ProbeToken, is_id

#: Tokens of each kind that an organization, or a person in it, may have at a time.
LIMIT = 1_000


async def create_probe(session: AsyncSession, organization: str, name: str) -> tuple[str, str]:
    """Makes a probe token of the organization; answers its id and its secret."""
    await _check_room(session, ProbeToken, col(ProbeToken.organization_id) == organization)
    secret = secrets.generate(Kind.PROBE)
    token = ProbeToken(organization_id=organization, name=name, digest=secrets.digest(secret))
    session.add(token)
    return token.id, secret


async def create_api(session: AsyncSession, organization: str, user: str, name: str) -> tuple[str, str]:
    """Makes an API token of a person for the organization; answers its id and its secret."""
    await _check_room(session, ApiToken, *_mine(organization, user))
    secret = secrets.generate(Kind.API)
    token = ApiToken(organization_id=organization, user_id=user, name=name, digest=secrets.digest(secret))
    session.add(token)
    return token.id, secret


async def listed(session: AsyncSession, organization: str, user: str) -> Sequence[ProbeToken | ApiToken]:
    """The organization's probe tokens and the person's API tokens for it, oldest first."""
    probe = select(ProbeToken).where(ProbeToken.organization_id == organization, col(ProbeToken.revoked).is_(None))
    api = select(ApiToken).where(*_mine(organization, user), col(ApiToken.revoked).is_(None))
    found: list[ProbeToken | ApiToken] = [*await session.exec(probe), *await session.exec(api)]
    return sorted(found, key=lambda token: (token.created, token.id))


async def revoke(session: AsyncSession, organization: str, user: str, token: str) -> None:
    """Revokes one of the tokens that `listed` answers; raises ServiceError NOT_FOUND for any other."""
    if not is_id(token):
        raise not_found("token", token)
    probe = update(ProbeToken).where(col(ProbeToken.id) == token, col(ProbeToken.organization_id) == organization)
    api = update(ApiToken).where(col(ApiToken.id) == token, *_mine(organization, user))
    for table, chosen in ((ProbeToken, probe), (ApiToken, api)):
        statement = chosen.where(col(table.revoked).is_(None)).values(revoked=func.now()).returning(col(table.id))
        if (await session.exec(statement)).first() is not None:
            return
    raise not_found("token", token)


def _mine(organization: str, user: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return col(ApiToken.organization_id) == organization, col(ApiToken.user_id) == user


async def _check_room(
    session: AsyncSession, table: type[ProbeToken] | type[ApiToken], *chosen: ColumnElement[bool]
) -> None:
    counted = select(func.count()).select_from(table).where(*chosen, col(table.revoked).is_(None))
    if (await session.exec(counted)).one() >= LIMIT:
        message = f"there are {LIMIT} such tokens already; revoke one that is not used"
        raise ServiceError(grpc.StatusCode.RESOURCE_EXHAUSTED, Reason.REASON_LIMIT_EXCEEDED, message)
