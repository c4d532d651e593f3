"""A process that sends what is in an outbox until it is killed: `-m users.tests.mailing DATABASE_URL SMTP_URL`."""

import asyncio
import sys

from sqlmodel.ext.asyncio.session import AsyncSession

from users.database import Database
from users.mail import Letter, Letters, Occasion, Sender, Server, Transport, address
from users.tables import Mail

FROM = address("Scope <scope@scope.example>")
SITE = "http://scope.example"


async def say(_: AsyncSession, mail: Mail) -> Letter:
    """An invitation says what it was posted with."""
    return Letter("invitation", mail.facts)


def sender(database: Database, transport: Transport) -> Sender:
    """Somebody who sends invitations."""
    return Sender(database, transport, Letters(FROM, SITE), {Occasion.INVITATION: say})


async def _main(database_url: str, smtp_url: str) -> None:
    async with sender(Database(database_url), Server.parse(smtp_url)).running():
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
