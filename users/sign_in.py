"""Signing in by a link that works once."""

from dataclasses import dataclass
from datetime import timedelta

import grpc
from sqlalchemy import func, insert, update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from mesh.errors import ServiceError, invalid_field
from scope.errors.v1.errors_pb2 import Reason
from users import accounts, secrets
from users.secrets import Kind
from users.tables import LoginToken, User, new_id

#: How long a link works.
LIFETIME = timedelta(minutes=10)


async def create_link(session: AsyncSession, email: str, public_url: str) -> str:
    """Makes a sign-in link for a person.

    Raises:
        ServiceError: NOT_FOUND when there is none with that address, INVALID_ARGUMENT for who may not sign in.
    """
    user = await accounts.by_email(session, email)
    if user.disabled is not None:
        raise invalid_field("email", f"{user.email} is disabled; enable the person first")
    if user.approved is None:
        raise invalid_field("email", f"{user.email} waits for approval; approve the person first")
    return await link_of(session, user.id, public_url)


async def link_of(session: AsyncSession, user_id: str, public_url: str, impersonation_id: str | None = None) -> str:
    """Makes a sign-in link for the person with that id; with an impersonation's, the session then acts as it says."""
    secret = secrets.generate(Kind.LOGIN)
    row = {"id": new_id(), "user_id": user_id, "digest": secrets.digest(secret), "impersonation_id": impersonation_id}
    await session.exec(insert(LoginToken).values(expires=func.now() + LIFETIME, **row))
    return f"{public_url.rstrip('/')}/#/login/{secret}"


@dataclass(frozen=True)
class Used:
    """A link that was used."""

    #: Whose it is, locked until the transaction ends.
    user: User
    #: Whom the new session acts as: the id of an impersonation; None: the person.
    impersonation_id: str | None


async def consume(session: AsyncSession, text: str) -> Used:
    """Uses up a link's secret and answers whose it is; of several at once, one succeeds.

    Raises:
        ServiceError: UNAUTHENTICATED, the same for a link that was used, has expired or never existed.
    """
    secret = secrets.parse(text)
    if secret is None or secret.kind != Kind.LOGIN:
        raise invalid()
    unused = update(LoginToken).where(
        col(LoginToken.digest) == secret.digest, col(LoginToken.used).is_(None), col(LoginToken.expires) > func.now()
    )
    of_link = (col(LoginToken.digest), col(LoginToken.user_id), col(LoginToken.impersonation_id))
    row = (await session.exec(unused.values(used=func.now()).returning(*of_link))).first()
    if row is None or not secret.matches(row.digest):
        raise invalid()
    user = await session.get(User, row.user_id, with_for_update=True)
    if user is None or user.disabled is not None or user.approved is None:
        raise invalid()
    return Used(user, row.impersonation_id)


def invalid() -> ServiceError:
    """That a link does not work, whatever the reason is."""
    message = "this sign-in link does not work: it was used, or is older than 10 minutes; ask for a new one"
    return ServiceError(grpc.StatusCode.UNAUTHENTICATED, Reason.REASON_LOGIN_LINK_INVALID, message)
