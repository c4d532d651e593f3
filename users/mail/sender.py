"""Who sends what is in the outbox. Every replica does, and each mail is one's alone.

A mail is claimed, written, sent and settled, each a step of its own. So wherever a process dies, the mail is still in
the outbox and is sent once its lease is over: none is lost. It can arrive twice in one case alone: the server took it
and nobody came to know, for the process, the connection or the database was gone in the moment between the server's
acceptance and our commit. Both then have the same Message-ID. Into a folder none goes twice.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, timedelta
from email.message import EmailMessage

import structlog
from sqlalchemy import event
from sqlalchemy.orm import Session
from sqlmodel.ext.asyncio.session import AsyncSession

from users.database import Database
from users.instruments import MAILS
from users.mail import outbox
from users.mail.letters import Letter, Letters
from users.mail.outbox import Occasion
from users.mail.transport import SendingError, Transport
from users.tables import Mail

#: How many mails one process sends at once.
AT_ONCE = 4
#: How often the outbox is looked at for what other processes posted, in seconds.
INTERVAL = 2.0
#: How often a mail is tried: for about a day.
ATTEMPTS = 13
#: How long what is being sent may go on when the process leaves, in seconds.
LEAVING = 5.0

_FIRST_WAIT = timedelta(seconds=20)
_JITTER = (0.8, 1.2)
_SETTLE_AGAIN = 0.5
_log = structlog.get_logger()

#: Decides what a mail says, and may change accounts for it; None: there is nothing to say any more.
Compose = Callable[[AsyncSession, Mail], Awaitable[Letter | None]]


@dataclass(frozen=True)
class _Outcome:
    #: SENT, NOTHING_TO_SAY, REFUSED, FAILED or GIVEN_UP, for metrics.
    name: str
    why: str = ""
    again: timedelta | None = None


class Sender:
    """Sends what is in the outbox.

    Args:
        database: where the outbox is.
        transport: how mail leaves.
        letters: what mails look like.
        compose: what is said on each occasion.
    """

    def __init__(
        self, database: Database, transport: Transport, letters: Letters, compose: Mapping[Occasion, Compose]
    ) -> None:
        self._database = database
        self._transport = transport
        self._letters = letters
        self._compose = compose
        self._posted = asyncio.Event()
        self._free = asyncio.Semaphore(AT_ONCE)
        self._sending: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Sends meanwhile: what this process posts at once, what others post within seconds."""
        event.listen(Session, "after_commit", self._committed)
        claiming = asyncio.create_task(self._claim_for_ever())
        try:
            yield
        finally:
            event.remove(Session, "after_commit", self._committed)
            claiming.cancel()
            with suppress(asyncio.CancelledError):
                await claiming
            await self._finish()

    def _committed(self, session: Session) -> None:
        if outbox.POSTED in session.info:
            self._posted.set()

    async def _claim_for_ever(self) -> None:
        while True:
            await self._free.acquire()
            self._posted.clear()
            mail = await self._claim()
            if mail:
                task = asyncio.create_task(self._deliver(mail))
                self._sending.add(task)
                task.add_done_callback(self._sending.discard)
            else:
                self._free.release()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._posted.wait(), INTERVAL)

    async def _claim(self) -> Mail | None:
        try:
            async with self._database.begin() as session:
                return await outbox.claim(session)
        except Exception as error:  # noqa: BLE001 - whatever it is, mail goes on when it is over
            _log.warning("the outbox could not be read", why=str(error))
            return None

    async def _finish(self) -> None:
        if self._sending:
            _, late = await asyncio.wait(self._sending, timeout=LEAVING)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _deliver(self, mail: Mail) -> None:
        try:
            outcome = await self._attempt(mail)
            MAILS.add(value=outcome.name)
            await self._settle(mail, outcome)
        finally:
            self._free.release()

    async def _attempt(self, mail: Mail) -> _Outcome:
        try:
            message = await self._message(mail)
            if message is None:
                return _Outcome("NOTHING_TO_SAY", "nothing to say any more")
            await self._transport.send(message, f"{mail.created.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}-{mail.id}")
        except SendingError as error:
            return _failed(mail, error)
        except Exception as error:  # noqa: BLE001 - one mail that cannot be written must not keep the others
            return _failed(mail, SendingError(f"{type(error).__name__}: {error}", type(error).__name__))
        _log.info("a mail was sent", mail=mail.id, occasion=mail.occasion, attempt=mail.attempts)
        return _Outcome("SENT", "sent")

    async def _message(self, mail: Mail) -> EmailMessage | None:
        async with self._database.begin() as session:
            letter = await self._compose[Occasion(mail.occasion)](session, mail)
        return self._letters.message(mail.id, mail.recipient, letter) if letter else None

    async def _settle(self, mail: Mail, outcome: _Outcome) -> None:
        """Writes down what became of a mail, however long that takes: forgetting it would send it again."""
        while True:
            try:
                async with self._database.begin() as session:
                    return await outbox.settle(session, mail, outcome.why, outcome.again)
            except Exception as error:  # noqa: BLE001 - as above
                _log.warning("what became of a mail could not be written", mail=mail.id, why=str(error))
                await asyncio.sleep(_SETTLE_AGAIN)


def _failed(mail: Mail, error: SendingError) -> _Outcome:
    over = error.final or mail.attempts >= ATTEMPTS
    said = "a mail is given up" if over else "a mail could not be sent and is tried again"
    _log.warning(said, mail=mail.id, occasion=mail.occasion, attempt=mail.attempts, why=error.brief)
    if over:
        return _Outcome("REFUSED" if error.final else "GIVEN_UP", f"given up: {error.why}")
    return _Outcome("FAILED", f"failed: {error.why}", wait(mail.attempts))


def wait(attempts: int) -> timedelta:
    """How long until the next attempt: twice as long each time, and never the same for many."""
    jitter = random.uniform(*_JITTER)  # noqa: S311 - it spreads load and hides nothing
    return _FIRST_WAIT * (1 << attempts - 1) * jitter
