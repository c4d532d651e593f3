"""Rates that all replicas share and that survive them: signing in, signing up, mail.

Counted in the database by its clock, in one statement: the generic cell rate algorithm, which remembers one moment of
everybody, when all that they used has come back.
"""

import hashlib
import math
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv6Address, IPv6Network, ip_address

from sqlalchemy import delete, func, text
from sqlmodel import col

from mesh.background import now_and_then
from mesh.errors import ServiceError, rate_exceeded
from mesh.rates import Rate
from users.database import Database
from users.settings import UsersSettings
from users.tables import Used

#: How often rows of those who used nothing lately are cleared away, in seconds.
CLEARED = 300.0

_NETWORK = 64

_TAKE = text(
    """
    INSERT INTO rates AS used (name, whom, restored, wait)
    VALUES (:name, :whom, now() + :interval, interval '0')
    ON CONFLICT (name, whom) DO UPDATE SET
        restored = CASE WHEN used.restored <= now() + :slack
            THEN greatest(used.restored, now()) + :interval ELSE used.restored END,
        wait = greatest(used.restored - now() - :slack, interval '0')
    RETURNING wait
    """
)


@dataclass(frozen=True)
class Limit:
    """A rate of something.

    Args:
        name: under which it is counted, `sign_in`; at most 32 characters.
        rate: how much of it.
        what: in the plural and for whom, as the refusal says it: `attempts to sign in from your address`.
    """

    name: str
    rate: Rate
    what: str


@dataclass(frozen=True)
class Limits:
    """The limits of a deployment."""

    #: By `source`.
    sign_in: Limit
    #: By `source`.
    sign_up: Limit
    #: By address.
    sign_in_mail: Limit
    #: By address.
    mail: Limit
    #: By a person's id.
    organization: Limit
    #: By a person's id.
    invitation: Limit

    @classmethod
    def of(cls, settings: UsersSettings) -> "Limits":
        """Those that the settings say."""
        return cls(
            sign_in=Limit("sign_in", settings.sign_in_rate, "attempts to sign in from your network address"),
            sign_up=Limit("sign_up", settings.sign_up_rate, "requests to sign up from your network address"),
            sign_in_mail=Limit("sign_in_mail", settings.sign_in_mail_rate, "sign-in links for this e-mail address"),
            mail=Limit("mail", settings.mail_rate, "mails to this e-mail address"),
            organization=Limit("organization", settings.organization_rate, "organizations made by you"),
            invitation=Limit("invitation", settings.invitation_rate, "invitations by you"),
        )


async def take(database: Database, limit: Limit, whom: str) -> None:
    """Counts one for somebody, before what it is for is done.

    It is a transaction of its own, so that it counts whatever becomes of the caller's, and it wants a connection of its
    own: call it before you begin one. Refused attempts are not counted.

        await rates.take(database, limits.sign_up, rates.source(current().address))
        await rates.take(database, limits.sign_in_mail, address)

    Args:
        database: where it is counted.
        limit: what is limited.
        whom: whom it is counted for: a normal e-mail address, `source(...)`, an id. Only its digest is kept.

    Raises:
        ServiceError: RESOURCE_EXHAUSTED (RATE_EXCEEDED) where there is none left, with the exact time until there is;
            UNAVAILABLE when the database cannot be reached.
    """
    interval = limit.rate.interval
    values = {
        "name": limit.name,
        "whom": hashlib.sha256(whom.encode()).digest(),
        "interval": interval,
        "slack": limit.rate.per - interval,
    }
    ((wait,),) = await database.read(_TAKE, values)
    if wait:
        raise _exceeded(limit, wait.total_seconds())


def source(address: str) -> str:
    """Whom to count for where only an address is known; what is none counts as it is.

    An IPv6 network of 64 bits counts as one: whoever has one address of it may have them all.
    """
    with suppress(ValueError):
        parsed = ip_address(address)
        if isinstance(parsed, IPv6Address):
            return str(parsed.ipv4_mapped or IPv6Network((int(parsed), _NETWORK), strict=False))
        return str(parsed)
    return address


async def clear(database: Database) -> None:
    """Forgets who used nothing lately."""
    async with database.begin() as session:
        await session.exec(delete(Used).where(col(Used.restored) < func.now()))


async def keep_clear(database: Database) -> None:
    """Forgets them now and then, for ever."""
    await now_and_then(CLEARED, partial(clear, database), "used rates could not be cleared away")


def _exceeded(limit: Limit, wait: float) -> ServiceError:
    message = f"too many {limit.what}: at most {limit.rate.text}; try again in {_said(wait)}"
    return rate_exceeded(message, wait)


def _said(wait: float) -> str:
    """A time to wait, for people."""
    for unit, seconds in (("hours", 3600), ("minutes", 60)):
        if wait > 2 * seconds:
            return f"{math.ceil(wait / seconds)} {unit}"
    seconds = math.ceil(wait)
    return f"{seconds} second{'s' if seconds > 1 else ''}"
