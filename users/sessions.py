"""Sessions: rows, so that each can be ended, and the cookie that carries their secret."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, func, insert, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from mesh.errors import not_found
from users import audit, secrets
from users.audit import Action
from users.credentials import live_session
from users.secrets import Kind
from users.settings import UsersSettings
from users.tables import Session, is_id, new_id
from users.tables.base import USER_AGENT_LENGTH

_GOES_ON = (col(Session.revoked).is_(None), col(Session.expires) > func.now())

#: Where one person may be signed in; whoever signs in once more ends the session that was unused for longest.
LIMIT = 100


@dataclass(frozen=True)
class Rules:
    """How long sessions are good."""

    #: Unused.
    idle: timedelta
    #: Whatever happens.
    lifetime: timedelta

    @classmethod
    def of(cls, settings: UsersSettings) -> "Rules":
        """Those that the settings say."""
        return cls(timedelta(seconds=settings.session_idle), timedelta(seconds=settings.session_lifetime))


@dataclass(frozen=True)
class Browser:
    """Where somebody signs in.

    Args:
        address: the client's IP address.
        user_agent: what the browser says it is; it is cut short, and without control characters.
    """

    address: str
    user_agent: str

    def row(self) -> dict[str, str | None]:
        """As a session keeps it."""
        said = "".join(filter(str.isprintable, self.user_agent))[:USER_AGENT_LENGTH]
        return {"address": self.address or None, "user_agent": said or None}


async def create(session: AsyncSession, user: str, rules: Rules, browser: Browser) -> tuple[str, str]:
    """Makes a session of a person; answers its id and its secret."""
    await _make_room(session, user)
    secret, session_id = secrets.generate(Kind.SESSION), new_id()
    row = {"id": session_id, "user_id": user, "digest": secrets.digest(secret), **browser.row()}
    await session.exec(insert(Session).values(expires=func.now() + rules.lifetime, **row))
    after = {"user_agent": row["user_agent"]}
    await audit.record(session, Action.USER_SIGN_IN, subject=session_id, actor=user, after=after)
    return session_id, secret


async def listed(session: AsyncSession, user: str, rules: Rules) -> Sequence[Session]:
    """The sessions of a person that are good now, the last used first."""
    chosen = select(Session).where(col(Session.user_id) == user, live_session(rules.idle))
    return (await session.exec(chosen.order_by(_used().desc(), col(Session.id)))).all()


async def end(session: AsyncSession, user: str, session_id: str, rules: Rules) -> None:
    """Ends one of the sessions that `listed` answers; raises ServiceError NOT_FOUND for any other."""
    chosen = (col(Session.user_id) == user, col(Session.id) == session_id, live_session(rules.idle))
    if not is_id(session_id) or not await _end(session, *chosen):
        raise not_found("session", session_id)


async def end_all(session: AsyncSession, user: str, keep: str = "") -> int:
    """Ends the sessions of a person but the one to keep, and answers how many they were."""
    return await _end(session, col(Session.user_id) == user, col(Session.id) != keep)


async def sign_out(session: AsyncSession, session_id: str) -> None:
    """Ends a session, whoever it acts as, where it goes on."""
    await _end(session, col(Session.id) == session_id)


async def _end(session: AsyncSession, *chosen: ColumnElement[bool]) -> int:
    revoked = update(Session).where(*chosen, *_GOES_ON).values(revoked=func.now()).returning(col(Session.id))
    ended = (await session.exec(revoked)).scalars().all()
    for session_id in ended:
        await audit.record(session, Action.USER_SIGN_OUT, subject=session_id)
    return len(ended)


async def _make_room(session: AsyncSession, user: str) -> None:
    """Ends the sessions of a person that were unused for longest, where there would be too many."""
    surplus = (
        select(Session.id).where(col(Session.user_id) == user, *_GOES_ON).order_by(_used().desc()).offset(LIMIT - 1)
    )
    await _end(session, col(Session.id).in_(surplus))


def _used() -> ColumnElement[object]:
    return func.greatest(col(Session.created), col(Session.last_used))


class Cookie:
    """The session cookie of a deployment.

    Over https its name begins with `__Host-`, so that browsers take it from this very host alone and over https alone.

    Args:
        public_url: where browsers find the deployment.
        lifetime: how long browsers keep it.
    """

    def __init__(self, public_url: str, lifetime: timedelta) -> None:
        self._secure = public_url.startswith("https://")
        self._age = int(lifetime.total_seconds())
        self.name = "__Host-scope" if self._secure else "scope"

    def set(self, secret: str) -> str:
        """The Set-Cookie header that signs a browser in."""
        return self._header(secret, self._age)

    def clear(self) -> str:
        """The Set-Cookie header that signs a browser out."""
        return self._header("", 0)

    def _header(self, value: str, age: int) -> str:
        secure = "; Secure" if self._secure else ""
        return f"{self.name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}"
