"""What mails say on each occasion, decided when they are written."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.headerregistry import Address
from typing import Literal

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from users import accounts, invitations, sign_in
from users.database import Database
from users.mail import Compose, Folder, Letter, Letters, Occasion, Sender, Transport
from users.settings import UsersSettings
from users.tables import Mail, User

# Whom mail is from that goes nowhere but into a folder.
_HERE = Address("Scope", addr_spec="scope@localhost")
_log = structlog.get_logger()


@dataclass(frozen=True)
class Correspondence:
    """What is said to people.

    Signing up is signing in: whoever asks gets a mail, and who it is decides what it says, here where nobody can watch.

    Args:
        signup: whom an account of their own making lets in; see UsersSettings.
        public_url: where browsers find the deployment.
    """

    signup: Literal["approval", "open", "invite"]
    public_url: str

    def compose(self) -> Mapping[Occasion, Compose]:
        """What is said, by occasion."""
        return {
            Occasion.SIGN_UP: self._sign_up,
            Occasion.APPROVED: self._approved,
            Occasion.INVITATION: _invitation,
        }

    async def _sign_up(self, session: AsyncSession, mail: Mail) -> Letter | None:
        admitted = self.signup == "open" or bool(await invitations.open_for(session, mail.recipient))
        if admitted or self.signup == "approval":
            await accounts.sign_up(session, mail.recipient, approved=admitted, themselves=True)
        user = await accounts.find(session, mail.recipient)
        if user is None:
            return Letter("not_invited", {})
        if user.approved is None and user.disabled is None:
            return Letter("welcome", {})
        return await self._with_link("sign_in", session, user)

    async def _approved(self, session: AsyncSession, mail: Mail) -> Letter | None:
        return await self._with_link("approved", session, await accounts.find(session, mail.recipient))

    async def _with_link(self, kind: str, session: AsyncSession, user: User | None) -> Letter | None:
        if user is None or user.disabled is not None or user.approved is None:
            return None
        return Letter(kind, {"link": await sign_in.link_of(session, user.id, self.public_url)})


async def _invitation(session: AsyncSession, mail: Mail) -> Letter | None:
    return Letter("invitation", mail.facts) if await invitations.open_for(session, mail.recipient) else None


@asynccontextmanager
async def sending(settings: UsersSettings, database: Database) -> AsyncIterator[None]:
    """Sends what is in the outbox meanwhile, where the settings say how.

    Raises:
        jinja2.TemplateError: a letter cannot be written.
    """
    letters = Letters(settings.mail_from or _HERE, settings.public_url)
    transport = _transport(settings)
    if transport is None:
        _log.warning("mail waits, for a week at most, until SMTP_URL is set")
        yield
        return
    compose = Correspondence(settings.signup, settings.public_url).compose()
    async with Sender(database, transport, letters, compose).running():
        yield


def _transport(settings: UsersSettings) -> Transport | None:
    if settings.smtp_url is None and settings.mail_directory:
        return Folder(settings.mail_directory)
    return settings.smtp_url
