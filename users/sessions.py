"""Sessions: rows, so that each can be revoked, and the cookie that carries their secret."""

from datetime import timedelta

from sqlalchemy import delete, func, insert, update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from users import secrets
from users.secrets import Kind
from users.tables import Session, new_id

#: How long a browser stays signed in.
LIFETIME = timedelta(days=30)


async def create(session: AsyncSession, user: str) -> str:
    """Makes a session of a person and answers its secret; sessions that expired are cleared away."""
    await session.exec(delete(Session).where(col(Session.expires) < func.now()))
    secret = secrets.generate(Kind.SESSION)
    row = {"id": new_id(), "user_id": user, "digest": secrets.digest(secret), "expires": func.now() + LIFETIME}
    await session.exec(insert(Session).values(row))
    return secret


async def revoke(session: AsyncSession, session_id: str) -> None:
    """Ends a session."""
    chosen = update(Session).where(col(Session.id) == session_id, col(Session.revoked).is_(None))
    await session.exec(chosen.values(revoked=func.now()))


class Cookie:
    """The session cookie of a deployment.

    Over https its name begins with `__Host-`, so that browsers take it from this very host alone and over https alone.

    Args:
        public_url: where browsers find the deployment.
    """

    def __init__(self, public_url: str) -> None:
        self._secure = public_url.startswith("https://")
        self.name = "__Host-scope" if self._secure else "scope"

    def set(self, secret: str) -> str:
        """The Set-Cookie header that signs a browser in."""
        return self._header(secret, int(LIFETIME.total_seconds()))

    def clear(self) -> str:
        """The Set-Cookie header that signs a browser out."""
        return self._header("", 0)

    def _header(self, value: str, age: int) -> str:
        secure = "; Secure" if self._secure else ""
        return f"{self.name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}"
